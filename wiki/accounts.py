"""Accounts, their sessions and the one-time codes that make or mend them; of tokens and codes only hashes are kept."""

from __future__ import annotations

import re
import secrets
import time
import unicodedata
from dataclasses import replace
from hashlib import sha256
from typing import Any

from . import acl, names
from .model import User, WikiError
from .storage import Storage

FIRST_SECONDS = 7 * 24 * 3600
"""How long the link to the first administrator's account works."""

INVITE_SECONDS = 7 * 24 * 3600
"""How long an invitation works."""

RESERVED = frozenset({"all", "known", "trusted", "default", "anonymous"})
"""Words with a meaning of their own in ACLs: an account of this name would get others' rights (CVE-2012-4404)."""

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


class BadAccount(WikiError):
    """An account cannot have this name, address or password; the message says why."""

    message = "This account cannot be made."
    status = 400


# -- accounts ---------------------------------------------------------------------------------------------------------


def account_name(name: str) -> str:
    """Return the form in which an account's name is kept; raise BadAccount.

    What would mean something else in an ACL line, a link or a login form is refused.
    """
    try:
        result = names.normal(name)
    except WikiError:
        raise BadAccount("“%(name)s” cannot be the name of an account.", name=name) from None
    if set(result) & set(',:;/@#<>[]|"\\') or result[0] in "+-" or len(result) > 100:
        raise BadAccount(
            "The name of an account has at most 100 characters, begins with neither + nor -, and has none of these: "
            ', : ; / @ # < > [ ] | " \\'
        )
    if unicodedata.normalize("NFKC", result).casefold() in RESERVED or result.endswith("Group"):
        raise BadAccount("“%(name)s” means something else in access rights; choose another name.", name=result)
    if not acl.valid_user_name(result):
        raise BadAccount("The name of an account has letters of one script, digits, single blanks, and . - _ ' only.")
    return result


def address(email: str) -> str:
    """Return an e-mail address without blanks around it, '' if there is none; raise BadAccount."""
    email = email.strip()
    if email and (not _ADDRESS.fullmatch(email) or not email.isprintable() or len(email) > 254):
        raise BadAccount("“%(email)s” is not an e-mail address.", email=email)
    return email


def password_hash(storage: Storage, password: str, name: str) -> str:
    """Return the hash of a new password, '' for none; raise BadAccount if the password is weak."""
    from . import passwords

    if not password:
        return ""
    if weak := passwords.weakness(password, name):
        raise BadAccount(weak)
    return passwords.hashed(password, storage.moin_reads_accounts)


def new_user(
    storage: Storage,
    name: str,
    password: str,
    email: str = "",
    admin: bool = False,
    state: str = "active",
    now: float | None = None,
) -> User:
    """Store and return a new account; an empty password means that nobody can log in with one.

    Raises BadAccount, or NameTaken if another has the name or address. `now` is in seconds since 1970.
    """
    now = time.time() if now is None else now
    name = account_name(name)
    user = User(
        id=f"{now:.2f}.{secrets.randbelow(10**9)}",  # MoinMoin's form: time, a dot, a random number
        name=name,
        email=address(email),
        hash=password_hash(storage, password, name),
        admin=admin,
        state=state,
        created=int(now * 1_000_000),
    )
    storage.put_user(user)
    return user


def change_password(storage: Storage, user: User, password: str, except_token: str = "") -> User:
    """Store a new password, end the account's sessions but one, and return the account; raise BadAccount.

    Links with which the password could still be changed are of no use any more.
    """
    changed = replace(user, hash=password_hash(storage, password, user.name))
    with storage.writing():
        storage.put_user(changed)
        end_sessions(storage, user.id, except_token)
        for key, value in storage.records("invite").items():
            if value.get("user") == user.id:
                storage.drop("invite", key)
    return changed


def change_state(storage: Storage, user: User, state: str) -> User:
    """Make an account `active`, `pending` or `disabled` and return it; one that is not active loses its sessions."""
    changed = replace(user, state=state)
    with storage.writing():
        storage.put_user(changed)
        if state != "active":
            end_sessions(storage, user.id)
    return changed


def has_admin(storage: Storage) -> bool:
    """Say whether there is an administrator who could log in, or could be let in again by a link."""
    return any(user.admin and user.state == "active" for user in storage.users())


# -- one-time codes ---------------------------------------------------------------------------------------------------


