"""MoinMoin's wiki markup, as MoinMoin 1.9 reads it.

Blocks reads the lines (headings, lists, tables, sections) and Spans what stands within one; both write through Nesting,
which closes every element where it must end. Emitter has what the whole page shares. What is on purpose different
from MoinMoin 1.9 is listed in docs/moin-markup.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .. import Context, Rendered
from ..references import references
from ..sanitise import sanitise
from .blocks import Blocks
from .emitter import Emitter
from .nesting import Nesting
from .notes import listed

_ODD = re.compile("[\x00-\x08\x0e-\x1f\r\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def render(text: str, context: Context) -> Rendered:
    """Return MoinMoin markup rendered. Raises OverBudget."""
    return rendered(lambda emitter, nesting, body: Blocks(emitter, nesting).write(body), text, context)


def lines(text: str) -> list[str]:
    """Return a text's lines: with blanks for tabs, and without characters that HTML cannot hold."""
    return _ODD.sub("", text).replace("\v", " ").replace("\f", " ").expandtabs().split("\n")


def rendered(write: Callable[[Emitter, Nesting, list[str]], None], text: str, context: Context) -> Rendered:
    """Return what a function makes of a text's lines by an emitter and a nesting: checked, with its holes."""
    emitter = Emitter(context)
    nesting = Nesting(emitter)
    write(emitter, nesting, lines(text))
    parts = emitter.tokens.cut(sanitise(nesting.html() + listed(emitter)))
    return Rendered(parts, tuple(emitter.headings), references(parts, emitter.context))
