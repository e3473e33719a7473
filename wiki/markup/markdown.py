"""Markdown: CommonMark's text, GitHub's tables, tasks and alerts, and this wiki's links and macros.

Source sets aside what must not be touched, Blocks makes a tree, Writer and Inline write it, Sanitise checks the result,
Tokens puts in what was set aside.
"""

from __future__ import annotations

import re
import threading

from . import Context, Rendered
from .blocks import Blocks
from .budget import Deadline
from .emitter import Emitter
from .references import references
from .sanitise import sanitise
from .source import Source
from .tokens import Tokens
from .writer import Writer

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?=[A-Za-z_][\w -]*:)(?:[^\n]*\n){1,200}?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
"""What many tools write above a text: lines of `key: value` between rules. It is kept in the source and not shown."""

_local = threading.local()


def render(text: str, context: Context) -> Rendered:
    """Return Markdown rendered. Raises OverBudget, RecursionError, or what a library raises."""
    deadline = Deadline(context.seconds)
    tokens = Tokens()
    source = Source(tokens, context.macros)
    front_matter = _FRONT_MATTER.match(text)
    lines = source.lines(text[front_matter.end() :] if front_matter else text)
    emitter = Emitter(context, tokens, source.definitions, deadline)
    blocks = getattr(_local, "blocks", None) or Blocks()
    # Taken out while it works: one that was interrupted is never used again.
    _local.blocks = None
    html = Writer(emitter).html(blocks, lines)
    _local.blocks = blocks
    parts = tokens.cut(sanitise(html))
    return Rendered(parts, tuple(emitter.headings), references(parts, context))
