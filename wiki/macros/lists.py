"""Macros that list pages by name or by their links."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

from heapq import nsmallest
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


def WordIndex(call: Call) -> Markup:
    """Return the words that names are made of, each with the pages that have it in theirs."""
    from ..search import title_words

    view = call.view
    words: dict[str, list[str]] = {}
    for page in view.visit.pages(limit=INDEX):
        for word in dict.fromkeys(title_words(page.name)):
            words.setdefault(word.casefold(), []).append(page.name)
    items = [
        Markup('<dt id="{}">{}</dt><dd>{}</dd>').format(
            view.unique("word-" + word), word, Markup(", ").join(link(call, name) for name in words[word])
        )
        for word in sorted(words)
    ]
    return Markup('<dl class="word-index">{}</dl>').format(Markup("").join(items))


def AbandonedPages(call: Call) -> Markup:
    """Return the pages that nobody has changed for longest, with the time of their last change."""
    view = call.view
    found = nsmallest(LIMIT, view.visit.pages(), key=lambda page: (page.time, page.name))
    return entries(call, [Markup("{} {}").format(view.when(page.time), link(call, page.name)) for page in found])


def LikePages(call: Call) -> Markup:
    """Return the pages with names like the one given, or like this page's."""
    return pages(call, call.view.visit.similar(call.text.strip() or call.page, LIMIT))


def TemplateList(call: Call) -> Markup:
    """Return the pages whose names fit a regular expression, without one those that are templates."""
    return pages(call, _templates(call, call.text.strip()))


def EditTemplates(call: Call) -> Markup:
    """Return the templates as links that begin this page with one."""
    url = call.view.urls.page
    return entries(
        call,
        [
            Markup('<a rel="nofollow" href="{}">{}</a>').format(url(call.page, "edit", template=name), name)
            for name in _templates(call)
        ],
    )


def _templates(call: Call, pattern: str = "") -> list[str]:
    visit = call.view.visit
    return matching(visit.all_names(), pattern or rf"\A(?:{visit.wiki.rules.template})\Z", exact=True)


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
