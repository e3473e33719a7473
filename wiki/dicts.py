"""Dict pages: what a page whose lines are ` key:: value` says under a key, as in MoinMoin 1.9."""

from __future__ import annotations

import re

_ENTRY = re.compile(r" ([^\s:](?:[^:\n]|:(?!:))*):: ?(.*)")


def entries(text: str) -> dict[str, str]:
    """Return what a dict page says, by key: of lines with one blank before the key; the last of a key counts."""
    found = {}
    for line in text.split("\n"):
        match = _ENTRY.fullmatch(line.rstrip())
        if match:
            found[match[1].strip()] = match[2].strip()
    return found
