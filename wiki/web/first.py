"""Becoming administrator: of a new wiki, or of one whose administrators are lost, by a code that works once."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from .. import accounts, codefile
from ..model import Forbidden, NameTaken
from .account import CODES, BadCode, begin, made, sent_code
from .credentials import Errors, checked, private, refused

if TYPE_CHECKING:
    from flask import Response

    from .exchange import Exchange


class NoCode(Forbidden):
    """There is no administrator, and nothing by which somebody could become it."""

    message = (
        "This wiki has no administrator yet. Whoever may write into its data folder can become it: put an empty file "
        "named %(file)s there, and open this page again."
    )


def awaited(exchange: Exchange) -> bool:
    """Say whether the wiki waits for its first administrator, and has a file with the code for him."""
    site = exchange.site
    return codefile.waiting(site.instance.folder) and not accounts.has_admin(site.wiki.storage)


def first(exchange: Exchange, path: str) -> Response:
    """Make an administrator's account for who has the code: that in the data folder, or that of a printed link."""
    code = sent_code(exchange)
    posted = exchange.request.method == "POST"
    if posted or code:
        exchange.limit("code", *CODES)
    if not _is_good(exchange, code):
        return _asked(exchange, exchange.gettext("This is not the code that is in the file.") if posted or code else "")
    errors = checked(exchange) if posted else {}
    if errors or not posted:
        return _form(exchange, code, errors)
    try:
        _become(exchange, code)
    except (NameTaken, accounts.BadAccount) as error:
        return _form(exchange, code, refused(exchange, error))
    return exchange.redirect(f"{exchange.urls.root()}?note=welcome")


def _become(exchange: Exchange, code: str) -> None:
    """Use up the code, make the account and log it in; raise BadCode if somebody else was quicker."""
    storage, folder = exchange.site.wiki.storage, exchange.site.instance.folder
    with storage.writing():
        if not _is_in_file(exchange, code):
            if not accounts.redeem_first(storage, code):
                raise BadCode()
            user = made(exchange, admin=True)
        else:
            user = made(exchange, admin=True)
            # Last, since what is done to the file is not rolled back.
            if not codefile.spend(folder):
                raise BadCode()
    begin(exchange, user)


def _is_good(exchange: Exchange, code: str) -> bool:
    storage = exchange.site.wiki.storage
    if not code:
        return False
    return _is_in_file(exchange, code) or (
        not accounts.has_admin(storage) and accounts.known(storage, "first", code) is not None
    )


def _is_in_file(exchange: Exchange, code: str) -> bool:
    right = codefile.code(exchange.site.instance.folder)
    return bool(right) and hmac.compare_digest(right.encode(), code.encode())


def _asked(exchange: Exchange, error: str) -> Response:
    """Return the form with a field for the code; raise Forbidden where no file has one."""
    folder = exchange.site.instance.folder
    if codefile.code(folder):
        return _form(exchange, sent_code(exchange), {"code": error} if error else {}, codefile.path(folder))
    if accounts.has_admin(exchange.site.wiki.storage):
        raise Forbidden("This wiki has an administrator already. Please log in.")
    if sent_code(exchange):
        raise BadCode()
    raise NoCode(file=codefile.FILE)


def _form(exchange: Exchange, code: str, errors: Errors, file: str = "") -> Response:
    form = exchange.request.form
    new = not accounts.has_admin(exchange.site.wiki.storage)
    return private(
        exchange.render(
            "first.html",
            400 if errors else 200,
            title=exchange.gettext("A new wiki") if new else exchange.gettext("A new administrator"),
            new=new,
            name=form.get("name", ""),
            email=form.get("email", ""),
            code=code,
            file=file,
            errors=errors,
        )
    )
