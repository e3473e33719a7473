"""A page's history: its list, the comparison of two revisions, and reverting to one."""

from __future__ import annotations

from flask import Response

from ..model import BadRequest, Change, NoSuchRevision, Revision
from .exchange import Exchange
from .pages import number_of

ROWS = 50

BEYOND = 2**62
"""A cursor past the newest change, within what every storage can hold."""


def info(exchange: Exchange, name: str) -> Response:
    """List a page's changes, newest first."""
    before = cursor_of(exchange)
    changes = exchange.visit.history(name, before, ROWS + 1)
    older = ""
    if len(changes) > ROWS:
        changes = changes[:ROWS]
        older = exchange.urls.page(name, "info", before=cursor_text(changes[-1]))
    return exchange.render(
        "history.html",
        title=exchange.gettext("History of “%(name)s”") % {"name": name},
        feeds=((exchange.gettext("Changes of this page"), exchange.urls.page(name, "rss_rc")),),
        changes=changes,
        newest=exchange.visit.page(name).number,
        newer=exchange.urls.page(name, "info") if before else "",
        older=older,
        may_revert=exchange.visit.may("revert", name),
    )


def diff(exchange: Exchange, name: str) -> Response:
    """Compare two revisions side by side; without numbers the newest with the one before it, as MoinMoin 1.9 does."""
    from .. import diff as differences

    visit = exchange.visit
    newest = visit.page(name).number
    new_number = number_of(exchange, "rev2", None) or newest
    old_number = number_of(exchange, "rev1", None) or max(1, new_number - 1)
    if old_number > new_number:
        old_number, new_number = new_number, old_number
    old, new = _revision(exchange, name, old_number), _revision(exchange, name, new_number)
    rows = () if old.text == new.text else differences.rows(old.text or "", new.text or "")
    added, removed = differences.summary(old.text or "", new.text or "")
    return exchange.render(
        "diff.html",
        title=exchange.gettext("Changes of “%(name)s”") % {"name": name},
        wide=True,
        old=old,
        new=new,
        newest=newest,
        rows=rows,
        added=added,
        removed=removed,
        earlier=_step(exchange, name, old_number - 1, old_number) if old_number > 1 else "",
        later=_step(exchange, name, new_number, new_number + 1) if new_number < newest else "",
        may_revert=old.text is not None and visit.may("revert", name),
    )


def _revision(exchange: Exchange, name: str, number: int) -> Revision:
    """Return a revision, a deletion too, since its difference is worth seeing; raise NoSuchRevision or Forbidden."""
    try:
        return exchange.visit.read(name, number)
    except NoSuchRevision:
        exchange.visit.require("read", name)
        return exchange.site.wiki.storage.revision(name, number)


def _step(exchange: Exchange, name: str, old: int, new: int) -> str:
    return exchange.urls.page(name, "diff", rev1=old, rev2=new)


def revert(exchange: Exchange, name: str) -> Response:
    """Ask, then save an old revision's text again."""
    number = number_of(exchange, "rev") or 0
    if exchange.request.method == "POST":
        saved = exchange.visit.revert(name, number, exchange.request.form.get("comment", ""))
        return exchange.redirect(exchange.urls.page(name, note="unchanged" if saved.unchanged else "reverted"))
    exchange.visit.require("revert", name)
    old = exchange.visit.read(name, number)
    message = exchange.gettext("Make revision %(number)s the newest text of “%(name)s”? Nothing in between is lost.")
    return exchange.render(
        "message.html",
        title=exchange.gettext("Revert “%(name)s”") % {"name": name},
        message=message % {"number": old.number, "name": name},
        url=exchange.urls.page(name, "revert", rev=number),
        label=exchange.gettext("Revert"),
        fields={},
        danger=False,
        back=exchange.urls.page(name, "info"),
    )


def cursor_text(change: Change) -> str:
    """Return where a change stands in a list, as a query value."""
    return f"{change.time}-{change.position}"


def cursor_of(exchange: Exchange, key: str = "before") -> tuple[int, int] | None:
    """Return the cursor that `cursor_text` wrote into the query, None if there is none; raise BadRequest."""
    text = exchange.request.args.get(key, "")
    if not text:
        return None
    time, dash, position = text.partition("-")
    if not (dash and text.isascii() and time.isdigit() and position.isdigit() and len(text) < 36):
        raise BadRequest("“%(key)s” does not say where a list goes on.", key=key)
    return min(int(time), BEYOND), min(int(position), BEYOND)
