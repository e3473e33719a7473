"""What a visitor may set for himself: appearance, quick links, address and password, and where he is logged in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import accounts, i18n, names
from ..model import BadName, BadRequest, Forbidden, NoSuchPage, User, WikiError
from ..notify import PATTERNS
from .credentials import Errors, checked, private, refused
from .exchange import LANGUAGE, SESSION, THEME, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

YEAR = 365 * 24 * 3600
QUICKLINKS = 30
"""As many as the menu has room for."""

PASSWORDS = (10, 300)
"""How often the present password may be given to change something, in how many seconds."""

LISTS = ("quicklinks", "subscribed_pages")
"""Settings that are texts with a row an entry in the form."""

THEMES = ("", "light", "dark")


def preferences(exchange: Exchange, path: str) -> Response:
    """Show a user's preferences, or change some of them; who has no account gets the choice of colours and language."""
    user = exchange.user
    if user is None:
        return exchange.redirect(exchange.urls.special("appearance"))
    if exchange.request.method != "POST":
        return _form(exchange, user, {})
    deeds: dict[str, Callable[[Exchange, User], Errors]] = {
        "settings": _set,
        "email": _change_email,
        "password": _change_password,
        "logout": _log_out,
    }
    deed = deeds.get(exchange.request.form.get("do", ""))
    if deed is None:
        raise BadRequest()
    if errors := deed(exchange, user):
        return _form(exchange, user, errors)
    if deed is _log_out:
        return exchange.redirect(f"{exchange.urls.root()}?note=bye")
    return exchange.redirect(exchange.urls.special("preferences", note="kept"))


def _form(exchange: Exchange, user: User, errors: Errors) -> Response:
    form = exchange.request.form
    settings = user.settings
    values: dict[str, Any] = {
        "email": user.email,
        "language": settings.get("language", ""),
        "timezone": settings.get("timezone", ""),
        "theme": settings.get("theme", ""),
        "quicklinks": "\n".join(map(str, settings.get("quicklinks", []))),
        "subscribed_pages": "\n".join(map(str, settings.get("subscribed_pages", []))),
        "shortcuts": settings.get("shortcuts") is not False,
        "wide": bool(settings.get("wide")),
    }
    if form.get("do") == "settings":
        values.update({key: form.get(key, "") for key in (*("language", "timezone", "theme"), *LISTS)})
        values.update(shortcuts="shortcuts" in form, wide="wide" in form)
    elif form.get("do") == "email":
        values["email"] = form.get("email", "")
    return private(
        exchange.render(
            "preferences.html",
            400 if errors else 200,
            title=exchange.gettext("Preferences"),
            name=user.name,
            values=values,
            languages=[("", exchange.gettext("The wiki’s own")), *_languages()],
            zones=[("", exchange.gettext("The wiki’s own")), *((zone, zone) for zone in _zones())],
            errors=errors,
            has_password=bool(user.hash),
            mail=exchange.site.sends_mail,
            sessions=_sessions(exchange, user),
        )
    )


def _languages() -> list[tuple[str, str]]:
    return [(code, i18n.label(code)) for code in i18n.available()]


def _zones() -> list[str]:
    """Return the names of the time zones there are, those that are only old names left out."""
    from zoneinfo import available_timezones

    return ["UTC", *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))]


def _sessions(exchange: Exchange, user: User) -> list[tuple[str, str, int, bool]]:
    """Return where a user is logged in, newest first: key, browser, since when (microseconds), whether this is it."""
    found = accounts.sessions(exchange.site.wiki.storage, user.id)
    rows = [
        (
            key,
            str(record.get("agent", "")),
            int(record.get("created", 0)) * 1_000_000,
            accounts.is_session(key, exchange.session),
        )
        for key, record in found.items()
    ]
    return sorted(rows, key=lambda row: -row[2])


# -- what the forms do ------------------------------------------------------------------------------------------------


