"""Recent changes: by day in the visitor's time zone, a row for each page with who changed it how often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .. import i18n, names
from ..model import MICROSECONDS, BadRequest, Change, NoSuchUser
from .history import cursor_of, cursor_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Response

    from .exchange import Exchange

LIMIT = 200
"""Changes that one screen is made of."""

DAYS = (1, 7, 30, 90)
DAY_SECONDS = 24 * 3600
COMMENTS = 5
"""Edit summaries shown for one page and day."""


@dataclass(frozen=True, slots=True)
class Group:
    """What happened to one page on one day, newest first."""

    changes: tuple[Change, ...]

    @property
    def newest(self) -> Change:
        """The last of the changes."""
        return self.changes[0]

    @property
    def editors(self) -> list[tuple[str, int]]:
        """Who made the changes (name, else address, else ''), with how many; the most recent editor first."""
        return list(Counter(change.author.name or change.author.address for change in self.changes).items())

    @property
    def comments(self) -> list[str]:
        """The newest different edit summaries."""
        return list(dict.fromkeys(change.comment for change in self.changes if change.comment))[:COMMENTS]

    @property
    def span(self) -> tuple[int, int] | None:
        """The revisions between which the day's difference lies; None where there is nothing to compare."""
        numbers = [change.number for change in self.changes if change.number]
        if not numbers or min(numbers) < 2 or self.newest.kind == "delete":
            return None
        return min(numbers) - 1, max(numbers)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which changes are asked for; `as_query` gives it back as a URL's query."""

    days: int = 0
    author: str = ""
    under: str = ""
    minor: bool = True

    def as_query(self) -> dict[str, Any]:
        """Return the query values of a URL that asks for these changes."""
        return {
            "days": self.days or None,
            "author": self.author or None,
            "under": self.under or None,
            "minor": None if self.minor else 0,
        }


def recent(exchange: Exchange, path: str) -> Response:
    """Show the changes of all pages, or those that a filter leaves."""
    wanted = _filter(exchange)
    now = exchange.site.wiki.now()
    found = exchange.visit.changes(
        _before(exchange),
        LIMIT + 1,
        prefix=wanted.under,
        author=author_key(exchange, wanted.author),
        since=now - wanted.days * DAY_SECONDS * MICROSECONDS if wanted.days else 0,
    )
    shown = found[:LIMIT]
    query = wanted.as_query()
    url = exchange.urls.special
    older = url("recent", **query, before=cursor_text(shown[-1])) if len(found) > LIMIT else ""
    _ = exchange.gettext
    feed = url("feed/recent.atom", under=wanted.under)
    return exchange.render(
        "recent.html",
        title=_("Recent changes"),
        feeds=((_("Recent changes"), feed),),
        days=_by_day(exchange, (change for change in shown if wanted.minor or not change.minor)),
        filters=_tabs(exchange, wanted),
        wanted=wanted,
        feed=feed,
        newer=url("recent", **query) if "before" in exchange.request.args else "",
        older=older,
    )


def author_key(exchange: Exchange, name: str) -> str:
    """Return what storage knows an author by: the account's id, else the name itself."""
    if not name:
        return ""
    try:
        user = exchange.site.wiki.storage.user_named(name)
    except NoSuchUser:
        return name
    # An account is found by its e-mail address too, but nobody may learn here whose address it is.
    return user.id if user.name.casefold() == name.casefold() else name


def subtree(exchange: Exchange, key: str = "under") -> str:
    """Return the page below which is asked for, '' for everything; raise BadName."""
    under = exchange.request.args.get(key, "").strip().strip("/")
    return names.normal(under) if under else ""


def _filter(exchange: Exchange) -> Filter:
    args = exchange.request.args
    days = args.get("days", "")
    if days and not (days.isascii() and days.isdigit() and len(days) <= 4):
        raise BadRequest("“%(key)s” must be a number of days.", key="days")
    return Filter(
        int(days or 0),
        args.get("author", "").strip()[:200],
        subtree(exchange),
        args.get("minor", "1") != "0",
    )


def _before(exchange: Exchange) -> tuple[int, int] | None:
    """Return below which change to begin; raise BadRequest for numbers that no engine can hold."""
    cursor = cursor_of(exchange)
    if cursor and max(cursor) >= 2**63:
        raise BadRequest("This link to older changes is incomplete.")
    return cursor


def _by_day(exchange: Exchange, changes: Iterable[Change]) -> list[tuple[str, list[Group]]]:
    """Return the days as text with their groups; days and groups in the order of their newest change."""
    days: dict[str, dict[str, list[Change]]] = {}
    for change in changes:
        day = i18n.formatted(change.time, exchange.timezone, exchange.language, "day")
        days.setdefault(day, {}).setdefault(change.page, []).append(change)
    return [(day, [Group(tuple(group)) for group in pages.values()]) for day, pages in days.items()]


def _tabs(exchange: Exchange, wanted: Filter) -> list[tuple[str, str, bool]]:
    def url(changed: Filter) -> str:
        return exchange.urls.special("recent", **changed.as_query())

    tabs = [(exchange.gettext("All"), url(replace(wanted, days=0)), not wanted.days)]
    for days in DAYS:
        label = exchange.ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
        tabs.append((label, url(replace(wanted, days=days)), wanted.days == days))
    label = exchange.gettext("Without minor edits")
    return [*tabs, (label, url(replace(wanted, minor=not wanted.minor)), not wanted.minor)]
