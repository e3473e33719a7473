"""The search index in SQLite: FTS5 over words, and trigrams over the distinct words only, for parts of words.

The text is folded and split by `words`, so that every engine finds the same; FTS5 keeps no copy of it. A word of the
query is first made into the indexed words that it stands for: its beginnings and parts. So FTS5 walks plain lists of
rows, newest first, and stops at CAP, whatever the word; a prefix query of its own would first merge all lists.
"""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ...model import Hit, Hits, StorageError
from ...query import And, Node, Not, Or, Phrase, Title, Word
from .. import Readable, defaults, words
from .database import Database
from .planner import Part, Planner
from .rows import between

if TYPE_CHECKING:
    from ..defaults import Leaf

CAP = 500
"""The most matches that are counted and ranked; beyond, the newest pages and those that match in the name."""

EXPANSIONS = 40
"""The most indexed words that a beginning of a word, or a part of one, stands for: the shortest."""

_PARTS_SEEN = 2000
_LEAVES = 8
_RANKED = 40
_COMMON = 4
_SHORT = 15
_QUOTED = re.compile('"[^"]*"')


class Searching(Database):
    """The part of the engine that searches and keeps the index for it."""

    def _may(self, readable: Readable, page: str = "p") -> str:
        """Return the condition that a page is readable."""
        if readable is None:
            return ""
        numbers = [0] if None in readable else []
        texts = [text for text in readable if text is not None]
        for at in range(0, len(texts), 500):
            part = texts[at : at + 500]
            rows = self._rows(f"select id from acl where text in ({', '.join('?' * len(part))})", *part)
            numbers += [row[0] for row in rows]
        # An empty list would make SQLite drop the index that a query names.
        return f"and {page}.acl in ({', '.join(map(str, numbers or [-1]))})"

    # -- the index ---------------------------------------------------------------------------------------------------

    def _set_meta(self, key: str, value: str) -> None:
        self._run("insert or replace into meta (key, value) values (?, ?)", key, value)

    def _mode(self) -> str:
        """Return what index there is: fts5, fts5+gram, plain, or stale, which must be made anew before it is used."""
        meta: dict[str, str] = dict(self._rows("select key, value from meta where key in ('search', 'words')"))
        mode = meta.get("search", "stale")
        if meta.get("words") != str(words.VERSION):
            return "stale"
        if mode.startswith("fts5") and not self._row("select 1 from pragma_module_list where name = 'fts5'"):
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
                    *map(indexed, old),
                )
            if new_name is not None:
                self._run("insert into search (rowid, title, body) values (?, ?, ?)", page, *map(indexed, new))
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

    # -- queries -----------------------------------------------------------------------------------------------------

    def search(self, query: Node, limit: int = 20, offset: int = 0, readable: Readable = None) -> Hits:
        mode = self._mode()
        if mode == "stale":
            return defaults.search(self, query, limit, offset, readable)
        plan = Planner(mode, lambda term, parts: self._expanded(term, mode, parts))
        part = plan.part(query)
        may = self._may(readable)
        leaves = list(defaults.leaves(query))[:_LEAVES]
        matches = {leaf: plan.match(leaf) for leaf in leaves if not isinstance(leaf, Title)}
        found = self._found(part, may)
        more = plan.cut or len(found) > CAP
        having: dict[Word | Phrase, list[int]] = {}
        if len(set(matches.values())) > 1 and _has_or(query):
            # Where not every match has every word, those with rare words are better.
            having = {leaf: self._newest(match) for leaf, match in matches.items() if match}
        if len(found) > CAP:
            found = found[:CAP]
            if part.match:
                # Besides the newest: those that match in the name or have a rare word.
                named = " OR ".join(f"({match})" for match in matches.values() if match)
                better = [f"{{title}} : ({named})"] if named else []
                better += [matches[leaf] for leaf, pages in having.items() if len(pages) < CAP]
                for expression in better:
                    narrowed = Part(f"({part.match}) AND ({expression})", part.never, part.where, part.values)
                    found = list(dict(self._found(narrowed, may)[:CAP] + found).items())
        scored = self._scored(leaves, having, found, {} if more else self._relevance(part.match))
        hits = tuple(Hit(name, score, named) for score, named, name in scored[offset : offset + limit])
        return Hits(hits, min(len(found), CAP), more)

    def _found(self, part: Part, may: str) -> list[tuple[int, str]]:
        """Return id and name of the newest readable pages that match, one more than CAP if there are more."""
        where = f"and {part.where}" if part.where else ""
        if part.match:
            expression = f"({part.match}) NOT ({part.never})" if part.never else part.match
            return self._rows(
                "select p.id, p.name from search cross join page p on p.id = search.rowid "
                f"where search match ? and p.deleted = 0 {may} {where} order by search.rowid desc limit {CAP + 1}",
                expression,
                *part.values,
            )
        condition, values = part.condition
        return self._rows(
            f"select p.id, p.name from page p where p.deleted = 0 {may} and {condition} "
            f"order by p.id desc limit {CAP + 1}",
            *values,
        )

    def _newest(self, expression: str) -> list[int]:
        sql = f"select rowid from search where search match ? order by rowid desc limit {CAP}"
        return [row[0] for row in self._rows(sql, expression)]

    def _relevance(self, match: str) -> dict[int, float]:
        """Return bm25 by page; nothing where that would take long: it first counts all rows of each word."""
        alternatives = match.count('"') // 2
        if not match or alternatives > _RANKED:
            return {}
        common = sum(len(self._newest(word)) >= CAP for word in dict.fromkeys(_QUOTED.findall(match)))
        if common > _COMMON:
            return {}
        sql = f"select rowid, -bm25(search, 1.0, 1.0) from search where search match ? limit {CAP + 1}"
        return dict(self._rows(sql, match))

    def _scored(
        self,
        leaves: list[Leaf],
        having: dict[Word | Phrase, list[int]],
        found: list[tuple[int, str]],
        relevance: dict[int, float],
    ) -> list[tuple[float, bool, str]]:
        """Return score, whether the name matches, and name of each page found, best first."""
        score = {page: relevance.get(page, 0.0) for page, _ in found}
        named: set[int] = set()
        terms = {page: words.terms(name) for page, name in found}
        last = self._row("select max(id) from page")
        for pages in having.values():
            rarity = math.log(1 + ((last and last[0]) or 0) / (1 + len(pages)))
            for page in pages:
                if page in score:
                    score[page] += rarity
        for leaf in leaves:
            needle = () if isinstance(leaf, Title) else words.wanted(leaf.text)
            folded = words.fold(leaf.text)
            for page, name in found:
                if (
                    folded in words.fold(name)
                    if isinstance(leaf, Title)
                    else words.occurrences(needle, terms[page], isinstance(leaf, Word))
                ):
                    score[page] += defaults.NAME_BONUS
                    named.add(page)
        best = sorted(found, key=lambda item: (-score[item[0]], len(item[1]), item[1]))
        return [(score[page], page in named, name) for page, name in best]

    def _expanded(self, term: str, mode: str, parts: bool) -> tuple[list[str], bool]:
        """Return the indexed words that begin with a term or contain it, and whether there are more than EXPANSIONS."""
        within, values = between("word", term)
        most = EXPANSIONS if len(term) >= words.PART else _SHORT
        rows = self._rows(
            f"select word from word where 1 {within} order by length(word), word limit {most + 1}", *values
        )
        found = dict.fromkeys(row[0] for row in rows[:most])
        cut = len(rows) > most
        if parts and len(term) >= words.PART:
            source, values = "word", ()
            if mode == "fts5+gram":
                source = f"(select rowid as id from gram where gram match ? limit {_PARTS_SEEN}) join word using (id)"
                grams = {term[at : at + 3] for at in range(len(term) - 2)}
                values = (" AND ".join(f'"{gram}"' for gram in sorted(grams)),)
            rows = self._rows(
                f"select word from {source} where instr(word, ?) > 1 order by length(word), word "
                f"limit {EXPANSIONS + 1}",
                *values,
                term,
            )
            found.update(dict.fromkeys(row[0] for row in rows[:EXPANSIONS]))
            cut = cut or len(rows) > EXPANSIONS
        return list(found), cut


def indexed(found: list[str]) -> str:
    """Return terms as they are given to FTS5; single characters once more by themselves, where no phrase meets them."""
    single = [f"¦{letter}" for letter in sorted(words.singles(found))]
    return " ".join([*found, *single])


def _has_or(node: Node) -> bool:
    if isinstance(node, Or):
        return True
    return any(map(_has_or, node.nodes)) if isinstance(node, And) else isinstance(node, Not) and _has_or(node.node)
