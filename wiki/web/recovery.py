"""A forgotten password: a link with a one-time code is sent to the account's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import accounts, outbox
from ..model import Forbidden
from .credentials import account_named, private

if TYPE_CHECKING:
    from flask import Response

    from .exchange import Exchange

SECONDS = 12 * 3600
"""How long the link works; MoinMoin's does as long."""

ASKED = (5, 3600)
"""How often one address may ask, and how often for one account, in how many seconds."""


def recover(exchange: Exchange, path: str) -> Response:
    """Ask for a name or an e-mail address, and send a link there if there is such an account.

    The answer is the same whether there is one, so that nobody learns who has an account here.
    """
    if not exchange.site.sends_mail:
        raise Forbidden("This wiki sends no mail: ask an administrator for a link to choose a new password.")
    _ = exchange.gettext
    sent = False
    if exchange.request.method == "POST":
        exchange.limit("recover", *ASKED)
        _send(exchange, exchange.request.form.get("name", "").strip())
        sent = True
    return private(exchange.render("recover.html", title=_("Forgotten password"), sent=sent))


def _send(exchange: Exchange, name: str) -> None:
    user = account_named(exchange, name) if name else None
    if user is None or user.state != "active" or not user.email:
        return
    wiki = exchange.site.wiki
    if wiki.storage.tally(f"recover-for:{user.id}", ASKED[1], wiki.now() / 1_000_000) > ASKED[0]:
        return
    code = accounts.invite_code(wiki.storage, user, SECONDS)
    url = exchange.absolute_urls.special("invite", code=code)
    _ = exchange.gettext
    site_name = exchange.site.settings.site_name
    text = _(
        "Somebody, probably you, asked for a new password for your account “%(name)s” on %(wiki)s. This link lets you "
        "choose one; it works once, for twelve hours:"
    ) % {"name": user.name, "wiki": site_name}
    ending = _("If it was not you, do nothing: your password stays as it is.")
    subject = _("New password for %(wiki)s") % {"wiki": site_name}
    outbox.put(wiki.storage, wiki.now(), user.email, f"[{site_name}] {subject}", f"{text}\n\n{url}\n\n{ending}\n")
    exchange.mail_waits = True
