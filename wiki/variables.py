"""Variables that are replaced when a page is saved: `@SIG@`, `@TIME@` and the others of MoinMoin 1.9."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

MINE = "MyDict"
"""The subpage of a user's page whose keys are variables of his own."""


def expanded(text: str, page: str, user: str, email: str, now: int, own: Callable[[], Mapping[str, str]]) -> str:
    """Return a text with its variables replaced; what is none stays. `now` is in microseconds since 1970 UTC.

    `@PAGE@` is the page's name; `@TIMESTAMP@`, `@DATE@` and `@TIME@` the moment, raw or as a macro; `@ME@` the user's
    name, `@USERNAME@` with a link, `@USER@` with two dashes before, `@SIG@` with the time behind; `@EMAIL@` and
    `@MAILTO@` his address. Others are keys of his own dict page, which `own` returns. `user` is '' without an account.
    """
    if "@" not in text:
        return text
    stamp = datetime.fromtimestamp(now // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    link = f"[[{user}]]" if user else "anonymous"
    values = {
        "PAGE": page,
        "TIMESTAMP": stamp,
        "DATE": f"<<Date({stamp})>>",
        "TIME": f"<<DateTime({stamp})>>",
        "ME": user or "anonymous",
        "USERNAME": link,
        "USER": f"-- {link}",
        "SIG": f"-- {link} <<DateTime({stamp})>>",
        "EMAIL": f"<<MailTo({_hidden(email)})>>" if email else "",
        "MAILTO": f"<<MailTo({email})>>" if email else "",
    }
    if user:
        values = {**own(), **values}
    names = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
    return re.sub(f"@({names})@", lambda match: values[match[1]], text)


def _hidden(email: str) -> str:
    """Return an address in the words that MailTo makes signs of again."""
    return email.replace("@", " AT ").replace(".", " DOT ").replace("-", " DASH ")
