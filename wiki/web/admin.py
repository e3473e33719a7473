"""Administration: how the wiki is doing, and its accounts."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from .. import __version__, accounts
from ..model import BadRequest, Forbidden, NoSuchUser, User
from .credentials import private
from .dispatch import CannotFind

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from .exchange import Exchange

ROWS = 50


def admin(exchange: Exchange, path: str) -> Response:
    """Show one of the administration's screens, to administrators only."""
    if exchange.user is None or not exchange.user.admin:
        raise Forbidden("This is for administrators only.")
    if path == "":
        return _overview(exchange)
    if path == "rights":
        return _settle(exchange) if exchange.request.method == "POST" else _rights(exchange)
    if path == "users":
        return _change(exchange) if exchange.request.method == "POST" else _users(exchange)
    raise CannotFind()


def _tabs(exchange: Exchange, current: str) -> list[tuple[str, str, bool]]:
    rows = [("admin", exchange.gettext("Overview")), ("admin/users", exchange.gettext("Accounts"))]
    if exchange.site.settings.unsettled:
        rows.append(("admin/rights", exchange.gettext("Rights")))
    return [(label, exchange.urls.special(key), key == current) for key, label in rows]


def _overview(exchange: Exchange) -> Response:
    visit, _ = exchange.visit, exchange.gettext
    users = exchange.site.wiki.storage.users()
    rows = [
        (_("Pages"), str(visit.count())),
        (_("Deleted pages"), str(visit.count(deleted=True))),
        (_("Accounts"), str(len(users))),
        (_("Storage"), exchange.site.settings.storage.partition(":")[0]),
        (_("Program"), f"Anywiki {__version__}, Python {platform.python_version()}"),
    ]
    return private(
        exchange.render(
            "admin.html",
            title=_("Administration"),
            tabs=_tabs(exchange, "admin"),
            rows=rows,
            pending=sum(user.state == "pending" for user in users),
            unsettled=exchange.site.wiki.unsettled,
        )
    )


def _rights(exchange: Exchange) -> Response:
    """Show what is known of the old wiki's rights, and what they will be: a private wiki must not become public by
    being opened."""
    from .. import moin_config

    wiki, settings = exchange.site.wiki, exchange.site.settings
    if not settings.unsettled:
        raise CannotFind()
    config = moin_config.load(exchange.site.instance.folder, settings.wikiconfig)
    values = {"before": wiki.policy.before, "default": wiki.policy.default, "after": wiki.policy.after}
    if wiki.unsettled:
        said = {**moin_config.DEFAULT_RIGHTS, **config.values}
        values = {key: str(said[f"acl_{key}"]) for key in values}
    return private(
        exchange.render(
            "admin_rights.html",
            title=exchange.gettext("Rights"),
            tabs=_tabs(exchange, "admin/rights"),
            path=config.path,
            unread=config.unread,
            unsettled=wiki.unsettled,
            values=values,
            hierarchic=wiki.hierarchic or bool(config.values.get("acl_hierarchic")),
        )
    )


def _settle(exchange: Exchange) -> Response:
    """Take over what an administrator says the rights are."""
    form = exchange.request.form
    if not exchange.site.settings.unsettled:
        raise CannotFind()
    before, default, after = (" ".join(form.get(key, "").split()) for key in ("before", "default", "after"))
    exchange.site.wiki.settle(before, default, after, "hierarchic" in form)
    return exchange.redirect(exchange.urls.special("admin/rights", note="kept"))


def _users(exchange: Exchange) -> Response:
    args = exchange.request.args
    part, after = args.get("q", "").strip(), args.get("after", "")
    everybody = exchange.site.wiki.storage.users()
    found = [user for user in everybody if part.casefold() in user.name.casefold() and user.name > after]
    shown = found[:ROWS]
    url = exchange.urls.special
    return private(
        exchange.render(
            "admin_users.html",
            title=exchange.gettext("Accounts"),
            tabs=_tabs(exchange, "admin/users"),
            pending=[] if after or part else [user for user in everybody if user.state == "pending"][:ROWS],
            users=shown,
            q=part,
            newer="",
            older=url("admin/users", q=part, after=shown[-1].name) if len(found) > ROWS else "",
        )
    )


def _change(exchange: Exchange) -> Response:
    """Do what a button beside an account says. An administrator cannot shut himself out."""
    form, storage = exchange.request.form, exchange.site.wiki.storage
    deeds: dict[str, Callable[[User], object]] = {
        "approve": lambda user: accounts.change_state(storage, user, "active"),
        "enable": lambda user: accounts.change_state(storage, user, "active"),
        "disable": lambda user: accounts.change_state(storage, user, "disabled"),
        "admin": lambda user: storage.put_user(replace(user, admin=True)),
        "plain": lambda user: storage.put_user(replace(user, admin=False)),
        "end": lambda user: accounts.end_sessions(storage, user.id),
        "recover": lambda user: accounts.invite_code(storage, user),
    }
    deed = deeds.get(form.get("do", ""))
    if deed is None:
        raise BadRequest()
    with storage.writing():
        try:
            user = storage.user(form.get("id", ""))
        except NoSuchUser:
            raise BadRequest("This account is no longer there.") from None
        if exchange.user is not None and user.id == exchange.user.id:
            raise BadRequest("Your own account can only be changed by another administrator.")
        result = deed(user)
    if form["do"] == "recover":
        return _link_shown(exchange, user, str(result))
    return exchange.redirect(exchange.urls.special("admin/users", note="kept"))


def _link_shown(exchange: Exchange, user: User, code: str) -> Response:
    """Show a link with which a user chooses a new password: once, since only the code's hash is kept."""
    text = exchange.gettext("Send this link to %(name)s. It works once, for %(days)s days, and is not shown again:")
    sentence = text % {"name": user.name, "days": accounts.INVITE_SECONDS // (24 * 3600)}
    link = exchange.absolute_urls.special("invite", code=code)
    return private(
        exchange.render(
            "message.html",
            title=exchange.gettext("A new password for %(name)s") % {"name": user.name},
            message=Markup('{}</p><p><code class="link">{}</code>').format(sentence, link),
            url="",
            label="",
            fields={},
            danger=False,
            back=exchange.urls.special("admin/users"),
        )
    )