def one_time(storage: Storage, kind: str, value: dict[str, Any], seconds: int, now: float | None = None) -> str:
    """Return a new code that works once, for so many seconds, and stands for a value."""
    code = secrets.token_urlsafe(24)
    storage.keep(kind, _digest(code), value, int(time.time() if now is None else now) + seconds)
    return code


def known(storage: Storage, kind: str, code: str) -> dict[str, Any] | None:
    """Return what a code stands for, without using it up; None if there is no such code."""
    return storage.record(kind, _digest(code))


def redeem(storage: Storage, kind: str, code: str) -> dict[str, Any] | None:
    """Use up a code and return what it stands for; None if there is no such code, or it was used.

    Inside `storage.writing()` together with what the code allows, so that a failure there leaves the code good.
    """
    with storage.writing():
        value = known(storage, kind, code)
        return value if value is not None and storage.drop(kind, _digest(code)) else None


def first_code(storage: Storage) -> str:
    """Return a new code for making the first administrator; earlier ones no longer work."""
    with storage.writing():
        for key in storage.records("first"):
            storage.drop("first", key)
        return one_time(storage, "first", {}, FIRST_SECONDS)


def redeem_first(storage: Storage, code: str) -> bool:
    """Use up the code for the first administrator; False if it is not good, or there is an administrator already."""
    with storage.writing():
        return not has_admin(storage) and redeem(storage, "first", code) is not None


def invite_code(storage: Storage, user: User, seconds: int = INVITE_SECONDS) -> str:
    """Return a code with which an account's owner may choose a password; earlier ones no longer work."""
    with storage.writing():
        for key, value in storage.records("invite").items():
            if value.get("user") == user.id:
                storage.drop("invite", key)
        return one_time(storage, "invite", {"user": user.id}, seconds)


def invited(storage: Storage, code: str) -> User | None:
    """Return whose invitation a code is, without using it up; None if it is not good or the account is disabled."""
    return _owner(storage, known(storage, "invite", code))


def redeem_invite(storage: Storage, code: str) -> User | None:
    """Use up an invitation and return whose it is; None if it is not good or the account is disabled."""
    return _owner(storage, redeem(storage, "invite", code))


def _owner(storage: Storage, value: dict[str, Any] | None) -> User | None:
    if value is None:
        return None
    try:
        user = storage.user(str(value.get("user")))
    except WikiError:
        return None
    return None if user.state == "disabled" else user


# -- sessions ---------------------------------------------------------------------------------------------------------


def begin_session(storage: Storage, user: User, now: float, days: int, agent: str = "") -> str:
    """Return the token of a new session, which ends by itself after so many days; `agent` is the browser's name."""
    token = _tag(user.id) + secrets.token_urlsafe(24)
    session = {"user": user.id, "created": int(now), "agent": agent[:200]}
    storage.keep("session", _session_key(token), session, int(now) + days * 24 * 3600)
    return token


def session_user(storage: Storage, token: str, now: float) -> tuple[User, dict[str, Any]] | None:
    """Return whose session a token is, and its record (`created` in seconds, `agent`); None if it is over.

    The account must still be active.
    """
    session = storage.record("session", _session_key(token))
    if (
        session is None or session.get("created", 0) > now + 24 * 3600
    ):  # made by a clock a day ahead: would last for ever
        return None
    try:
        user = storage.user(str(session.get("user")))
    except WikiError:
        return None
    return (user, session) if user.state == "active" else None


def end_session(storage: Storage, token: str) -> bool:
    """End a session; return whether there was one."""
    return storage.drop("session", _session_key(token))


def sessions(storage: Storage, user_id: str) -> dict[str, dict[str, Any]]:
    """Return the records of an account's sessions by a key that ends them (`storage.drop("session", key)`)."""
    return {
        key: value
        for key, value in storage.records("session", prefix=_tag(user_id)).items()
        if value.get("user") == user_id
    }


def end_sessions(storage: Storage, user_id: str, except_token: str = "") -> int:
    """End all sessions of an account, but that of one token; return how many were ended."""
    kept = _session_key(except_token) if except_token else ""
    ended = [key for key in sessions(storage, user_id) if key != kept]
    return sum(storage.drop("session", key) for key in ended)


def is_session(key: str, token: str) -> bool:
    """Say whether a session's key belongs to this token: to mark the visitor's own in a list."""
    return secrets.compare_digest(key, _session_key(token))


def _tag(user_id: str) -> str:
    """Return what the tokens and session keys of an account begin with, so that they are found without reading all."""
    return sha256(user_id.encode()).hexdigest()[:12]


def _session_key(token: str) -> str:
    return token[:12] + _digest(token)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
