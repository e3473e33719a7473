"""Macros that search, and forms that do."""
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


def TitleSearch(call: Call) -> Markup:
    """Return a form that searches in names."""
    view = call.view
    return _form(call, view.gettext("Search in names"), view.gettext("Search"), "value", action="titlesearch")


def GoTo(call: Call) -> Markup:
    """Return a form that leads to the page whose name is typed."""
    view = call.view
    return _form(call, view.gettext("Name of the page"), view.gettext("Go to page"), "target", action="goto")


def AdvancedSearch(call: Call) -> Markup:
    """Return a form with a field each for the words that must, may, and must not be there. MoinMoin's parameters."""
    view = call.view
    rows = Markup("").join(
        Markup('<label>{} <input type="text" name="{}"></label> ').format(label, name)
        for name, label in (
            ("and_terms", view.gettext("All of these words")),
            ("or_terms", view.gettext("Any of these words")),
            ("not_terms", view.gettext("None of these words")),
            ("categories", view.gettext("Category")),
        )
    )
    return Markup(
        '<form class="macro-form" role="search" method="get" action="{}">'
        '<input type="hidden" name="action" value="fullsearch"><input type="hidden" name="advancedsearch" value="1">'
        '{}<label><input type="checkbox" name="titlesearch" value="1"> {}</label> '
        '<button type="submit">{}</button></form>'
    ).format(view.urls.page(call.page), rows, view.gettext("In names only"), view.gettext("Search"))


def _form(call: Call, label: str, button: str, field: str, **hidden: str) -> Markup:
    inputs = Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value) for name, value in hidden.items()
    )
    return Markup(
        '<form class="macro-form" method="get" action="{}">{}'
        '<input type="text" name="{}" required aria-label="{}"> <button type="submit">{}</button></form>'
    ).format(call.view.urls.page(call.page), inputs, field, label, button)


def _box(call: Call) -> Markup:
    view = call.view
    return Markup(
        '<form class="macro-form" role="search" method="get" action="{}">'
        '<input type="search" name="q" required aria-label="{}"> <button type="submit">{}</button></form>'
    ).format(view.urls.special("search"), view.gettext("Search the wiki"), view.gettext("Search"))
