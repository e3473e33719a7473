"""Atom feeds (RFC 4287) of what was changed: in the whole wiki, below a page, or on one page."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from flask import Response

from .. import names
from ..model import Change, Forbidden, NoSuchPage, Page
from .changes import subtree
from .dispatch import CannotFind
from .xml import without_controls

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from .exchange import Exchange

ATOM = "http://www.w3.org/2005/Atom"

ENTRIES = 30
MOST_ENTRIES = 100

DIFF_SIZE = 200_000
"""Bytes of a text beyond which a feed shows no difference."""

DIFF_LINES = 60
DIFF_CHARACTERS = 4000

OLD_RECENT = "RecentChanges"
"""MoinMoin 1.9's feed of all changes was an action on this page."""


def feed(exchange: Exchange, path: str) -> Response:
    """Send `recent.atom` (all changes, or those `under` a page) or `page.atom` (those of `page`)."""
    if path == "recent.atom":
        return _recent(exchange, subtree(exchange))
    if path == "page.atom":
        return _of_page(exchange, names.normal(exchange.request.args.get("page", "")))
    raise CannotFind()


def page_feed(exchange: Exchange, name: str) -> Response:
    """Send a page's feed, or, as MoinMoin 1.9 does on RecentChanges, everybody's; `page=` (`Tree/`) asks for less."""
    wanted = exchange.request.args.get("page", "").strip()
    if wanted:
        below = names.normal(wanted)
        return _recent(exchange, below) if wanted.endswith("/") else _of_page(exchange, below)
    return _recent(exchange, "") if name == OLD_RECENT else _of_page(exchange, name)


def _recent(exchange: Exchange, under: str) -> Response:
    changes = exchange.visit.changes(limit=_count(exchange), prefix=under)
    site = exchange.site.settings.site_name
    title = f"{site}: {under}" if under else site
    return _answer(exchange, title, exchange.absolute_urls.special("recent", under=under), changes)


def _of_page(exchange: Exchange, name: str) -> Response:
    changes = exchange.visit.history(name, limit=_count(exchange))
    return _answer(exchange, f"{exchange.site.settings.site_name}: {name}", exchange.absolute_urls.page(name), changes)


def _count(exchange: Exchange) -> int:
    """Return how many entries are wanted; MoinMoin 1.9 calls it `items`."""
    text = exchange.request.args.get("items", "")
    return min(int(text[:6]), MOST_ENTRIES) if text.isascii() and text.isdigit() and int(text[:6]) > 0 else ENTRIES


def _answer(exchange: Exchange, title: str, about: str, changes: list[Change]) -> Response:
    """Return the feed, or 304 where the reader has it: what it is made of is known before the differences are."""
    here = exchange.absolute_urls.base + exchange.here()
    facts = (title, about, here, exchange.language, changes)
    etag = blake2b(repr(facts).encode("utf-8", "replace"), digest_size=16).hexdigest()
    if exchange.request.if_none_match.contains_weak(etag):
        response = Response(status=304)
    else:
        response = Response(_written(exchange, title, about, here, changes), mimetype="application/atom+xml")
    response.set_etag(etag, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Cookie"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'self'"
    return response


def _written(exchange: Exchange, title: str, about: str, here: str, changes: list[Change]) -> bytes:
    from xml.etree import ElementTree

    ElementTree.register_namespace("", ATOM)
    root = ElementTree.Element(f"{{{ATOM}}}feed")
    _add(root, "id", here)
    _add(root, "title", title)
    _add(root, "updated", _time(changes[0].time if changes else 0))
    _add(root, "link", rel="self", type="application/atom+xml", href=here)
    _add(root, "link", rel="alternate", type="text/html", href=about)
    pages: dict[str, Page] = {}
    for change in changes:
        try:
            page = pages.get(change.page) or pages.setdefault(change.page, exchange.visit.page(change.page))
            summary = _summary(exchange, change)
        except (NoSuchPage, Forbidden):  # it changed since the list was made
            continue
        entry = _add(root, "entry")
        permanent = exchange.absolute_urls.permanent(page.id)
        _add(entry, "id", f"{permanent}?rev={change.number}" if change.number else f"{permanent}?at={change.time}")
        _add(entry, "title", change.page)
        _add(entry, "updated", _time(change.time))
        author = change.author
        _add(_add(entry, "author"), "name", author.name or author.address or exchange.gettext("anonymous"))
        _add(entry, "link", rel="alternate", type="text/html", href=_link(exchange, change))
        _add(entry, "summary", summary, type="html")
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    """Add an element, without the characters that XML 1.0 cannot carry."""
    from xml.etree.ElementTree import SubElement

    clean = {key: without_controls(value) for key, value in attributes.items()}
    element = SubElement(parent, f"{{{ATOM}}}{name}", clean)
    if text:
        element.text = without_controls(text)
    return element


def _time(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _link(exchange: Exchange, change: Change) -> str:
    url = exchange.absolute_urls.page
    if change.number > 1:
        return url(change.page, "diff", rev1=change.number - 1, rev2=change.number)
    return url(change.page, "AttachFile") if not change.number else url(change.page)


def _summary(exchange: Exchange, change: Change) -> str:
    """Return HTML: what was done and why, and a short difference."""
    lines = []
    deed = _deed(exchange, change)
    if deed:
        lines.append(f"<p><em>{html.escape(deed)}</em></p>")
    if change.comment:
        lines.append(f"<p>{html.escape(change.comment)}</p>")
    difference = _difference(exchange, change)
    if difference:
        lines.append(f"<pre>{html.escape(difference)}</pre>")
    return "".join(lines)


def _deed(exchange: Exchange, change: Change) -> str:
    _ = exchange.gettext
    texts = {
        "delete": _("Deleted"),
        "revert": _("Back to revision %(number)s"),
        "rename": _("Renamed from “%(name)s”"),
        "copy": _("Copied from “%(name)s”"),
        "attach": _("File added: %(name)s"),
        "detach": _("File removed: %(name)s"),
    }
    text = texts.get(change.kind, _("New page") if change.number == 1 else "")
    return text % {"name": change.source, "number": change.source} if text else ""


def _difference(exchange: Exchange, change: Change) -> str:
    """Return what a change did as a unified diff cut short, '' where there is nothing to compare."""
    if not change.number or change.kind == "delete" or change.size > DIFF_SIZE:
        return ""
    from .. import diff

    visit, before = exchange.visit, ""
    new = visit.read(change.page, change.number).text or ""
    if change.number > 1:
        try:
            old = visit.read(change.page, change.number - 1)
        except NoSuchPage:  # a deletion, or a gap in an old MoinMoin's numbers
            old = None
        if old is not None:
            if old.size > DIFF_SIZE:
                return ""
            before = old.text or ""
    lines = diff.unified(before, new, context=1).splitlines()[2:]
    text = "\n".join(lines[:DIFF_LINES])
    cut = len(lines) > DIFF_LINES or len(text) > DIFF_CHARACTERS
    return text[:DIFF_CHARACTERS] + ("\n…" if cut else "")
