"""One Chromium, one wiki with a garden and 700 real pages in it, and people with browsers of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any

import pytest

from bench import corpus as documents

from . import chromium, garden
from .serving import ROOT, Site, data_folder, serving, take_over
from .visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, StorageState

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep all browser tests in one process: they share a Chromium and a wiki."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("browser"))


def _absent(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if reason := chromium.missing():
        _absent(reason)
    with chromium.launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def fetched() -> tuple[Path | None, str]:
    """Where the corpus lies, else why it is not there."""
    folder = ROOT / "build" / "corpus"
    try:
        count = documents.fetch(folder)
    except (OSError, CalledProcessError) as error:
        return None, f"the corpus of real pages could not be fetched: {error}"
    return (folder, "") if count >= documents.LEAST else (None, f"the corpus has {count} pages only")


@pytest.fixture(scope="session")
def site(fetched: tuple[Path | None, str], browser: Browser) -> Iterator[Site]:
    """The garden's wiki, with the corpus in it where that could be fetched."""
    with data_folder() as folder:
        garden.planted(folder, fetched[0])
        with serving(folder) as site:
            yield site
            assert "Traceback" not in site.log()


@pytest.fixture
def corpus(fetched: tuple[Path | None, str], site: Site) -> Path:
    """The folder of the real pages that the wiki has imported."""
    folder, reason = fetched
    if folder is None:
        _absent(reason)
    assert folder is not None
    return folder


@pytest.fixture(scope="session")
def fresh(browser: Browser) -> Iterator[Site]:
    """A new wiki without an administrator."""
    with data_folder() as folder, serving(folder, workers=1) as site:
        yield site
        assert "Traceback" not in site.log()


@pytest.fixture(scope="session")
def old(browser: Browser) -> Iterator[Site]:
    """A MoinMoin's directory, opened in place; its rights are not known."""
    with data_folder() as folder:
        take_over(folder)
        with serving(folder, workers=1) as site:
            yield site
            assert "Traceback" not in site.log()


@pytest.fixture(scope="session")
def logged_in(browser: Browser, site: Site) -> Callable[[str], StorageState | None]:
    """Return a browser's cookies after an account has logged in by the form; None for nobody."""
    kept: dict[str, StorageState] = {}

    def state(name: str) -> StorageState | None:
        if name and name not in kept:
            context = browser.new_context()
            Visitor(site, context).log_in(name)
            kept[name] = context.storage_state()
            context.close()
        return kept.get(name)

    return state


@pytest.fixture
def person(
    browser: Browser, site: Site, logged_in: Callable[[str], StorageState | None]
) -> Iterator[Callable[..., Visitor]]:
    """Make visitors: `person()` is anonymous, `person("Ann")` is logged in; further words are the browser context's.

    At the end none of them may have seen a script error, a policy violation, or a request to somewhere else.
    """
    people: list[Visitor] = []

    def visiting(name: str = "", at: Site | None = None, **options: Any) -> Visitor:
        width, height = options.pop("size", chromium.DESK)
        context = browser.new_context(
            storage_state=logged_in(name),
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(15_000)
        people.append(Visitor(at or site, context))
        return people[-1]

    yield visiting
    problems = [problem for someone in people for problem in someone.problems]
    for someone in people:
        someone.context.close()
    assert not problems


@pytest.fixture
def anyone(person: Callable[..., Visitor]) -> Visitor:
    """Somebody without an account."""
    return person()


@pytest.fixture
def ann(person: Callable[..., Visitor]) -> Visitor:
    """Somebody with an account."""
    return person("Ann")


@pytest.fixture
def bob(person: Callable[..., Visitor]) -> Visitor:
    """Somebody else with an account."""
    return person("Bob")


@pytest.fixture
def root(person: Callable[..., Visitor]) -> Visitor:
    """An administrator."""
    return person("Root")
