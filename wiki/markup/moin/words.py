"""Where a text has CamelCase words, which are links without brackets."""

from __future__ import annotations

import re
from functools import lru_cache

_UPPER = "A-ZÀ-ÖØ-Þ"
_LOWER = "a-z0-9ß-öø-ÿ"
_FURTHER = re.compile("[^\x00-\xff]")


def pattern(text: str) -> str:
    """Return the expression for a CamelCase link in this text, with letters of all its scripts.

    Two or more humps of one upper-case letter and lower-case letters or digits; such words joined by `/`, with `/` or
    `../` before and `#anchor` after them. Nothing that could belong to the word stands next to it.
    """
    blocks = frozenset(ord(sign) >> 8 for sign in _FURTHER.findall(text))
    return _pattern(blocks)


@lru_cache(maxsize=64)
def _pattern(blocks: frozenset[int]) -> str:
    upper, lower = _UPPER, _LOWER
    for block in sorted(blocks):
        for code in range(block << 8, (block + 1) << 8):
            sign = chr(code)
            if sign.isupper():
                upper += sign
            elif sign.islower():
                lower += sign
    hump = f"[{upper}][{lower}]++"
    word = f"{hump}(?:{hump})++"
    return rf"(?<![{upper}{lower}/])(?:(?:\.\./)++|/)?{word}(?:/{word})*+(?![{upper}{lower}/])(?:\#[^\s\#]+)?"
