"""The attributes of a table, its rows and its cells: what stands in `||<…>`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..escaping import escaped
from ..styles import safe
from . import ids, links

_PART = re.compile(
    r"""\s*(?: (?P<width>[0-9]{1,4})\s*% | -\s*(?P<columns>[0-9]{1,3}) | \|\s*(?P<rows>[0-9]{1,3})
    | (?P<sign>[(:)^]|v(?![\w=-])) | \#(?P<colour>[0-9a-fA-F]{6}(?![0-9a-fA-F]))
    | (?P<name>[A-Za-z][\w-]*)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'<>=]+))
    | (?P<odd>\S[^\s>|]*) )""",
    re.X,
)
_SIGNS = {
    "(": "text-align: left",
    ":": "text-align: center",
    ")": "text-align: right",
    "^": "vertical-align: top",
    "v": "vertical-align: bottom",
}
_STYLES = {
    "width": "width",
    "height": "height",
    "bgcolor": "background-color",
    "align": "text-align",
    "valign": "vertical-align",
}
_COUNT = re.compile(r"[1-9][0-9]{0,2}\Z")


@dataclass
class Wishes:
    """What is asked for of one element: CSS, classes, an id, and how many columns and rows it spans."""

    style: list[str] = field(default_factory=list)
    classes: str = ""
    id: str = ""
    colspan: int = 1
    rowspan: int = 1

    def attributes(self) -> str:
        """Return them as they stand in a start tag."""
        written = ""
        if kept := links.classes(self.classes):
            written += f' class="{kept}"'
        if self.colspan > 1:
            written += f' colspan="{self.colspan}"'
        if self.rowspan > 1:
            written += f' rowspan="{self.rowspan}"'
        if kept := safe("; ".join(self.style)):
            written += f' style="{escaped(kept)}"'
        return written


@dataclass
class Cell:
    """A cell's attributes, with those of its row and table, and what could not be understood."""

    cell: Wishes = field(default_factory=Wishes)
    row: Wishes = field(default_factory=Wishes)
    table: Wishes = field(default_factory=Wishes)
    odd: list[str] = field(default_factory=list)


def cell(mark: str) -> Cell:
    """Read the mark that begins a cell: bars, and attributes in angle brackets.

    Further bars span columns, and such a cell is centred; so is one with `<|2>`, whose bar MoinMoin 1.9 counts too.
    """
    found = Cell()
    bars = mark.count("|")
    begin = mark.find("<")
    if begin >= 0:
        _read(mark[begin + 1 : -1], found)
    if bars > 2:
        if found.cell.colspan == 1:
            found.cell.colspan = bars // 2
        if not any("text-align" in part for part in found.cell.style):
            found.cell.style.append("text-align: center")
    return found


def _read(text: str, found: Cell) -> None:
    own = found.cell
    for part in _PART.finditer(text):
        kind = part.lastgroup
        if part["name"]:
            _named(part["name"].lower(), part["double"] or part["single"] or part["bare"] or "", found)
        elif kind == "width":
            own.style.append(f"width: {part[kind]}%")
        elif kind == "columns":
            own.colspan = max(1, int(part[kind]))
        elif kind == "rows":
            own.rowspan = max(1, int(part[kind]))
        elif kind == "sign":
            own.style.append(_SIGNS[part[kind]])
        elif kind == "colour":
            own.style.append(f"background-color: #{part[kind]}")
        elif part["odd"]:
            found.odd.append(part["odd"])


def _named(name: str, value: str, found: Cell) -> None:
    wishes = found.cell
    for prefix, other in (("table", found.table), ("row", found.row)):
        if name.startswith(prefix) and name != "rowspan":
            wishes, name = other, name[len(prefix) :]
            break
    if name == "style":
        # In front, so that what the short forms say counts more.
        wishes.style.insert(0, value)
    elif name in _STYLES:
        wishes.style.append(f"{_STYLES[name]}: {value}")
    elif name == "class":
        wishes.classes = value
    elif name == "id":
        wishes.id = ids.anchor(value.strip())
    elif name in ("colspan", "rowspan") and _COUNT.match(value):
        setattr(wishes, name, int(value))
