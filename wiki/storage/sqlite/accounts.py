"""Accounts, records and counters in SQLite."""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import json
import random
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...model import NameTaken, NoSuchUser, StorageError, User
from ..words import user_key
from .files import Files
from .rows import between

if TYPE_CHECKING:
    from .database import Row

PURGE = 64
"""One in so many writes of a record also forgets those that have expired."""


class Accounts(Files):
    """The part of the engine that keeps who may come in, and what is known of their visits."""

    def user(self, user_id: str) -> User:
        row = self._row("select id, data from user where id = ?", user_id)
        if row is None:
            raise NoSuchUser(name=user_id)
        return _user(row)

    def users(self) -> list[User]:
        return [_user(row) for row in self._rows("select id, data from user order by name, id")]

    def subscribers(self) -> list[User]:
        rows = self._rows("select id, data from user where instr(data, '\"subscribed_pages\"') order by name, id")
        return [user for user in map(_user, rows) if user.settings.get("subscribed_pages")]

    def user_named(self, name: str) -> User:
        row = self._row(
            "select u.id, u.data from user_key k join user u on u.id = k.user where k.key = ?", user_key(name)
        )
        if row is None:
            raise NoSuchUser(name=name)
        return _user(row)

    def put_user(self, user: User) -> None:
        keys = {user_key(text): text for text in (user.email, user.name) if text}
        with self.writing():
            for key, text in keys.items():
                if self._row("select 1 from user_key where key = ? and user <> ?", key, user.id):
                    raise NameTaken(name=text)
            data = json.dumps(asdict(user))
            self._run("insert or replace into user (id, name, data) values (?, ?, ?)", user.id, user.name, data)
            self._run("delete from user_key where user = ?", user.id)
            self._run_many("insert into user_key (key, user) values (?, ?)", [(key, user.id) for key in keys])

    def drop_user(self, user_id: str) -> None:
        with self.writing():
            self.user(user_id)
            self._run("delete from user where id = ?", user_id)
            self._run("delete from user_key where user = ?", user_id)

    # -- records -----------------------------------------------------------------------------------------------------

    def record(self, kind: str, key: str) -> dict[str, Any] | None:
        row = self._row(
            "select value from record where kind = ? and key = ? and (expires = 0 or expires > ?)",
            kind,
            key,
            time.time(),
        )
        return _object(row[0]) if row else None

    def records(self, kind: str, prefix: str = "") -> dict[str, dict[str, Any]]:
        within, values = between("key", prefix)
        rows = self._rows(
            f"select key, value from record where kind = ? {within} and (expires = 0 or expires > ?) order by key",
            kind,
            *values,
            time.time(),
        )
        return {key: _object(value) for key, value in rows}

    def keep(self, kind: str, key: str, value: dict[str, Any], expires: int = 0) -> None:
        data = json.dumps(value)
        with self.writing():
            self._run(
                "insert or replace into record (kind, key, value, expires) values (?, ?, ?, ?)",
                kind,
                key,
                data,
                expires,
            )
            if random.randrange(PURGE) == 0:  # noqa: S311 - no secret
                self._run("delete from record where expires > 0 and expires <= ?", time.time())

    def drop(self, kind: str, key: str) -> bool:
        with self.writing():
            there = self.record(kind, key) is not None
            self._run("delete from record where kind = ? and key = ?", kind, key)
            return there

    def tally(self, key: str, seconds: int, now: float) -> int:
        span = int(now // seconds)
        with self.writing():
            row = self._row("select span, count from tally where key = ? and seconds = ?", key, seconds)
            count = row[1] + 1 if row and row[0] == span else 1
            self._run(
                "insert or replace into tally (key, seconds, span, count, ends) values (?, ?, ?, ?, ?)",
                key,
                seconds,
                span,
                count,
                (span + 1) * seconds,
            )
            if random.randrange(PURGE) == 0:  # noqa: S311 - no secret
                self._run("delete from tally where ends <= ?", now)
        return count


def _object(text: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise StorageError("A record in the database is damaged.") from error
    return value


def _user(row: Row) -> User:
    try:
        return User(**json.loads(row[1]))
    except (ValueError, TypeError) as error:
        raise StorageError("The account %(id)s in the database is damaged.", id=row[0]) from error
