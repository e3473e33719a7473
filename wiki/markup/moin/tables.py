"""Tables: rows of cells between `||`, written as they are read."""

from __future__ import annotations

from ..escaping import escaped
from . import cells
from .emitter import Emitter
from .nesting import Nesting

_PLAIN = cells.Cell()


class Table:
    """A table being written. Its element is opened with its first cell, which may say how it looks."""

    def __init__(self, emitter: Emitter, nesting: Nesting) -> None:
        self.emitter = emitter
        self.nesting = nesting
        nesting.end()
        self._depth = len(nesting.stack)
        self._begun = False

    def cell(self, mark: str) -> None:
        """End the cell before and begin one."""
        nesting = self.nesting
        found = cells.cell(mark) if mark != "||" else _PLAIN
        if not self._begun:
            self._begun = True
            nesting.open("table", found.table.attributes())
            nesting.open("tbody")
        if nesting.stack[-1] == "p":
            nesting.end()
        if len(nesting.stack) <= self._depth + 2:
            nesting.open("tr", found.row.attributes())
        else:
            nesting.close_to(self._depth + 3)
        nesting.open("td", found.cell.attributes())
        for id in (found.table.id, found.row.id, found.cell.id):
            if id:
                nesting.out.append(self.emitter.anchor(id))
        if found.odd:
            shown = ", ".join(f"“{word}”" for word in found.odd[:5])
            nesting.text(f'<strong class="invalid">{escaped(shown)}</strong> ')

    def end_row(self) -> None:
        """End the row."""
        self.nesting.close_to(self._depth + 2)

    def end(self) -> None:
        """End the table."""
        self.nesting.close_to(self._depth)
