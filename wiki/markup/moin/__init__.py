"""MoinMoin's wiki markup, as MoinMoin 1.9 reads it.

Blocks reads the lines (headings, lists, tables, sections) and Spans what stands within one; both write through Nesting,
which closes every element where it must end. Emitter has what the whole page shares. What is on purpose different
from MoinMoin 1.9 is listed in docs/moin-markup.md.
"""

from __future__ import annotations

import re

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
    emitter = Emitter(context)
    nesting = Nesting(emitter)
    Blocks(emitter, nesting).write(lines(text))
    return rendered(emitter, nesting.html())


def lines(text: str) -> list[str]:
    """Return a text's lines: with blanks for tabs, and without characters that HTML cannot hold."""
    return _ODD.sub("", text).replace("\v", " ").replace("\f", " ").expandtabs().split("\n")


def rendered(emitter: Emitter, html: str) -> Rendered:
    """Return HTML that was written with an emitter, checked, with its holes."""
    parts = emitter.tokens.cut(sanitise(html + listed(emitter)))
    return Rendered(parts, tuple(emitter.headings), references(parts, emitter.context))
