"""Text as HTML."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Return a text with all signs escaped that mean something in HTML, also within double quotes."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if '"' in text:
        text = text.replace('"', "&quot;")
    return text
