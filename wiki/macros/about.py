"""Macros that tell about the wiki itself: its size, its rules, what it knows."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

import time
from dataclasses import fields
from typing import TYPE_CHECKING

from markupsafe import Markup

from ..model import NoSuchPage
from .html import link
from .listing import LIMIT, entries, pages

if TYPE_CHECKING:
    from . import Call

SECONDS = 0.5
"""How long PageSize reads pages."""


def PageCount(call: Call) -> str:
    """Return how many pages there are that the visitor may read."""
    return str(call.view.visit.count())


def PageSize(call: Call) -> Markup:
    """Return the largest pages with the bytes of their texts, as far as half a second is enough to look."""
    view = call.view
    end = time.monotonic() + SECONDS
    sizes = []
    for page in view.visit.pages():
        try:
            sizes.append((view.visit.read(page.name).size, page.name))
        except NoSuchPage:  # deleted meanwhile
            continue
        if time.monotonic() > end:
            break
    sizes.sort(key=lambda pair: (-pair[0], pair[1]))
    return entries(call, [Markup("{} {}").format(view.size(size), link(call, name)) for size, name in sizes[:LIMIT]])


def Hits(call: Call) -> Markup:
    """Return that visits are not counted: pages from the cache are sent without anything being written."""
    return Markup('<span class="macro-empty">{}</span>').format(call.view.gettext("This wiki does not count visits."))


def InterWiki(call: Call) -> Markup:
    """Return the table of other wikis: what stands before the colon, and where it leads."""
    table = sorted(call.view.visit.wiki.rules.interwiki.items())
    rows = (
        Markup('<tr><td>{}</td><td><a class="external" rel="nofollow" href="{}">{}</a></td></tr>').format(
            name, url.replace("$PAGE", ""), url
        )
        for name, url in table
    )
    return Markup('<table class="interwiki"><tbody>{}</tbody></table>').format(Markup("").join(rows))


def HighlighterList(call: Call) -> Markup:
    """Return the languages that code is coloured in, and what they are called after the fence."""
    from pygments.lexers import get_all_lexers

    rows = (
        Markup("<tr><td>{}</td><td>{}</td></tr>").format(name, ", ".join(aliases))
        for name, aliases, *_ in sorted(get_all_lexers(plugins=False), key=lambda row: row[0].casefold())
        if aliases
    )
    return Markup('<table class="highlighters"><tbody>{}</tbody></table>').format(Markup("").join(rows))


def SystemInfo(call: Call) -> Markup:
    """Return which program this is, and how many pages and changes of the last day there are."""
    from .. import __version__

    view = call.view
    facts = [("Anywiki", __version__), (view.gettext("Pages"), str(view.visit.count()))]
    items = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(name, value) for name, value in facts)
    return Markup("<dl>{}</dl>").format(items)


def SystemAdmin(call: Call) -> Markup:
    """Return links to the screens of administrators, for them."""
    view = call.view
    if not view.visit.who.admin:
        return _for_administrators(call)
    screens = [("admin", view.gettext("Administration")), ("admin/users", view.gettext("Accounts"))]
    return entries(
        call, [Markup('<a href="{}">{}</a>').format(view.urls.special(url), label) for url, label in screens]
    )


def WikiConfig(call: Call) -> Markup:
    """Return the rules that the wiki goes by, to administrators."""
    if not call.view.visit.who.admin:
        return _for_administrators(call)
    rules = call.view.visit.wiki.rules
    shown = [(field.name, getattr(rules, field.name)) for field in fields(rules) if field.name != "interwiki"]
    rows = Markup("").join(
        Markup("<tr><td>{}</td><td><code>{}</code></td></tr>").format(name, value) for name, value in shown
    )
    return Markup('<table class="rules"><tbody>{}</tbody></table>').format(rows)


def _for_administrators(call: Call) -> Markup:
    return Markup('<span class="macro-empty">{}</span>').format(call.view.gettext("This is for administrators."))


def EditedSystemPages(call: Call) -> Markup:
    """Return the start and help pages that somebody has changed since the wiki was made."""
    from ..pages import start_pages

    found = []
    for name, _text in start_pages():
        try:
            page = call.view.visit.page(name)
        except NoSuchPage:
            continue
        if page.number > 1 and not page.deleted:
            found.append(name)
    return pages(call, sorted(call.view.visit.existing(set(found))))
