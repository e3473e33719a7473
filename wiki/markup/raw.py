"""HTML that stands in a text: each tag in canonical form if it is allowed, else as text."""

from __future__ import annotations

import re
from html import unescape

from .allowed import BARE, TAGS, VOID, is_allowed
from .escaping import escaped
from .tokens import Tokens

_TAG = re.compile(
    r"""<(/?)([A-Za-z][A-Za-z0-9-]*+)"""
    r"""((?:\s++[A-Za-z_:][\w:.-]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'=<>`]++))?+)*+)\s*+/?>"""
)
_ATTRIBUTE = re.compile(r"""\s([A-Za-z_:][\w:.-]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'=<>`]++)))?+""")

# Those of task lists are ours alone.
_RAW_TAGS = TAGS - {"input", "label"}


def raw(text: str, tokens: Tokens) -> str:
    """Return text that is HTML as it stands: tags that are allowed stay, comments vanish, other signs are text."""
    pieces: list[str] = []
    end = 0
    last_comment = text.rfind("-->")
    while (start := text.find("<", end)) >= 0:
        pieces.append(escaped(unescape(text[end:start])))
        if start > last_comment and text.startswith("<!--", start):
            pieces.append("&lt;")
            end = start + 1
        else:
            piece, end = tag(text, start, tokens)
            pieces.append(piece)
    pieces.append(escaped(unescape(text[end:])))
    return "".join(pieces)


def tag(text: str, start: int, tokens: Tokens) -> tuple[str, int]:
    """Return the HTML for what begins with `<` at a place, and where it ends."""
    if text.startswith("<!--", start):
        end = text.find("-->", start + 4)
        return ("", end + 3) if end >= 0 else ("&lt;", start + 1)
    match = _TAG.match(text, start)
    if match is None:
        return "&lt;", start + 1
    closing, name, attributes = match.groups()
    name = name.lower()
    if name not in _RAW_TAGS:
        return escaped(match[0]), match.end()
    if closing:
        return ("" if name in VOID else f"</{name}>"), match.end()
    return f"<{name}{_attributes(name, attributes, tokens)}>", match.end()


def _attributes(name: str, text: str, tokens: Tokens) -> str:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text):
        attribute = match[1].lower()
        value = tokens.restored(unescape(match[2] or match[3] or match[4] or ""))
        if attribute not in found and is_allowed(name, attribute, value):
            found[attribute] = f" {attribute}" if attribute in BARE else f' {attribute}="{escaped(value)}"'
    return "".join(found.values())
