"""Macros that list pages by name or by their links."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from .. import names
from .html import link
from .listing import LIMIT, entries, matching, pages
from .numbers import number

if TYPE_CHECKING:
    from . import Call

INDEX = 2000
"""The most pages that TitleIndex shows."""


def PageList(call: Call) -> Markup:
    """Return the pages whose names contain a text, or in which `regex:…` is found; without either, all pages."""
    visit, urls = call.view.visit, call.view.urls
    needle = call.text.strip()
    if needle.startswith("regex:"):
        found = matching(visit.all_names(), needle.removeprefix("regex:").strip())
    elif needle:
        found = sorted(visit.titles(needle, LIMIT + 1))
    else:
        found = [page.name for page in visit.pages(limit=LIMIT + 1)]
    return pages(call, found, urls.special("index"))


def TitleIndex(call: Call) -> Markup:
    """Return all pages by their first letter."""
    view = call.view
    found = [page.name for page in view.visit.pages(limit=INDEX + 1)]
    groups = [(letter, list(group)) for letter, group in groupby(sorted(found[:INDEX], key=_by_letter), key=_letter)]
    jumps = []
    lists = []
    for letter, group in groups:
        anchor = view.unique(f"index-{ord(letter[0]):x}")
        jumps.append(Markup('<a href="#{}">{}</a>').format(anchor, letter))
        items = Markup("").join(Markup("<li>{}</li>").format(link(call, name)) for name in group)
        lists.append(Markup('<p class="index-letter" id="{}">{}</p><ul>{}</ul>').format(anchor, letter, items))
    more = Markup("")
    if len(found) > INDEX:
        left = view.visit.count() - INDEX
        text = view.ngettext("… and %(count)s more page", "… and %(count)s more pages", left) % {"count": left}
        more = Markup('<p><a href="{}">{}</a></p>').format(view.urls.special("index"), text)
    return Markup('<div class="title-index"><p class="index-letters">{}</p>{}{}</div>').format(
        Markup(" ").join(jumps), Markup("").join(lists), more
    )


def _letter(name: str) -> str:
    return name[0].upper()


def _by_letter(name: str) -> tuple[str, str, str]:
    return _letter(name), name.casefold(), name


def BackLinks(call: Call) -> Markup:
    """Return the pages that link to a page, this one if none is named."""
    name = names.resolve(call.text, call.page) if call.text else call.page
    found = call.view.visit.backlinks(name, limit=LIMIT + 1)
    return pages(call, found, call.view.urls.page(name, "backlinks"))


def WantedPages(call: Call) -> Markup:
    """Return the pages that are linked to but are not there, and how many pages want each."""
    view = call.view
    found = view.visit.wanted(LIMIT + 1)
    items = [
        Markup("{} ({})").format(
            link(call, name, there=False),
            view.ngettext("on %(count)s page", "on %(count)s pages", count) % {"count": count},
        )
        for name, count in found[:LIMIT]
    ]
    return entries(call, items, view.urls.special("wanted") if len(found) > LIMIT else "")


def OrphanedPages(call: Call) -> Markup:
    """Return the pages that no other page links to."""
    return pages(call, call.view.visit.orphans(limit=LIMIT + 1), call.view.urls.special("orphans"))


def RandomPage(call: Call) -> Markup:
    """Return a page picked at random, or so many."""
    positional, named = call.arguments
    return pages(call, call.view.visit.random(number(positional, named.get("links", ""), 1, 1, LIMIT)))
