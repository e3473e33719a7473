"""Pages and their revisions in SQLite."""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import secrets
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from ...model import (
    Author,
    Change,
    EditConflict,
    Facts,
    Link,
    NoSuchPage,
    NoSuchRevision,
    Page,
    PageExists,
    Revision,
    StorageError,
    revision_of,
)
from .. import Progress, words
from .index import Index
from .rows import CHANGE, PAGE, change_of, digest, page_of, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .database import Row


class Pages(Index):
    """The part of the engine that knows pages and revisions."""

    # -- reading -----------------------------------------------------------------------------------------------------

    def page(self, name: str) -> Page:
        row = self._row(f"select {PAGE} from page p left join acl a on a.id = p.acl where p.name = ?", name)
        if row is None:
            raise NoSuchPage(name=name)
        return page_of(row)

    def page_by_id(self, page_id: str) -> Page:
        row = self._row(f"select {PAGE} from page p left join acl a on a.id = p.acl where p.uid = ?", page_id)
        if row is None:
            raise NoSuchPage(name=page_id)
        return page_of(row)

    def revision(self, name: str, number: int | None = None) -> Revision:
        chosen, values = ("c.id = p.latest", ()) if number is None else ("c.page = p.id and c.number = ?", (number,))
        row = self._row(
            f"select {CHANGE}, c.digest, t.packed, t.raw from page p join change c on {chosen} "
            "join author w on w.id = c.author left join text t on t.change = c.id where p.name = ? and c.number > 0",
            *values,
            name,
        )
        if row is None:
            page = self.page(name)
            raise NoSuchRevision(name=name, number=page.number if number is None else number)
        return self._revision(row)

    def _revision(self, row: Row) -> Revision:
        *columns, checksum, packed, raw = row
        change = change_of(tuple(columns))
        where = {"name": change.page, "number": change.number}
        if checksum != digest(change, packed or b"", raw):
            raise StorageError("Revision %(number)s of “%(name)s” is damaged.", **where)
        try:
            text = None if packed is None else zlib.decompress(packed).decode("utf-8", "surrogatepass")
        except (zlib.error, UnicodeDecodeError) as error:
            raise StorageError("Revision %(number)s of “%(name)s” is damaged.", **where) from error
        return revision_of(change, text, raw)

    def history(self, name: str, before: tuple[int, int] | None = None, limit: int = 50) -> list[Change]:
        page = self._page_row(name)[0]
        below, values = ("", ()) if before is None else ("and (c.time, c.id) < (?, ?)", before)
        rows = self._rows(
            f"select {CHANGE} from change c indexed by change_page join page p on p.id = c.page "
            f"join author w on w.id = c.author where c.page = ? {below} order by c.time desc, c.id desc limit ?",
            page,
            *values,
            limit,
        )
        return [change_of(row) for row in rows]

    def body(self, name: str) -> str:
        row = self._page_row(name)
        return self._body(row[0], row[4], row[5])

    def links(self, name: str) -> tuple[Link, ...]:
        rows = self._rows(
            "select l.kind, l.target, l.detail from page p join link l on l.page = p.id where p.name = ? "
            "order by l.place",
            name,
        )
        return tuple(Link(*row) for row in rows)

    def _page_row(self, name: str) -> Row:
        """Return id, number, deleted, acl, latest, body, uid of a page; raise NoSuchPage."""
        row = self._row("select id, number, deleted, acl, latest, body, uid from page where name = ?", name)
        if row is None:
            raise NoSuchPage(name=name)
        return row

    def _body(self, page: int, latest: int, start: int) -> str:
        if start < 0:
            row = self._row("select packed from body where page = ?", page)
            start = 0
        else:
            row = self._row("select packed from text where change = ?", latest)
        if row is None:
            return ""
        try:
            return zlib.decompress(row[0]).decode("utf-8", "surrogatepass")[start:]
        except (zlib.error, UnicodeDecodeError) as error:
            raise StorageError("The text of a page (%(page)s) is damaged.", page=page) from error

    # -- writing -----------------------------------------------------------------------------------------------------

    def put(self, revision: Revision, facts: Facts, exact: bool = False) -> Revision:
        with self.writing():
            name = revision.page
            row = self._row("select id, number, deleted, acl, latest, body, uid from page where name = ?", name)
            number = row[1] if row else 0
            if revision.number <= number or (revision.number != number + 1 and not exact):
                raise EditConflict(name=name, theirs=self.revision(name) if number else None)
            if row is None:
                given = revision.page_id if exact else ""
                if not given or self._row("select 1 from page where uid = ?", given):
                    given = secrets.token_urlsafe(9)
                row = self._new_page(name, given)
            page, number, deleted, acl, latest, body, uid = row
            there = number > 0 and not deleted
            stored = replace(
                revision,
                time=revision.time if exact else self._after(page, revision.time),
                page_id=uid,
                size=len(revision.raw) if revision.raw is not None else len(_bytes(revision.text)),
            )
            old_body = self._old_body(page, latest, body) if there else None
            stored = self._add_revision(page, stored)
            self._set_facts(page, stored, facts, acl)
            self._set_links(page, facts.links)
            if there != (stored.text is not None):
                self._mark_missing(name, missing=there)
            self._index(page, name if there else None, old_body, name if stored.text is not None else None, facts.body)
            return stored

    def _new_page(self, name: str, uid: str) -> Row:
        self._run(
            "insert into page (uid, name, tree, folded) values (?, ?, ?, ?)", uid, name, tree(name), words.fold(name)
        )
        row = self._page_row(name)
        self._run("update acl set pages = pages + 1 where id = 0")
        return row

    def _after(self, page: int, moment: int) -> int:
        row = self._row("select max(time) from change where page = ?", page)
        return max(moment, row[0] + 1) if row and row[0] is not None else moment

    def _author(self, author: Author) -> int:
        row = self._row("select id from author where account = ? and name = ?", author.id, author.name)
        if row is None:
            cursor = self._run(
                "insert into author (account, name, who, folded) values (?, ?, ?, ?)",
                author.id,
                author.name,
                author.id or author.name,
                words.user_key(author.name),
            )
            return int(cursor.lastrowid or 0)
        return int(row[0])

    def _add_change(self, page: int, change: Change, checksum: bytes | None) -> int:
        cursor = self._run(
            "insert into change "
            "(page, number, time, kind, source, comment, minor, size, author, address, host, digest) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            page,
            change.number,
            change.time,
            change.kind,
            change.source,
            change.comment,
            change.minor,
            change.size,
            self._author(change.author),
            change.author.address,
            change.author.host,
            checksum,
        )
        return int(cursor.lastrowid or 0)

    def _add_revision(self, page: int, revision: Revision) -> Revision:
        packed = b"" if revision.text is None else zlib.compress(_bytes(revision.text))
        position = self._add_change(page, revision, digest(revision, packed, revision.raw))
        if revision.text is not None:
            self._run("insert into text (change, packed, raw) values (?, ?, ?)", position, packed, revision.raw)
        return replace(revision, position=position)

    def _set_facts(self, page: int, revision: Revision, facts: Facts, old_acl: int) -> None:
        text = revision.text
        start = self._body_start(text, facts.body)
        self._run("delete from body where page = ?", page)
        if start < 0:
            self._run("insert into body (page, packed) values (?, ?)", page, zlib.compress(_bytes(facts.body)))
        acl = self._acl(facts.acl)
        if acl != old_acl:
            self._run(
                "update acl set pages = pages + (case when id = ? then 1 else -1 end) where id in (?, ?)",
                acl,
                acl,
                old_acl,
            )
        self._run(
            "update page set number = ?, time = ?, deleted = ?, acl = ?, format = ?, redirect = ?, latest = ?, "
            "body = ? where id = ?",
            revision.number,
            revision.time,
            text is None,
            acl,
            facts.format,
            facts.redirect,
            revision.position,
            start,
            page,
        )

    def _body_start(self, text: str | None, body: str) -> int:
        """Return where in a text its searched body begins, -1 if that has to be kept by itself."""
        if text is None:
            return 0
        return len(text) - len(body) if text.endswith(body) else -1

    def _acl(self, text: str | None) -> int:
        if text is None:
            return 0
        row = self._row("select id from acl where text = ?", text)
        if row is None:
            return int(self._run("insert into acl (text, pages) values (?, 0)", text).lastrowid or 0)
        return int(row[0])

    def _set_links(self, page: int, links: Sequence[Link]) -> None:
        old = self._rows("select kind, target, detail from link where page = ? order by place", page)
        new = [(link.kind, link.target, link.detail) for link in links]
        if old == new:
            return
        self._run("delete from link where page = ?", page)
        self._run_many(
            "insert into link (page, place, kind, target, detail, missing) values (?1, ?2, ?3, ?4, ?5, "
            "?3 in ('link', 'include') and not exists (select 1 from page where name = ?4 and deleted = 0))",
            [(page, place, *link) for place, link in enumerate(new)],
        )

    def _mark_missing(self, name: str, missing: bool) -> None:
        self._run(
            "update link set missing = ? where target = ? and kind in ('link', 'include') and missing = ?",
            missing,
            name,
            not missing,
        )

    def _old_body(self, page: int, latest: int, start: int) -> str | None:
        try:
            return self._body(page, latest, start)
        except StorageError:
            # Saving over a damaged text must work; its words stay in the index until that is made anew.
            self._set_meta("search", "stale")
            return None

    def rename(self, old: str, new: str) -> None:
        with self.writing():
            page, number, deleted, _, latest, body, _ = self._page_row(old)
            if self._row("select 1 from page where name = ?", new):
                raise PageExists(name=new)
            self._run(
                "update page set name = ?, tree = ?, folded = ? where id = ?", new, tree(new), words.fold(new), page
            )
            if number and not deleted:
                self._mark_missing(old, missing=True)
                self._mark_missing(new, missing=False)
                text = self._old_body(page, latest, body)
                self._index(page, old, text, new, text or "")

    def destroy(self, name: str) -> None:
        with self.writing():
            page, number, deleted, acl, latest, body, _ = self._page_row(name)
            there = number and not deleted
            if there:
                self._index(page, name, self._old_body(page, latest, body), None, "")
            # What is destroyed shall not lie about in free pages of the file.
            self._run("pragma secure_delete = on").fetchall()
            for statement in (
                "delete from text where change in (select id from change where page = ?)",
                "delete from change where page = ?",
                "delete from piece where attachment in (select id from attachment where page = ?)",
                "delete from attachment where page = ?",
                "delete from link where page = ?",
                "delete from body where page = ?",
                "delete from page where id = ?",
            ):
                self._run(statement, page)
            self._run("pragma secure_delete = fast").fetchall()
            self._run("update acl set pages = pages - 1 where id = ?", acl)
            if there:
                self._mark_missing(name, missing=True)

    # -- deriving anew -----------------------------------------------------------------------------------------------

    def reindex(self, facts: Callable[[Revision], Facts], progress: Progress | None = None) -> None:
        with self.writing():
            from .schema import search_tables

            with self._translated():
                search_tables(self._held().connection)
            pages = self._rows("select id, name, number, deleted, acl from page where number > 0 order by id")
            for done, (page, name, number, deleted, acl) in enumerate(pages):
                if progress:
                    progress("reindex", done, len(pages))
                try:
                    revision = self.revision(name)
                    anew = self._facts_of_last_text(page, name, number, facts) if deleted else facts(revision)
                except StorageError:
                    continue
                self._set_facts(page, revision, anew, acl)
                self._set_links(page, anew.links)
                if not deleted:
                    self._index(page, None, None, name, anew.body)
            self._run(
                "update link set missing = kind in ('link', 'include') and not exists "
                "(select 1 from page where name = link.target and deleted = 0)"
            )
            self._run("update acl set pages = (select count(*) from page where page.acl = acl.id)")

    def _facts_of_last_text(self, page: int, name: str, number: int, facts: Callable[[Revision], Facts]) -> Facts:
        """Return the facts of a deleted page: the ACL of its last text goes on to protect what it was."""
        row = self._row(
            "select c.number from change c join text t on t.change = c.id where c.page = ? "
            "and c.number between 1 and ? order by c.number desc",
            page,
            number,
        )
        return Facts(acl=facts(self.revision(name, row[0])).acl) if row else Facts()


def _bytes(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "surrogatepass")
