"""Pictures of every screen, light and dark, on a desk and on a phone; and the one picture that the README shows.

Usage: python scripts/screenshots.py [FOLDER] [SCREEN ...]; without a folder they go to build/screenshots. Starts wikis
of its own in temporary folders, with Debian's Chromium.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import chromium, garden  # noqa: E402
from tests.browser.screens import SCREENS, Screen  # noqa: E402
from tests.browser.serving import Site, data_folder, serving, take_over  # noqa: E402
from tests.browser.visitor import Visitor  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def main() -> None:
    """Take them all, or those that are named."""
    if reason := chromium.missing():
        sys.exit(reason)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [screen for screen in SCREENS if screen.name in sys.argv[2:] or not sys.argv[2:]]
    with data_folder() as grown, data_folder() as bare, data_folder() as taken_over:
        garden.planted(grown)
        take_over(taken_over)
        with serving(grown) as site, serving(bare) as fresh, serving(taken_over) as old, chromium.launched() as browser:
            sites = {"site": site, "fresh": fresh, "old": old}
            for size in chromium.SIZES:
                for scheme in chromium.SCHEMES:
                    taken(browser, sites, wanted, folder, size, scheme)
            if len(sys.argv) < 2:
                advertised(browser, site)
    print(f"The pictures are in {folder}.")


def taken(
    browser: Browser, sites: dict[str, Site], screens: list[Screen], folder: Path, size: str, scheme: Any
) -> None:
    """Take these screens, whole pages of them, in one size and colour scheme."""
    windows: dict[tuple[str, str], Visitor] = {}
    for screen in screens:
        if screen.only not in ("", size):
            continue
        site, key = sites[screen.wiki], (screen.wiki, screen.who)
        if key not in windows:
            width, height = chromium.SIZES[size]
            viewport: Any = {"width": width, "height": height}
            context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
            windows[key] = Visitor(site, context)
            if screen.who:
                windows[key].log_in(screen.who)
        page = windows[key].page
        screen.show(page, site)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{screen.name}-{size}-{scheme}.png", full_page=True)
    for window in windows.values():
        for problem in window.problems:
            print(problem, file=sys.stderr)
        window.context.close()


def advertised(browser: Browser, site: Site) -> None:
    """Take the README's picture: a page as its readers see it."""
    width, height = chromium.DESK
    viewport: Any = {"width": width, "height": height}
    context = browser.new_context(viewport=viewport, color_scheme="light", reduced_motion="reduce")
    visitor = Visitor(site, context).log_in("Ann").open(garden.RAIN)
    visitor.page.wait_for_load_state("networkidle")
    picture = ROOT / "docs" / "screenshot.png"
    visitor.page.screenshot(path=picture)
    picture.chmod(0o644)  # opening a wiki made the umask a private one
    context.close()


if __name__ == "__main__":
    main()
