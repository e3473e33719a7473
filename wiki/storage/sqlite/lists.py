"""Lists of pages in SQLite: each walks an index, and what may not be read is left out by the query."""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import random as chance
from typing import TYPE_CHECKING

from ...model import Branch, Change, Page
from .. import Readable, words
from .pages import Pages
from .rows import CHANGE, PAGE, between, change_of, page_of, tree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

SMALL = 200
"""A subtree of at most so many pages is read page by page, a larger one by walking the list of all changes."""


class Lists(Pages):
    """The part of the engine that lists pages, changes and links."""

    def pages(
        self,
        after: str = "",
        prefix: str = "",
        limit: int | None = None,
        readable: Readable = None,
        deleted: bool = False,
    ) -> list[Page]:
        within, values = between("p.name", prefix)
        rows = self._rows(
            f"select {PAGE} from page p indexed by page_name left join acl a on a.id = p.acl "
            f"where p.deleted = ? and p.name > ? {within} {self._may(readable)} order by p.name limit ?",
            deleted,
            after,
            *values,
            -1 if limit is None else limit,
        )
        return [page_of(row) for row in rows]

    def acls(self) -> list[str | None]:
        return [row[0] for row in self._rows("select text from acl where pages > 0 order by text")]

    def existing(self, names: Iterable[str], readable: Readable = None) -> set[str]:
        found: set[str] = set()
        asked = list(set(names))
        may = self._may(readable)
        for at in range(0, len(asked), 500):
            part = asked[at : at + 500]
            marks = ", ".join("?" * len(part))
            rows = self._rows(f"select name from page p where name in ({marks}) and deleted = 0 {may}", *part)
            found.update(row[0] for row in rows)
        return found

    def count(self, prefix: str = "", readable: Readable = None, deleted: bool = False) -> int:
        within, values = between("p.name", prefix)
        row = self._row(
            f"select count(*) from page p indexed by page_name where p.deleted = ? {within} {self._may(readable)}",
            deleted,
            *values,
        )
        return int(row[0]) if row else 0

    def branches(self, parent: str = "", after: str = "", limit: int = 200, readable: Readable = None) -> list[Branch]:
        prefix = f"{tree(parent)}\x01" if parent else ""
        may = self._may(readable)
        seek = (
            f"select tree from page p indexed by page_tree where deleted = 0 and tree > ? {may} order by tree limit 1"
        )
        cursor = max(prefix, f"{tree(after)}\x02") if after else prefix
        result: list[Branch] = []
        while len(result) < limit:
            row = self._row(seek, cursor)
            if row is None or not row[0].startswith(prefix):
                break
            first, deeper, _ = row[0][len(prefix) :].partition("\x01")
            child = prefix + first
            if not deeper:
                following = self._row(seek, f"{child}\x01")
                deeper = following and following[0].startswith(f"{child}\x01")
            result.append(Branch(child.replace("\x01", "/"), row[0] == child, bool(deeper)))
            cursor = f"{child}\x02"
        return result

    def changes(
        self,
        before: tuple[int, int] | None = None,
        limit: int = 50,
        prefix: str = "",
        readable: Readable = None,
        author: str = "",
        since: int = 0,
    ) -> list[Change]:
        where = ["c.time >= ?"]
        values: list[object] = [since]
        source = "change c indexed by change_time cross join page p on p.id = c.page"
        if before is not None:
            where.append("(c.time, c.id) < (?, ?)")
            values += before
        if author:
            who = [row[0] for row in self._rows("select id from author where who = ?", author)]
            if not who:
                return []
            where.append(f"c.author in ({', '.join(map(str, who))})")
            source = "change c indexed by change_author cross join page p on p.id = c.page"
        if prefix:
            subtree = "(tree >= ? and tree < ?)"
            bounds = (tree(prefix), f"{tree(prefix)}\x02")
            few = self._rows(
                f"select id from page indexed by page_tree where deleted in (0, 1) and {subtree} limit {SMALL + 1}",
                *bounds,
            )
            if not few:
                return []
            if len(few) <= SMALL:
                where.append(f"c.page in ({', '.join(str(row[0]) for row in few)})")
                if not author:
                    source = "change c indexed by change_page cross join page p on p.id = c.page"
            else:
                where.append(subtree.replace("tree", "p.tree"))
                values += bounds
        rows = self._rows(
            f"select {CHANGE} from {source} cross join author w on w.id = c.author "
            f"where {' and '.join(where)} {self._may(readable)} order by c.time desc, c.id desc limit ?",
            *values,
            limit,
        )
        return [change_of(row) for row in rows]

    def backlinks(
        self,
        target: str,
        kinds: Collection[str] = ("link", "include", "redirect", "category"),
        detail: str | None = None,
        after: str = "",
        limit: int | None = None,
        readable: Readable = None,
    ) -> list[str]:
        marks = ", ".join("?" * len(kinds))
        also, values = ("", ()) if detail is None else ("and l.detail = ?", (detail,))
        rows = self._rows(
            "select distinct p.name from link l indexed by link_target cross join page p on p.id = l.page "
            f"where l.target = ? and l.kind in ({marks}) {also} and p.deleted = 0 and p.name > ? {self._may(readable)} "
            "order by p.name limit ?",
            target,
            *kinds,
            *values,
            after,
            -1 if limit is None else limit,
        )
        return [row[0] for row in rows]

    def wanted(self, limit: int = 100, offset: int = 0, readable: Readable = None) -> list[tuple[str, int]]:
        rows = self._rows(
            "select l.target, count(distinct l.page) as many from link l indexed by link_missing "
            f"join page p on p.id = l.page where l.missing and p.deleted = 0 {self._may(readable)} "
            "group by l.target order by many desc, l.target limit ? offset ?",
            limit,
            offset,
        )
        return [(target, many) for target, many in rows]

    def orphans(self, after: str = "", limit: int = 100, readable: Readable = None) -> list[str]:
        rows = self._rows(
            f"select p.name from page p indexed by page_name where p.deleted = 0 and p.name > ? {self._may(readable)} "
            "and not exists (select 1 from link l indexed by link_target join page q on q.id = l.page "
            "where l.target = p.name and l.kind in ('link', 'include', 'redirect') and q.id <> p.id and q.deleted = 0 "
            f"{self._may(readable, 'q')}) order by p.name limit ?",
            after,
            limit,
        )
        return [row[0] for row in rows]

    def caseless(self, name: str, readable: Readable = None) -> list[str]:
        rows = self._rows(
            f"select name from page p where deleted = 0 and folded = ? {self._may(readable)} order by name",
            words.fold(name),
        )
        return [row[0] for row in rows if row[0] != name and row[0].casefold() == name.casefold()]

    def random(self, count: int = 1, readable: Readable = None) -> list[str]:
        last = self._row("select max(id) from page")
        found: set[str] = set()
        may = self._may(readable)
        if last and last[0] and last[0] > 20 * count:
            for _ in range(10 * count):
                number = chance.randint(1, last[0])  # noqa: S311 - no secret
                row = self._row(f"select name from page p where id = ? and deleted = 0 {may}", number)
                if row:
                    found.add(row[0])
                if len(found) == count:
                    return list(found)
        names = [row[0] for row in self._rows(f"select name from page p where deleted = 0 {may}")]
        return chance.sample(names, min(count, len(names)))

    def titles(self, part: str, limit: int = 10, readable: Readable = None) -> list[str]:
        folded = words.fold(part)
        may = self._may(readable)
        within, values = between("p.folded", folded)
        first = self._rows(
            f"select name from page p indexed by page_folded where deleted = 0 {within} {may} order by name limit ?",
            *values,
            limit,
        )
        if len(first) < limit:
            first = self._rows(
                f"select name from page p indexed by page_folded where deleted = 0 and instr(folded, ?) {may}", folded
            )
        return words.ranked((row[0] for row in first), part)[:limit]
