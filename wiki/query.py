"""The search query language as a tree: `parse` makes it of what a visitor typed; engines make their own query of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import names, patterns, words
from .model import BadName

LENGTH = 500
"""Characters of a query that are read; what is beyond this, or TERMS or DEPTH, is ignored: no query is too large."""

TERMS = 20
DEPTH = 10


@dataclass(frozen=True, slots=True)
class Word:
    """A word (or part of one, or a run of CJK text) in the body or the name, case ignored."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order next to each other, in the body or the name."""

    text: str


@dataclass(frozen=True, slots=True)
class Title:
    """A part of the page's name, case ignored."""

    text: str


@dataclass(frozen=True, slots=True)
class LinkTo:
    """Pages that link to this page."""

    name: str


@dataclass(frozen=True, slots=True)
class Category:
    """Pages in this category: `category:X` means the page CategoryX, or X itself if written in full."""

    name: str


@dataclass(frozen=True, slots=True)
class ByAuthor:
    """Pages of which this person (account name, or name shown) wrote a revision."""

    name: str


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression found in a line of the body. Engines yield candidates by `literals`; search does the rest.

    `title` means found in the name instead; there are no literals then, so that engines yield every page.
    """

    pattern: str
    literals: tuple[str, ...] = ()
    title: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """Pages that the inner query does not match."""

    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """Pages that all of these match."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Pages that any of these matches."""

    nodes: tuple[Node, ...]


Node = Word | Phrase | Title | LinkTo | Category | ByAuthor | Regex | Not | And | Or

_PREFIXES = ("title", "linkto", "category", "author", "regex")
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»"}
_BARE = re.compile(r"[^\s()\"“”„«»]+")
_BLANK = re.compile(r"\s*")
_PREFIX = re.compile(r"([A-Za-z]+):")
_CONTROL = re.compile("[\0-\x08\x0e-\x1f\x7f\ud800-\udfff]")


def parse(text: str) -> Node | None:
    """Return the tree of a query as a visitor typed it; None if it asks for nothing.

    Words must all be found; `OR` (binding less than the blank between words), `-not`, `(groups)`, `"phrases"`,
    `title:`, `linkto:`, `category:`, `author:`, `regex:`, `title:regex:`. Prefixes may be cut short (`t:`, `re:`), as
    in MoinMoin 1.9. What is unbalanced or unfinished is taken as far as it makes sense. Raises BadRequest for a regular
    expression that is invalid or could run for too long, and for nothing else.
    """
    return _Reader(_CONTROL.sub(" ", text[:LENGTH])).query()


