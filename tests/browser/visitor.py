"""Somebody at a browser: opens screens, presses what is written on buttons, and notices what a page should not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .serving import PASSWORD, Site

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response


class Visitor:
    """One person with a browser of his own. `problems` are script errors, policy violations, requests elsewhere."""

    def __init__(self, site: Site, context: BrowserContext) -> None:
        self.site = site
        self.context = context
        self.problems: list[str] = []
        self.requests: list[Request] = []
        self._refused: set[str] = set()
        context.on("console", self._said)
        context.on("weberror", lambda error: self.problems.append(f"script: {error.error}"))
        context.on("request", self._asked)
        context.on("response", self._answered)
        self.page: Page = context.new_page()

    def _said(self, message: ConsoleMessage) -> None:
        about = message.location.get("url", "")
        # Chromium reports a document's own 403 or 404 as an error, which on these screens is meant.
        if message.type in ("error", "warning") and about not in self._refused:
            self.problems.append(f"console: {message.text} ({about})")

    def _asked(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((f"{self.site.base}/", "data:")):
            self.problems.append(f"asks elsewhere: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status}: {response.url}")
        if response.status >= 400 and response.request.is_navigation_request():
            self._refused.add(response.url)

    # -- going about ---------------------------------------------------------------------------------------------------

    def open(self, name: str = "", action: str = "", **query: object) -> Visitor:
        """Open a page, or an action on it, by its URL; the front page without a name."""
        urls = self.site.urls
        self.page.goto(urls.page(name, action, **query) if name else urls.root())
        return self

    def special(self, path: str, **query: object) -> Visitor:
        """Open a screen that belongs to no page by its URL."""
        self.page.goto(self.site.urls.special(path, **query))
        return self

    @property
    def main(self) -> Locator:
        """What the screen is about, without its frame."""
        return self.page.get_by_role("main")

    @property
    def text(self) -> str:
        """All that the main part says."""
        return self.main.inner_text()

    @property
    def heading(self) -> str:
        """The screen's title."""
        return self.page.locator("h1").first.inner_text()

    @property
    def place(self) -> str:
        """The address below the mount, decoded, without query."""
        from urllib.parse import unquote, urlsplit

        return unquote(urlsplit(self.page.url).path).removeprefix(self.site.urls.mount)

    def follow(self, label: str, *, exact: bool = True) -> Visitor:
        """Click the first link of the main part that is called so."""
        self.main.get_by_role("link", name=label, exact=exact).first.click()
        self.page.wait_for_load_state()
        return self

    def press(self, label: str, *, exact: bool = True) -> Visitor:
        """Click the first button of the main part that is called so."""
        self.main.get_by_role("button", name=label, exact=exact).first.click()
        self.page.wait_for_load_state()
        return self

    def more(self, label: str) -> Visitor:
        """Choose from the menu of further actions."""
        self.page.locator(".actions summary").click()
        return self.follow(label)

    def fill(self, **fields: str) -> Visitor:
        """Fill in fields of the main part by name."""
        for name, value in fields.items():
            self.main.locator(f"[name={name}]").first.fill(value)
        return self

    # -- what people do all the time -----------------------------------------------------------------------------------

    def log_in(self, name: str, password: str = PASSWORD) -> Visitor:
        """Log in by the form."""
        return self.special("login").fill(name=name, password=password).press("Log in")

    def write(self, name: str, text: str, comment: str = "") -> Visitor:
        """Save a page by its editor."""
        return self.open(name, "edit").fill(text=text, comment=comment).press("Save")

    def search(self, words: str) -> list[str]:
        """Search from the box in the header and return the names of what is found, best first."""
        self.page.locator("#search").fill(words)
        self.page.locator("#search").press("Enter")
        self.page.wait_for_load_state()
        return self.page.locator("ol.results h2").all_inner_texts()
