"""The search index in SQLite, as it is kept: FTS5 over words, and trigrams over the distinct words only.

The text is folded and split by `words`, so that every engine finds the same; FTS5 keeps no copy of it.
"""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

from typing import TYPE_CHECKING

from ...model import Hits, StorageError
from .. import Inherited, Readable, words
from .database import Database

if TYPE_CHECKING:
    from ...query import Node


class Index(Database):
    """The part of the engine that keeps the search index."""

    def _may(self, readable: Readable, page: str = "p") -> str:
        """Return the condition that a page is readable."""
        if readable is None:
            return ""
        inherited = ""
        if isinstance(readable, Inherited):
            with self._translated():
                self._connection().create_function("inherits", 1, readable.inherits)
            inherited = f" or {page}.acl = 0 and inherits({page}.name)"
        numbers = [0] if None in readable and not inherited else []
        texts = [text for text in readable if text is not None]
        for at in range(0, len(texts), 500):
            part = texts[at : at + 500]
            rows = self._rows(f"select id from acl where text in ({', '.join('?' * len(part))})", *part)
            numbers += [row[0] for row in rows]
        # An empty list would make SQLite drop the index that a query names.
        return f"and ({page}.acl in ({', '.join(map(str, numbers or [-1]))}){inherited})"

    # -- the index ---------------------------------------------------------------------------------------------------

    def _set_meta(self, key: str, value: str) -> None:
        self._run("insert or replace into meta (key, value) values (?, ?)", key, value)

    def _mode(self) -> str:
        """Return what index there is: fts5, fts5+gram, plain, or stale, which must be made anew before it is used."""
        meta: dict[str, str] = dict(self._rows("select key, value from meta where key in ('search', 'words')"))
        mode = meta.get("search", "stale")
        if meta.get("words") != str(words.VERSION):
            return "stale"
        if mode.startswith("fts5") and self._row("select sqlite_compileoption_used('ENABLE_FTS5')") != (1,):
            return "stale"
        return mode

    def _index(
        self, page: int, old_name: str | None, old_body: str | None, new_name: str | None, new_body: str
    ) -> None:
        """Replace a page's words: a name of None = was not, or is no longer, there."""
        mode = self._mode()
        if mode == "stale":
            self._set_meta("search", "stale")
            return
        old = (words.terms(old_name or ""), words.terms(old_body or ""))
        new = (words.terms(new_name or ""), words.terms(new_body if new_name is not None else ""))
        if old == new and (old_name is None) == (new_name is None):
            return
        if mode == "plain":
            self._index_plain(page, new)
            return
        try:
            if old_name is not None and old_body is not None:
                self._run(
                    "insert into search (search, rowid, title, body) values ('delete', ?, ?, ?)",
                    page,
                    *columns(*old),
                )
            if new_name is not None:
                self._run("insert into search (rowid, title, body) values (?, ?, ?)", page, *columns(*new))
            self._add_words(set(new[0]).union(new[1]).difference(old[0], old[1]), grams=mode == "fts5+gram")
        except StorageError:
            # A damaged index must not stop a save.
            self._set_meta("search", "stale")

    def _index_plain(self, page: int, new: tuple[list[str], list[str]]) -> None:
        self._run("delete from occurrence where page = ?", page)
        title, body = ({*found, *words.singles(found)} for found in new)
        self._run_many(
            "insert into occurrence (word, page, title) values (?, ?, ?)",
            [(word, page, word in title) for word in sorted(title | body)],
        )

    def _add_words(self, found: set[str], grams: bool) -> None:
        new = [(word,) for word in sorted(found) if word.isascii() or not words.is_unspaced(word)]
        row = self._row("select max(id) from word")
        self._run_many("insert or ignore into word (word) values (?)", new)
        if grams:
            self._run(
                f"insert into gram (rowid, word) select id, word from word where id > ? "
                f"and length(word) > {words.PART}",
                (row and row[0]) or 0,
            )

    def search(self, query: Node, limit: int = 20, offset: int = 0, readable: Readable = None) -> Hits:
        # A page view does not pay for what only a search needs.
        from .search import search

        return search(self, query, limit, offset, readable)


def columns(title: list[str], body: list[str]) -> tuple[str, str]:
    """Return the terms of a name and a body as they are given to FTS5.

    Single characters stand once more by themselves, where no phrase meets them; and all of the name's once more with a
    mark, else who looks for a common word in names would walk all the texts that have it.
    """
    named, said = ([*found, *(f"¦{letter}" for letter in sorted(words.singles(found)))] for found in (title, body))
    return " ".join([*named, *(f"¬{term}" for term in named)]), " ".join(said)
