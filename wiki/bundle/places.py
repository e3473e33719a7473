"""Where a bundle's data may lie outside what the web server shows, on whatever shared host."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import sha256

HOLDER = "anywiki-data"
"""The folder in which each of a user's wikis has its own."""

SHOWN = frozenset("public_html htdocs httpdocs httpsdocs www html web public wwwroot docroot webspace".split())
"""What hosts call folders that a web server shows: one of these is not made a place for data by ourselves."""


def outside(root: str, documents: str, home: str) -> list[str]:
    """Return the folders in which HOLDER may be, the best first; none of them is below the document root.

    `root` is the bundle's folder, `documents` the document root as the server says, `home` the user's home folder.
    The folder above the document root may be shown as another site, so the home folder goes first, and what is above
    the outermost folder with a usual name.
    """
    root = os.path.realpath(root)
    documents = os.path.realpath(documents) if documents else root
    if not _within(root, documents):
        documents = root
    found = [os.path.realpath(home)] if home else []
    parts = root.split(os.sep)
    for place, part in enumerate(parts):
        if part in SHOWN:
            found.append(os.sep.join(parts[:place]))
    found.append(os.path.dirname(documents))
    good = [each for each in found if each not in ("", os.sep) and _within(root, each) and not _within(each, documents)]
    return list(dict.fromkeys(good))


def candidates(root: str, parents: list[str]) -> Iterator[tuple[str, str]]:
    """Yield for each parent the holder, and the folder in it that a bundle's data would have."""
    root = os.path.realpath(root)
    for parent in parents:
        # Told from the path below: hosts move whole homes to other disks.
        mark = sha256(os.fsencode(os.path.relpath(root, parent))).hexdigest()[:6]
        yield os.path.join(parent, HOLDER), os.path.join(parent, HOLDER, f"{os.path.basename(root)}-{mark}")


def existing(root: str, parents: list[str]) -> str:
    """Return the data folder that this bundle had before, '' if there is none."""
    return next((data for _, data in candidates(root, parents) if _is_ours(data)), "")


def made(root: str, parents: list[str]) -> str:
    """Make a data folder outside what is shown and return it, '' where none can be made."""
    for holder, data in candidates(root, parents):
        if not os.path.isdir(holder):
            if os.path.basename(os.path.dirname(holder)) in SHOWN:
                continue
            try:
                os.mkdir(holder, 0o700)
            except OSError:
                continue
        try:
            os.mkdir(data, 0o700)
        except OSError:
            if not _is_ours(data):
                continue
        return data
    return ""


def _is_ours(folder: str) -> bool:
    """Say whether this is a folder, no link, that belongs to the user as whom we run."""
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
