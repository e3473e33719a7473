"""MoinMoin 1.9's lock on a page: whoever saves holds `current` under the name `current-locked`.

It is no lock for our own processes, who exclude each other by the database, but for a MoinMoin on the same tree.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from ...model import Unavailable
from . import durable
from .tree import Tree, number_in, revision_path

STALE = 30.0
"""Seconds after which a lock was left by somebody who ended while he had it: 1.9 holds it for milliseconds."""

PATIENCE = 10.0
"""Seconds to wait for a lock that is not stale."""


class NotThere(Exception):
    """There is neither `current` nor `current-locked`."""


def take(tree: Tree, path: str, patience: float = PATIENCE) -> int:
    """Lock a page's folder and return the newest revision's number.

    A stale lock is broken. Raises NotThere, Unavailable if somebody holds the lock, ValueError if `current` is damaged,
    or OSError.
    """
    current, locked = os.path.join(path, "current"), os.path.join(path, "current-locked")
    end = time.monotonic() + patience
    while True:
        try:
            os.rename(current, locked)
        except FileNotFoundError:
            pass
        else:
            return _number(path)
        try:
            age = time.time() - os.stat(locked).st_ctime
        except FileNotFoundError:
            if os.path.exists(current):
                continue
            raise NotThere from None
        if age > STALE:
            return mend(tree, path)
        if time.monotonic() > end:
            raise Unavailable("“%(name)s” is being saved by another program.", name=os.path.basename(path))
        time.sleep(0.02)


def mend(tree: Tree, path: str) -> int:
    """Take over a stale lock and return the newest revision's number: who left it may have written one more.

    A text that is whole becomes the newest revision; what is not is put aside. Raises OSError or ValueError.
    """
    # The lock's age begins anew, so that nobody else breaks it meanwhile.
    os.utime(os.path.join(path, "current-locked"))
    number = _number(path)
    more = revision_path(path, number + 1)
    if os.path.exists(more):
        if is_text(more):
            number += 1
            write(tree, path, number)
        else:
            tree.set_aside(more)
    return number


def is_text(path: str) -> bool:
    """Say whether a file is a revision's text as 1.9 ends it: UTF-8, not empty, its last line ended."""
    try:
        content = durable.read(path)
        return content.endswith(b"\n") and bool(content.decode())
    except (OSError, UnicodeDecodeError):
        return False


def write(tree: Tree, path: str, number: int, synced: bool = True) -> None:
    """Write the number into the locked file; raise OSError."""
    durable.replace(os.path.join(path, "current-locked"), f"{number:08d}\n".encode(), tree.mode, synced)


def release(path: str) -> None:
    """Give the lock back; one that is gone has been broken by somebody."""
    with suppress(FileNotFoundError):
        os.rename(os.path.join(path, "current-locked"), os.path.join(path, "current"))


def _number(path: str) -> int:
    try:
        number = number_in(path)
    except ValueError:
        number = None
    if number is None:
        numbers = [int(name) for name in os.listdir(os.path.join(path, "revisions")) if name.isdecimal()]
        number = max(numbers, default=0)
    return number