def _kept(exchange: Exchange, user: User, change: Callable[[User], User]) -> None:
    """Store a user changed from what is stored now, so that two forms sent at once do not undo each other."""
    storage = exchange.site.wiki.storage
    with storage.writing():
        storage.put_user(change(storage.user(user.id)))


def _with(user: User, settings: dict[str, Any]) -> User:
    """Return a user with some settings changed; '' and None take a setting away."""
    merged = {**user.settings, **settings}
    return replace(user, settings={key: value for key, value in merged.items() if value not in ("", None)})


def _set(exchange: Exchange, user: User) -> Errors:
    form = exchange.request.form
    errors: Errors = {}
    quicklinks: list[str] = []
    for line in form.get("quicklinks", "").splitlines():
        if line.strip():
            try:
                # A link with a label, or to elsewhere, stays as it is written.
                quicklinks.append(line.strip() if "[[" in line or "://" in line else names.normal(line))
            except BadName as error:
                errors["quicklinks"] = exchange.said(error)
    quicklinks = list(dict.fromkeys(quicklinks))
    if len(quicklinks) > QUICKLINKS:
        errors["quicklinks"] = exchange.gettext("There may be %(count)s quick links at most.") % {"count": QUICKLINKS}
    patterns = list(
        dict.fromkeys(line.strip() for line in form.get("subscribed_pages", "").splitlines() if line.strip())
    )
    if refusal := _refused_patterns(exchange, patterns):
        errors["subscribed_pages"] = refusal
    zone = form.get("timezone", "")
    if zone and zone not in _zones():
        errors["timezone"] = exchange.gettext("There is no such time zone.")
    theme, language = form.get("theme", ""), form.get("language", "")
    if theme not in THEMES or (language and language not in i18n.available()):
        raise BadRequest()
    if errors:
        return errors
    chosen = {
        "language": language,
        "timezone": zone,
        "theme": theme,
        "quicklinks": quicklinks or None,
        **({"subscribed_pages": patterns or None} if "subscribed_pages" in form else {}),
        "shortcuts": None if "shortcuts" in form else False,
        "wide": True if "wide" in form else None,
    }
    _kept(exchange, user, lambda stored: _with(stored, chosen))
    _forget_choices(exchange)
    return {}


def _refused_patterns(exchange: Exchange, patterns: list[str]) -> str:
    """Return why these subscriptions cannot be kept, '' if they can."""
    from ..patterns import compiled

    if len(patterns) > PATTERNS:
        return exchange.gettext("There may be %(count)s subscriptions at most.") % {"count": PATTERNS}
    for pattern in patterns:
        try:
            compiled(pattern)
        except BadRequest as error:
            return f"{pattern}: {exchange.said(error)}"
    return ""


def _change_email(exchange: Exchange, user: User) -> Errors:
    if errors := _unproved(exchange, user, "email-old"):
        return errors
    try:
        email = accounts.address(exchange.request.form.get("email", ""))
        _kept(exchange, user, lambda stored: replace(stored, email=email))
    except WikiError as error:
        return {"email": next(iter(refused(exchange, error).values()))}
    return {}


def _change_password(exchange: Exchange, user: User) -> Errors:
    if not user.hash:
        raise Forbidden("This account has no password.")
    errors = _unproved(exchange, user, "old") or checked(exchange, named=False, name=user.name)
    if errors:
        return errors
    storage = exchange.site.wiki.storage
    with storage.writing():
        stored = storage.user(user.id)
        accounts.change_password(storage, stored, exchange.request.form.get("password", ""), exchange.session)
    return {}


def _unproved(exchange: Exchange, user: User, field: str) -> Errors:
    """Return an error unless the form has the present password (ASVS 7.5.1); accounts without one need none."""
    from .. import passwords

    if not user.hash:
        return {}
    exchange.limit("password", *PASSWORDS, key=user.id)
    if passwords.verify(exchange.request.form.get("old", ""), user.hash):
        return {}
    return {field: exchange.gettext("This is not your present password.")}


