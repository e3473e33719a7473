"""Macros that only say something about the text they stand in."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

import re
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


def GetText(call: Call) -> str:
    """Return a text of the interface in the visitor's language."""
    return call.view.gettext(call.text)


def Action(call: Call) -> Markup:
    """Return a link to an action of this page: its name, and what the link says."""
    positional, named = call.arguments
    action, label = (*positional, "", "")[:2]
    if not action.isascii() or not action.isidentifier():
        raise WikiError("Action needs the name of an action.")
    url = call.view.urls.page(call.page, action)
    return Markup('<a class="action" rel="nofollow" href="{}">{}</a>').format(url, named.get("text", label) or action)


def MailTo(call: Call) -> Markup:
    """Return an e-mail address: as a link for who is logged in, for others so that programs do not collect it.

    In `ann AT example DOT org` words in capitals stand for signs or, others than AT, DOT and DASH, for nothing.
    """
    positional, _ = call.arguments
    written, label = (*positional, "", "")[:2]
    if not written:
        raise WikiError("MailTo needs an address.")
    if call.view.visit.user is None:
        before = Markup("{} ").format(label) if label else Markup("")
        return before + Markup("<tt>&lt;{}&gt;</tt>").format(written)
    signs = {"AT": "@", "DOT": ".", "DASH": "-"}
    words = written.split()
    address = (
        words[0]
        if len(words) == 1
        else "".join(word if not (word.isalpha() and word.isupper()) else signs.get(word, "") for word in words)
    )
    if not re.fullmatch(r"[^\s@?&#%\"'<>]+@[^\s@?&#%\"'<>]+", address):
        raise WikiError("“%(email)s” is not an e-mail address.", email=written)
    return Markup('<a href="mailto:{}">{}</a>').format(address, label or address)


def Verbatim(call: Call) -> str:
    """Return the arguments as they are, with no markup in them."""
    return call.raw
