"""Who has a page open in the editor: small files in the cache folder, so that opening it writes no database."""

from __future__ import annotations

import os
import time
from hashlib import blake2b
from pathlib import Path

SECONDS = 15 * 60
"""After so long without a sign the page counts as closed."""


class Presence:
    """Kept below a folder. A full or read-only disk forgets it: it is a courtesy, not a lock."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def enter(self, page: str, visitor: str, name: str) -> list[tuple[str, float]]:
        """Note that a visitor edits a page; return who else does, by name, and since when (seconds since 1970)."""
        folder = self.folder / _key(page)
        own = _key(visitor)
        others: list[tuple[str, float]] = []
        now = time.time()
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)
            for entry in os.scandir(folder):
                age = now - entry.stat().st_mtime
                if age > SECONDS:
                    os.unlink(entry.path)
                elif entry.name != own:
                    others.append((Path(entry.path).read_text("utf-8"), now - age))
            (folder / own).write_text(name, "utf-8")
        except OSError:
            pass
        return sorted(others)[:20]

    def leave(self, page: str, visitor: str) -> None:
        """Note that a visitor is done with a page."""
        try:
            (self.folder / _key(page) / _key(visitor)).unlink(missing_ok=True)
        except OSError:
            pass


def _key(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
