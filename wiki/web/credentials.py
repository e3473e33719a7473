"""What the forms of accounts share: what is wrong with a name, address or password, and that no cache keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import accounts
from ..model import NameTaken, NoSuchUser, WikiError

if TYPE_CHECKING:
    from flask import Response

    from ..model import User
    from .exchange import Exchange

Errors = dict[str, str]
"""What is wrong with a form: a sentence by the field's name, '' for the form as a whole."""


def account_named(exchange: Exchange, name: str) -> User | None:
    """Return the account of this name or e-mail address, None if there is none."""
    try:
        return exchange.site.wiki.storage.user_named(name)
    except NoSuchUser:
        return None


def private(response: Response) -> Response:
    """Return the response marked as for nobody's cache: screens about accounts."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


def checked(exchange: Exchange, named: bool = True, name: str = "") -> Errors:
    """Return what is wrong with the name, address and passwords of a form, by field."""
    from .. import passwords

    form = exchange.request.form
    errors: Errors = {}
    if named:
        name = form.get("name", "").strip()
        for field, check in (("name", accounts.account_name), ("email", accounts.address)):
            try:
                check(form.get(field, "").strip())
            except WikiError as error:
                errors[field] = exchange.said(error)
    password = form.get("password", "")
    if weak := passwords.weakness(password, name):
        errors["password"] = exchange.gettext(weak)
    elif password != form.get("again", ""):
        errors["again"] = exchange.gettext("The two passwords are not the same.")
    return errors


def refused(exchange: Exchange, error: WikiError) -> Errors:
    """Return why storage refused an account, by field; raise the error if the visitor cannot mend it."""
    if isinstance(error, NameTaken):
        # Storage's sentence may name the other account.
        taken = account_named(exchange, exchange.request.form.get("name", "").strip()) is not None
        return {"name" if taken else "email": exchange.gettext("Another account has this already.")}
    if isinstance(error, accounts.BadAccount):
        return {"": exchange.said(error)}
    raise error
