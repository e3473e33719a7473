"""The macro that lists what changed lately."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from ..model import MICROSECONDS
from .html import link
from .listing import LIMIT, entries
from .numbers import number

if TYPE_CHECKING:
    from ..model import Change
    from . import Call

BATCH = 200
BATCHES = 5
"""So many times BATCH changes are looked through for different pages."""


def RecentChanges(call: Call) -> Markup:
    """Return the pages changed last, each with its newest change: so many of them, or those of the last `days`."""
    view = call.view
    positional, named = call.arguments
    count = number(positional, named.get("items", ""), 50, 1, LIMIT)
    days = number((), named.get("days", ""), 0, 1, 3650)
    since = 0
    if days:
        view.depends.add("time")
        since = view.visit.wiki.now() - days * 24 * 3600 * MICROSECONDS
    newest: dict[str, Change] = {}
    before = None
    for _batch in range(BATCHES):
        found = view.visit.changes(before, BATCH, since=since)
        for change in found:
            newest.setdefault(change.page, change)
        if len(found) < BATCH or len(newest) > count:
            break
        before = found[-1].cursor
    changes = list(newest.values())[:count]
    there = view.visit.existing({change.page for change in changes})
    items = [_entry(call, change, change.page in there) for change in changes]
    return entries(call, items, view.urls.special("recent") if len(newest) > count else "")


def _entry(call: Call, change: Change, there: bool) -> Markup:
    author = change.author.name or call.view.gettext("anonymous")
    entry = Markup('{} {} <span class="change-author"><bdi>{}</bdi></span>').format(
        call.view.when(change.time), link(call, change.page, there=there), author
    )
    said = [text for text in (_deed(call, change), change.comment) if text]
    if said:
        entry += Markup(' <span class="change-comment"><bdi>{}</bdi></span>').format(" – ".join(said))
    return entry


def _deed(call: Call, change: Change) -> str:
    """Return what was done, '' for a plain edit."""
    _ = call.view.gettext
    if change.kind == "edit":
        return _("new page") if change.number == 1 else ""
    if change.kind == "attach":
        return _("attached “%(name)s”") % {"name": change.source}
    if change.kind == "detach":
        return _("removed “%(name)s”") % {"name": change.source}
    return {
        "delete": _("deleted"),
        "rename": _("renamed"),
        "revert": _("reverted"),
        "copy": _("copied"),
    }.get(change.kind, "")
