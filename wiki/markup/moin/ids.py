"""Ids and anchors as MoinMoin 1.9 makes them, so that old links to a place in a page still land."""

from __future__ import annotations

import re
from urllib.parse import quote_plus

LENGTH = 200

RESERVED = frozenset(
    "actions changes content editor editor-status keys-title live preview preview-text q search suggestions text "
    "true".split()
)
"""Ids that the frame of a page has: an anchor of this name would hide it from its labels and scripts."""

_RESERVED = re.compile(r"(?:[efl]|note|noteref)-")


def anchor(text: str) -> str:
    """Return the anchor that `#text` in a link leads to: UTF-7, with what a URL cannot hold as `.` and hex."""
    encoded = text.encode("utf-7", "replace")
    return quote_plus(encoded, safe=":").replace("%", ".").replace("+", "_")[:LENGTH]


def of_heading(text: str) -> str:
    """Return the id of a heading: its anchor, with an A before what is no letter."""
    made = anchor(text)
    return made if made[:1].isalpha() else f"A{made}"


def is_reserved(id: str) -> bool:
    """Say whether the frame of a page may use an id."""
    return not id or id in RESERVED or _RESERVED.match(id) is not None
