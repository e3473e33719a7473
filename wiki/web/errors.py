"""Error pages: what happened and what to do, in the visitor's words. What nobody expected is logged with an id."""

from __future__ import annotations

import logging
import traceback

from flask import Response
from markupsafe import escape
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ..model import BadName, Forbidden, NoSuchPage, TooLarge, TooMany, WikiError
from .exchange import Exchange

log = logging.getLogger("wiki")


def explained(exchange: Exchange, error: WikiError) -> Response:
    """Return the page for an error that a part of the wiki raised on purpose."""
    if error.status >= 500:
        log.error("%s %r: %s", exchange.request.method, exchange.request.path, error)  # a path may hold line ends
    links: tuple[tuple[str, str], ...] = ()
    if isinstance(error, Forbidden) and exchange.user is None:
        links = ((exchange.gettext("Log in"), exchange.urls.special("login", next=exchange.here())),)
    response = exchange.render(
        "error.html",
        error.status,
        title=_title(exchange, error),
        message=exchange.said(error),
        id="",
        links=links,
    )
    if error.status == 405:
        response.headers["Allow"] = "GET, HEAD, POST"
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.params.get("seconds", 60))
    if error.status == 503:
        response.headers["Retry-After"] = "10"
    return response


def _title(exchange: Exchange, error: WikiError) -> str:
    if isinstance(error, Forbidden):
        return exchange.gettext("Not allowed")
    if isinstance(error, NoSuchPage):
        return exchange.gettext("Not found")
    if isinstance(error, BadName):
        return exchange.gettext("This name cannot be used")
    titles = {
        404: exchange.gettext("Not found"),
        409: exchange.gettext("Conflict"),
        413: exchange.gettext("Too large"),
        429: exchange.gettext("Please wait"),
        503: exchange.gettext("Not available at the moment"),
    }
    return titles.get(error.status, exchange.gettext("That did not work"))


def failure(exchange: Exchange, error: Exception) -> Response:
    """Return the page for what Flask refused, or for an error nobody expected, which is logged under an id."""
    if isinstance(error, RequestEntityTooLarge):
        limit = exchange.site.settings.upload_limit
        return _safely(exchange, 413, exchange.said(TooLarge(limit=limit)), "")
    if isinstance(error, HTTPException) and (error.code or 500) < 500:
        return _safely(exchange, error.code or 400, exchange.gettext("This request could not be understood."), "")
    where = f"{exchange.request.method} {exchange.request.path!r}"
    incident = exchange.site.instance.note(f"{where}\n{''.join(traceback.format_exception(error))}")
    log.error("[%s] %s", incident, where, exc_info=error)
    message = exchange.gettext("Something went wrong on our side. It has been logged.")
    return _safely(exchange, 500, message, incident)


def _safely(exchange: Exchange, status: int, message: str, incident: str) -> Response:
    """Render the error page, and a bare one where even that fails."""
    try:
        return exchange.render(
            "error.html",
            status,
            title=exchange.gettext("That did not work"),
            message=message,
            id=incident,
            links=(),
        )
    except Exception:
        log.exception("the error page itself failed")
        text = f"<!doctype html><title>Error</title><h1>Error {status}</h1><p>{escape(message)} {escape(incident)}</p>"
        return Response(text, status, mimetype="text/html")
