"""Whether the web server shows the data folder to everybody: by a canary, a file put there and asked for."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from shlex import quote
from urllib.parse import quote as escaped
from urllib.parse import urlsplit

from . import Case, Finding, eyes
from .fetching import fetched


def examine(case: Case) -> Iterator[Finding]:
    """Yield whether visitors can fetch what lies in the data folder."""
    if not case.url or not os.path.isdir(case.data) or eyes.closed(case.user, os.path.join(case.data, "x")):
        return
    name, content = f"canary-{os.urandom(8).hex()}.txt", os.urandom(16).hex()
    path = os.path.join(case.data, name)
    try:
        with eyes.acting(case.user), open(path, "x", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
    except OSError:
        # The family `data` says so.
        return
    try:
        found = _found(case, path, content)
    except (OSError, http.client.HTTPException):
        # The family `web` says so.
        return
    finally:
        with eyes.acting(case.user):
            os.unlink(path)
    if found:
        root, url = found
        safe = _unused(os.path.join(os.path.dirname(root), "wiki-data"))
        text = f"s|{case.data}|{safe}|"
        yield Finding(
            f"Everybody can fetch the files of the data folder, accounts included, at {url.removesuffix(name)}",
            f"mv {quote(case.data)} {quote(safe)}"
            + (f" && sed -i {quote(text)} {quote(case.entry)}" if case.entry else ""),
        )
    else:
        yield Finding("No visitor can fetch the files of the data folder.")


def _found(case: Case, path: str, content: str) -> tuple[str, str] | None:
    """Return the document root, as far as it shows, and the URL by which a file is served, None if it is not.

    Each folder above it may be the document root, or what the wiki's own URL stands for.
    """
    parts = urlsplit(case.url)
    root = os.path.dirname(os.path.dirname(path))
    while root != "/":
        for prefix in dict.fromkeys(("", parts.path)):
            where = prefix + "/" + escaped(os.path.relpath(path, root))
            if content in fetched(case.url, where).body:
                return root.removesuffix(prefix), f"{parts.scheme}://{parts.netloc}{where}"
        root = os.path.dirname(root)
    return None


def _unused(path: str) -> str:
    return path if not os.path.lexists(path) else _unused(path + "-2")
