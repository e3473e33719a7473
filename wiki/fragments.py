"""Rendered revisions kept as files, so that a view does not import the markup's libraries.

Deleting them costs time only.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile

from .markup import Rendered, dump, load


class Fragments:
    """Kept below a folder; None keeps nothing.

    `fingerprint` stands for all but the text that a rendering depends on.
    """

    def __init__(self, folder: str | None, fingerprint: str = "") -> None:
        self.folder = Path(folder, blake2b(fingerprint.encode(), digest_size=6).hexdigest()) if folder else None

    def kept(self, page_id: str, number: int, name: str, text: str) -> Rendered | None:
        """Return the kept rendering of a revision's text under this page name, or None."""
        if self.folder is None:
            return None
        try:
            digest, _, dumped = self._path(page_id, number, name).read_text("utf-8").partition("\n")
            return load(dumped) if digest == _digest(text) else None
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def keep(self, page_id: str, number: int, name: str, text: str, rendered: Rendered) -> None:
        """Keep a rendering, atomically, and forget the one of the revision before. A full disk keeps nothing."""
        if self.folder is None or rendered.failed:
            return
        path = self._path(page_id, number, name)
        try:
            path.parent.mkdir(0o700, parents=True, exist_ok=True)
            with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
                try:
                    file.write(f"{_digest(text)}\n{dump(rendered)}")
                    file.flush()
                    os.replace(file.name, path)
                except OSError:
                    os.unlink(file.name)
                    return
            self._path(page_id, number - 1, name).unlink(missing_ok=True)
        except OSError:
            return

    def _path(self, page_id: str, number: int, name: str) -> Path:
        assert self.folder is not None
        key = blake2b(f"{page_id}\0{name}".encode(), digest_size=12).hexdigest()
        return self.folder / key[:2] / f"{key[2:]}-{number}"


def _digest(text: str) -> str:
    """Return what tells a revision's text from one that another program wrote in its place."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
