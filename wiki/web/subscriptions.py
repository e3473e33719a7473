"""Subscriptions: the pages of whose changes an account gets mail, by name or by regular expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import notify
from ..model import BadRequest, Forbidden
from .preferences import changed_settings, known

if TYPE_CHECKING:
    from flask import Response

    from .exchange import Exchange


def subscribe(exchange: Exchange, name: str) -> Response:
    """Have mail sent to the user whenever this page changes."""
    user = known(exchange)
    exchange.visit.require("read", name)
    if not exchange.site.sends_mail:
        raise Forbidden("This wiki sends no mail.")
    if not user.email:
        raise BadRequest("Your account has no e-mail address: add one in your preferences.")
    patterns = [str(each) for each in user.settings.get("subscribed_pages", [])]
    if len(patterns) >= notify.PATTERNS:
        raise BadRequest("There may be %(count)s subscriptions at most.", count=notify.PATTERNS)
    if not notify.fits(patterns, name, exchange.site.settings.site_name):
        changed_settings(exchange, user, subscribed_pages=[*patterns, name])
    return exchange.redirect(exchange.urls.page(name, note="kept"))


def unsubscribe(exchange: Exchange, name: str) -> Response:
    """End the subscription of this page; one by an expression is changed in the preferences only."""
    user = known(exchange)
    site_name = exchange.site.settings.site_name
    patterns = [str(each) for each in user.settings.get("subscribed_pages", [])]
    left = [each for each in patterns if each not in (name, f"{site_name}:{name}")]
    changed_settings(exchange, user, subscribed_pages=left or None)
    if notify.fits(left, name, site_name):
        return exchange.redirect(exchange.urls.special("preferences", anchor="f-subscribed_pages"))
    return exchange.redirect(exchange.urls.page(name, note="kept"))
