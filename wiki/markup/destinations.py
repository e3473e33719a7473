"""Where a Markdown link leads: its URL and title, which may hold blanks and balanced parentheses; and bare URLs."""

from __future__ import annotations

import re
from html import unescape

_PARENTHESES = re.compile(r"[()\\]")
_DESTINATION = re.compile(
    r"""\s*(?:<([^<>\n]*)>|(.*?))(?:\s+(?:"((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)'))?\s*\Z""", re.S
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def destination(text: str, start: int) -> tuple[str, str, int] | None:
    """Return URL, title and end of `(url "title")` at a place, None if it is not there."""
    place = destination_place(text, start)
    if place is None:
        return None
    parts, end = place
    url = parts[1] if parts[1] is not None else parts[2]
    return unescaped(url), unescaped(parts[3] or parts[4] or ""), end


def destination_place(text: str, start: int) -> tuple[re.Match[str], int] | None:
    """Return a match within `(url "title")`, and where that ends. The URL is group 1 if it is in `<>`, else 2."""
    if not text.startswith("(", start):
        return None
    depth = 0
    skip = -1
    for match in _PARENTHESES.finditer(text, start, start + 5000):
        sign = match[0]
        if match.start() == skip:
            continue
        if sign == "\\":
            skip = match.end()
        elif sign == "(":
            depth += 1
            if depth > 32:
                return None
        else:
            depth -= 1
            if not depth:
                parts = _DESTINATION.match(text, start + 1, match.start())
                return (parts, match.end()) if parts else None
    return None


def unescaped(text: str) -> str:
    """Return a text without backslashes before punctuation, and with its entities decoded."""
    return unescape(_ESCAPED.sub(r"\1", text)) if "\\" in text or "&" in text else text


def trimmed(url: str) -> str:
    """Return a bare URL without the punctuation that belongs to the sentence around it (GitHub's rule)."""
    end = len(url)
    excess = url.count(")") - url.count("(")
    while end:
        last = url[end - 1]
        if last in "?!.,:;*_~'|=\\。、！？，．：；）」』】》":
            end -= 1
        elif last == ")" and excess > 0:
            excess -= 1
            end -= 1
        else:
            break
    return url[:end]
