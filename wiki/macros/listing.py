"""Lists of pages as macros show them: bounded, in one line where no block may stand, filtered by expressions."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from markupsafe import Markup

from .html import link

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from . import Call

LIMIT = 200
"""The most entries that a list shows; then a link leads to the screen that shows them all."""

SECONDS = 0.5
"""How long one call may try a regular expression on names or lines."""


def pages(call: Call, names: Sequence[str], more: str = "", there: bool = True) -> Markup:
    """Return links to pages as a list; `more` is the URL of the whole list, for one that is longer than LIMIT."""
    links = [link(call, name, there=there) for name in names[:LIMIT]]
    return entries(call, links, more if len(names) > LIMIT else "")


def entries(call: Call, items: Iterable[Markup], more: str = "") -> Markup:
    """Return a list of entries, or a word that there are none; `more` is the URL where it goes on ('' if it ends)."""
    shown = list(items)
    if more:
        shown.append(Markup('<a href="{}">{}</a>').format(more, call.view.gettext("… and more")))
    if not shown:
        return Markup('<span class="macro-empty">{}</span>').format(call.view.gettext("None."))
    if not call.block:
        return Markup(", ").join(shown)
    return Markup('<ul class="macro-list">{}</ul>').format(
        Markup("").join(Markup("<li>{}</li>").format(item) for item in shown)
    )


def matching(names: Iterable[str], pattern: str, exact: bool = False) -> list[str]:
    """Return those of the names in which a regular expression is found, as many as SECONDS allow.

    `exact` minds case. Raises BadRequest for an expression that is none, or could take too long.
    """
    from ..patterns import LINE, compiled

    expression = compiled(pattern)
    if exact:
        expression = re.compile(pattern)
    end = time.monotonic() + SECONDS
    found = []
    for name in names:
        if expression.search(name[:LINE]):
            found.append(name)
        if time.monotonic() > end:
            break
    return found
