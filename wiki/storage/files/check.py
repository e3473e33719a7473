"""Finding what is damaged or odd in a MoinMoin directory."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from ... import names
from ...model import BadName, Problem, WikiError
from . import durable
from . import tree as trees
from .profiles import IDS, Profile
from .taking import is_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .. import Progress
    from .accounts import Accounts


class Check:
    """A search for damage in one tree."""

    def __init__(self, storage: Accounts) -> None:
        self.storage = storage
        self.tree = storage.tree

    def problems(self, progress: Progress | None = None) -> Iterator[Problem]:
        storage = self.storage
        with storage.writing():
            storage._catch_up(float("inf"), progress)
            storage._run("delete from meta where key = 'cursor'")
            storage._look_round(float("inf"))
        for what in storage._rows("pragma state.integrity_check"):
            if what[0] != "ok":
                yield Problem("state.db", str(what[0]))
        yield from self._check_names()
        yield from self._check_texts(progress)
        yield from self._check_files(progress)
        yield from self._check_accounts()

    def _check_names(self) -> Iterator[Problem]:
        for name in sorted(os.listdir(self.tree.pages)):
            try:
                name.encode()
            except UnicodeEncodeError:
                yield Problem(
                    repr(os.fsencode(name)), "The folder’s name is not UTF-8: its page cannot be shown.", True
                )
        rows = self.storage._rows("select l.folder, p.name from place l join page p on p.id = l.page")
        shown: dict[str, str] = dict(rows)
        for folder, problems in self.storage._rows("select folder, problems from odd order by folder"):
            where = shown.get(folder) or _named(folder)
            for what in json.loads(problems):
                yield Problem(where, f"pages/{folder}: {what}", warning=True)

    def _check_texts(self, progress: Progress | None) -> Iterator[Problem]:
        rows = self.storage._rows(
            "select p.name, c.number, c.size, l.folder, l.layer from change c join page p on p.id = c.page "
            "join place l on l.page = p.id where c.number > 0 and c.digest is not null order by l.folder, c.number"
        )
        for done, (name, number, size, folder, layer) in enumerate(rows):
            if progress and done % 100 == 0:
                progress("texts", done, len(rows))
            path = trees.revision_path(self.tree.path(folder, layer), number)
            try:
                content = durable.read(path)
            except OSError as error:
                yield Problem(name, f"Revision {number} cannot be read: {error.strerror}.")
                continue
            if len(content) != size:
                yield Problem(name, f"Revision {number} was changed after it was saved.", warning=True)
            if not is_utf8(content):
                yield Problem(name, f"Revision {number} is not in UTF-8.", warning=True)

    def _check_files(self, progress: Progress | None) -> Iterator[Problem]:
        names = [row[0] for row in self.storage._rows(
            "select distinct p.name from attachment f join page p on p.id = f.page order by p.name"
        )]  # fmt: skip
        for done, name in enumerate(names):
            if progress:
                progress("files", done, len(names))
            rows = self.storage._rows(
                "select f.name, f.version from attachment f join page p on p.id = f.page where p.name = ? "
                "and f.deleted = 0 and f.sha256 <> ''",
                name,
            )
            for file, version in rows:
                sha256, size = hashlib.sha256(), 0
                try:
                    found = self.storage.attachment(name, file, version)
                    for data in self.storage.content(found):
                        sha256.update(data)
                        size += len(data)
                except WikiError as error:
                    yield Problem(f"{name}/{file}", str(error))
                    continue
                if sha256.hexdigest() != found.sha256:
                    yield Problem(f"{name}/{file}", f"Version {version} of the file is damaged.")

    def _check_accounts(self) -> Iterator[Problem]:
        keys: dict[str, str] = {}
        for user in sorted(os.listdir(self.tree.users) if os.path.isdir(self.tree.users) else ()):
            if not IDS.match(user):
                continue
            try:
                name = Profile.parse(durable.read(os.path.join(self.tree.users, user))).values["name"]
            except (OSError, ValueError) as error:
                yield Problem(f"user/{user}", f"The account cannot be read: {error}.")
                continue
            if name in keys:
                yield Problem(f"user/{user}", f"The account has the name “{name}”, as {keys[name]} has.", warning=True)
            keys[name] = user


def _named(folder: str) -> str:
    try:
        return names.unquote(folder)
    except BadName:
        return folder
