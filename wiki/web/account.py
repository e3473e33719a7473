"""Coming in and going out: login, logout, registration, and invitations."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .. import accounts
from ..model import Forbidden, User, WikiError
from .credentials import Errors, account_named, checked, private, refused
from .exchange import FORM, SESSION, Exchange
from .personal import TRAIL
from .preferences import appearance, preferences, quicklink, quickunlink, sessions

if TYPE_CHECKING:
    from flask import Response

LOGINS = (30, 300)
"""Attempts to log in that one address has, in so many seconds."""

LOGINS_FOR_ONE = (10, 300)
"""Attempts to log in to one account, from wherever."""

REGISTRATIONS = (10, 3600)
CODES = (20, 300)

QUICKEST = 2.0
"""Seconds that a person needs at least to fill in a registration; programs are quicker."""

FORM_LIFE = 24 * 3600

DAY = 24 * 3600


# -- logging in and out -----------------------------------------------------------------------------------------------


def login(exchange: Exchange, path: str) -> Response:
    """Ask for name and password, and begin a session."""
    if exchange.request.method != "POST":
        if exchange.user is not None:
            return exchange.redirect(_back(exchange))
        return _login_form(exchange)
    form = exchange.request.form
    password = form.get("password", "")
    user = checked_password(exchange, form.get("name", "").strip(), password)
    if user is None:
        return _login_form(exchange, exchange.gettext("This name and password do not belong together."))
    if user.state != "active":
        _ = exchange.gettext
        waiting, disabled = _("An administrator has not let you in yet."), _("This account is disabled.")
        return _login_form(exchange, waiting if user.state == "pending" else disabled)
    begin(exchange, _rehashed(exchange, user, password), "remember" in form)
    return exchange.redirect(_back(exchange, "welcome"))


def _login_form(exchange: Exchange, error: str = "") -> Response:
    return private(
        exchange.render(
            "login.html",
            403 if error else 200,
            title=exchange.gettext("Log in"),
            name=exchange.request.form.get("name", ""),
            next=_next(exchange),
            error=error,
            may_register=exchange.site.settings.registration != "closed",
            may_recover=exchange.site.sends_mail,
            providers=(),
        )
    )


def checked_password(exchange: Exchange, name: str, password: str) -> User | None:
    """Return the account of this name and password, None if there is none; both take the same time.

    Raises TooMany before anything is looked at, where the address or the account has had its attempts.
    """
    from .. import passwords

    exchange.limit("login", *LOGINS)
    exchange.limit("login-to", *LOGINS_FOR_ONE, key=_fingerprint(exchange, name))
    user = account_named(exchange, name)
    right = passwords.verify(password, user.hash if user else "")
    return user if right else None


def _fingerprint(exchange: Exchange, name: str) -> str:
    """Return a key to count attempts under: of the account, else of what was typed, so that both are limited alike."""
    user = account_named(exchange, name)
    text = f"id {user.id}" if user else f"name {name.casefold()}"
    return hmac.new(exchange.site.secret, f"login:{text}".encode(), "sha256").hexdigest()[:32]


def _rehashed(exchange: Exchange, user: User, password: str) -> User:
    """Return the account; its hash is made anew if it is of an older scheme or cost."""
    from .. import passwords

    storage = exchange.site.wiki.storage
    if not passwords.outdated(user.hash, storage.moin_reads_accounts):
        return user
    changed = replace(user, hash=passwords.hashed(password, storage.moin_reads_accounts))
    storage.put_user(changed)
    return changed


def begin(exchange: Exchange, user: User, remember: bool = True) -> None:
    """Begin a session with a new token (ASVS 7.2.4) and end the one that this browser had."""
    wiki = exchange.site.wiki
    days = exchange.site.settings.session_days if remember else 1
    if old := exchange.request.cookies.get(SESSION, ""):
        accounts.end_session(wiki.storage, old)
    agent = exchange.request.user_agent.string
    token = accounts.begin_session(wiki.storage, user, wiki.now() / 1_000_000, days, agent)
    exchange.set_cookie(SESSION, token, days * DAY if remember else None)
    exchange.set_cookie(FORM, "", 0)


def logout(exchange: Exchange, path: str) -> Response:
    """End the session."""
    if token := exchange.request.cookies.get(SESSION, ""):
        accounts.end_session(exchange.site.wiki.storage, token)
    exchange.set_cookie(SESSION, "", 0)
    exchange.set_cookie(TRAIL, "", 0)
    return exchange.redirect(_back(exchange, "bye"))


def _next(exchange: Exchange) -> str:
    """Return where to go afterwards, if that is on this wiki and is no screen of logging in or out."""
    written = exchange.request.form.get("next", "") or exchange.request.args.get("next", "")
    url = exchange.local(written)
    below = urlsplit(url).path.removeprefix(exchange.urls.mount)
    return "" if below in ("/-/login", "/-/logout", "/-/register", "/-/first", "/-/invite") else url


def _back(exchange: Exchange, note: str = "") -> str:
    """Return where to go afterwards, with a word for the notice there."""
    url = _next(exchange) or exchange.urls.root()
    if not note:
        return url
    url, mark, anchor = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}note={note}{mark}{anchor}"


# -- new accounts -----------------------------------------------------------------------------------------------------


def registration(exchange: Exchange) -> str:
    """Return who gets an account: `open`, `approval` or `closed`.

    `auto` is open where the wiki is plainly used on this machine only: address, host and base URL all say so. A
    proxy on the same machine that passes nothing on looks alike, which a `base_url` tells apart.
    """
    chosen = exchange.site.settings.registration
    if chosen != "auto":
        return chosen
    base = exchange.site.settings.base_url
    passed_on = ("x-forwarded", "forwarded", "x-real", "via")
    forwarded = any(key.lower().startswith(passed_on) for key, _ in exchange.request.headers)
    hosts = [urlsplit(f"//{exchange.request.host}").hostname or "", *([urlsplit(base).hostname or ""] if base else [])]
    here = _is_loopback(exchange.address) and all(host == "localhost" or _is_loopback(host) for host in hosts)
    return "open" if here and not forwarded else "approval"


def _is_loopback(address: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def register(exchange: Exchange, path: str) -> Response:
    """Make an account for whoever asks, as the settings allow; programs that fill in every field are refused."""
    mode = registration(exchange)
    if mode == "closed":
        raise Forbidden("Accounts on this wiki are made by an administrator: please ask one.")
    if exchange.request.method != "POST":
        return _register_form(exchange, mode, {})
    if not _is_person(exchange):
        again = exchange.gettext("That was very quick. Please check the form and send it again.")
        return _register_form(exchange, mode, {"": again})
    errors = checked(exchange)
    if errors:
        return _register_form(exchange, mode, errors)
    exchange.limit("register", *REGISTRATIONS)
    state = "active" if mode == "open" else "pending"
    try:
        user = made(exchange, state=state)
    except WikiError as error:
        return _register_form(exchange, mode, refused(exchange, error))
    if user.state != "active":
        return exchange.redirect(_back(exchange, "pending"))
    begin(exchange, user)
    return exchange.redirect(_back(exchange, "welcome"))


def _register_form(exchange: Exchange, mode: str, errors: Errors) -> Response:
    form = exchange.request.form
    return private(
        exchange.render(
            "register.html",
            400 if errors else 200,
            title=exchange.gettext("Register"),
            name=form.get("name", ""),
            email=form.get("email", ""),
            next=_next(exchange),
            code="",
            began=_began(exchange),
            errors=errors,
            approval=mode == "approval",
        )
    )


def _began(exchange: Exchange) -> str:
    """Return the time now, signed: when a form was shown."""
    now = str(exchange.site.wiki.now() // 1000)
    return f"{now}.{_signature(exchange, now)}"


def _signature(exchange: Exchange, text: str) -> str:
    return hmac.new(exchange.site.secret, f"began:{text}".encode(), "sha256").hexdigest()[:32]


def _is_person(exchange: Exchange) -> bool:
    """Say whether a form was filled in at a person's pace, and the field that people do not see left empty."""
    form = exchange.request.form
    began, _, signature = form.get("began", "").partition(".")
    if form.get("website", "") or not hmac.compare_digest(_signature(exchange, began).encode(), signature.encode()):
        return False
    return QUICKEST <= exchange.site.wiki.now() / 1_000_000 - int(began) / 1000 <= FORM_LIFE