class _Reader:
    """Reads a query from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.terms = 0
        self.ignored = 0

    def query(self) -> Node | None:
        nodes: list[Node] = []
        while self.at < len(self.text):
            node = self._either(0)
            if node is not None:
                nodes.append(node)
            self.at += 1  # a closing parenthesis that nothing opened
        return _all(nodes)

    def _either(self, depth: int) -> Node | None:
        """Read alternatives up to the end, or up to a parenthesis that closes this group."""
        choices = []
        while True:
            node, more = self._together(depth)
            if node is not None:
                choices.append(node)
            if not more:
                return _any(choices)

    def _together(self, depth: int) -> tuple[Node | None, bool]:
        """Read terms up to an OR (True), or to where the group ends."""
        nodes: list[Node] = []
        while True:
            self._skip(_BLANK)
            char = self.text[self.at : self.at + 1]
            if char == ")" and self.ignored:
                self.ignored -= 1
                self.at += 1
                continue
            if char in ("", ")"):
                return _all(nodes), False
            word = self._ahead()
            if word in ("OR", "AND"):
                self.at += len(word)
                if word == "OR":
                    return _all(nodes), True
                continue
            node = self._term(depth)
            if node is not None:
                nodes.append(node)

    def _ahead(self) -> str:
        match = _BARE.match(self.text, self.at)
        return match.group() if match else ""

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match.group()

    def _term(self, depth: int) -> Node | None:
        """Read one term with its sign. It always gets on by one character at least."""
        negative = self.text.startswith("-", self.at) and not self.text.startswith("--", self.at)
        self.at += negative
        if self.text.startswith("(", self.at):
            node = self._group(depth)
        else:
            prefix = self._prefix()
            titled = prefix == "title" and self._prefix(("regex",)) == "regex"
            node = self._leaf("title:regex" if titled else prefix)
        if node is None:
            return None
        return Not(node) if negative else node

    def _group(self, depth: int) -> Node | None:
        self.at += 1
        if depth >= DEPTH:
            self.ignored += 1
            return None
        outer, self.ignored = self.ignored, 0
        node = self._either(depth + 1)
        self.ignored = outer
        self.at += self.text.startswith(")", self.at)
        return node

    def _prefix(self, known: tuple[str, ...] = _PREFIXES) -> str:
        """Read a known prefix with its colon; '' and nothing read if there is none."""
        match = _PREFIX.match(self.text, self.at)
        if match is None:
            return ""
        # Capitals only in full: `C:\\` is no category.
        word = match.group(1)
        meant = [each for each in known if each.startswith(word) or each == word.lower()]
        if len(meant) != 1:
            return ""
        self.at = match.end()
        return meant[0]

    def _leaf(self, prefix: str) -> Node | None:
        value, quoted = self._value(prefix)
        if self.terms >= TERMS or not value:
            return None
        node = _node(prefix, value, quoted)
        self.terms += node is not None
        return node

    def _value(self, prefix: str) -> tuple[str, bool]:
        """Read a quoted text (True; to the end, if its quote is not closed) or a run of other characters."""
        opening = self.text[self.at : self.at + 1]
        closing = _QUOTES.get(opening)
        if closing:
            end = self.text.find(closing, self.at + 1)
            if end < 0 and opening == "“":
                end = self.text.find('"', self.at + 1)
            if opening != "'" or self._closes(end):
                value = self.text[self.at + 1 : end if end >= 0 else len(self.text)]
                self.at = end + 1 if end >= 0 else len(self.text)
                return value.strip() if not prefix.endswith("regex") else value, True
        if prefix.endswith("regex"):
            return self._bare_pattern(), False
        value = self._skip(_BARE)
        if not value and opening and not opening.isspace() and opening not in "()":
            self.at += 1
        return value, False

    def _closes(self, end: int) -> bool:
        """Say whether a ' ends a quotation there: it may be an apostrophe as well."""
        return end > self.at + 1 and not self.text[end + 1 : end + 2].isalnum()

    def _bare_pattern(self) -> str:
        """Read a regular expression up to the next blank, or the parenthesis that closes a group around it."""
        start, opened, escaped = self.at, 0, False
        while self.at < len(self.text) and not self.text[self.at].isspace():
            char = self.text[self.at]
            if char == ")" and not escaped:
                if not opened:
                    break
                opened -= 1
            opened += char == "(" and not escaped
            escaped = char == "\\" and not escaped
            self.at += 1
        return self.text[start : self.at]


def _node(prefix: str, value: str, quoted: bool) -> Node | None:
    if prefix.endswith("regex"):
        patterns.compiled(value)
        return Regex(value, (), True) if prefix.startswith("title") else Regex(value, patterns.literals(value))
    if prefix == "title":
        return Title(value)
    if prefix == "author":
        return ByAuthor(value)
    if prefix in ("linkto", "category"):
        try:
            name = names.normal(value)
        except BadName:
            return None
        return LinkTo(name) if prefix == "linkto" else Category(name)
    found = list(words.runs(value))
    if not found:
        return None
    return Phrase(value) if quoted and len(found) > 1 else Word(value)


def _all(nodes: list[Node]) -> Node | None:
    flat = [inner for node in nodes for inner in (node.nodes if isinstance(node, And) else (node,))]
    return And(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


def _any(nodes: list[Node]) -> Node | None:
    flat = [inner for node in nodes for inner in (node.nodes if isinstance(node, Or) else (node,))]
    return Or(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None
