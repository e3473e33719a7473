"""Fills the frame around a screen: what this visitor is offered on this page, and the site's navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import i18n, names
from . import personal
from .frame import Action, Frame

if TYPE_CHECKING:
    from .exchange import Exchange

NOTICES = {
    "saved": "ok",
    "merged": "ok",
    "unchanged": "info",
    "deleted": "ok",
    "restored": "ok",
    "renamed": "ok",
    "copied": "ok",
    "reverted": "ok",
    "attached": "ok",
    "detached": "ok",
    "welcome": "ok",
    "bye": "ok",
    "kept": "ok",
    "pending": "info",
}
"""The short words that a redirect may carry as `?note=`, and how each looks. A word needs no session."""


def framed(exchange: Exchange, title: str, *, wide: bool = False, feeds: tuple[tuple[str, str], ...] = ()) -> Frame:
    """Return the frame for a screen with this title. `exchange.name` is the page it is about, if any."""
    user = exchange.user
    settings = exchange.site.settings
    name = exchange.name
    return Frame(
        site_name=settings.site_name,
        language=exchange.language,
        direction=i18n.direction(exchange.language),
        theme=exchange.theme,
        user=user,
        may_admin=user is not None and user.admin,
        may_register=settings.registration != "closed",
        title=title or name,
        name=name,
        crumbs=tuple((names.last(above), exchange.urls.page(above)) for above in names.ancestors(name)) if name else (),
        actions=_actions(exchange) if name else (),
        more=_more(exchange) if name else (),
        links=_links(exchange),
        quicklinks=personal.quicklinks(exchange),
        trail=personal.trail(exchange),
        notice=_notice(exchange),
        search=exchange.request.args.get("q", "") if exchange.request.path.startswith("/-/search") else "",
        canonical=exchange.urls.page(name) if name and exchange.action == "show" else "",
        feeds=feeds,
        here=exchange.here() if exchange.request.method == "GET" else "",
        wide=wide or bool(user and user.settings.get("wide")),
        shortcuts=not (user and user.settings.get("shortcuts") is False),
    )


def _actions(exchange: Exchange) -> tuple[Action, ...]:
    _, name, page = exchange.gettext, exchange.name, exchange.urls.page
    current = exchange.action
    found = []
    if exchange.visit.may("write", name):
        found.append(
            Action(
                key="edit",
                label=_("Edit"),
                url=page(name, "edit"),
                primary=True,
                rel="nofollow",
                accesskey="e",
                shortcut="e",
                current=current == "edit",
            )
        )
    elif exchange.user is None:
        found.append(
            Action(
                key="edit",
                label=_("Log in to edit"),
                url=exchange.urls.special("login", next=page(name)),
                rel="nofollow",
            )
        )
    found.append(
        Action(
            key="history",
            label=_("History"),
            url=page(name, "info"),
            rel="nofollow",
            accesskey="h",
            shortcut="h",
            current=current == "info",
        )
    )
    found.append(
        Action(
            key="attach",
            label=_("Files"),
            url=page(name, "AttachFile"),
            rel="nofollow",
            current=current == "AttachFile",
        )
    )
    return tuple(found)


def _more(exchange: Exchange) -> tuple[Action, ...]:
    _, name, page = exchange.gettext, exchange.name, exchange.urls.page
    may = exchange.visit.may
    found = [
        Action(key="links", label=_("What links here"), url=page(name, "backlinks"), rel="nofollow"),
        Action(key="tree", label=_("Subpages"), url=page(name, "LocalSiteMap"), rel="nofollow"),
        Action(key="source", label=_("Source text"), url=page(name, "raw"), rel="nofollow"),
        Action(key="print", label=_("Print view"), url=page(name, "print"), rel="nofollow"),
        Action(key="access", label=_("Who may do what"), url=page(name, "access"), rel="nofollow"),
    ]
    if exchange.user is not None:
        linked = name in exchange.user.settings.get("quicklinks", [])
        label = _("Remove quick link") if linked else _("Add quick link")
        found.append(
            Action(key="star", label=label, url=page(name, "quickunlink" if linked else "quicklink"), rel="nofollow")
        )
        if exchange.site.sends_mail:
            patterns = exchange.user.settings.get("subscribed_pages", [])
            subscribed = bool(patterns) and _fits(exchange, patterns)
            label = _("Unsubscribe") if subscribed else _("Subscribe")
            url = page(name, "unsubscribe" if subscribed else "subscribe")
            found.append(Action(key="mail", label=label, url=url, rel="nofollow"))
    if may("write", name):
        found.append(Action(key="copy", label=_("Copy"), url=page(name, "CopyPage"), rel="nofollow"))
        if may("delete", name):
            found.append(Action(key="rename", label=_("Rename"), url=page(name, "RenamePage"), rel="nofollow"))
    if may("delete", name):
        found.append(Action(key="delete", label=_("Delete"), url=page(name, "DeletePage"), rel="nofollow"))
    return tuple(found)


def _fits(exchange: Exchange, patterns: list[object]) -> bool:
    from ..notify import fits

    return fits(patterns, exchange.name, exchange.site.settings.site_name)


def _links(exchange: Exchange) -> tuple[tuple[str, str, bool], ...]:
    _, special, path = exchange.gettext, exchange.urls.special, exchange.request.path
    rows = (
        (_("Recent changes"), "recent"),
        (_("Page tree"), "tree"),
        (_("All pages"), "index"),
        (_("Random page"), "random"),
    )
    front = (exchange.gettext("Front page"), exchange.urls.root(), exchange.name == exchange.site.settings.front_page)
    help_ = (_("Help"), exchange.urls.page("Help"), exchange.name == "Help")
    return (front, *((label, special(key), path == f"/-/{key}") for label, key in rows), help_)


def _notice(exchange: Exchange) -> tuple[str, str] | None:
    word = exchange.request.args.get("note", "")
    kind = NOTICES.get(word)
    if kind is None:
        return None
    _ = exchange.gettext
    texts = {
        "saved": _("Saved."),
        "merged": _("Saved. Others had changed other places of the page meanwhile; their changes are kept too."),
        "unchanged": _("Nothing was changed, so nothing was saved."),
        "deleted": _("The page is deleted. It can be restored."),
        "restored": _("The page is back."),
        "renamed": _("The page has its new name."),
        "copied": _("The copy is made."),
        "reverted": _("The old text is the newest again."),
        "attached": _("The file is kept."),
        "detached": _("The file is removed. Its versions can be brought back."),
        "welcome": _("You are logged in."),
        "bye": _("You are logged out."),
        "kept": _("Your settings are kept."),
        "pending": _("Your account is made. An administrator will let you in."),
    }
    return texts[word], kind
