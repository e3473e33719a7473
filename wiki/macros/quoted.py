"""Macros that take a value or a line from another page."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from .. import names
from ..markup.head import head
from ..model import WikiError
from .html import made

if TYPE_CHECKING:
    from . import Call

QUOTES = "FortuneCookies"
"""The page that RandomQuote takes its lines from if none is named; MoinMoin's name for it."""

COST = 16
"""What it costs to render a line of another page."""

_ITEM = re.compile(r"(?: +\*|-)[ \t]+(\S.*)")


def GetVal(call: Call) -> str:
    """Return what a dict page says under a key."""
    from .. import dicts

    positional, _ = call.arguments
    if len(positional) < 2:
        raise WikiError("GetVal needs a page and a key.")
    name = names.resolve(positional[0], call.page)
    return dicts.entries(call.view.visit.read(name).text or "").get(positional[1], "")


def RandomQuote(call: Call) -> Markup:
    """Return one of a page's list items, picked at random, with its markup."""
    name = names.resolve(call.text or QUOTES, call.page)
    text = call.view.visit.read(name).text or ""
    start = text[: head(text).length]
    items = [match[1] for line in text[len(start) :].split("\n") if (match := _ITEM.fullmatch(line.rstrip()))]
    if not items:
        raise WikiError("“%(name)s” has no list to quote from.", name=name)
    call.view.spend(COST)
    rendered = call.view.visit.rendered_text(name, start + random.choice(items))  # noqa: S311 -- no secret
    return made(call.view.fill(rendered))
