"""A query made into what FTS5 must match and what SQL must ask of a page."""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...query import And, ByAuthor, Category, LinkTo, Node, Not, Phrase, Regex, Title, Word
from .. import defaults, words
from .rows import between

Expanding = Callable[[str, bool], tuple[list[str], bool]]
"""Given a term, and whether parts count: the indexed words it stands for, and whether there are more."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a query: what FTS5 must match, what it must not, and a condition on `page p`; '' = nothing asked."""

    match: str = ""
    never: str = ""
    where: str = ""
    values: tuple[object, ...] = ()

    @property
    def condition(self) -> tuple[str, tuple[object, ...]]:
        """All of it as a condition on `page p`."""
        said: list[str] = []
        values: list[object] = []
        for expression, verb in ((self.match, "in"), (self.never, "not in")):
            if expression:
                said.append(f"p.id {verb} (select rowid from search where search match ?)")
                values.append(expression)
        if self.where:
            said.append(self.where)
        return " and ".join(said) or "1", (*values, *self.values)


NOTHING = Part(where="0")


class Planner:
    """Makes one query into pieces for FTS5 and SQL."""

    def __init__(self, mode: str, expanded: Expanding) -> None:
        self.mode = mode
        self.expanded = expanded
        self.cut = False
        self._matches: dict[Word | Phrase, str] = {}

    def part(self, node: Node) -> Part:
        """Return what a node asks for."""
        if isinstance(node, Word | Phrase):
            if self.mode == "plain":
                return self._plain(words.wanted(node.text), isinstance(node, Word))
            match = self.match(node)
            return Part(match) if match else NOTHING
        if isinstance(node, Title):
            return Part(where="instr(p.folded, ?)", values=(words.fold(node.text),))
        if isinstance(node, LinkTo | Category):
            targets = defaults.targets(node)
            kinds = defaults.REFERRING if isinstance(node, LinkTo) else ("category",)
            marks = [", ".join("?" * len(each)) for each in (targets, kinds)]
            inner = f"select page from link where target in ({marks[0]}) and kind in ({marks[1]})"
            return Part(where=f"p.id in ({inner})", values=(*targets, *kinds))
        if isinstance(node, ByAuthor):
            key = words.user_key(node.name)
            inner = (
                "select page from change where number > 0 and author in (select id from author where folded = ? "
                "union select id from author where account in (select user from user_key where key = ?))"
            )
            return Part(where=f"p.id in ({inner})", values=(key, key))
        if isinstance(node, Regex):
            return self._candidates(node)
        if isinstance(node, Not):
            inside = self.part(node.node)
            if inside.match and not inside.never and not inside.where:
                return Part(never=inside.match)
            condition, values = inside.condition
            return Part(where=f"not ({condition})", values=values)
        parts = [self.part(each) for each in node.nodes]
        return both(parts) if isinstance(node, And) else either(parts)

    def match(self, leaf: Word | Phrase) -> str:
        """Return what FTS5 is asked for a word or phrase, '' if it has no letter or digit, or there is no FTS5."""
        if leaf not in self._matches:
            self._matches[leaf] = "" if self.mode == "plain" else self._match(leaf)
        return self._matches[leaf]

    def _match(self, leaf: Word | Phrase) -> str:
        needle = words.wanted(leaf.text)
        if not needle:
            return ""
        *head, last = needle
        begun = " ".join([*head, ""])
        if words.is_unspaced(last):
            if len(last) == 2:
                return f'"{begun}{last}"'
            return f'"{begun}{last}" *' if head else f'"¦{last}"'
        endings = [last]
        if isinstance(leaf, Word):
            found, cut = self.expanded(last, not head)
            self.cut = self.cut or cut
            endings = list(dict.fromkeys([last, *found]))
        return " OR ".join(f'"{begun}{ending}"' for ending in endings)

    def _candidates(self, regex: Regex) -> Part:
        parts = []
        for literal in regex.literals:
            for term in words.wanted(literal):
                unspaced = words.is_unspaced(term)
                if self.mode == "plain" or (len(term) < 2 if unspaced else len(term) < words.PART):
                    continue
                found, cut = ([term], False) if unspaced else self.expanded(term, True)
                if not cut:
                    parts.append(Part(" OR ".join(f'"{word}"' for word in found)) if found else NOTHING)
        return both(parts)

    def _plain(self, needle: tuple[str, ...], open_end: bool) -> Part:
        """Without FTS5: all words somewhere on the page, of which the last may go on."""
        parts = []
        for at, term in enumerate(needle):
            if open_end and at == len(needle) - 1:
                within, values = between("word", term)
            else:
                within, values = "and word = ?", (term,)
            parts.append(Part(where=f"p.id in (select page from occurrence where 1 {within})", values=values))
        return both(parts) if parts else NOTHING


def both(parts: list[Part]) -> Part:
    return Part(
        " AND ".join(f"({part.match})" for part in parts if part.match),
        " OR ".join(f"({part.never})" for part in parts if part.never),
        " and ".join(f"({part.where})" for part in parts if part.where),
        tuple(value for part in parts for value in part.values),
    )


def either(parts: list[Part]) -> Part:
    if not parts:
        return NOTHING
    if all(part.match and not part.never and not part.where for part in parts):
        return Part(" OR ".join(f"({part.match})" for part in parts))
    conditions = [part.condition for part in parts]
    said = " or ".join(f"({condition})" for condition, _ in conditions)
    return Part(where=f"({said})", values=tuple(value for _, values in conditions for value in values))
