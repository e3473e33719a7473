"""The lines of MoinMoin markup: headings, lists by their indentation, tables, and sections in braces."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..escaping import escaped
from . import sections
from .emitter import Emitter
from .nesting import Nesting
from .spans import Opening, Spans
from .tables import Table

DEPTH = 40
"""So many elements may be open for a deeper list to be begun; beyond, items join the innermost."""

_INDENT = re.compile(r"\s*")
_HEADING = re.compile(r"(=+)\s")
_ORDERED = re.compile(r"([0-9]+|[aAiI])\.(?:\#([0-9]{1,9}))?(?:\s|\Z)")
_TERM = re.compile(r"(.*?)::(?:\s|\Z)")
_TYPES = frozenset("1aAiI")
_UNMARKED = ' class="plain"'


@dataclass(frozen=True, slots=True)
class _List:
    """A list that is open: its indentation, its kind, and how many elements were open before it."""

    indent: int
    kind: str
    depth: int


class Blocks:
    """Reads the lines of a page, or of a section in it, and writes them through a Nesting."""

    def __init__(self, emitter: Emitter, nesting: Nesting) -> None:
        self.emitter = emitter
        self.nesting = nesting
        self.base = len(nesting.stack)
        self._lists: list[_List] = []
        self._table: Table | None = None
        self._table_indent = 0
        self._gap = False

    def write(self, lines: list[str]) -> None:
        """Write all lines; what they opened is closed."""
        spans = Spans(self.emitter, self.nesting, "\n".join(lines))
        self.nesting.interrupted = self._interrupt
        place = 0
        while place < len(lines):
            line = lines[place]
            place += 1
            opening = self._line(line, spans)
            while opening is not None:
                body, rest, place = _section(lines, place, opening.end)
                sections.write(self.emitter, self.nesting, opening, body)
                self.nesting.interrupted = self._interrupt
                opening = spans.line(rest) if rest else None
        self._interrupt()
        self.nesting.close_to(self.base)

    def _line(self, line: str, spans: Spans) -> Opening | None:
        nesting = self.nesting
        if not line or line.isspace():
            self._end_table()
            if not self._lists:
                nesting.end()
            self._gap = True
            return None
        if line.startswith("##"):
            if self._table is None:
                self._interrupt()
            return None
        indent = _INDENT.match(line).end()  # type: ignore[union-attr]
        if not indent and line[0] == "=" and (heading := _heading(line)):
            self._interrupt()
            nesting.put(self.emitter.heading(*heading))
            return None
        start = self._indent(line, indent)
        gap, self._gap = self._gap, False
        row = len(line) >= indent + 4 and line.startswith("||", indent) and line.endswith("||")
        if row and start == indent:
            if self._table is not None and self._table_indent != indent:
                self._end_table()
            if self._table is None:
                nesting.end()
                self._table, self._table_indent = Table(self.emitter, nesting), indent
        else:
            self._end_table()
            if not gap or self._lists:
                nesting.blank()
        spans.table = self._table
        return spans.line(line, _INDENT.match(line, start).end())  # type: ignore[union-attr]

    # -- lists -------------------------------------------------------------------------------------------------------

    def _indent(self, line: str, indent: int) -> int:
        """Open and close lists for a line, and its item; return where the item's text begins."""
        nesting = self.nesting
        if not indent:
            if self._lists:
                self._end_table()
                self._close_lists(0)
            return 0
        kind, attributes, term, start = _item(line, indent)
        while self._lists and self._lists[-1].indent > indent:
            self._end_table()
            self._close_lists(len(self._lists) - 1)
        innermost = self._lists[-1] if self._lists else None
        marked = kind != ""
        mixed = innermost is not None and marked and (kind == "dl") != (innermost.kind == "dl")
        if mixed and innermost is not None and innermost.indent == indent:
            # Definitions and items at one depth: two lists, since no list may hold both.
            self._end_table()
            self._close_lists(len(self._lists) - 1)
        deep = len(nesting.stack) >= DEPTH
        if not self._lists or (self._lists[-1].indent < indent and not deep):
            self._end_table()
            nesting.end()
            self._lists.append(_List(indent, kind or "ul", len(nesting.stack)))
            nesting.open(kind if kind in ("ol", "dl") else "ul", attributes if kind == "ol" else "")
            self._item(kind, line, term, gap=False)
        elif marked or len(nesting.stack) <= self._lists[-1].depth + 1:
            self._end_table()
            nesting.close_to(self._lists[-1].depth + 1)
            self._item(kind, line, term, self._gap)
        return start

    def _item(self, kind: str, line: str, term: str, gap: bool) -> None:
        nesting = self.nesting
        if self._lists[-1].kind == "dl":
            if term.strip():
                nesting.put(f"<dt>{escaped(term.strip())}</dt>")
            nesting.open("dd")
        elif kind in ("ul", "ol"):
            nesting.open("li", ' class="gap"' if gap else "")
        else:
            nesting.open("li", _UNMARKED)

    def _close_lists(self, count: int) -> None:
        while len(self._lists) > count:
            self.nesting.close_to(self._lists.pop().depth)

    # -- ends --------------------------------------------------------------------------------------------------------

    def _end_table(self) -> None:
        if self._table is not None:
            self._table.end()
            self._table = None

    def _interrupt(self) -> None:
        """End the paragraph, the table and all lists."""
        self.nesting.end()
        self._end_table()
        self._close_lists(0)


def _heading(line: str) -> tuple[int, str] | None:
    """Return the level (at most 5) and text of a heading, None if the line is none."""
    match = _HEADING.match(line)
    if match is None or not line.endswith(match[1]):
        return None
    count = len(match[1])
    inside = line[count:-count] if len(line) > 2 * count else ""
    if not inside[-1:].isspace() or not inside.strip():
        return None
    return min(count, 5), inside.strip()


def _item(line: str, indent: int) -> tuple[str, str, str, int]:
    """Return what an indented line is: kind of list ('' for plain text), attributes, term, and where its text begins.

    The kind `.` is an item without a mark.
    """
    ordered = _ORDERED.match(line, indent)
    if ordered:
        type = ordered[1] if ordered[1] in _TYPES else "1"
        start = f' start="{int(ordered[2])}"' if ordered[2] else ""
        return "ol", f'{start} type="{type}"', "", ordered.end()
    if "::" in line and (term := _TERM.match(line, indent)):
        return "dl", "", term[1], term.end()
    if line[indent] == "*":
        return "ul", "", "", indent + 1
    if line[indent] == ".":
        return ".", "", "", indent + 1
    return "", "", "", indent


def _section(lines: list[str], place: int, end: str) -> tuple[list[str], str, int]:
    """Return a section's lines, what stands behind its end in the line, and the next line's place.

    A section without an end goes to the end of the text: nothing of it is lost.
    """
    for number in range(place, len(lines)):
        before, mark, rest = lines[number].partition(end)
        if mark:
            return [*lines[place:number], *([before] if before.strip() else [])], rest, number + 1
    return lines[place:], "", len(lines)
