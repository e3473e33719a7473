"""A page as people read it: shown, printed, as source, an old revision, and what a missing one offers."""

from __future__ import annotations

from flask import Response
from markupsafe import Markup

from .. import i18n, names
from ..markup.head import Head, head
from ..model import BadName, BadRequest, NoSuchPage, Revision
from .exchange import Exchange

KEEPABLE = frozenset({"pages", "user"})
"""What a page that the page cache keeps may depend on: the set of pages is evicted for, and anonymous is one user."""


def show(exchange: Exchange, name: str) -> Response:
    """Show a page's newest revision, follow its redirect, or offer to create it."""
    exchange.name, exchange.action = name, "show"
    args = exchange.request.args
    if "rev" in args:
        return recall(exchange, name)
    try:
        revision = exchange.visit.read(name)
    except NoSuchPage:
        return missing(exchange, name)
    parsed = head(revision.text or "")
    if parsed.redirect and "redirect" not in args and "action" not in args:
        target, _, anchor = parsed.redirect.strip('[]"').partition("#")
        try:
            url = exchange.urls.page(names.resolve(target, name), "show", anchor, redirect=name)
        except BadName:
            url = ""
        if url:
            return exchange.redirect(url, 302)
    return _shown(exchange, revision, parsed)


def _shown(exchange: Exchange, revision: Revision, parsed: Head, old: bool = False, printing: bool = False) -> Response:
    name = revision.page
    view = exchange.view(name)
    if old:
        rendered = exchange.visit.rendered_text(name, revision.text or "")
    else:
        rendered = exchange.visit.rendered(revision)
    body, headings = view.page(rendered)
    visit = exchange.visit
    newest = revision.number if not old else visit.page(name).number
    if printing:
        exchange.action = "print"
    response = exchange.render(
        "print.html" if printing else "page.html",
        title=name,
        feeds=((exchange.gettext("Changes of this page"), exchange.urls.page(name, "rss_rc")),),
        article=Markup(body),
        headings=headings,
        revision=revision,
        newest=newest,
        language=parsed.language,
        direction=i18n.direction(parsed.language) if parsed.language else "",
        notes=_notes(exchange, parsed, rendered.failed),
        files=len(visit.attachments(name)),
        may_revert=old and visit.may("revert", name),
        page_id=revision.page_id,
    )
    keep = exchange.request.environ.get("wiki.keep")
    if keep is not None and not old and not printing and view.depends <= KEEPABLE and exchange.user is None:
        keep["name"] = name
        if stamps := exchange.visit.stamps_for(view.depends):
            keep["stamps"] = stamps
    return response


def _notes(exchange: Exchange, parsed: Head, failed: str) -> list[tuple[str, Markup]]:
    """Return the boxes above a page's text: from where a redirect led here, deprecated, why its source is shown."""
    notes = []
    came_from = _came_from(exchange)
    if came_from:
        link = Markup('<a rel="nofollow" href="{}">{}</a>').format(
            exchange.urls.page(came_from, "show", redirect=came_from), came_from
        )
        notes.append(("info", Markup(exchange.gettext("Redirected from %(name)s.")) % {"name": link}))
    if parsed.redirect:
        notes.append(("info", Markup("{}").format(exchange.gettext("This page leads to another one."))))
    if parsed.deprecated:
        notes.append(("warning", Markup("{}").format(exchange.gettext("This page is out of date."))))
    if failed:
        notes.append(("warning", Markup("{}").format(exchange.gettext(failed))))
    return notes


def _came_from(exchange: Exchange) -> str:
    """Return the page from which a redirect led here; '' for none, or for what is no name and could lead elsewhere."""
    try:
        return names.normal(exchange.request.args["redirect"])
    except (KeyError, BadName):
        return ""


def missing(exchange: Exchange, name: str) -> Response:
    """Offer to create a page that is not there: templates, near names, and what was deleted under this name."""
    visit = exchange.visit
    page = exchange.site.wiki.page_or_none(name)
    deleted = None
    if page is not None and page.deleted and visit.may("read", name):
        deleted = next((change for change in visit.history(name, limit=5) if change.kind == "delete"), None)
    may_create = visit.may("write", name)
    templates = [title for title in visit.titles("Template", 30) if names.last(title).endswith("Template")]
    return exchange.render(
        "missing.html",
        404,
        title=name,
        may_create=may_create,
        near=visit.similar(name),
        backlinks=visit.backlinks(name, limit=20),
        templates=templates if may_create else (),
        deleted=deleted,
        may_restore=deleted is not None and visit.may("revert", name),
    )


def recall(exchange: Exchange, name: str) -> Response:
    """Show an old revision."""
    revision = exchange.visit.read(name, number_of(exchange, "rev"))
    return _shown(exchange, revision, head(revision.text or ""), old=True)


def printed(exchange: Exchange, name: str) -> Response:
    """Show a page without what surrounds it, for printing."""
    revision = exchange.visit.read(name, number_of(exchange, "rev", None))
    return _shown(exchange, revision, head(revision.text or ""), printing=True)


def content(exchange: Exchange, name: str) -> Response:
    """Send a page's rendered body alone."""
    revision = exchange.visit.read(name)
    body, _headings = exchange.view(name).page(exchange.visit.rendered(revision))
    return Response(body, mimetype="text/html")


def raw(exchange: Exchange, name: str) -> Response:
    """Send a revision's source text; `mimetype` is MoinMoin's way to ask for another plain text type and is ignored."""
    revision = exchange.visit.read(name, number_of(exchange, "rev", None))
    response = Response(revision.text or "", mimetype="text/plain")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'self'"
    return response


def download(exchange: Exchange, name: str) -> Response:
    """Send a revision's source text as a file to be saved."""
    from urllib.parse import quote

    response = raw(exchange, name)
    file = quote(names.last(name) + ".txt", safe="")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{file}"
    return response


def permanent(exchange: Exchange, page_id: str) -> Response:
    """Lead from a page's permanent link to where it is now."""
    page = exchange.visit.page_by_id(page_id)
    return exchange.redirect(exchange.urls.page(page.name), 302)


def access(exchange: Exchange, name: str) -> Response:
    """Explain who may do what on a page, and which rule says so."""
    page = exchange.visit.page(name)
    from ..acl import RIGHTS

    return exchange.render(
        "access.html",
        title=exchange.gettext("Who may do what"),
        acl=page.acl,
        default=exchange.site.wiki.policy.default,
        rows=[(right, exchange.visit.explain(right, name)) for right in RIGHTS],
    )


def number_of(exchange: Exchange, key: str, default: int | None = 0) -> int | None:
    """Return a number from the query; the default where it is absent.

    MoinMoin's `rev=00000003` counts as 3; 0 is refused.
    """
    text = exchange.request.args.get(key, "")
    if not text and default is None:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:18]) < 10**12:
        raise BadRequest("“%(key)s” must be the number of a revision.", key=key)
    return int(text[:18])
