"""A conversation with the wiki as a browser has it: below a prefix, with cookies, forms read before they are sent."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from wiki import accounts, passwords
from wiki.app import create_app
from wiki.model import User
from wiki.web.site import Site

PREFIX = "/wiki"
HOST = "http://localhost"
PAGE = "Café/日本語"
"""The ordinary page name: what works for it works for others."""

PASSWORD = "seven green teapots"

SESSION = "wiki_session"

SECRET = "#acl Root:read,write All:\n"
"""How the text of a page begins that nobody but Root may read."""

CANARY = "canary-7f3a"
"""A word that only a secret page has, in its name and in its text."""


@dataclass
class Form:
    """A form as it stands on a page. `fields` are what a browser would send; `names` all that can be filled in."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Reads forms, links and headings from HTML."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.content: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self._form: Form | None = None
        self._inside: list[str] = []
        self._area = ""
        self._select = ""
        self._collected: list[str] | None = None
        self._open: tuple[str, dict[str, str]] = ("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if "id" in values:
            self.ids.append(values["id"])
        if tag in ("main", "header"):
            self._inside.append(tag)
        if tag == "form":
            self._form = Form(values.get("action") or self.url, values.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag in ("a", "h1", "button", "title"):
            self._collected, self._open = [], (tag, values)
        elif self._form is not None:
            self._field(self._form, tag, values)

    def _field(self, form: Form, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if tag == "input" and name:
            form.names.add(name)
            kind = values.get("type", "text")
            if kind in ("checkbox", "radio"):
                if "checked" in values:
                    form.fields[name] = values.get("value", "on")
            elif kind != "file":
                form.fields[name] = values.get("value", "")
        elif tag == "textarea":
            form.names.add(name)
            self._area, self._collected = name, []
        elif tag == "select":
            form.names.add(name)
            self._select = name
        elif tag == "option" and ("selected" in values or self._select not in form.fields):
            form.fields[self._select] = values.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._collected is not None:
            self._collected.append(data)

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self._collected or ())
        if tag == "form":
            self._form = None
        elif tag in ("main", "header"):
            self._inside.pop()
        elif tag == "textarea" and self._form is not None:
            self._form.fields[self._area] = text.removeprefix("\n")
            self._collected = None
        elif self._collected is not None and tag == self._open[0]:
            values = self._open[1]
            if tag == "a":
                self.links.append((values.get("href", ""), text.strip()))
                if self._inside == ["main"]:
                    self.content.append(self.links[-1])
            elif tag == "button" and self._form is not None:
                self._form.buttons.append((values.get("name", ""), values.get("value", ""), text.strip()))
            elif tag == "h1":
                self.headings.append(text.strip())
            self._collected, self._open = None, ("", {})


class Answer:
    """What the wiki answered, as a browser shows it."""

    def __init__(self, browser: Browser, response: TestResponse, url: str) -> None:
        self.browser = browser
        self.url = url
        self.status = response.status_code
        self.headers = response.headers
        self.body = response.get_data()
        response.close()  # as a server does when all is sent
        self._reader: _Reader | None = None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON says it."""
        return json.loads(self.body)

    @property
    def location(self) -> str:
        """Where a redirect leads, '' if it is none."""
        return str(self.headers.get("Location", ""))

    @property
    def read(self) -> _Reader:
        """The page, read."""
        if self._reader is None:
            self._reader = _Reader(self.url)
            self._reader.feed(self.text)
            self._reader.close()
        return self._reader

    @property
    def links(self) -> list[str]:
        """The targets of all links."""
        return [url for url, _ in self.read.links]

    @property
    def names(self) -> list[str]:
        """The labels of the links to pages in the screen's content, without what stands around it."""
        content = self.read.content
        return [label for url, label in content if url.startswith(f"{PREFIX}/") and "/-/" not in url and "?" not in url]

    @property
    def heading(self) -> str:
        """The text of the page's h1."""
        return self.read.headings[0]

    def link(self, label: str) -> str:
        """Return the target of the first link with this text in its label."""
        return next(url for url, text in self.read.links if label in text)

    def form(self, action: str = "", button: str = "", **fields: str) -> Form:
        """Return the first form whose URL ends so, which has such a button and fields of these values."""
        for each in self.read.forms:
            fits = urlsplit(each.action).path.endswith(quote(action)) or each.action.endswith(action)
            if (
                fits
                and (not button or any(button in label for _, _, label in each.buttons))
                and all(each.fields.get(key) == value for key, value in fields.items())
            ):
                return each
        raise AssertionError(f"no form {action} {button} {fields} on {self.url}: {[f.action for f in self.read.forms]}")

    def submit(self, form: Form | None = None, button: str = "", /, **values: str) -> Answer:
        """Send a form of this page (the last one if none is given), filled in with values."""
        return self.browser.submit(form or self.read.forms[-1], button, **values)

    def follow(self) -> Answer:
        """Go where a redirect leads."""
        assert self.location, f"{self.status} is no redirect: {self.text[:500]}"
        return self.browser.get(self.location)


class Browser:
    """A browser with its own cookies. URLs are below the prefix, or as they stand in links."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self.site: Site = app.extensions["wiki"]

    def open(self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
        """Send a request."""
        path, mark, query = url.removeprefix(HOST).partition("?")
        path = path.removeprefix(PREFIX) if path.startswith(f"{PREFIX}/") else path
        target = quote(path, safe="/%~!$'()*,;:@-._+&=") + mark + quote(query, safe="/%~!$'()*,;:@-._+&=?")
        response = self.client.open(target, method=method, base_url=f"{HOST}{PREFIX}", headers=headers, **more)
        return Answer(self, response, f"{PREFIX}{target}")

    def get(self, url: str, headers: Mapping[str, str] | None = None, **query: object) -> Answer:
        """Ask for a URL."""
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        return self.open(url, headers=headers)

    def post(
        self,
        url: str,
        data: Mapping[str, Any] | None = None,
        token: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Post data with the token of another form; without `token`, as a foreign site would."""
        sent = dict(data or {})
        if token:
            sent.setdefault("csrf_token", self.token())
        return self.open(url, "POST", headers, data=sent)

    def submit(self, form: Form, button: str = "", /, **values: Any) -> Answer:
        """Send a form: its fields, changed by values; `button` is part of the label that is pressed."""
        unknown = set(values) - form.names
        assert not unknown, f"the form has no field {unknown}, but {form.names}"
        data: dict[str, Any] = {**form.fields, **values}
        for name, value, label in form.buttons:
            if name and (button in label if button else (name, value, label) == form.buttons[0]):
                data[name] = value
                break
        if form.method == "get":
            return self.get(f"{form.action}?{urlencode(data)}")
        return self.open(form.action, "POST", data={key: value for key, value in data.items() if value is not None})

    def token(self) -> str:
        """Return the token that this visitor's forms carry."""
        return self.get("/-/appearance").form("/-/appearance").fields["csrf_token"]

    def save(self, name: str, text: str, comment: str = "") -> Answer:
        """Save a page with the editor; return the redirect."""
        answer = self.get(f"/{name}?action=edit")
        assert answer.status == 200, answer.text
        form = next(form for form in answer.read.forms if "text" in form.names)
        return self.submit(form, "Save", text=text, comment=comment)

    def login(self, name: str, password: str = PASSWORD, **values: Any) -> Answer:
        """Log in with the form; return the redirect, or the form with an error."""
        answer = self.get("/-/login")
        return self.submit(answer.form("/-/login"), **{"name": name, "password": password, **values})

    def logout(self) -> Answer:
        """Log out with the button that every screen has."""
        answer = self.get("/-/recent")
        return self.submit(answer.form("/-/logout"))

    @property
    def session(self) -> str:
        """The session's token, '' without one."""
        cookie = self.client.get_cookie(SESSION, domain="localhost", path=f"{PREFIX}/")
        return cookie.value if cookie else ""

    @property
    def cookies(self) -> set[str]:
        """The names of the cookies that the wiki has set."""
        return {cookie.key for cookie in self.client._cookies.values()}  # type: ignore[attr-defined]


@dataclass
class Clock:
    """The wiki's clock, moved by hand."""

    site: Site
    ahead: float = 0.0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.ahead += seconds


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Make password hashes cheap, and begin with no pages at all."""
    monkeypatch.setattr("wiki.app.seed", lambda wiki: None)
    monkeypatch.setattr(passwords, "LOG_N", 4)
    caplog.set_level(logging.ERROR)


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Make applications: `make_app(registration="open")`, each with settings and a data folder of its own."""
    made: list[Flask] = []

    def make(**settings: Any) -> Flask:
        folder = tmp_path / f"data{len(made)}"
        folder.mkdir()
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items()]
        (folder / "wiki.toml").write_text("".join(lines), "utf-8")
        app = create_app(str(folder))
        app.testing = False
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["wiki"].wiki.storage.close()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The wiki on SQLite, with settings as they are at first."""
    return make_app()


@pytest.fixture
def site(app: Flask) -> Site:
    """The wiki as a site: its storage is `site.wiki.storage`."""
    site: Site = app.extensions["wiki"]
    return site


@pytest.fixture
def clock(site: Site) -> Clock:
    """The site's clock."""
    clock, now = Clock(site), site.wiki.now
    site.wiki.now = lambda: now() + int(clock.ahead * 1_000_000)
    return clock


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A browser in which nobody is logged in."""
    return Browser(app)


@pytest.fixture
def account(site: Site) -> Callable[..., User]:
    """Return the account of a name; it is made with PASSWORD if there is none."""

    def made(name: str, **values: Any) -> User:
        for user in site.wiki.storage.users():
            if user.name == name:
                return user
        return accounts.new_user(site.wiki.storage, name, PASSWORD, **values)

    return made


@pytest.fixture
def as_user(app: Flask, account: Callable[..., User]) -> Callable[..., Browser]:
    """Open browsers in which somebody has logged in: `as_user("Editor")`, `as_user("Root", admin=True)`."""

    def logged_in(name: str, **values: Any) -> Browser:
        account(name, **values)
        browser = Browser(app)
        answer = browser.login(name)
        assert answer.status == 303, answer.text
        return browser

    return logged_in


@pytest.fixture
def write(site: Site) -> Callable[..., None]:
    """Save pages without the web, as `Setup`: for what a test begins with."""

    def written(name: str, text: str = "Some text.\n", **more: Any) -> None:
        site.wiki.visit_system("Setup").save(name, text, **more)

    return written


@pytest.fixture
def secret(write: Callable[..., None]) -> str:
    """The name of a page that only Root may read; CANARY stands in its name, text, comment and links."""
    name = f"Secret/{CANARY}"
    write(name, f"{SECRET}Nobody reads {CANARY}. [[Wanted {CANARY}]] [[Café/日本語]]\n", comment=f"about {CANARY}")
    return name
