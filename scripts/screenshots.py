"""Pictures of the usual screens for the documentation: desktop and phone, light and dark, below docs/screenshots/.

Usage: python scripts/screenshots.py [FOLDER]. Starts a wiki of its own in a temporary folder, with Debian's Chromium.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "screenshots of a wiki"
SCREENS = {
    "page": "",
    "help": "Help",
    "edit": "Help?action=edit",
    "history": "Help?action=info",
    "recent": "-/recent",
    "search": "-/search?q=page",
    "tree": "-/tree",
    "login": "-/login",
    "admin": "-/admin",
}
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


def main() -> None:
    """Take them all."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as data:
        wiki = [sys.executable, "-m", "wiki", "--data", data]
        subprocess.run([*wiki, "init"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(
            [*wiki, "user", "add", "Ann", "--admin", "--password-stdin"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
            input=PASSWORD,
            text=True,
        )
        server = subprocess.Popen([*wiki, "serve", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            if found is None:
                sys.exit("The wiki did not start.")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for scheme in ("light", "dark"):
                    for size in SIZES:
                        taken(browser, found[0], folder, size, scheme)
                browser.close()
        finally:
            server.terminate()
            server.wait(20)


def taken(browser: Browser, url: str, folder: Path, size: str, scheme: str) -> None:
    """Take every screen in one size and colour scheme."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    for name, path in SCREENS.items():
        if name == "admin":
            page.goto(f"{url}-/login")
            page.fill("main input[name=name]", "Ann")
            page.fill("main input[name=password]", PASSWORD)
            page.press("main input[name=password]", "Enter")
            page.wait_for_load_state()
        page.goto(url + path)
        page.screenshot(path=folder / f"{name}-{size}-{scheme}.png")
    context.close()


if __name__ == "__main__":
    main()
