"""What happens to a whole page: renaming, copying, deleting, restoring."""

from __future__ import annotations

from flask import Response

from .. import names
from ..model import BadName, BadRequest, Forbidden, PageExists, WikiError
from .exchange import Exchange

SUBPAGES = 500
"""The most subpages that are moved in one step."""


def rename(exchange: Exchange, name: str) -> Response:
    """Give a page, and its subpages if wished, another name; shows first which links will be rewritten."""
    visit, form = exchange.visit, exchange.request.form
    for right in ("read", "write", "delete"):
        visit.require(right, name)
    visit.read(name)
    errors: dict[str, str] = {}
    if exchange.request.method == "POST":
        rewrite = "rewrite" in form
        try:
            new = _wanted(form.get("new", ""))
            if names.parent(new) == name or new.startswith(f"{name}/"):
                raise BadRequest("A page cannot become a subpage of itself.")
            moved = [name, *(_subpages(exchange, name) if "with_subpages" in form else ())]
            for old in moved:
                _free(exchange, new + old[len(name) :], old)
            for old in moved:
                visit.rename(old, new + old[len(name) :], form.get("comment", ""), rewrite=rewrite)
            return exchange.redirect(exchange.urls.page(new, note="renamed"))
        except (PageExists, BadName, BadRequest) as error:
            errors["new"] = exchange.said(error)
    linking = visit.linking(name)
    return exchange.render(
        "rename.html",
        409 if errors else 200,
        title=exchange.gettext("Rename “%(name)s”") % {"name": name},
        new=form.get("new", name),
        comment=form.get("comment", ""),
        subpages=_subpages(exchange, name),
        with_subpages="with_subpages" in form if form else True,
        links=[page for page, writable in linking if writable],
        rewrite="rewrite" in form if form else True,
        errors=errors,
    )


def copy(exchange: Exchange, name: str) -> Response:
    """Copy a page with its files, and its subpages if wished, to another name."""
    visit, form = exchange.visit, exchange.request.form
    visit.read(name)
    errors: dict[str, str] = {}
    if exchange.request.method == "POST":
        try:
            new = _wanted(form.get("new", ""))
            copied = [name, *(_subpages(exchange, name) if "with_subpages" in form else ())]
            for old in copied:
                _free(exchange, new + old[len(name) :], "")
            for old in copied:
                visit.copy(old, new + old[len(name) :], form.get("comment", ""))
            return exchange.redirect(exchange.urls.page(new, note="copied"))
        except (PageExists, BadName) as error:
            errors["new"] = exchange.said(error)
    return exchange.render(
        "copy.html",
        409 if errors else 200,
        title=exchange.gettext("Copy “%(name)s”") % {"name": name},
        new=form.get("new", name),
        comment=form.get("comment", ""),
        subpages=_subpages(exchange, name),
        with_subpages="with_subpages" in form,
        files=len(visit.attachments(name)),
        errors=errors,
    )


def delete(exchange: Exchange, name: str) -> Response:
    """Delete a page, and its subpages if wished; shows first which pages link to it."""
    visit, form = exchange.visit, exchange.request.form
    visit.require("delete", name)
    visit.read(name)
    error = ""
    if exchange.request.method == "POST":
        try:
            below = _subpages(exchange, name) if "with_subpages" in form else []
            for page in (*below, name):
                visit.require("delete", page)
            for page in (*below, name):
                visit.delete(page, form.get("comment", ""))
            return exchange.redirect(exchange.urls.page(name, note="deleted"))
        except Forbidden as refused:
            error = exchange.said(refused)
    return exchange.render(
        "delete.html",
        403 if error else 200,
        title=exchange.gettext("Delete “%(name)s”") % {"name": name},
        comment=form.get("comment", ""),
        subpages=_subpages(exchange, name),
        with_subpages="with_subpages" in form,
        backlinks=visit.backlinks(name, limit=200),
        error=error,
    )


def restore(exchange: Exchange, name: str) -> Response:
    """Bring a deleted page back."""
    if exchange.request.method == "POST":
        exchange.visit.restore(name)
        return exchange.redirect(exchange.urls.page(name, note="restored"))
    exchange.visit.require("revert", name)
    if not exchange.visit.page(name).deleted:
        raise PageExists(name=name)
    message = exchange.gettext("Restore the page “%(name)s” with its last text?") % {"name": name}
    return exchange.render(
        "message.html",
        title=exchange.gettext("Restore “%(name)s”") % {"name": name},
        message=message,
        url=exchange.urls.page(name, "restore"),
        label=exchange.gettext("Restore"),
        fields={},
        danger=False,
        back=exchange.urls.page(name),
    )


def _subpages(exchange: Exchange, name: str) -> list[str]:
    return [page.name for page in exchange.visit.pages(prefix=f"{name}/", limit=SUBPAGES)]


def _wanted(written: str) -> str:
    return names.normal(written)


def _free(exchange: Exchange, new: str, old: str) -> None:
    """Raise PageExists or Forbidden unless a page of this name can be made; a stub that leads to `old` gives way."""
    page = exchange.site.wiki.page_or_none(names.normal(new))
    if page is not None and not page.deleted and not (old and page.redirect == old):
        raise PageExists(name=new)
    exchange.visit.require("write", new)


__all__ = ["WikiError", "copy", "delete", "rename", "restore"]
