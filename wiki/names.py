"""Page names: their normal form, parent and children, and MoinMoin's way of writing them as directory names."""

from __future__ import annotations

import re
import unicodedata

from .model import BadName

LIMIT = 255
"""The most bytes that a name may take in MoinMoin's quoting: the longest directory name of usual file systems."""

_REMOVED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]")
_BLANKS = re.compile(r"\s+")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_QUOTED = re.compile(r"\(([0-9a-fA-F]*)\)")


def normal(name: str) -> str:
    """Return the one form under which a page of this name is kept; raise BadName if there is none.

    NFC; controls, surrogates and bidirectional overrides removed; parts between `/` trimmed, runs of white space one
    blank, empty parts dropped; no part `.` or `..`; at most LIMIT bytes quoted. MoinMoin 1.9 normalises alike.
    """
    # In this order: what is removed may have kept a letter and its accent apart.
    cleaned = unicodedata.normalize("NFC", _REMOVED.sub("", name))
    parts = [part for part in (_BLANKS.sub(" ", part).strip() for part in cleaned.split("/")) if part]
    if any(part in (".", "..") for part in parts):
        raise BadName("A page name cannot have a part “.” or “..”: “%(name)s”.", name=name)
    result = "/".join(parts)
    if not result:
        raise BadName("A page name cannot be empty.", name=name)
    if len(quote(result)) > LIMIT:
        raise BadName("This page name is too long: “%(name)s”.", name=f"{result[:80]}…")
    return result


def parent(name: str) -> str:
    """Return the name of the page above, '' for a page at the top."""
    return name.rpartition("/")[0]


def last(name: str) -> str:
    """Return the last part of a name: what a subpage is called below its parent."""
    return name.rpartition("/")[2]


def ancestors(name: str) -> list[str]:
    """Return the names of all pages above, from the top down."""
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def resolve(target: str, page: str) -> str:
    """Return the normal form of a link's target as written on a page; raise BadName.

    MoinMoin's rules: `/Child` is a subpage of the page, `../Sibling` (repeatable) starts at its parent, `..` is the
    parent itself, everything else is a name from the top.
    """
    target = target.strip()
    if target.startswith("/"):
        return normal(f"{page}/{target}")
    if target == ".." or target.startswith("../"):
        base = page
        while target == ".." or target.startswith("../"):
            base, target = parent(base), target[3:]
        return normal(f"{base}/{target}")
    return normal(target)


def quote(name: str) -> str:
    """Return the name as MoinMoin 1.9 writes it on disk: runs of bytes other than A-Za-z0-9_ as `(hex)`."""
    result: list[str] = []
    run: list[str] = []
    for byte in name.encode("utf-8", "surrogatepass"):
        if byte in _PLAIN:
            if run:
                result.append(f"({''.join(run)})")
                run.clear()
            result.append(chr(byte))
        else:
            run.append(f"{byte:02x}")
    if run:
        result.append(f"({''.join(run)})")
    return "".join(result)


def unquote(quoted: str) -> str:
    """Return the name that a MoinMoin 1.9 directory stands for; raise BadName for odd or undecodable hex."""

    def decoded(match: re.Match[str]) -> bytes:
        return bytes.fromhex(match.group(1))

    try:
        parts = []
        end = 0
        for match in _QUOTED.finditer(quoted):
            parts.append(quoted[end : match.start()].encode())
            parts.append(decoded(match))
            end = match.end()
        parts.append(quoted[end:].encode())
        return b"".join(parts).decode("utf-8")
    except ValueError:
        raise BadName("The directory name “%(name)s” is not a quoted page name.", name=quoted) from None


def file_normal(name: str) -> str:
    """Return the form under which an attachment is kept; raise BadName.

    The last part of a path (browsers once sent whole paths); NFC; controls removed; not hidden; at most LIMIT bytes.
    """
    cleaned = unicodedata.normalize("NFC", _REMOVED.sub("", name)).replace("\\", "/").rpartition("/")[2]
    cleaned = _BLANKS.sub(" ", cleaned).lstrip(" .").rstrip()
    if not cleaned:
        raise BadName("“%(name)s” cannot be a file name.", name=name)
    if len(cleaned.encode()) > LIMIT:
        raise BadName("This file name is too long: “%(name)s”.", name=f"{cleaned[:80]}…")
    return cleaned
