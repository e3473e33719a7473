"""The editor: the form, its preview, what would change, saving, and a conflict that loses nothing."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Response
from markupsafe import Markup

from .. import names
from ..markup import named
from ..markup.head import head
from ..model import BadName, BadRequest, EditConflict, Forbidden, NoSuchPage, Revision, WikiError
from ..writing import one_line
from .exchange import Exchange, StaleForm
from .pages import number_of

SAVES = (60, 60)
"""How many saves one address may make without an account, in how many seconds."""


def edit(exchange: Exchange, name: str) -> Response:
    """Show the editor, or take what it sent: save, preview, show changes, cancel."""
    if exchange.request.method != "POST":
        return _form(exchange, name)
    form = exchange.request.form
    deed = form.get("do", "save")
    text = form.get("text", "")
    try:
        if not exchange.form_is_ours:
            raise StaleForm()
        exchange.visit.require("read", name)
        if deed == "preview":
            return _editor(exchange, name, text, preview=True)
        if deed == "changes":
            return _editor(exchange, name, text, changes=True)
        return _save(exchange, name, text)
    except EditConflict as error:
        return _editor(exchange, name, error.merged or text, error=error)
    except WikiError as error:
        return _editor(exchange, name, text, error=error)


def _save(exchange: Exchange, name: str, text: str) -> Response:
    form = exchange.request.form
    if exchange.user is None:
        exchange.limit("save", *SAVES)
    saved = exchange.visit.save(
        name,
        text,
        base=_base(exchange),
        comment=form.get("comment", ""),
        minor="minor" in form,
        labels=(exchange.gettext("saved by someone else"), exchange.gettext("your text")),
    )
    exchange.site.presence.leave(name, _visitor(exchange))
    note = "unchanged" if saved.unchanged else "merged" if saved.merged else "saved"
    return exchange.redirect(exchange.urls.page(name, note=note))


def _base(exchange: Exchange) -> int:
    """Return the number of the revision that was edited, 0 for a new page."""
    sent = exchange.request.form.get("base", "")
    if not sent.isascii() or not sent.isdigit() or len(sent) > 12:
        raise BadRequest("The form does not say which revision was edited.")
    return int(sent)


def _form(exchange: Exchange, name: str) -> Response:
    """Show the editor with the newest text, an old revision's, a template's, or empty."""
    visit = exchange.visit
    visit.require("read", name)
    if not visit.may("write", name):
        return _source(exchange, name)
    number = number_of(exchange, "rev", None)
    newest = _newest(exchange, name)
    if number is not None:
        text = visit.read(name, number).text or ""
    elif newest is not None and newest.text is not None:
        text = newest.text
    else:
        text = _from_template(exchange, name)
    return _editor(exchange, name, text, newest.number if newest else 0)


def _newest(exchange: Exchange, name: str) -> Revision | None:
    try:
        return exchange.site.wiki.storage.revision(name)
    except NoSuchPage:
        return None


def _from_template(exchange: Exchange, name: str) -> str:
    """Return the text that a new page begins with: the template asked for, as MoinMoin 1.9 does with `template=`."""
    wanted = exchange.request.args.get("template", "")
    if not wanted:
        return ""
    try:
        text = exchange.visit.read(names.normal(wanted)).text or ""
    except (NoSuchPage, BadName, Forbidden):
        return ""
    today = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d")
    user = exchange.user.name if exchange.user else ""
    return text.replace("@PAGE@", name).replace("@DATE@", today).replace("@ME@", user)


def _source(exchange: Exchange, name: str) -> Response:
    """Show the source to who may not write the page."""
    try:
        text = exchange.visit.read(name).text or ""
    except NoSuchPage:
        raise Forbidden(right="write", name=name) from None
    return exchange.render(
        "source.html",
        403,
        title=name,
        text=text,
        message=exchange.said(Forbidden(right="write", name=name)),
        may_login=exchange.user is None,
    )


@dataclass(frozen=True, slots=True)
class Conflict:
    """What the conflict screen shows: the revision saved meanwhile, the text that was sent, and how they differ."""

    theirs: Revision
    mine: str
    rows: object


def _editor(
    exchange: Exchange,
    name: str,
    text: str,
    base: int | None = None,
    preview: bool = False,
    changes: bool = False,
    error: WikiError | None = None,
) -> Response:
    form = exchange.request.form
    text = text.replace("\r\n", "\n")
    conflict = _conflict(form.get("text", ""), error)
    if conflict is not None:
        base = conflict.theirs.number
    elif base is None:
        base = _base(exchange) if form.get("base", "").isdigit() else 0
    others = _others(exchange, name)
    markup = named(head(text).format or exchange.site.wiki.rules.markup)
    message = exchange.said(error) if error and conflict is None else ""
    if isinstance(error, Forbidden) and exchange.user is None:
        message += " " + exchange.gettext("Log in in another tab, then save again: your text stays here.")
    return exchange.render(
        "edit.html",
        error.status if error else 200,
        title=exchange.gettext("Edit “%(name)s”") % {"name": name},
        wide=True,
        text=text,
        base=base,
        comment=one_line(form.get("comment", "")),
        minor="minor" in form,
        may_minor=exchange.user is not None,
        markup=markup,
        help=exchange.urls.page("Help/MoinMarkup" if markup == "moin" else "Help/Markdown"),
        preview=_preview(exchange, name, text) if preview else None,
        changes=_changes(exchange, name, text, base) if changes else None,
        error=message,
        others=[(other, int(since * 1_000_000)) for other, since in others.items()],
        conflict=conflict,
    )


def _others(exchange: Exchange, name: str) -> dict[str, float]:
    """Return who else has the page open, and since when; nobody to who may not edit it himself."""
    if not (exchange.visit.may("read", name) and exchange.visit.may("write", name)):
        return {}
    who = exchange.user.name if exchange.user else exchange.address
    found = exchange.site.presence.enter(name, _visitor(exchange), who)
    # Who has two windows open need not be warned of himself.
    return {other: since for other, since in found if other != who or exchange.user is None}


def _conflict(sent: str, error: WikiError | None) -> Conflict | None:
    if not isinstance(error, EditConflict) or error.theirs is None:
        return None
    from .. import diff

    mine = sent.replace("\r\n", "\n")
    return Conflict(error.theirs, mine, diff.rows(error.theirs.text or "", mine))


def _preview(exchange: Exchange, name: str, text: str) -> Markup:
    rendered = exchange.visit.rendered_text(name, text)
    body, _headings = exchange.view(name, preview=True).page(rendered)
    return Markup(body)


def _changes(exchange: Exchange, name: str, text: str, base: int) -> object:
    from .. import diff

    old = exchange.visit.read(name, base).text or "" if base else ""
    return diff.rows(old, exchange.site.wiki.normalised(text))


def preview(exchange: Exchange, name: str) -> Response:
    """Send the preview of a text alone, for the editor's script."""
    if exchange.request.method != "POST":
        return exchange.redirect(exchange.urls.page(name, "edit"))
    exchange.visit.require("read", name)
    exchange.limit("preview", 300, 60)
    return Response(_preview(exchange, name, exchange.request.form.get("text", "")), mimetype="text/html")


def new(exchange: Exchange, path: str) -> Response:
    """Lead to the editor of a new page, from a form that asked for its name (`<<NewPage>>`)."""
    args = exchange.request.args
    written = args.get("name", "").strip()
    pattern = args.get("nametemplate", "")
    if pattern:
        parts = {
            "%s": written,
            **{key: datetime.now(UTC).strftime(key) for key in ("%Y", "%m", "%d", "%H", "%M", "%S")},
        }
        written = re.sub("%[a-zA-Z]", lambda match: parts.get(match.group(), ""), pattern)
    if not written:
        return exchange.render("new.html", title=exchange.gettext("New page"), parent=args.get("parent", ""))
    parent = args.get("parent", "")
    name = names.normal(f"{parent}/{written}" if parent else written)
    return exchange.redirect(exchange.urls.page(name, "edit", template=args.get("template", "")))


def _visitor(exchange: Exchange) -> str:
    return exchange.session or f"{exchange.address} {exchange.request.user_agent.string}"
