"""The default engine: everything in one SQLite file, attachments too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .accounts import Accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model import Problem
    from .. import Progress


class SqliteStorage(Accounts):
    """A wiki in one SQLite file. Its parts, from the bottom up: connections and transactions (`database`), the index
    (`search`, `planner`), pages and revisions (`pages`), `lists`, attachments (`files`), `accounts`; and `check`.
    """

    def check(self, progress: Progress | None = None) -> Iterator[Problem]:
        from .check import Check

        return Check(self).problems(progress)
