"""What lies in a row of SQLite: pages and changes made of columns, and the checksum of a revision."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ...model import Author, Change, Page

if TYPE_CHECKING:
    from .database import Row

PAGE = "p.uid, p.name, p.number, p.time, p.deleted, a.text, p.format, p.redirect"
"""Columns that `page_of` reads; `page p left join acl a on a.id = p.acl` goes with them."""

CHANGE = (
    "p.name, c.number, w.account, w.name, c.address, c.host, c.time, c.kind, c.source, c.comment, c.minor, c.size, "
    "p.uid, c.id"
)
"""Columns that `change_of` reads; `change c`, `page p` and `author w` go with them."""


def page_of(row: Row) -> Page:
    """Return the page in a row of PAGE."""
    uid, name, number, time, deleted, acl, markup, redirect = row
    return Page(
        id=uid, name=name, number=number, time=time, deleted=bool(deleted), acl=acl, format=markup, redirect=redirect
    )


def change_of(row: Row) -> Change:
    """Return the change in a row of CHANGE."""
    page, number, account, name, address, host, time, kind, source, comment, minor, size, uid, position = row
    return Change(
        page=page,
        number=number,
        author=Author(account, name, address, host),
        time=time,
        kind=kind,
        source=source,
        comment=comment,
        minor=bool(minor),
        size=size,
        page_id=uid,
        position=position,
    )


def digest(change: Change, packed: bytes, raw: bytes | None) -> bytes:
    """Return a checksum over a revision as it is stored, by which a read finds damage."""
    author = change.author
    said = [change.number, author.id, author.name, author.address, author.host, change.time, change.kind]
    said += [change.source, change.comment, int(change.minor), change.size, raw is None]
    head = repr(said).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(head + b"\0" + packed + b"\0" + (raw or b""), digest_size=12).digest()


def tree(name: str) -> str:
    """Return what sorts a page's descendants directly after it: names hold no controls."""
    return name.replace("/", "\x01")


def between(column: str, prefix: str) -> tuple[str, tuple[str, ...]]:
    """Return the condition that a column begins with a prefix, as a range that an index serves."""
    end = above(prefix)
    if not prefix:
        return "", ()
    return (f"and {column} >= ? and {column} < ?", (prefix, end)) if end else (f"and {column} >= ?", (prefix,))


def above(prefix: str) -> str:
    """Return the first text, by code points, that sorts after all that begin with a prefix; '' if there is none."""
    while prefix:
        code = ord(prefix[-1]) + 1
        prefix = prefix[:-1]
        if code <= 0x10FFFF:
            return prefix + chr(0xE000 if 0xD800 <= code < 0xE000 else code)
    return ""
