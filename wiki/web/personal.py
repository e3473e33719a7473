"""What stands on the screens of who has an account: his quick links, and the trail of the pages he came by."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from .. import interwiki, names
from ..model import BadName

if TYPE_CHECKING:
    from .exchange import Exchange

QUICKLINKS = 30
TRAIL = "wiki_trail"
STEPS = 6
"""How many pages the trail has; MoinMoin's five before the present one."""

COOKIE = 1500
"""The most characters of the trail's cookie: with others it must fit into a request's head."""


def quicklinks(exchange: Exchange) -> tuple[tuple[str, str, bool], ...]:
    """Return the user's quick links as (label, url, whether it is this page)."""
    if exchange.user is None:
        return ()
    found = [quicklink(exchange, str(entry)) for entry in exchange.user.settings.get("quicklinks", [])[:QUICKLINKS]]
    return tuple(link for link in found if link)


def quicklink(exchange: Exchange, entry: str) -> tuple[str, str, bool] | None:
    """Return an entry as (label, url, whether it is this page); None for what is no link.

    A page's name, a URL, a page of another wiki (`Prefix:Page`), or either of these as `[[target|label]]`, as in
    MoinMoin 1.9.
    """
    target, label = entry.strip(), ""
    if target.startswith("[[") and target.endswith("]]"):
        target, _, label = (part.strip() for part in target[2:-2].partition("|"))
    if target.startswith(("https://", "http://")):
        return (label or target, target, False) if target.isprintable() else None
    prefix, colon, rest = target.partition(":")
    if colon and rest and prefix in (exchange.site.settings.site_name, "Self"):
        target = rest
    elif colon and rest and (url := interwiki.resolved(prefix, rest, exchange.site.wiki.rules.interwiki)):
        return label or rest, url, False
    try:
        name = names.normal(target)
    except BadName:
        return None
    return label or name, exchange.urls.page(name), name == exchange.name


def trail(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """Return the pages that the user saw last, oldest first, as (label, url), and note the one that he sees now.

    The browser keeps it, so that a view writes nothing here. Who has no account has none: his pages come from a cache.
    """
    if exchange.user is None or exchange.user.settings.get("show_page_trail") in ("0", "False", False):
        return ()
    steps = [unquote(part) for part in exchange.request.cookies.get(TRAIL, "").split("&") if part][-STEPS:]
    seeing = exchange.action == "show" and bool(exchange.name) and exchange.request.method == "GET"
    if seeing:
        steps = [*(name for name in steps if name != exchange.name), exchange.name][-STEPS:]
    # What the visitor may not read, or not any more, is in neither the trail nor the cookie.
    there = exchange.visit.existing({name for name in steps if name.isprintable()})
    steps = [name for name in steps if name in there]
    if seeing:
        kept = [quote(name, safe="/") for name in steps]
        while kept and len("&".join(kept)) > COOKIE:
            kept.pop(0)
        exchange.set_cookie(TRAIL, "&".join(kept))
    return tuple((name, exchange.urls.page(name)) for name in steps if name != exchange.name)
