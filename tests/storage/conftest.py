"""The engines that the conformance suite runs on: a new one is one line in ENGINES."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wiki.storage import Storage
from wiki.storage.files import FilesStorage
from wiki.storage.memory import MemoryStorage
from wiki.storage.sqlite import SqliteStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEFAULTS = sorted(
    name
    for name, value in vars(Storage).items()
    if callable(value) and not name.startswith("_") and not getattr(value, "__isabstractmethod__", False)
)


def plain(engine: type[Storage]) -> type[Storage]:
    """Return an engine without what it does faster, so that the contract's own answers are used instead."""
    return type(f"Plain{engine.__name__}", (engine,), {name: vars(Storage)[name] for name in DEFAULTS})


ENGINES: dict[str, Callable[[Path], Storage]] = {
    "memory": lambda folder: MemoryStorage(),
    "sqlite": lambda folder: SqliteStorage("wiki.db", str(folder)),
    "files": lambda folder: FilesStorage(".", str(folder)),
    "files-plain": lambda folder: plain(FilesStorage)(".", str(folder)),  # type: ignore[call-arg]
    "sqlite-plain": lambda folder: plain(SqliteStorage)("wiki.db", str(folder)),  # type: ignore[call-arg]
}
"""Each engine's name and how one is opened in a folder. `memory` overrides no default, so it needs no plain twin."""


@pytest.fixture(params=list(ENGINES))
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """An empty storage of each engine."""
    opened = ENGINES[request.param](tmp_path)
    yield opened
    opened.close()
