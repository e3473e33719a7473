"""The default engine: everything in one SQLite file, attachments too."""

from __future__ import annotations

from .check import Checking


class SqliteStorage(Checking):
    """A wiki in one SQLite file. What its parts add, from the bottom up: connections and transactions (`database`), the
    index (`search`), pages and revisions (`pages`), `lists`, attachments (`files`), `accounts`, and `check`.
    """
