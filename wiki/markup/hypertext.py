"""HTML as a page's text: what the table of tags and attributes allows of it, the rest as text."""

from __future__ import annotations

import re

from . import Context, Rendered
from .raw import raw
from .sanitise import sanitise
from .tokens import Tokens

_HIDDEN = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>", re.I | re.S)


def render(text: str, context: Context) -> Rendered:
    """Return the text as HTML."""
    return Rendered((harmless(text),))


def harmless(text: str) -> str:
    """Return HTML without what it must not have; what stands in scripts and style sheets is left out."""
    if text.lower().count("</s") < 2000:
        text = _HIDDEN.sub("", text)
    return sanitise(raw(text, Tokens()))
