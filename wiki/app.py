"""The one place where all parts meet: `open_wiki` for the command line, `create_app` for the web."""

from __future__ import annotations

import logging
import os
import zlib
from hashlib import blake2b
from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.sansio.utils import get_host

from . import __version__, interwiki, keeper, macros, pagecache, resources
from .core import Rules, Wiki
from .fragments import Fragments
from .instance import Instance
from .model import BadRequest, WikiError
from .settings import Settings, sources
from .storage import Storage
from .web.dispatch import dispatch
from .web.exchange import Exchange
from .web.site import Site

log = logging.getLogger("wiki")

SECURITY = {
    "Content-Security-Policy": (
        # Pages may have style attributes: those that wiki/markup/styles.py lets through.
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
        "img-src 'self' https: data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'; manifest-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


COMPRESSED = frozenset({"text/html", "text/plain", "application/json", "application/atom+xml", "application/rss+xml"})

PACKAGE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = (
    PACKAGE,
    *(os.path.join(PACKAGE, name) for name in ("macros", "markup", "web", "translations/de/LC_MESSAGES")),
    resources.templates(),
    resources.static(),
)
"""The folders whose files a finished page depends on."""


class App(Flask):
    """Flask without its routing: `web.dispatch` knows where everything is.

    A rule for each view would be compiled at every start, which under CGI is with every request.
    """

    def __init__(self, site: Site) -> None:
        super().__init__("wiki", static_folder=None, template_folder=None, root_path=PACKAGE)
        self.site = site

    def create_url_adapter(self, request: Request | None) -> None:
        """Make none, but refuse a Host that is not ours, as Flask does here."""
        if request is not None and (trusted := self.config["TRUSTED_HOSTS"]) is not None:
            request.trusted_hosts = trusted
            get_host(request.scheme, request.headers.get("Host"), request.server, trusted)

    def dispatch_request(self) -> Response:
        """Return the answer to the current request."""
        if request.routing_exception is not None:
            raise request.routing_exception
        exchange = Exchange(self.site, request)
        try:
            response = exchange.finish(dispatch(exchange, _path(exchange)))
            if exchange.mail_waits or any(visit.done for visit in exchange.visits):
                from .web.mails import told

                told(exchange, response)
            return response
        except WikiError as error:
            from .web.errors import explained

            return exchange.finish(explained(exchange, error))


def _path(exchange: Exchange) -> str:
    """Return the request's path below the mount, without its leading slash; raise BadRequest if it is not UTF-8."""
    path = str(exchange.request.environ.get("PATH_INFO", ""))
    try:
        return path.encode("latin-1").decode().removeprefix("/")
    except UnicodeError:
        raise BadRequest("This address is not written in UTF-8.") from None


def open_wiki(folder: str, settings: Settings | None = None) -> Wiki:
    """Return the wiki in a data directory. Raises WikiError where settings or storage cannot be used."""
    instance = Instance(folder)
    settings = settings or instance.settings()
    rules = _ruled(instance, settings)
    fingerprint = f"{__version__} {rules.markup} {rules.category} {sorted(rules.interwiki.items())}"
    # First, since it makes the tree by whose presence the cache folder is known.
    storage = instance.storage(settings)
    fragments = Fragments(os.path.join(instance.cache, "fragments"), fingerprint)
    cache = keeper.NoCache() if settings.storage.startswith("memory:") else keeper.Cache(instance.cache)
    return Wiki(storage, rules, cache, fragments, macros.links)


def _ruled(instance: Instance, settings: Settings) -> Rules:
    """Return what of the settings the core goes by."""
    return Rules(
        markup=settings.markup,
        front_page=settings.front_page,
        acl_before=settings.acl_before,
        acl_default=("+All:write " if settings.anonymous_edit else "") + settings.acl_default,
        acl_after=settings.acl_after,
        acl_hierarchic=settings.acl_hierarchic,
        unsettled=settings.unsettled,
        page_limit=settings.page_limit,
        upload_limit=settings.upload_limit,
        render_seconds=settings.render_seconds,
        interwiki=interwiki.table(instance.folder),
        group=settings.group_pages,
        dictionary=settings.dict_pages,
        template=settings.template_pages,
        category=settings.category_pages,
        interwiki_name=settings.interwiki_name,
    )


def derive(storage: Storage, instance: Instance) -> None:
    """Have a storage that is not the wiki's own derive its facts as this wiki would."""
    Wiki(storage, _ruled(instance, instance.settings()), keeper.NoCache(), Fragments(None), macros.links)


def seed(wiki: Wiki) -> None:
    """Save the start pages into a wiki in which there never was a page."""
    wiki.catch_up()
    if wiki.unsettled or wiki.storage.changes(limit=1):
        return
    from .pages import start_pages

    visit = wiki.visit_system("Anywiki")
    for name, text in start_pages():
        visit.save(wiki.rules.front_page if name == "FrontPage" else name, text)


def described(instance: Instance, settings: Settings, stamps: list[str]) -> pagecache.Known:
    """Tell the door what it must know, and return the same.

    `stamps` are those of the files that settings and the interwiki table come from, taken before they were read.
    """
    digest = blake2b(repr(settings).encode(), digest_size=12)
    for folder in (*PROGRAM, os.path.join(instance.folder, "templates"), os.path.join(instance.folder, "static")):
        digest.update(_state(folder).encode())
    return keeper.describe(
        instance.cache,
        fingerprint=f"{__version__}-{digest.hexdigest()}",
        stamps=stamps,
        on=settings.page_cache and not settings.storage.startswith("memory:"),
        mount=settings.mount or None,
        hosts=settings.allowed_hosts,
        front_page=settings.front_page,
        proxies=settings.trusted_proxies,
        remote_user=settings.remote_user,
    )


def _state(folder: str) -> str:
    """Return a text that changes with the files in a folder: how many, how large, and the newest's time."""
    try:
        found = [entry.stat() for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        return "-"
    return f"{len(found)} {sum(s.st_size for s in found)} {max((s.st_mtime_ns for s in found), default=0)};"


def compressed(response: Response) -> Response:
    """Return an answer compressed if it is text, the visitor takes gzip, and it is worth it."""
    if (
        response.direct_passthrough
        or response.is_streamed
        or response.mimetype not in COMPRESSED
        or "Content-Encoding" in response.headers
        or not request.accept_encodings["gzip"]
    ):
        return response
    body = response.get_data()
    if len(body) > 1000:
        packer = zlib.compressobj(5, zlib.DEFLATED, 31)
        response.set_data(packer.compress(body) + packer.flush())
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    return response


def create_app(data: str) -> App:
    """Return the Flask application for a data directory. An empty wiki gets its start pages."""
    instance = Instance(data)
    instance.prepare()
    read = (*sources(instance.folder), os.path.join(instance.folder, interwiki.FILE))
    stamps = [pagecache.stamp(path) for path in read]
    settings = instance.settings()
    wiki = open_wiki(data, settings)
    seed(wiki)
    app = App(Site(wiki, settings, instance))
    app.config.update(
        MAX_CONTENT_LENGTH=settings.upload_limit + 1_000_000,
        MAX_FORM_MEMORY_SIZE=settings.page_limit * 4 + 1_000_000,
        MAX_FORM_PARTS=200,
        TRUSTED_HOSTS=list(settings.allowed_hosts) or None,
    )
    app.extensions["wiki"] = app.site
    app.extensions["door"] = described(instance, settings, stamps)

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Any:
        from .web.errors import failure

        return failure(Exchange(app.site, request), error)

    @app.after_request
    def secured(response: Response) -> Response:
        for key, value in SECURITY.items():
            response.headers.setdefault(key, value)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if not response.cache_control.public:
            response.vary.add("Cookie")
        return compressed(response) if "wiki.keep" not in request.environ else response

    return app
