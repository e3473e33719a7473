"""`wiki user …`: accounts from the shell, also when nobody can log in any more."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

from .. import accounts, instance
from ..model import NoSuchUser, User, WikiError
from ..storage import Storage
from . import setup, terminal

DEEDS = {
    "list": "list the accounts",
    "add": "make an account",
    "password": "give an account a new password, and end its sessions",
    "disable": "switch an account off, and end its sessions",
    "enable": "switch an account on, or let in one that waits for approval",
    "admin": "make an account an administrator",
    "invite": "print a link with which somebody chooses the password of his account, new or not",
}


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `user` takes."""
    deeds = parser.add_subparsers(dest="deed", metavar="DEED", required=True)
    for deed, summary in DEEDS.items():
        each = deeds.add_parser(deed, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if deed == "list":
            continue
        each.add_argument("name", metavar="NAME", help="the account's name" + ("" if deed == "add" else " or address"))
        if deed in ("add", "invite"):
            each.add_argument("--email", metavar="ADDRESS", default="", help="e-mail address of a new account")
            each.add_argument("--admin", action="store_true", help="make a new account an administrator's")
        if deed in ("add", "password"):
            each.add_argument(
                "--password-stdin", action="store_true", help="read the password from standard input (first line)"
            )
        if deed == "admin":
            each.add_argument("--no", action="store_true", help="take the right away instead")


def run(options: argparse.Namespace) -> int:
    """Run one deed on accounts."""
    place = setup.existing(options)
    storage = place.storage()
    if options.deed == "list":
        return _list(storage)
    if options.deed == "add":
        accounts.account_name(options.name)
        password = terminal.new_password(options.name, options.password_stdin)
        user = accounts.new_user(storage, options.name, password, options.email, admin=options.admin)
        print(f"The account “{user.name}” can log in.")
        return 0
    if options.deed == "invite":
        return _invite(place, storage, options)
    user = storage.user_named(options.name)
    if options.deed == "password":
        accounts.change_password(storage, user, terminal.new_password(user.name, options.password_stdin))
        print(f"“{user.name}” has a new password; its sessions have ended.")
    elif options.deed == "admin":
        if options.no:
            _require_another(storage, user)
        storage.put_user(replace(user, admin=not options.no))
        print(f"“{user.name}” is {'no longer ' if options.no else ''}an administrator.")
    else:
        if options.deed == "disable":
            _require_another(storage, user)
        accounts.change_state(storage, user, "active" if options.deed == "enable" else "disabled")
        print(f"“{user.name}” is {options.deed}d.")
    return 0


def _require_another(storage: Storage, user: User) -> None:
    """Raise if nobody would be an administrator after this one."""
    if user.admin and not any(each.admin and each.state == "active" and each.id != user.id for each in storage.users()):
        raise WikiError(
            "“%(name)s” is the only administrator. Make another one first: wiki user admin NAME", name=user.name
        )


def _list(storage: Storage) -> int:
    users = storage.users()
    width = max((len(user.name) for user in users), default=0)
    for user in users:
        role = "admin" if user.admin else "user"
        made = time.strftime("%Y-%m-%d", time.gmtime(user.created / 1_000_000))
        print(f"{user.name:<{width}}  {role:<5}  {user.state:<8}  {made}  {user.email}".rstrip())
    return 0


def _invite(place: instance.Instance, storage: Storage, options: argparse.Namespace) -> int:
    try:
        user = storage.user_named(options.name)
    except NoSuchUser:
        user = accounts.new_user(storage, options.name, "", options.email, admin=options.admin)
    if user.state == "disabled":
        raise WikiError("“%(name)s” is disabled: wiki user enable %(name)s", name=user.name)
    from ..urls import Urls

    settings = place.settings()
    link = Urls(settings.mount, settings.base_url).special("invite", code=accounts.invite_code(storage, user))
    print(f"“{user.name}” chooses a password here (works once, for {accounts.INVITE_SECONDS // 86400} days):")
    print(link if settings.base_url else f"http://YOUR-WIKI{link}")
    return 0
