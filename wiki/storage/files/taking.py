"""Taking over into the index what a page's folder holds, whoever wrote it."""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import json
import mimetypes
import os
import secrets
from dataclasses import replace
from typing import Any

from ... import names
from ...model import Author, BadName, Change, Facts, Revision
from .. import words
from ..sqlite.rows import CHANGE, change_of, tree
from . import durable
from . import tree as trees
from .database import Derived
from .editlog import ATTACHMENT, Line, parse
from .tree import PAGES, UNDERLAY, Folder, NoPage

NOBODY = ""
"""The ACL of a page whose own is not known yet: it is there and names nobody."""

TEXT = b"\1"
"""Marks in the index a revision that has a text."""

_UNKNOWN = Facts(acl=NOBODY)
_COPIED = "## page was copied from "


class Taking(Derived):
    """The part of the engine that makes the index from the tree."""

    # -- a page's place ----------------------------------------------------------------------------------------------

    def _look(self, folder: str, quick: bool = False) -> bool:
        """Bring the index up to date with a page's folder, and return whether anything had changed.

        Inside a transaction. `quick`: of a page that is new to the index, take only the ACL from its text for now.
        """
        row = self._row("select page, layer, current, text, files, log, pending from place where folder = ?", folder)
        work = self._work
        if work is not None and folder in work.touched:
            return False
        layer = PAGES
        path = self.tree.path(folder)
        if self.tree.underlay and trees.current_stamp(path) == "-":
            below = self.tree.path(folder, UNDERLAY)
            if trees.current_stamp(below) != "-":
                layer, path = UNDERLAY, below
        if row and row[1] == layer and not row[6]:
            number = self._row("select number from page where id = ?", row[0])
            if number and trees.stamps(path, number[0]) == row[2:6]:
                return False
        try:
            found = trees.read(path)
        except (NoPage, OSError) as error:
            why = str(error) if isinstance(error, NoPage) else error.strerror or "It cannot be read."
            if os.path.isdir(path):
                self._note_odd(folder, [why] if why else [])
            else:
                self._run("delete from odd where folder = ?", folder)
            if row is None:
                return False
            self._forget(row[0])
            return True
        try:
            self._take(folder, layer, found, row, quick)
        except BadName as error:
            self._note_odd(folder, [str(error)])
            return False
        return True

    def _note_odd(self, folder: str, problems: list[str]) -> None:
        if problems:
            self._run("insert or replace into odd (folder, problems) values (?, ?)", folder, json.dumps(problems))
        else:
            self._run("delete from odd where folder = ?", folder)

    def _forget(self, page: int, announced: bool = True) -> None:
        """Remove a page from the index, as one that is no longer in the tree."""
        row = self._row("select name, deleted, acl, latest, body from page where id = ?", page)
        if row is None:
            return
        name, deleted, acl, latest, body = row
        if not deleted:
            self._index(page, name, self._old_body(page, latest, body), None, "")
        for statement in (
            "delete from change where page = ?",
            "delete from attachment where page = ?",
            "delete from link where page = ?",
            "delete from body where page = ?",
            "delete from place where page = ?",
            "delete from page where id = ?",
        ):
            self._run(statement, page)
        self._run("update acl set pages = pages - 1 where id = ?", acl)
        if not deleted:
            self._mark_missing(name, missing=True)
        if announced:
            self._announce(name)

    def _announce(self, name: str) -> None:
        self._run("insert or ignore into announced (name) values (?)", name)

    # -- names -------------------------------------------------------------------------------------------------------

    def _free_name(self, folder: str) -> str:
        """Return the name under which a folder's page is known: its own, or that of the folder.

        Which has no normal form, or another page has, does not name it. Raises BadName for what cannot be a name.
        """
        own = ""
        try:
            folder.encode()
            own = names.normal(names.unquote(folder))
        except UnicodeEncodeError:
            raise BadName("The folder’s name is not UTF-8.", name=repr(folder)) from None
        except BadName:
            pass
        if own.rpartition("/")[2] == trees.BACKUP:
            raise BadName("It is what an old MoinMoin’s editor kept, no page.", name=own)
        if own:
            row = self._row("select p.id, l.folder from page p join place l on l.page = p.id where p.name = ?", own)
            if row is None:
                return own
            if names.quote(own) == folder and row[1] != folder:
                # The exact one has the name.
                self._rename_page(row[0], own, self._literal(row[1]))
                return own
        return self._literal(folder)

    def _literal(self, folder: str) -> str:
        name = folder
        while self._row("select 1 from page where name = ?", name):
            name += "~"
        return name

    def _rename_page(self, page: int, old: str, new: str) -> None:
        row = self._row("select deleted, latest, body from page where id = ?", page)
        self._run("update page set name = ?, tree = ?, folded = ? where id = ?", new, tree(new), words.fold(new), page)
        if row and not row[0]:
            text = self._old_body(page, row[1], row[2])
            self._mark_missing(old, missing=True)
            self._mark_missing(new, missing=False)
            self._index(page, old, text, new, text or "")

    def _identity(self, folder: str, found: Folder) -> str:
        """Return the permanent id of a folder's page: as known, else that of the page which a MoinMoin renamed to this
        one, else a new one."""
        row = self._row("select uid from known where folder = ?", folder)
        if row is None:
            born = found.lines[0].time if found.lines else 0
            row = self._renamed_from(folder, found, born)
            if row is None:
                row = (secrets.token_urlsafe(9),)
                self._run("insert into known (folder, uid, born) values (?, ?, ?)", folder, row[0], born)
        return str(row[0])

    def _renamed_from(self, folder: str, found: Folder, born: int) -> tuple[str] | None:
        """Give a page that a MoinMoin renamed what is known of it under its old name; return its id."""
        for line in reversed(found.lines):
            if line.action != "SAVE/RENAME":
                continue
            old = names.quote(line.extra)
            row = self._row("select uid, born from known where folder = ?", old)
            if row is None or row[1] != born or old == folder:
                continue
            there = self._row("select page from place where folder = ?", old)
            if there:
                if trees.current_stamp(self.tree.path(old)) != "-":
                    first = parse(_content(os.path.join(self.tree.path(old), "edit-log")))[0][:1]
                    if first and first[0].time == born:
                        continue  # a copy
                self._forget(there[0])
            for table in ("known", "remark", "version"):
                self._run(f"update {table} set folder = ? where folder = ?", folder, old)
            return (str(row[0]),)
        return None

    # -- what a folder says ------------------------------------------------------------------------------------------

    def _take(self, folder: str, layer: int, found: Folder, row: Any, quick: bool) -> None:
        uid = self._identity(folder, found)
        new = row is None
        if row is None:
            name = self._free_name(folder)
            if self._row("select 1 from page where uid = ?", uid):
                uid = secrets.token_urlsafe(9)
                self._run("update known set uid = ? where folder = ?", uid, folder)
            page = self._insert_page(name, uid)
            self._run("insert into place (page, folder, layer, pending) values (?, ?, ?, 2)", page, folder, layer)
        else:
            page = row[0]
            name = str((self._row("select name from page where id = ?", page) or ("",))[0])
        if not found.logged and layer == PAGES:
            found.lines += self._lines_in_global_log(folder)
        path = self.tree.path(folder, layer)
        changes = self._changes(folder, path, found)
        self._store_changes(page, changes, found)
        self._store_files(page, folder, path, found)
        latest = self._row("select id from change where page = ? and number = ?", page, found.number)
        newest = next(change for change in reversed(changes) if change.number == found.number)
        problems = list(found.problems)
        unread = self._store_facts(page, name, newest, int(latest[0]) if latest else 0, path, found, quick and new)
        if unread:
            problems.append(unread)
        if names.quote(names.unquote(folder)) != folder if _decodes(folder) else True:
            problems.append("Its folder’s name is not written as MoinMoin writes it.")
        elif _decodes(names.unquote(folder)) and names.unquote(names.unquote(folder)) != names.unquote(folder):
            problems.append("Its name looks as if it had been quoted twice.")
        if _decodes(folder) and name == folder and names.unquote(folder) != folder:
            problems.append("Another page has its name, or it has none that can be used: it is known by its folder’s.")
        self._note_odd(folder, problems)
        self._run(
            "update place set layer = ?, current = ?, text = ?, files = ?, log = ? where page = ?",
            layer,
            *found.stamps,
            page,
        )
        self._announce(name)

    def _insert_page(self, name: str, uid: str) -> int:
        cursor = self._run(
            "insert into page (uid, name, tree, folded, deleted) values (?, ?, ?, ?, 1)",
            uid, name, tree(name), words.fold(name),
        )  # fmt: skip
        self._run("update acl set pages = pages + 1 where id = 0")
        return int(cursor.lastrowid or 0)

    def _lines_in_global_log(self, folder: str) -> list[Line]:
        """Return what the wiki's log says about a page that has no log of its own."""
        key = durable.stamp(self.tree.log)
        kept = getattr(self._local, "log_lines", None)
        if kept is None or kept[0] != key:
            by_folder: dict[str, list[Line]] = {}
            for line in parse(_content(self.tree.log))[0]:
                by_folder.setdefault(line.folder, []).append(line)
            kept = self._local.log_lines = (key, by_folder)
        lines: dict[str, list[Line]] = kept[1]
        return lines.get(folder, [])

    def _changes(self, folder: str, path: str, found: Folder) -> list[Change]:
        """Return all changes of a page, its revisions in order, as its log, its files and our remarks tell them."""
        remarks: dict[int, dict[str, Any]] = {
            number: json.loads(data)
            for number, data in self._rows("select number, data from remark where folder = ?", folder)
        }
        by_number = {line.number: line for line in found.lines if 0 < line.number <= found.number}
        numbers = sorted(found.revisions.keys() | by_number.keys() | {found.number})
        changes: list[Change] = []
        later = 0
        for number in reversed(numbers):
            there = number in found.revisions
            if not there and not self._is_deletion(number, found):
                continue
            line = by_number.get(number)
            if line is None:
                moment = found.revisions[number][1] if there else _time(os.path.join(path, "current"))
                change = Change(page="", number=number, time=min(moment, later - 1) if later else moment)
                if not there:
                    change = replace(change, kind="delete")
            else:
                kind, source = line.kind(there)
                if there and line.action == "SAVENEW" and number > 1:
                    copied = _first_line(trees.revision_path(path, number))
                    if copied.startswith(_COPIED):
                        kind, source = "copy", copied.removeprefix(_COPIED).strip()
                change = Change(
                    page="", number=number, time=line.time, author=line.author(self._author_name), kind=kind,
                    source=source, comment=line.comment,
                )  # fmt: skip
            change = replace(change, size=found.revisions[number][0] if there else 0)
            changes.append(_remarked(change, remarks.get(number)))
            later = change.time
        changes.reverse()
        return changes + self._file_changes(folder, found)

    def _is_deletion(self, number: int, found: Folder) -> bool:
        """Say whether a revision without a file is a deletion; a run of them was purged."""
        if number == found.number:
            return True
        return number - 1 in found.revisions and (number + 1 in found.revisions)

    def _file_changes(self, folder: str, found: Folder) -> list[Change]:
        told = self._versions(folder)
        changes = []
        logged = set()
        for line in found.lines:
            if line.number != ATTACHMENT or not line.file:
                continue
            kind, source = line.kind(there=True)
            size = found.files.get(source, (0, 0))[0] if kind == "attach" else 0
            change = Change(
                page="", number=0, time=line.time, author=line.author(self._author_name), kind=kind, source=source,
                comment=line.comment, size=size,
            )  # fmt: skip
            changes.append(_remarked(change, told.get((source, line.time), {}).get("change")))
            logged.add(source)
        for name, (size, moment) in sorted(found.files.items()):
            if name not in logged:
                changes.append(Change(page="", number=0, time=moment, kind="attach", source=name, size=size))
        return changes

    def _versions(self, folder: str) -> dict[tuple[str, int], dict[str, Any]]:
        rows = self._rows("select name, time, data from version where folder = ?", folder)
        return {(name, moment): json.loads(data) for name, moment, data in rows}

    def _store_changes(self, page: int, changes: list[Change], found: Folder) -> None:
        """Make the index's list of a page's changes this one; what was there already keeps its position."""
        rows = self._rows(
            f"select {CHANGE} from change c join page p on p.id = c.page join author w on w.id = c.author "
            "where c.page = ?",
            page,
        )
        there: dict[Change, list[int]] = {}
        for each in rows:
            change = change_of(each)
            there.setdefault(replace(change, page="", page_id="", position=0), []).append(change.position)
        new = []
        for change in changes:
            kept = there.get(change)
            if kept:
                kept.pop()
            else:
                new.append(change)
        gone = [(position,) for positions in there.values() for position in positions]
        if gone:
            self._run_many("delete from change where id = ?", gone)
        new.sort(key=lambda change: change.time)
        self._run_many(
            "insert into change (page, number, time, kind, source, comment, minor, size, author, address, host, "
            "digest) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (page, c.number, c.time, c.kind, c.source, c.comment, c.minor, c.size, self._author_id(c.author),
                 c.author.address, c.author.host, TEXT if c.number in found.revisions else None)
                for c in new
            ],
        )  # fmt: skip

    def _author_id(self, author: Author) -> int:
        """Return the row of an author; those of this transaction are remembered."""
        kept = getattr(self._local, "authors", None)
        if kept is None or kept[0] is not self._work:
            kept = self._local.authors = (self._work, dict[tuple[str, str], int]())
        numbers: dict[tuple[str, str], int] = kept[1]
        key = (author.id, author.name)
        if key not in numbers:
            numbers[key] = self._author(author)
        return numbers[key]

    def _store_files(self, page: int, folder: str, path: str, found: Folder) -> None:
        """Make the index's list of a page's attachments what its log and its folder say."""
        told = self._versions(folder)
        known = {
            (name, moment): (size, sha256)
            for name, moment, size, sha256 in self._rows(
                "select name, time, size, sha256 from attachment where page = ? and sha256 <> ''", page
            )
        }
        versions: dict[str, list[dict[str, Any]]] = {name: [] for name in found.files}
        for line in found.lines:
            if line.number == ATTACHMENT and line.file:
                author = line.author(self._author_name)
                data = {
                    "time": line.time, "author": [author.id, author.name, author.address, author.host],
                    "comment": line.comment, "deleted": line.action == "ATTDEL",
                }  # fmt: skip
                versions.setdefault(line.file, []).append({**data, **told.get((line.file, line.time), {})})
        rows = []
        for name, found_versions in versions.items():
            last = found.files.get(name)
            moments = {version["time"] for version in found_versions}
            if last and (not found_versions or found_versions[-1]["deleted"]):
                found_versions.append({"time": last[1] if last[1] not in moments else max(moments) + 1})
            elif not last and found_versions and not found_versions[-1]["deleted"]:
                found_versions.append({"time": found_versions[-1]["time"], "deleted": True})
            for number, version in enumerate(found_versions, 1):
                newest = number == len(found_versions)
                size, sha256 = version.get("size", 0), version.get("sha256", "")
                if newest and last:
                    if size != last[0]:
                        sha256 = ""
                    size = last[0]
                    if not sha256 and (name, version["time"]) in known:
                        before = known[name, version["time"]]
                        sha256 = before[1] if before[0] == size else ""
                elif (
                    version.get("deleted") or not sha256 or not os.path.exists(os.path.join(self.tree.versions, sha256))
                ):
                    size, sha256 = 0, ""
                author = Author(*version.get("author", ()))
                kind = version.get("type") or mimetypes.guess_type(name)[0] or "application/octet-stream"
                rows.append(
                    (page, name, number, size, kind, sha256, version.get("width", 0), version.get("height", 0),
                     self._author_id(author), author.address, author.host, version["time"],
                     version.get("comment", ""), bool(version.get("deleted")))
                )  # fmt: skip
        self._run("delete from attachment where page = ?", page)
        self._run_many(
            "insert into attachment (page, name, version, size, type, sha256, width, height, author, address, host, "
            "time, comment, deleted) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def _author_name(self, user: str) -> str:
        row = self._row("select name from user where id = ?", user) or self._row(
            "select name from former where id = ?", user
        )
        return str(row[0]) if row else ""

    # -- facts -------------------------------------------------------------------------------------------------------

    def _store_facts(
        self, page: int, name: str, newest: Change, latest: int, path: str, found: Folder, quick: bool
    ) -> str:
        """Derive what the index knows of a page's newest text; return why that cannot be read, '' if it can."""
        row = self._row("select deleted, acl, latest, body from page where id = ?", page)
        pending = (self._row("select pending from place where page = ?", page) or (2,))[0]
        assert row is not None
        was_there, old_acl = not row[0], row[1]
        there = newest.kind != "delete"
        last = max(found.revisions, default=0)
        text, problem = None, ""
        if last:
            try:
                content = durable.read(trees.revision_path(path, last))
                text = decoded(content)
                if not is_utf8(content):
                    problem = f"Revision {last} is not in UTF-8."
            except OSError as error:
                problem = f"Revision {last} cannot be read: {error.strerror}."
        old_body = self._old_body(page, row[2], row[3]) if was_there else None
        state = pending
        if text is None:
            facts = _UNKNOWN if last else Facts()
        elif self.deriving is None:
            facts, state = _UNKNOWN, 2
        else:
            of = Revision(page=name, number=last, text=text)
            facts = self.deriving(of, quick or not there)
            state = 1 if quick and there else 0
            if not there:
                facts = Facts(acl=facts.acl)
        revision = Revision(
            page=name, number=newest.number, time=newest.time, text=text or "" if there else None, position=latest
        )
        # Searched words are told from the index's own body, so that they can be taken out again.
        self._index(page, name if was_there else None, old_body, name if there and not state else None, facts.body)
        self._run("update place set pending = ? where page = ?", state if there else 0, page)
        self._set_facts(page, revision, facts, old_acl)
        self._set_links(page, facts.links)
        if was_there != there:
            self._mark_missing(name, missing=was_there)
        return problem

    def _index(
        self, page: int, old_name: str | None, old_body: str | None, new_name: str | None, new_body: str
    ) -> None:
        # What waits for its facts has no words in the index yet.
        pending = self._row("select pending from place where page = ?", page)
        super()._index(page, None if pending and pending[0] else old_name, old_body, new_name, new_body)

    def _body_start(self, text: str | None, body: str) -> int:
        # What the index was made of must be known to change it, whatever becomes of the file.
        return -1


def _remarked(change: Change, remark: dict[str, Any] | None) -> Change:
    """Return a change with what we noted about it beside the log."""
    if not remark:
        return change
    fields = {key: value for key, value in remark.items() if key != "text"}
    if "author" in fields:
        fields["author"] = Author(*fields["author"])
    return replace(change, **fields)


def decoded(content: bytes) -> str:
    """Return a revision's text as 1.9 reads it: UTF-8, without carriage returns; what is no UTF-8 is marked."""
    return content.decode("utf-8", "replace").replace("\r", "")


def is_utf8(content: bytes) -> bool:
    """Say whether bytes are UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decodes(folder: str) -> bool:
    try:
        names.unquote(folder)
    except BadName:
        return False
    return True


def _content(path: str) -> bytes:
    try:
        return durable.read(path)
    except OSError:
        return b""


def _first_line(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.readline(1000).decode("utf-8", "replace").rstrip("\r\n")
    except OSError:
        return ""


def _time(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns // 1000
    except OSError:
        return 0
