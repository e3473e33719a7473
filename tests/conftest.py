"""What all tests share: a wiki on each embedded engine, and people who visit it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wiki import macros
from wiki.core import Rules, Wiki
from wiki.fragments import Fragments
from wiki.keeper import NoCache
from wiki.model import User
from wiki.storage import open_storage
from wiki.visit import Visit

PAGE = "Café/日本語"
"""The ordinary page name: what works for it works for others."""


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """The name of a storage engine."""
    return str(request.param)


@pytest.fixture
def wiki(engine: str, tmp_path: Path) -> Iterator[Wiki]:
    """An empty wiki."""
    storage = open_storage("memory:" if engine == "memory" else "sqlite:wiki.db", str(tmp_path))
    yield Wiki(storage, Rules(), NoCache(), Fragments(str(tmp_path / "fragments")), macros.links)
    storage.close()


@pytest.fixture
def visit(wiki: Wiki) -> Callable[..., Visit]:
    """Make visits: `visit()` is anonymous, `visit("Ann")` has an account, one with `admin=True` may do all."""

    def visiting(name: str = "", admin: bool = False) -> Visit:
        user = User(id=f"id-{name}", name=name, admin=admin) if name else None
        return wiki.visit(user, "192.0.2.1")

    return visiting


@pytest.fixture
def ann(visit: Callable[..., Visit]) -> Visit:
    """Somebody with an account."""
    return visit("Ann")


@pytest.fixture
def bob(visit: Callable[..., Visit]) -> Visit:
    """Somebody else with an account."""
    return visit("Bob")


@pytest.fixture
def root(visit: Callable[..., Visit]) -> Visit:
    """An administrator."""
    return visit("Root", admin=True)


@pytest.fixture
def nobody(visit: Callable[..., Visit]) -> Visit:
    """A visitor without an account."""
    return visit()


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings from outside, and the umask as it was afterwards."""
    before = os.umask(0o022)
    for key in [key for key in os.environ if key.startswith("WIKI_")]:
        monkeypatch.delenv(key)
    yield
    os.umask(before)
