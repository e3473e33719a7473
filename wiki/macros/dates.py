"""Macros that show a time in the visitor's language and time zone."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..model import WikiError

if TYPE_CHECKING:
    from . import Call

START = datetime(1970, 1, 1, tzinfo=UTC)
YEARS = (datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC))
"""Times that are in the calendar in every time zone."""


def DateTime(call: Call) -> str:
    """Return a date and time: the one given (W3C's form, or seconds since 1970 UTC), else the time of the view."""
    return call.view.when(_time(call))


def Date(call: Call) -> str:
    """Return a date, given as for DateTime."""
    return call.view.day(_time(call))


def _time(call: Call) -> int:
    """Return the microseconds since 1970 UTC that the argument means; raise WikiError."""
    text = call.text.strip()
    if not text:
        call.view.depends.add("time")
        return call.view.visit.wiki.now()
    try:
        moment = START + timedelta(seconds=float(text)) if _is_number(text) else datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if not YEARS[0] <= moment <= YEARS[1]:
            raise ValueError
    except (ValueError, OverflowError):
        raise WikiError("“%(text)s” is not a time such as 2026-01-31T12:00:00Z.", text=text) from None
    return (moment - START) // timedelta(microseconds=1)


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()
