"""From a URL to a view: page actions by `?action=`, and what belongs to no page below `/-/`.

Views are imported when needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from flask import Response

from .. import codefile, names
from ..model import BadName, BadRequest, NoSuchPage, WikiError
from .exchange import Exchange

View = Callable[[Exchange, str], Response]


class CannotFind(NoSuchPage):
    """There is nothing at this URL."""

    message = "There is nothing at this address."


class WrongMethod(WikiError):
    """The request's method is none that anything here answers to."""

    message = "The method %(method)s is not used here."
    status = 405


METHODS = ("GET", "HEAD", "POST")


@dataclass(frozen=True, slots=True)
class Route:
    """A view, and whether a GET may reach it although it changes something (it then shows a form with one button).

    `programs` says that it is for programs, which send no form of ours and whose cookies the view does not look at.
    """

    view: str
    changes: bool = False
    programs: bool = False

    def load(self) -> View:
        """Import and return the view."""
        module, _, function = self.view.partition(":")
        view: View = getattr(import_module(f"wiki.web.{module}"), function)
        return view


ACTIONS = {
    "show": Route("pages:show"),
    "raw": Route("pages:raw"),
    "print": Route("pages:printed"),
    "content": Route("pages:content"),
    "recall": Route("pages:recall"),
    "edit": Route("edit:edit"),
    "preview": Route("edit:preview"),
    "info": Route("history:info"),
    "diff": Route("history:diff"),
    "revert": Route("history:revert"),
    "RenamePage": Route("moves:rename"),
    "CopyPage": Route("moves:copy"),
    "DeletePage": Route("moves:delete"),
    "restore": Route("moves:restore"),
    "AttachFile": Route("attachments:attachments"),
    "LikePages": Route("find:like"),
    "backlinks": Route("find:backlinks"),
    "LocalSiteMap": Route("find:tree"),
    "rss_rc": Route("feeds:page_feed"),
    "quicklink": Route("account:quicklink", changes=True),
    "quickunlink": Route("account:quickunlink", changes=True),
    "fullsearch": Route("find:old_search"),
    "titlesearch": Route("find:old_search"),
    "access": Route("pages:access"),
    "xmlrpc2": Route("xmlrpc:xmlrpc", programs=True),
    "subscribe": Route("subscriptions:subscribe", changes=True),
    "unsubscribe": Route("subscriptions:unsubscribe", changes=True),
    "recoverpass": Route("old:recoverpass"),
    "Save": Route("pages:download"),
    "goto": Route("old:goto"),
    "newpage": Route("old:newpage"),
    "titleindex": Route("old:titleindex"),
    "links": Route("old:links"),
    "sitemap": Route("old:sitemap"),
    "sisterpages": Route("old:sisterpages"),
    "login": Route("old:login"),
    "logout": Route("account:logout", changes=True),
    "userprefs": Route("old:preferences"),
    "userprofile": Route("old:preferences"),
    "newaccount": Route("old:newaccount"),
    "format": Route("old:formatted"),
    "refresh": Route("old:refresh", changes=True),
    "supplementation": Route("old:supplementation"),
    "MyPages": Route("old:mypages"),
    **dict.fromkeys(
        (
            *("anywikidraw", "backup", "cache", "chart", "fckdialog", "language_setup", "PackagePages"),
            *("pollsistersites", "RenderAsDocbook", "serveopenid", "showtags", "SpellCheck", "SubscribeUser"),
            *("SyncPages", "thread_monitor", "twikidraw", "xmlrpc"),
        ),
        Route("old:gone"),
    ),
}
"""Page actions, named as MoinMoin 1.9 names them where it has them."""

SPECIALS = {
    "static": Route("assets:static"),
    "p": Route("pages:permanent"),
    "search": Route("find:search"),
    "suggest": Route("find:suggest"),
    "recent": Route("changes:recent"),
    "tree": Route("find:tree"),
    "index": Route("find:index"),
    "wanted": Route("find:wanted"),
    "orphans": Route("find:orphans"),
    "random": Route("find:random"),
    "deleted": Route("find:deleted"),
    "new": Route("edit:new"),
    "feed": Route("feeds:feed"),
    "login": Route("account:login"),
    "logout": Route("account:logout", changes=True),
    "register": Route("account:register"),
    "preferences": Route("account:preferences"),
    "appearance": Route("account:appearance"),
    "sessions": Route("account:sessions", changes=True),
    "first": Route("first:first"),
    "invite": Route("account:invited"),
    "recover": Route("recovery:recover"),
    "admin": Route("admin:admin"),
    "health": Route("assets:health"),
}
"""What lies below `/-/`: the view gets the rest of the path."""

OF_HOST = {
    "robots.txt": Route("assets:robots"),
    "favicon.ico": Route("assets:icon"),
    ".well-known/": Route("assets:well_known"),
}
"""What programs ask a host for at its root (RFC 9309, RFC 8615), where the wiki has no mount."""


def dispatch(exchange: Exchange, path: str) -> Response:
    """Return the answer to a request for a path below the mount, without its leading slash."""
    if exchange.request.method not in METHODS:
        raise WrongMethod(method=exchange.request.method)
    exchange.refuse_dots(path)
    if path == "-" or path.startswith("-/"):
        rest = path[2:]
        if rest == "-" or rest.startswith("-/"):
            return _page(exchange, rest, path)
        if "//" in path:
            # A web server's own rules about what lies below /-/ were written for single slashes.
            raise CannotFind()
        first, _, rest = rest.partition("/")
        route = SPECIALS.get(first)
        if route is None:
            raise CannotFind()
        return _run(exchange, route, rest)
    if not path:
        if exchange.request.args.get("action", "show") == "show" and exchange.request.method in ("GET", "HEAD"):
            if codefile.waiting(exchange.site.instance.folder) and _awaits_administrator(exchange):
                return exchange.redirect(exchange.urls.special("first"))
            return _run(exchange, ACTIONS["show"], exchange.site.wiki.rules.front_page)
        return _page(exchange, exchange.site.wiki.rules.front_page, exchange.site.wiki.rules.front_page)
    if route := _of_host(exchange, path):
        return _run(exchange, route, path)
    return _page(exchange, path, path)


def _awaits_administrator(exchange: Exchange) -> bool:
    from .first import awaited

    return awaited(exchange)


def _of_host(exchange: Exchange, path: str) -> Route | None:
    """Return what answers at the root of a host where nobody has written a page of this name, else None."""
    first, slash, _ = path.partition("/")
    route = OF_HOST.get(first + slash)
    if route is None or exchange.urls.mount or exchange.request.query_string or exchange.request.method == "POST":
        return None
    try:
        page = exchange.site.wiki.storage.page(names.normal(path))
    except (NoSuchPage, BadName):
        return route
    return route if page.deleted else None


def _page(exchange: Exchange, written: str, path: str) -> Response:
    name = names.normal(written)
    if name != written or exchange.raw_path_differs:
        return exchange.redirect(exchange.urls.page(name), 301, keep_query=True)
    action = exchange.request.args.get("action", "show")
    route = ACTIONS.get(action)
    if route is None:
        raise BadRequest("There is no action “%(action)s”.", action=action)
    exchange.name = name
    exchange.action = action
    return _run(exchange, route, name)


def _run(exchange: Exchange, route: Route, rest: str) -> Response:
    if exchange.request.method == "POST":
        if not route.programs:
            exchange.check_form()
    elif route.changes:
        return exchange.one_button()
    return route.load()(exchange, rest)
