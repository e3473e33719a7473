"""Visitors whom the web server has recognised: REMOTE_USER, believed only where the administrator says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import accounts
from ..model import NameTaken, NoSuchUser, User, WikiError

if TYPE_CHECKING:
    from ..storage import Storage


def account(storage: Storage, name: str) -> User | None:
    """Return the account of this name, made without a password at the first visit; None if it may not come in.

    The server's bytes arrive as Latin-1 (PEP 3333). A name that no account can have leaves the visitor anonymous.
    """
    try:
        name = accounts.account_name(name.encode("latin-1").decode())
    except (UnicodeError, WikiError):
        return None
    try:
        user = storage.user_named(name)
    except NoSuchUser:
        try:
            user = accounts.new_user(storage, name, "")
        except NameTaken:  # another request was first
            user = storage.user_named(name)
    return user if user.state == "active" and user.name == name else None
