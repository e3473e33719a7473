"""Wikis with secrets, each shared by the tests of one module: they only read, or say what they change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wiki import passwords

from .world import World, filled


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """Make password hashes cheap, begin with no pages at all, and keep expected refusals out of the output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wiki.app.seed", lambda wiki: None)
        patch.setattr(passwords, "LOG_N", 4)
        logging.getLogger("wiki").setLevel(logging.CRITICAL)
        yield
        logging.getLogger("wiki").setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A wiki with public and secret pages, as its settings are at first."""
    world = filled(World(tmp_path_factory.mktemp("world") / "data"))
    yield world
    world.close()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Make small wikis of one's own: `make(base_url=…)`."""
    made: list[World] = []

    def new(**settings: Any) -> World:
        made.append(World(tmp_path / f"data{len(made)}", settings))
        made[-1].write("FrontPage", "Welcome.\n")
        for name in ("Ann", "Root"):
            made[-1].user(name)
        return made[-1]

    yield new
    for world in made:
        world.close()