def _log_out(exchange: Exchange, user: User) -> Errors:
    accounts.end_sessions(exchange.site.wiki.storage, user.id)
    exchange.set_cookie(SESSION, "", 0)
    return {}


def sessions(exchange: Exchange, path: str) -> Response:
    """End one of the user's sessions, by `key`, or all but this one, with `others`."""
    user, form, storage = known(exchange), exchange.request.form, exchange.site.wiki.storage
    if "others" in form:
        accounts.end_sessions(storage, user.id, exchange.session)
    elif form.get("key", "") in accounts.sessions(storage, user.id):
        storage.drop("session", form["key"])
        if accounts.is_session(form["key"], exchange.session):
            exchange.set_cookie(SESSION, "", 0)
            return exchange.redirect(f"{exchange.urls.root()}?note=bye")
    return exchange.redirect(exchange.urls.special("preferences", note="kept"))


# -- colours and language, with or without an account ----------------------------------------------------------------


def appearance(exchange: Exchange, path: str) -> Response:
    """Let anybody choose colours and language: kept with the account, else in two cookies."""
    form, user = exchange.request.form, exchange.user
    back = exchange.local(form.get("next", "") or exchange.request.args.get("next", ""))
    if exchange.request.method != "POST":
        return private(
            exchange.render(
                "appearance.html",
                title=exchange.gettext("Light or dark"),
                theme=exchange.theme,
                language=exchange.language,
                languages=_languages(),
                next=back,
            )
        )
    chosen = {key: form[key] for key in ("theme", "language") if key in form}
    if chosen.get("theme", "") not in THEMES or chosen.get("language", "") not in ("", *i18n.available()):
        raise BadRequest()
    if user is not None:
        _kept(exchange, user, lambda stored: _with(stored, chosen))
        _forget_choices(exchange)
    else:
        for key, cookie in (("theme", THEME), ("language", LANGUAGE)):
            if key in chosen:
                exchange.set_cookie(cookie, chosen[key], YEAR if chosen[key] else 0)
    return exchange.redirect(back or exchange.urls.root())


def _forget_choices(exchange: Exchange) -> None:
    """Forget what was chosen in this browser before the account had a choice of its own."""
    for cookie in (THEME, LANGUAGE):
        if cookie in exchange.request.cookies:
            exchange.set_cookie(cookie, "", 0)


# -- quick links ------------------------------------------------------------------------------------------------------


def quicklink(exchange: Exchange, name: str) -> Response:
    """Put a page into the user's menu."""
    user = known(exchange)
    exchange.visit.require("read", name)
    if not exchange.visit.existing({name}):
        raise NoSuchPage(name=name)
    links = [str(link) for link in user.settings.get("quicklinks", [])]
    if name not in links and len(links) >= QUICKLINKS:
        raise BadRequest("There may be %(count)s quick links at most.", count=QUICKLINKS)
    return _linked(exchange, user, name, [name])


def quickunlink(exchange: Exchange, name: str) -> Response:
    """Take a page out of the user's menu."""
    return _linked(exchange, known(exchange), name, [])


def _linked(exchange: Exchange, user: User, name: str, more: list[str]) -> Response:
    def linked(stored: User) -> User:
        links = [str(link) for link in stored.settings.get("quicklinks", []) if link != name]
        return _with(stored, {"quicklinks": [*links, *more] or None})

    _kept(exchange, user, linked)
    return exchange.redirect(exchange.urls.page(name, note="kept"))


def changed_settings(exchange: Exchange, user: User, **settings: Any) -> None:
    """Store some settings of a user; '' and None take a setting away."""
    _kept(exchange, user, lambda stored: _with(stored, settings))


def known(exchange: Exchange) -> User:
    if exchange.user is None:
        raise Forbidden("Please log in first.")
    return exchange.user
