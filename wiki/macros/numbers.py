"""Numbers among a macro's arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model import WikiError

if TYPE_CHECKING:
    from collections.abc import Sequence


def number(positional: Sequence[str], named: str, default: int, least: int, most: int) -> int:
    """Return the number that a named or else the first positional argument gives, moved into its limits.

    The default if neither is given; raise WikiError if it is no number.
    """
    text = named or next(iter(positional), "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise WikiError("“%(text)s” should be a number.", text=text)
    return max(least, min(most, int(text[:9])))
