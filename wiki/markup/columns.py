"""Comma-separated values as a table. The separator is `;` unless the arguments say another, as in MoinMoin 1.9."""

from __future__ import annotations

import csv
import re
from itertools import islice

from . import Context, Rendered
from .budget import SIZE, OverBudget
from .escaping import escaped
from .targets import is_safe

CELLS = 100_000
"""The most cells of one table."""

_ARGUMENT = re.compile(r"""(\w+)\s*=\s*("[^"]*"|'[^']+'|\S*)|(\S)(?!\S)""")


def render(text: str, context: Context) -> Rendered:
    """Return the whole text as a table; the arguments stand after `#format csv`."""
    return Rendered((table(text, context.arguments),))


def table(text: str, arguments: str) -> str:
    """Return a table in HTML; its first line has the columns' names.

    The arguments are MoinMoin's: a separator alone or as `delimiter=`, `quotechar=`, `show=` or `hide=` and columns,
    `link=` a column whose cells are a URL and a label, `static_cols=` and `static_vals=` for further columns.
    """
    wish = {name or "delimiter": value.strip("\"'") or value for name, value in _wishes(arguments)}
    delimiter = wish.get("delimiter", ";")[:1] or ";"
    quote = wish.get("quotechar", "")[:1]
    if delimiter in "\r\n\"'" or delimiter == quote:
        delimiter = ";"
    lines = text.strip("\n").replace("\0", "").split("\n")
    reader = csv.reader(
        lines, delimiter=delimiter, quotechar=quote or None, quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    )
    csv.field_size_limit(10_000_000)
    rows = list(reader)
    names = [*rows[0], *_listed(wish.get("static_cols", ""))] if rows else []
    static = _listed(wish.get("static_vals", ""))
    show, hide = _listed(wish.get("show", "")), _listed(wish.get("hide", ""))
    shown = [place for place, name in enumerate(names) if name not in hide and (not show or name in show)]
    if len(shown) * len(rows) > CELLS:
        raise OverBudget(SIZE)
    linked = {place for place in shown if names[place] in _listed(wish.get("link", ""))}
    pieces = ["<table>\n<thead>\n<tr>"]
    pieces += (f'<th scope="col"><strong>{escaped(names[place])}</strong></th>' for place in shown)
    pieces.append("</tr>\n</thead>\n<tbody>\n")
    own = len(rows[0]) if rows else 0
    for row in islice(rows, 1, None):
        cells = [*row[:own], *[""] * (own - len(row)), *static, *[""] * len(names)]
        written = (_link(cells[place]) if place in linked else escaped(cells[place]) for place in shown)
        pieces.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in written)}</tr>\n")
    pieces.append("</tbody>\n</table>\n")
    return "".join(pieces)


def _wishes(arguments: str) -> list[tuple[str, str]]:
    return [(match[1], match[2]) if match[1] else ("", match[3]) for match in _ARGUMENT.finditer(arguments)]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _link(text: str) -> str:
    url, _, label = text.strip().partition(" ")
    if not url or not is_safe(url):
        return escaped(text)
    return f'<a href="{escaped(url)}" rel="nofollow">{escaped(label or url)}</a>'
