"""The ids of headings, and how links name them."""

from __future__ import annotations

import re
import unicodedata

PREFIX = "h-"
LENGTH = 100

_BLANKS = re.compile(r"\s+")
_KNOWN = re.compile(r"(?:h-|toc-|r-|line-|head-|fn[:-]|fnref\d*[:-]).")


def slug(text: str) -> str:
    """Return a heading's text as GitHub would write it in a URL: lower case, blanks `-`, only letters, digits, - and _.

    Letters are those of any script, with their combining marks.
    """
    folded = _BLANKS.sub("-", unicodedata.normalize("NFC", text).strip().lower())
    if not folded.isascii():
        folded = "".join(
            character
            for character in folded
            if character.isalnum() or character in "-_" or unicodedata.category(character) in ("Mn", "Mc")
        )
    else:
        folded = re.sub(r"[^a-z0-9_-]", "", folded)
    return folded[:LENGTH]


def unique(text: str, taken: dict[str, int]) -> str:
    """Return the id for a heading, `h-` and its slug, and note it in `taken`. The second of the same gets `-1`."""
    base = candidate = PREFIX + (slug(text) or "section")
    while candidate in taken:
        taken[base] += 1
        candidate = f"{base}-{taken[base]}"
    taken[candidate] = 0
    return candidate


def wanted(anchor: str) -> str:
    """Return the id that a link to `#anchor` of a page means: that of a heading, unless it is an id of another kind.

    So `#Getting started`, `#getting-started` and `#h-getting-started` are the same.
    """
    return anchor if not anchor or _KNOWN.match(anchor) else PREFIX + slug(anchor)