def made(exchange: Exchange, admin: bool = False, state: str = "active") -> User:
    """Store and return the account that a form describes; raise BadAccount or NameTaken."""
    form, wiki = exchange.request.form, exchange.site.wiki
    return accounts.new_user(
        wiki.storage,
        form.get("name", "").strip(),
        form.get("password", ""),
        form.get("email", ""),
        admin,
        state,
        wiki.now() / 1_000_000,
    )


# -- links with a one-time code ---------------------------------------------------------------------------------------


class BadCode(Forbidden):
    """The code of a link is not, or no longer, good."""

    message = "This link has been used, or is too old. Ask an administrator for another one."


def invited(exchange: Exchange, path: str) -> Response:
    """Let the owner of an account choose a password, by the link that an administrator gave."""
    storage = exchange.site.wiki.storage
    code = sent_code(exchange)
    if exchange.request.method == "POST":
        exchange.limit("code", *CODES)
    user = accounts.invited(storage, code)
    if user is None:
        raise BadCode()
    errors = checked(exchange, named=False, name=user.name) if exchange.request.method == "POST" else {}
    if exchange.request.method != "POST" or errors:
        return private(
            exchange.render(
                "invite.html",
                400 if errors else 200,
                title=exchange.gettext("Choose a password"),
                name=user.name,
                code=code,
                errors=errors,
            )
        )
    with storage.writing():
        owner = accounts.redeem_invite(storage, code)
        if owner is None:
            raise BadCode()
        owner = accounts.change_password(storage, owner, exchange.request.form.get("password", ""))
    if owner.state != "active":
        return exchange.redirect(f"{exchange.urls.root()}?note=pending")
    begin(exchange, owner)
    return exchange.redirect(f"{exchange.urls.root()}?note=welcome")


def sent_code(exchange: Exchange) -> str:
    """Return the one-time code that came with a form or a link, '' if none did."""
    return (exchange.request.form.get("code", "") or exchange.request.args.get("code", "")).strip()


__all__ = [
    "appearance",
    "invited",
    "login",
    "logout",
    "preferences",
    "quicklink",
    "quickunlink",
    "register",
    "sessions",
]
