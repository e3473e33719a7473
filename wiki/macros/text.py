"""Macros that only say something about the text they stand in."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from ..markup import wanted
from ..model import WikiError
from .html import made
from .numbers import number

if TYPE_CHECKING:
    from . import Call


def TableOfContents(call: Call) -> Markup:
    """Return the table of contents: all headings, or so many levels of them."""
    positional, named = call.arguments
    return made(call.view.contents(number(positional[:1], named.get("maxdepth", ""), 6, 1, 6)))


def Anchor(call: Call) -> Markup:
    """Return an invisible place that `#name` in a link leads to."""
    if not call.text:
        raise WikiError("Anchor needs a name.")
    return Markup('<a id="{}"></a>').format(wanted(call.text))


def BR(call: Call) -> Markup:
    """Return a line break."""
    return Markup("<br>")


def FootNote(call: Call) -> Markup:
    """Return the number of a new footnote, or without a text the list of those so far."""
    if not call.text:
        return made(call.view.footnotes())
    return made(call.view.footnote(str(escape(call.text))))


def Verbatim(call: Call) -> str:
    """Return the arguments as they are, with no markup in them."""
    return call.raw
