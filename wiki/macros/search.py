"""The macro that searches."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from .html import made
from .listing import LIMIT, entries, pages
from .lists import BackLinks

if TYPE_CHECKING:
    from . import Call


def FullSearch(call: Call) -> Markup:
    """Return the pages that a search finds, without arguments those that link to this page, for '' a search box."""
    view = call.view
    needle = call.text.strip()
    if not call.raw.strip():
        return BackLinks(call)
    if not needle:
        return _box(call)
    from ..query import parse

    query = parse(needle)
    if query is None:
        return entries(call, ())
    hits = view.visit.search(query, LIMIT + 1)
    found = [hit.name for hit in hits.hits if hit.name != call.page]
    result = pages(call, found, view.urls.special("search", q=needle))
    if hits.notice:
        result += made(view.notice(view.gettext(hits.notice)))
    return result


def _box(call: Call) -> Markup:
    view = call.view
    return Markup(
        '<form class="macro-form" role="search" method="get" action="{}">'
        '<input type="search" name="q" required aria-label="{}"> <button type="submit">{}</button></form>'
    ).format(view.urls.special("search"), view.gettext("Search the wiki"), view.gettext("Search"))
