"""A text file shown within a page: as a table, in the colours of its language, or as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .markup import MARKUPS, Context, named, render

if TYPE_CHECKING:
    from .model import Attachment
    from .visit import Visit

LIMIT = 100_000
"""The largest file that is shown within a page, in bytes."""


def embedded(visit: Visit, file: Attachment) -> str | None:
    """Return a file's content as HTML; None if it is too large or no text. Raises Forbidden.

    The end of its name says what it is, as in MoinMoin 1.9: `.csv` is a table, `.py` is code. No markup is rendered: a
    file cannot call macros.
    """
    if not file.size <= LIMIT:
        return None
    content = b"".join(visit.content(file))
    if b"\0" in content:
        return None
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    kind = named(file.name.rpartition(".")[2].lower())
    if kind in MARKUPS and kind != "csv":
        kind = "plain"
    rendered = render(kind, text, Context(arguments="," if kind == "csv" and _has_commas(text) else ""))
    return "".join(part for part in rendered.parts if isinstance(part, str))


def _has_commas(text: str) -> bool:
    first = text.partition("\n")[0]
    return first.count(",") > first.count(";")
