"""The engine `files:` — a MoinMoin 1.9 data directory, read and written in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .accounts import Accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model import Problem
    from .. import Progress


class FilesStorage(Accounts):
    """A wiki in a MoinMoin 1.9 data directory, on which an old MoinMoin may go on working.

    Its parts, from the bottom up: the folders (`tree`), safe file operations (`durable`), the log's lines (`editlog`),
    MoinMoin's lock (`locks`) and a transaction's steps (`work`); the databases (`database`), taking a folder over into
    the index (`taking`), noticing that one was changed (`catching`), pages, attachments, accounts; and `check`.
    """

    def check(self, progress: Progress | None = None) -> Iterator[Problem]:
        from .check import Check

        return Check(self).problems(progress)
