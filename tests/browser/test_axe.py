"""Every screen, light and dark, on a desk and on a phone: WCAG 2.2 AA by axe, nothing wider than the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import chromium
from .screens import SCREENS, Screen
from .serving import ROOT, Site
from .visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that can judge another way when only the colours change."""

RUN = """([within, rules]) => axe.run(within, {runOnly: rules, resultTypes: ['violations'], preload: false})
  .then(found => found.violations)"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The axe-core script, from the Python package that brings it along."""
    package = find_spec("axe_playwright_python")
    assert package is not None and package.origin is not None
    return Path(package.origin).with_name("axe.min.js").read_text()


@pytest.fixture(scope="session")
def windows(browser: Browser, logged_in: Callable[[str], Any]) -> Iterator[Callable[[Site, str], Visitor]]:
    """Return one window for each account: opening some hundred screens in new ones would take as long again."""
    opened: dict[tuple[str, str], Visitor] = {}

    def window(site: Site, name: str) -> Visitor:
        key = (site.base, name)
        if key not in opened:
            context = browser.new_context(bypass_csp=True, reduced_motion="reduce", storage_state=logged_in(name))
            context.set_default_timeout(15_000)
            opened[key] = Visitor(site, context)
        return opened[key]

    yield window
    for visitor in opened.values():
        visitor.context.close()


def found(page: Page, rules: list[str], within: str = "html") -> list[str]:
    """Return axe's violations on what is shown, each with the first element that has it."""
    return [
        f"{each['id']} ({len(each['nodes'])}): {each['nodes'][0]['html'][:200]}"
        for each in page.evaluate(RUN, [within, rules])
    ]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_has_no_barrier(
    screen: Screen, request: pytest.FixtureRequest, windows: Callable[[Site, str], Visitor], axe: str
) -> None:
    site = request.getfixturevalue(screen.wiki)
    window = windows(site, screen.who)
    window.problems.clear()
    page = window.page
    wrong: list[str] = []
    for number, size in enumerate([screen.only] if screen.only else ["phone", "desktop"]):
        width, height = chromium.SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="light")
        if not number:
            screen.show(page, site)
            page.evaluate(axe)
        wrong += [f"{size} light: {violation}" for violation in found(page, TAGS, screen.within)]
        page.emulate_media(color_scheme="dark")
        wrong += [f"{size} dark: {violation}" for violation in found(page, COLOURS, screen.within)]
        over = page.evaluate(chromium.WIDER)
        if over > 0:
            wrong.append(f"{size}: {over} px too wide")
    assert wrong + window.problems == []


def test_axe_would_find_barriers(person: Callable[..., Visitor], axe: str) -> None:
    anyone = person(bypass_csp=True)
    anyone.open()
    anyone.page.evaluate("document.documentElement.removeAttribute('lang')")
    anyone.page.evaluate("document.querySelector('main p').style.color = '#bbb'")
    anyone.page.evaluate(axe)
    assert {violation.partition(" ")[0] for violation in found(anyone.page, TAGS)} == {
        "html-has-lang",
        "color-contrast",
    }


def test_every_template_is_shown_by_some_screen() -> None:
    templates = {path.name for path in (ROOT / "templates").glob("*.html")}
    parts = {name for name in templates if name.startswith("_")} | {"layout.html"}
    assert {screen.template for screen in SCREENS} == templates - parts


def test_every_screen_has_a_name_of_its_own() -> None:
    names = [screen.name for screen in SCREENS]
    assert len(names) == len(set(names))
