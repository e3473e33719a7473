"""The owner's code: a text in a file of the data folder, good once. Who can read or write files there owns the wiki.

It makes the first administrator where there is no shell, and another one where the last was lost.
"""

from __future__ import annotations

import os
import secrets

from .model import WikiError

FILE = "first-code.txt"

SHORTEST = 16
"""Characters that a code of the owner's own has at least, so that nobody can try them all."""

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that looks like another one: 31, so that 20 of them are 99 bits."""


class BadCodeFile(WikiError):
    """The file is there, but holds nothing that could be asked for."""

    message = (
        "Write a text of at least %(shortest)s characters into the file %(path)s: it is the code to be typed here."
    )
    status = 503


def path(folder: str) -> str:
    """Return where the file lies in a data folder."""
    return os.path.join(folder, FILE)


def waiting(folder: str) -> bool:
    """Say whether there is a file with a code, or one to be given a code."""
    return os.path.exists(path(folder))


def offer(folder: str) -> None:
    """Put a file with a new code into a data folder, unless there is one; raise OSError."""
    try:
        _write(path(folder))
    except FileExistsError:
        pass


def code(folder: str) -> str:
    """Return the code in a data folder's file, '' if there is no file; an empty file is given one.

    Raises BadCodeFile if it holds too little, and cannot be given more or be read.
    """
    place = path(folder)
    try:
        with open(place, encoding="utf-8-sig", errors="replace") as file:
            text = file.read(1000).strip()
            owner = os.fstat(file.fileno()).st_uid
        if not text and owner == os.geteuid():
            # In a file of another user's, or in ours once replaced, its owner could not read it.
            temporary = f"{place}.{secrets.token_hex(8)}"
            text = _write(temporary)
            os.replace(temporary, place)
    except FileNotFoundError:
        return ""
    except OSError:
        raise BadCodeFile(shortest=SHORTEST, path=place) from None
    if len(text) < SHORTEST:
        raise BadCodeFile(shortest=SHORTEST, path=place)
    return text


def spend(folder: str) -> bool:
    """Remove the file, which ends its code; return whether it was this call that did. Raises OSError."""
    try:
        os.unlink(path(folder))
    except FileNotFoundError:
        return False
    return True


def _write(place: str) -> str:
    letters = [secrets.choice(_LETTERS) for _ in range(20)]
    text = "-".join("".join(letters[at : at + 5]) for at in range(0, 20, 5))
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
    return text
