"""Actions of MoinMoin 1.9 whose old URLs lead to what does the same here, and those that are gone, with a word why."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from flask import Response

from .. import names
from ..model import BadName, BadRequest, WikiError
from ..urls import quoted
from .xml import without_controls

if TYPE_CHECKING:
    from .exchange import Exchange

SITEMAP = 50_000
"""The most pages of a sitemap (sitemaps.org's protocol)."""

WHOLE = (30, 60)
"""How often one address may ask for what is made from all pages, in how many seconds."""

DISCUSSION = "Discussion"
"""The subpage on which a page is talked about, as MoinMoin's supplementation pages are called."""


class Gone(WikiError):
    """What MoinMoin did under this name is not done here."""

    message = "MoinMoin’s action “%(action)s” is not there any more. %(instead)s"
    status = 410


GONE = {
    "anywikidraw": "Upload a picture instead.",
    "backup": "The administrator makes backups with the command “wiki backup”.",
    "cache": "",
    "chart": "This wiki does not count visits.",
    "fckdialog": "",
    "language_setup": "The help is there from the start.",
    "PackagePages": "The command “wiki export” writes all pages into a folder.",
    "pollsistersites": "",
    "RenderAsDocbook": "",
    "serveopenid": "",
    "showtags": "",
    "SpellCheck": "Your browser can check the spelling in the editor.",
    "SubscribeUser": "",
    "SyncPages": "The command “wiki copy” copies a whole wiki.",
    "thread_monitor": "",
    "twikidraw": "Upload a picture instead.",
    "xmlrpc": "Programs use version 2 of the interface, “xmlrpc2”.",
}
"""The actions of 1.9 that are gone, and what to do instead ('' where there is nothing)."""


def gone(exchange: Exchange, name: str) -> Response:
    """Say that an action is gone, and what to do instead."""
    instead = GONE[exchange.action]
    raise Gone(action=exchange.action, instead=exchange.gettext(instead) if instead else "")


def goto(exchange: Exchange, name: str) -> Response:
    """Lead to the page whose name was typed; to the front page if none was."""
    written = exchange.request.args.get("target", "").strip()
    return exchange.redirect(exchange.urls.page(names.normal(written)) if written else exchange.urls.root(), 302)


def newpage(exchange: Exchange, name: str) -> Response:
    """Lead from the fields of MoinMoin's NewPage form to ours."""
    values = exchange.request.values
    fields = {key: values.get(key, "") for key in ("parent", "template", "nametemplate")}
    return exchange.redirect(exchange.urls.special("new", name=values.get("pagename", ""), **fields), 302)


def titleindex(exchange: Exchange, name: str) -> Response:
    """Lead to the index of all pages; for programs send it as text or XML, as `mimetype` says."""
    wanted = exchange.request.args.get("mimetype", "")
    if wanted not in ("text/plain", "text/xml"):
        return exchange.redirect(exchange.urls.special("index"), 302)
    exchange.limit(exchange.action, *WHOLE)
    found = exchange.visit.all_names()
    if wanted == "text/plain":
        return _plain("".join(f"{title}\n" for title in found))
    titles = "".join(f"  <Title>{escape(title)}</Title>\n" for title in found)
    return _xml(f"<TitleIndex>\n{titles}</TitleIndex>\n")


def links(exchange: Exchange, name: str) -> Response:
    """Send which page links to which, as text: a line a page, its name and those of its links, quoted as in URLs."""
    exchange.limit(exchange.action, *WHOLE)
    visit = exchange.visit
    lines = []
    for title in visit.all_names():
        targets = [link.target for link in visit.storage.links(title) if link.kind in ("link", "category")]
        lines.append(" ".join(map(quoted, (title, *sorted(set(targets))))))
    return _plain("".join(f"{line}\n" for line in lines))


def sitemap(exchange: Exchange, name: str) -> Response:
    """Send the addresses of the pages that everybody may read, for search engines (sitemaps.org)."""
    from datetime import UTC, datetime

    exchange.limit(exchange.action, *WHOLE)
    entries = []
    for page in exchange.site.wiki.visit().pages(limit=SITEMAP):
        day = datetime.fromtimestamp(page.time / 1_000_000, UTC).strftime("%Y-%m-%d")
        url = escape(exchange.absolute_urls.page(page.name))
        entries.append(f"  <url><loc>{url}</loc><lastmod>{day}</lastmod></url>\n")
    return _xml(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{"".join(entries)}</urlset>\n')


def sisterpages(exchange: Exchange, name: str) -> Response:
    """Send the pages that everybody may read, as text: a line a page, its address and its name."""
    exchange.limit(exchange.action, *WHOLE)
    url = exchange.absolute_urls.page
    return _plain("".join(f"{url(page.name)} {page.name}\n" for page in exchange.site.wiki.visit().pages()))


def login(exchange: Exchange, name: str) -> Response:
    """Lead to the form, and back to the page afterwards."""
    return exchange.redirect(exchange.urls.special("login", next=exchange.urls.page(name)), 302)


def preferences(exchange: Exchange, name: str) -> Response:
    """Lead to the visitor's preferences."""
    return exchange.redirect(exchange.urls.special("preferences"), 302)


def newaccount(exchange: Exchange, name: str) -> Response:
    """Lead to the registration."""
    return exchange.redirect(exchange.urls.special("register"), 302)


def recoverpass(exchange: Exchange, name: str) -> Response:
    """Lead to the form for a forgotten password."""
    return exchange.redirect(exchange.urls.special("recover"), 302)


def formatted(exchange: Exchange, name: str) -> Response:
    """Lead to the page in the form that `mimetype` names: its text, or its HTML alone."""
    wanted = exchange.request.args.get("mimetype", "text/html")
    action = {"text/html": "content", "text/plain": "raw"}.get(wanted)
    if action is None:
        raise BadRequest("A page can be had as text/html or text/plain, not as “%(type)s”.", type=wanted)
    return exchange.redirect(exchange.urls.page(name, action), 302)


def refresh(exchange: Exchange, name: str) -> Response:
    """Forget the finished page and lead to it; it is made anew. Nobody needs that here, but old links offer it."""
    exchange.visit.require("read", name)
    with exchange.site.wiki.cache.writing() as evicting:
        evicting.evict({name})
    return exchange.redirect(exchange.urls.page(name))


def supplementation(exchange: Exchange, name: str) -> Response:
    """Lead to the page on which this one is talked about."""
    return exchange.redirect(exchange.urls.page(names.normal(f"{name}/{DISCUSSION}")), 302)


def mypages(exchange: Exchange, name: str) -> Response:
    """Lead to the pages below the visitor's own."""
    if exchange.user is None:
        return login(exchange, name)
    try:
        return exchange.redirect(exchange.urls.page(names.normal(exchange.user.name), "LocalSiteMap"), 302)
    except BadName:  # an account from elsewhere
        return exchange.redirect(exchange.urls.special("tree"), 302)


def _plain(text: str) -> Response:
    return _inert(Response(text, mimetype="text/plain"))


def _xml(text: str) -> Response:
    return _inert(Response('<?xml version="1.0" encoding="utf-8"?>\n' + without_controls(text), mimetype="text/xml"))


def _inert(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'self'"
    response.headers["Cache-Control"] = "private, no-cache"
    return response
