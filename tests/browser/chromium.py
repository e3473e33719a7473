"""Debian's Chromium, started the same way for tests and for pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    "--headless",
    "--no-sandbox",  # Chromium refuses to start as root with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)

DESK, PHONE = (1280, 800), (390, 844)
"""Width and height in CSS pixels."""

SIZES = {"desktop": DESK, "phone": PHONE}
SCHEMES = ("light", "dark")

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""By how many pixels a screen is wider than its window."""


def missing() -> str:
    """Return a sentence that says what to install, '' if everything is there."""
    if shutil.which("chromium") is None:
        return "Chromium is missing: apt-get install chromium"
    return ""


@contextmanager
def launched() -> Iterator[Browser]:
    """Start a Chromium with a profile of its own, and end it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        yield browser
        browser.close()
