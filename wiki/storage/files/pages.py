"""Pages and revisions in the tree: read by way of the index, written by steps of a transaction."""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ... import names
from ...model import BadName, BadRequest, NoSuchRevision, Page, PageExists, Revision, StorageError, revision_of
from ..sqlite.rows import CHANGE, change_of
from . import durable, editlog
from . import tree as trees
from .catching import Catching
from .taking import TEXT, decoded
from .tree import PAGES, UNDERLAY
from .work import MANY, Destroy, Move, Raise, Revise, Work, meant

if TYPE_CHECKING:
    from ...model import Author, Change, Facts
    from ..sqlite.database import Row

ATTEMPTS = 5
"""How often a text is looked for anew whose page is moving."""


class Pages(Catching):
    """The part of the engine that knows pages and revisions."""

    # -- reading -----------------------------------------------------------------------------------------------------

    def page(self, name: str) -> Page:
        self._fresh(name)
        return super().page(name)

    def page_by_id(self, page_id: str) -> Page:
        return self.page(super().page_by_id(page_id).name)

    def _page_row(self, name: str) -> Row:
        self._fresh(name)
        return super()._page_row(name)

    def _fresh(self, name: str) -> None:
        """See to it that the index knows a page as it is now: another program may have written it."""
        row = self._row(
            "select l.folder, l.layer, l.current, l.pending from page p join place l on l.page = p.id where p.name = ?",
            name,
        )
        work = self._work
        if row is None:
            folder = names.quote(name)
            if len(folder) > names.LIMIT or not self._on_disk(folder):
                return
        else:
            folder, layer, stamp, pending = row
            known = trees.current_stamp(self.tree.path(folder, layer)) == stamp
            if layer == UNDERLAY and known:
                known = trees.current_stamp(self.tree.path(folder)) == "-"
            if known and not (pending and self.deriving):
                return
        if work is None or folder not in work.touched:
            with self.writing():
                self._look(folder)

    def _on_disk(self, folder: str) -> bool:
        return trees.current_stamp(self.tree.path(folder)) != "-" or (
            bool(self.tree.underlay) and trees.current_stamp(self.tree.path(folder, UNDERLAY)) != "-"
        )

    def stamps(self, name: str) -> list[str]:
        from ... import pagecache

        if not name:
            return [pagecache.stamp(self.tree.log), pagecache.stamp(self.tree.pages)]
        row = self._row(
            "select l.folder, l.layer, p.number from page p join place l on l.page = p.id where p.name = ?", name
        )
        folder, layer, number = row or (names.quote(name), PAGES, 0)
        path = self.tree.path(folder, layer)
        own = self.tree.path(folder)
        paths = [os.path.join(path, "current"), os.path.join(own, "attachments")]
        if number:
            paths.append(trees.revision_path(path, number))
        if layer:
            paths.append(os.path.join(own, "current"))
        return [pagecache.stamp(each) for each in paths]

    def revision(self, name: str, number: int | None = None) -> Revision:
        for _attempt in range(ATTEMPTS):
            self._fresh(name)
            chosen, values = (
                ("c.id = p.latest", ()) if number is None else ("c.page = p.id and c.number = ?", (number,))
            )
            row = self._row(
                f"select {CHANGE}, c.digest, l.folder, l.layer, l.text, p.number, p.id, r.data from page p "
                f"join change c on {chosen} join author w on w.id = c.author join place l on l.page = p.id "
                "left join remark r on r.folder = l.folder and r.number = c.number where p.name = ? and c.number > 0",
                *values,
                name,
            )
            if row is None:
                page = self.page(name)
                raise NoSuchRevision(name=name, number=page.number if number is None else number)
            *columns, digest, folder, layer, stamp, newest, page_id, remark = row
            change = change_of(tuple(columns))
            if digest is None:
                return _revision(change, None, None)
            content = self._content(folder, layer, page_id, change, stamp if change.number == newest else "")
            if content is not None:
                text = decoded(content)
                if remark:
                    text = json.loads(remark).get("text", text)
                return _revision(change, text, content)
            # Its page is being moved, or another program has changed it: look when nobody writes.
            with self.writing():
                self._look(folder)
        raise StorageError("Revision %(number)s of “%(name)s” cannot be read.", name=name, number=number or "")

    def _content(self, folder: str, layer: int, page: int, change: Change, stamp: str) -> bytes | None:
        """Return a revision's bytes, None if they are not there or not those that the index knows."""
        work = self._work
        path = trees.revision_path(self.tree.path(folder, layer), change.number)
        if work is not None:
            staged = work.texts.get((page, change.number))
            path = staged or trees.revision_path(work.physical(folder, layer), change.number)
            if staged or folder in work.touched:
                stamp = ""
        try:
            with open(path, "rb") as file:
                status = os.fstat(file.fileno())
                if stamp and stamp != f"{status.st_size} {status.st_mtime_ns} {status.st_ino}":
                    return None
                return file.read()
        except OSError as error:
            if work is not None and not isinstance(error, FileNotFoundError):
                raise meant(error) from error
            return None

    # -- writing -----------------------------------------------------------------------------------------------------

    def put(self, revision: Revision, facts: Facts, exact: bool = False) -> Revision:
        with self.writing():
            self._fresh(revision.page)
            text = revision.text
            if text is not None and revision.raw is None and not exact and "\n" in text:
                # As MoinMoin ends its lines.
                revision = replace(revision, raw=text.replace("\n", "\r\n").encode("utf-8", "surrogatepass"))
            return super().put(revision, facts, exact)

    def _new_page(self, name: str, uid: str) -> Row:
        folder = names.quote(name)
        if len(folder) > names.LIMIT:
            raise BadName("This page name is too long: “%(name)s”.", name=f"{name[:80]}…")
        if self._row("select 1 from place where folder = ?", folder):
            raise PageExists(name=name)
        row = super()._new_page(name, uid)
        self._run("insert into place (page, folder, layer) values (?, ?, ?)", row[0], folder, PAGES)
        for table in ("remark", "version"):
            self._run(f"delete from {table} where folder = ?", folder)
        self._run("insert or replace into known (folder, uid, born) values (?, ?, 0)", folder, uid)
        return row

    def _own(self, page: int) -> str:
        """Return a page's folder, which is or becomes one of the wiki's own layer."""
        work = self._work
        row = self._row("select folder, layer from place where page = ?", page)
        assert row is not None and work is not None
        folder = str(row[0])
        if row[1] == UNDERLAY:
            work.places[folder] = self.tree.path(folder, UNDERLAY)
            work.steps.append(Raise(folder))
            self._run("update place set layer = ? where page = ?", PAGES, page)
        work.touched[folder] = None
        return folder

    def _add_revision(self, page: int, revision: Revision) -> Revision:
        folder = self._own(page)
        work = self._work
        row = self._row("select name, number, deleted from page where id = ?", page)
        assert work is not None and row is not None
        name, known, deleted = row
        staged = None
        if revision.text is not None:
            content = revision.text.encode("utf-8", "surrogatepass") if revision.raw is None else revision.raw
            staged = self._stage(work, content)
            if staged and revision.raw == revision.text.encode("utf-8", "surrogatepass"):
                revision = replace(revision, raw=None)
        line = editlog.line(revision, folder, is_new=not known or bool(deleted))
        self._remark(folder, revision, line)
        if not known:
            self._run("update known set born = ? where folder = ?", line.time, folder)
        work.steps.append(Revise(name, folder, known, revision.number, staged))
        work.lines.append((folder, line))
        work.texts[page, revision.number] = staged
        position = self._add_change(page, revision, None if staged is None else TEXT)
        self._run("update place set pending = 0 where page = ?", page)
        return replace(revision, position=position)

    def _stage(self, work: Work, content: bytes) -> str:
        """Write what gets its place when the transaction ends, and return where it lies."""
        path = self.tree.place()
        try:
            durable.write(path, content, self.tree.mode, synced=len(work.steps) <= MANY)
        except OSError as error:
            raise meant(error) from error
        work.staged.append(path)
        return path

    def _remark(self, folder: str, revision: Revision, line: editlog.Line) -> None:
        """Note what a revision says that its line in the log and its file do not."""
        (read,), _ = editlog.parse(bytes(line))
        kind, source = read.kind(revision.text is not None)
        author = read.author(self._author_name)
        data: dict[str, Any] = {}
        if (kind, source) != (revision.kind, revision.source):
            data |= {"kind": revision.kind, "source": revision.source}
        if author != revision.author:
            data["author"] = listed(revision.author)
        if read.comment != revision.comment:
            data["comment"] = revision.comment
        if revision.minor:
            data["minor"] = True
        if revision.raw is not None and decoded(revision.raw) != revision.text:
            data["text"] = revision.text
        if revision.raw is None and revision.text is not None and "\r" in revision.text:
            data["text"] = revision.text
        if data:
            self._run(
                "insert or replace into remark (folder, number, data) values (?, ?, ?)",
                folder,
                revision.number,
                json.dumps(data),
            )

    def rename(self, old: str, new: str) -> None:
        with self.writing():
            self._fresh(new)
            page, number, *_ = self._page_row(old)
            target = names.quote(new)
            if len(target) > names.LIMIT:
                raise BadName("This page name is too long: “%(name)s”.", name=f"{new[:80]}…")
            if self._row("select 1 from place where folder = ?", target):
                raise PageExists(name=new)
            super().rename(old, new)
            folder = self._own(page)
            work = self._work
            assert work is not None
            path = work.physical(folder, PAGES)
            work.steps.append(Move(new, folder, target, number))
            work.places[target] = path
            work.places.pop(folder, None)
            work.touched[target] = None
            self._run("update place set folder = ? where page = ?", target, page)
            for table in ("known", "remark", "version"):
                self._run(f"delete from {table} where folder = ?", target)
                self._run(f"update {table} set folder = ? where folder = ?", target, folder)

    def destroy(self, name: str) -> None:
        with self.writing():
            page = self._page_row(name)[0]
            row = self._row("select folder, layer from place where page = ?", page)
            work = self._work
            assert row is not None and work is not None
            folder, layer = row
            if layer == UNDERLAY:
                raise BadRequest("“%(name)s” came with the wiki: it can be deleted, but not destroyed.", name=name)
            self._forget(page, announced=False)
            work.touched[folder] = None
            grave = self.tree.place()
            work.steps.append(Destroy(folder, grave))
            work.graves.append(grave)
            contents = {value.get("sha256") for value in self._versions(folder).values()} - {None, ""}
            for table in ("known", "remark", "version"):
                self._run(f"delete from {table} where folder = ?", folder)
            for sha256 in contents:
                if not self._row("select 1 from version where instr(data, ?) limit 1", sha256):
                    work.graves.append(os.path.join(self.tree.versions, str(sha256)))


def _revision(change: Change, text: str | None, content: bytes | None) -> Revision:
    raw = content
    if text is not None and content == text.encode("utf-8", "surrogatepass"):
        raw = None
    return revision_of(change, text, raw)


def listed(author: Author) -> list[str]:
    """Return an author as JSON has it."""
    return [author.id, author.name, author.address, author.host]
