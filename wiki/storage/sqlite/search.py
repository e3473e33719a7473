"""Searching in SQLite's index.

A word of the query is first made into the indexed words that it stands for: its beginnings and parts. So FTS5 walks
plain lists of rows, newest first, and stops at CAP, whatever the word; a prefix query of its own would first merge all
lists.
"""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ...model import Hit, Hits, StorageError
from ...query import And, Node, Not, Or, Phrase, Title, Word
from .. import defaults, words
from .planner import Part, Planner
from .rows import between

if TYPE_CHECKING:
    from .. import Readable
    from ..defaults import Leaf
    from .index import Index

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


def search(storage: Index, query: Node, limit: int, offset: int, readable: Readable) -> Hits:
    """Return the pages that a query matches: from the index, or slowly where that cannot be used."""
    mode = storage._mode()
    if mode != "stale":
        try:
            return _Search(storage, mode, storage._may(readable)).hits(query, limit, offset)
        except StorageError:
            # The texts may be sound though the index is damaged; the check tells.
            pass
    return defaults.search(storage, query, limit, offset, readable)


class _Search:
    """One search: the index of which kind, and the condition that a page may be read."""

    def __init__(self, storage: Index, mode: str, may: str) -> None:
        self.storage = storage
        self.mode = mode
        self.may = may

    def hits(self, query: Node, limit: int, offset: int) -> Hits:
        """Return the pages that a query matches, best first."""
        may = self.may
        plan = Planner(self.mode, self._expanded)
        part = plan.part(query)
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
                better = [titled(named)] if named else []
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
            return self.storage._rows(
                "select p.id, p.name from search cross join page p on p.id = search.rowid "
                f"where search match ? and p.deleted = 0 {may} {where} order by search.rowid desc limit {CAP + 1}",
                expression,
                *part.values,
            )
        condition, values = part.condition
        return self.storage._rows(
            f"select p.id, p.name from page p where p.deleted = 0 {may} and {condition} "
            f"order by p.id desc limit {CAP + 1}",
            *values,
        )

    def _newest(self, expression: str) -> list[int]:
        sql = f"select rowid from search where search match ? order by rowid desc limit {CAP}"
        return [row[0] for row in self.storage._rows(sql, expression)]

    def _relevance(self, match: str) -> dict[int, float]:
        """Return bm25 by page; nothing where that would take long: it first counts all rows of each word."""
        alternatives = match.count('"') // 2
        if not match or alternatives > _RANKED or len(self._newest(match)) >= CAP:
            return {}
        common = sum(len(self._newest(word)) >= CAP for word in dict.fromkeys(_QUOTED.findall(match)))
        if common > _COMMON:
            return {}
        sql = f"select rowid, -bm25(search, 1.0, 1.0) from search where search match ? limit {CAP + 1}"
        return dict(self.storage._rows(sql, match))

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
        last = self.storage._row("select max(id) from page")
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

    def _expanded(self, term: str, parts: bool) -> tuple[list[str], bool]:
        """Return the indexed words that begin with a term or contain it, and whether there are more than EXPANSIONS."""
        within, values = between("word", term)
        most = EXPANSIONS if len(term) >= words.PART else _SHORT
        rows = self.storage._rows(
            f"select word from word where 1 {within} order by length(word), word limit {most + 1}", *values
        )
        found = dict.fromkeys(row[0] for row in rows[:most])
        cut = len(rows) > most
        if parts and len(term) >= words.PART:
            source, values = "word", ()
            if self.mode == "fts5+gram":
                source = f"(select rowid as id from gram where gram match ? limit {_PARTS_SEEN}) join word using (id)"
                grams = {term[at : at + 3] for at in range(len(term) - 2)}
                values = (" AND ".join(f'"{gram}"' for gram in sorted(grams)),)
            rows = self.storage._rows(
                f"select word from {source} where instr(word, ?) > 1 order by length(word), word "
                f"limit {EXPANSIONS + 1}",
                *values,
                term,
            )
            found.update(dict.fromkeys(row[0] for row in rows[:EXPANSIONS]))
            cut = cut or len(rows) > EXPANSIONS
        return list(found), cut


def titled(match: str) -> str:
    """Return an expression for FTS5 as one that matches in titles only."""
    return _QUOTED.sub(lambda found: '"' + " ".join(f"¬{term}" for term in found.group()[1:-1].split()) + '"', match)


def _has_or(node: Node) -> bool:
    if isinstance(node, Or):
        return True
    return any(map(_has_or, node.nodes)) if isinstance(node, And) else isinstance(node, Not) and _has_or(node.node)
