"""Accounts as MoinMoin's `user/<id>` files; what these have no place for, and all records, in `state.db`."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ...model import BadRequest, NameTaken, NoSuchUser, User
from ..words import user_key
from . import durable, work
from .attachments import Attachments
from .profiles import IDS, SETTINGS, Profile, said

if TYPE_CHECKING:
    from collections.abc import Iterator


class Accounts(Attachments):
    """The part of the engine that keeps accounts."""

    # -- reading -----------------------------------------------------------------------------------------------------

    def user(self, user_id: str) -> User:
        self._fresh_user(user_id)
        return self._crowned(super().user(user_id))

    def users(self) -> list[User]:
        self._fresh_users()
        return [self._crowned(user) for user in super().users()]

    def subscribers(self) -> list[User]:
        self._fresh_users()
        return super().subscribers()

    def user_named(self, name: str) -> User:
        try:
            self._fresh_user(super().user_named(name).id)
        except NoSuchUser:
            self._fresh_users()
        return self._crowned(super().user_named(name))

    def _crowned(self, user: User) -> User:
        """Return an account as an administrator's, if MoinMoin's configuration says so and a MoinMoin has made it.

        One that was made here under such a name, by whoever came first, is not meant.
        """
        if user.name not in self.superusers or user.admin:
            return user
        row = self._row("select data from account where id = ?", user.id)
        return user if row and json.loads(row[0]).get("made_here") else replace(user, admin=True)

    def _users_state(self) -> str:
        return durable.stamp(self.tree.users)

    def _fresh_users(self) -> None:
        if self._work is None and self._meta("users") != self._users_state():
            with self.writing():
                self._take_users()

    def _fresh_user(self, user_id: str) -> None:
        """Look at an account's file if it is another one than when it was read."""
        row = self._row("select stamp from profile where user = ?", user_id)
        if self._work is not None and user_id in self._work.fresh:
            return
        if IDS.match(user_id) and durable.stamp(os.path.join(self.tree.users, user_id)) != (row[0] if row else "-"):
            with self.writing():
                self._take_user(user_id)

    def _take_users(self) -> None:
        """Read the accounts' files that were changed."""
        state = self._users_state()
        if self._meta("users") == state:
            return
        known: dict[str, str] = dict(self._rows("select user, stamp from profile"))
        fresh = self._work.fresh if self._work else set()
        for user_id, stamp in _profiles(self.tree.users):
            if known.pop(user_id, None) != stamp and user_id not in fresh:
                self._take_user(user_id)
        for user_id in known:
            if user_id not in fresh:
                self._take_user(user_id)
        self._set_meta("users", state)

    def _take_user(self, user_id: str) -> None:
        """Make the index say of an account what its file says, or nothing if there is no such file."""
        path = os.path.join(self.tree.users, user_id)
        self._run("delete from user where id = ?", user_id)
        self._run("delete from user_key where user = ?", user_id)
        self._run("delete from profile where user = ?", user_id)
        stamp = durable.stamp(path)
        try:
            profile = Profile.parse(durable.read(path))
        except (OSError, ValueError):
            return  # none, or the check tells
        self._index_user(self._merged(user_id, profile), stamp)

    def _index_user(self, user: User, stamp: str) -> None:
        row = self._row("select name from user where id = ?", user.id)
        self._run(
            "insert or replace into user (id, name, data) values (?, ?, ?)",
            user.id,
            user.name,
            json.dumps(asdict(user)),
        )
        self._run("delete from user_key where user = ?", user.id)
        # Where two files have one name, the one that was there first is found by it.
        self._run_many(
            "insert or ignore into user_key (key, user) values (?, ?)",
            [(user_key(text), user.id) for text in (user.name, user.email) if text],
        )
        self._run("insert or replace into profile (user, stamp) values (?, ?)", user.id, stamp)
        if row is None or row[0] != user.name:
            self._name_author(user)

    def _name_author(self, user: User) -> None:
        """Give changes by an account that had no known name the one it has."""
        row = self._row("select id from author where account = ? and name = ''", user.id)
        if row and not self._row("select 1 from author where account = ? and name = ?", user.id, user.name):
            self._run("update author set name = ?, folded = ? where id = ?", user.name, user_key(user.name), row[0])

    def _merged(self, user_id: str, profile: Profile) -> User:
        """Return an account from its file and from what `state.db` says beyond that."""
        row = self._row("select data from account where id = ?", user_id)
        more: dict[str, Any] = json.loads(row[0]) if row else {}
        values = profile.values
        settings = profile.settings()
        for key, (value, text) in more.get("settings", {}).items():
            # What the profile can say only in part holds as long as that part is what it was.
            if text is None or text == values.get(key, ""):
                settings[key] = value
        state = "disabled" if values.get("disabled", "0") not in ("0", "", "False") else "active"
        if state == "disabled" and more.get("state") == "pending":
            state = "pending"
        return User(
            id=user_id,
            name=values["name"],
            email=values.get("email", ""),
            hash=values.get("enc_password", ""),
            admin=bool(more.get("admin")),
            state=state,
            created=more.get("created", _created(user_id)),
            settings=settings,
        )

    # -- writing -----------------------------------------------------------------------------------------------------

    def put_user(self, user: User) -> None:
        if not IDS.match(user.id) or any("\n" in text or "\r" in text for text in (user.name, user.email, user.hash)):
            raise BadRequest("The account %(id)s cannot be kept.", id=user.id)
        with self.writing():
            self._take_users()
            for text in (user.email, user.name):
                if text and self._row("select 1 from user_key where key = ? and user <> ?", user_key(text), user.id):
                    raise NameTaken(name=text)
            profile = self._profile(user.id)
            row = self._row("select data from account where id = ?", user.id)
            made_here = not profile.values or (row is not None and bool(json.loads(row[0]).get("made_here")))
            more = self._fill(profile, user, made_here)
            if made_here and user.name in self.superusers:
                more["made_here"] = True
            if more:
                self._run("insert or replace into account (id, data) values (?, ?)", user.id, json.dumps(more))
            else:
                self._run("delete from account where id = ?", user.id)
            self._index_user(user, "-")
            self._step(user.id, profile.written(user.id, time.time()))

    def _profile(self, user_id: str) -> Profile:
        """Return an account's profile, as a step of this transaction has it or as it is in its file; else a new one."""
        doing = self._work
        assert doing is not None
        for step in reversed(doing.steps):
            if isinstance(step, work.Profile) and step.user == user_id:
                return Profile.parse(step.content) if step.content else Profile()
        try:
            return Profile.parse(durable.read(os.path.join(self.tree.users, user_id)))
        except (OSError, ValueError):
            return Profile()

    def _fill(self, profile: Profile, user: User, made_here: bool) -> dict[str, Any]:
        """Write an account into its profile and return what that has no place for."""
        more: dict[str, Any] = {}
        profile.set("name", user.name)
        profile.set("email", user.email)
        profile.set("enc_password", user.hash)
        profile.set("disabled", "0" if user.state == "active" else "1")
        if user.state == "pending":
            more["state"] = "pending"
        if user.admin and (made_here or user.name not in self.superusers):
            more["admin"] = True
        if user.created != _created(user.id):
            more["created"] = user.created
        before = profile.settings()
        settings: dict[str, Any] = {}
        for key in SETTINGS:
            if key in before and key not in user.settings:
                profile.set(key, "", (said(key, before[key]) or ("", ""))[1])
        for key, value in user.settings.items():
            if key in before and before[key] == value:
                continue
            written = said(key, value)
            if written is None:
                settings[key] = (value, profile.values.get(key, "") if key in SETTINGS else None)
            else:
                profile.set(key, *written)
        if settings:
            more["settings"] = settings
        return more

    def _step(self, user_id: str, content: bytes | None) -> None:
        doing = self._work
        assert doing is not None
        doing.fresh.add(user_id)
        doing.steps.append(work.Profile(user_id, content))

    def drop_user(self, user_id: str) -> None:
        with self.writing():
            user = self.user(user_id)
            self._run("insert or replace into former (id, name) values (?, ?)", user_id, user.name)
            for statement in (
                "delete from user where id = ?",
                "delete from user_key where user = ?",
                "delete from profile where user = ?",
                "delete from account where id = ?",
            ):
                self._run(statement, user_id)
            self._step(user_id, None)

    def _do(self, work: work.Work) -> None:
        before = self._users_state()
        super()._do(work)
        for user_id in work.fresh:
            stamp = durable.stamp(os.path.join(self.tree.users, user_id))
            self._run("update profile set stamp = ? where user = ?", stamp, user_id)
        if work.fresh and self._meta("users") == before:
            self._set_meta("users", self._users_state())


def _profiles(folder: str) -> Iterator[tuple[str, str]]:
    """Yield each account's id and its file's stamp, sorted by id."""
    try:
        found = sorted(name for name in os.listdir(folder) if IDS.match(name))
    except OSError:
        return
    for name in found:
        yield name, durable.stamp(os.path.join(folder, name))


def _created(user_id: str) -> int:
    """Return when an account was made, in microseconds, by its id."""
    head = ".".join(user_id.split(".")[:2])
    try:
        return int(float(head) * 1_000_000)
    except (ValueError, OverflowError):
        return 0
