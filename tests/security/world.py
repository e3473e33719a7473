"""A wiki with secrets, people who may and may not know them, and words by which a secret that got out is recognised."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

from wiki import accounts
from wiki.model import NoSuchUser
from wiki.web.site import Site
from wiki.wsgi import Door

from .client import MOUNT, Answer, Client

PASSWORD = "seven green teapots"
ROLES = ("anonymous", "account", "editor", "admin")
NAMES = {"account": "Ann", "editor": "Ed", "admin": "Root"}

ONLY_ROOT = "#acl Root:read,write,delete,revert,admin All:\n"
EDITORS = "#acl EditorGroup:read,write,delete,revert All:read\n"

CANARIES = (
    "qvname", "qvtext", "qvcomment", "qvfile", "qvbytes", "qvwanted", "qvauthor", "qvold", "qvsub", "qvheading",
    "qvgone", "qvsource", "qvbefore", "qvfilecomment", "qvredirect", "qvinner",
)  # fmt: skip
"""Words that stand nowhere but in what only Root may read."""

SECRET = "Top/qvname"
HIDDEN = "Hidden"
"""A secret page whose name is no secret, so that other pages can refer to it."""

MACROS = """<<Include(Hidden)>>

<<Include(^Top/.*)>>

<<Include(^Hid.*, "", 1, from="a", to="z")>>

<<Include(^.*, titlesonly)>>

<<PageList>>

<<PageList(regex:.*)>>

<<PageList(Top)>>

<<TitleIndex>>

<<RecentChanges(200)>>

<<RecentChanges(days=3650)>>

<<WantedPages>>

<<OrphanedPages>>

<<RandomPage(200)>>

<<BackLinks(Public)>>

<<BackLinks(Hidden)>>

<<FullSearch(zebra)>>

<<FullSearch>>

<<FullSearch('')>>

<<AttachList(Hidden)>>

<<AttachList(Top)>>

<<Navigation(siblings)>>

<<Navigation(children)>>

<<TableOfContents>>

[[Hidden]] [[attachment:Hidden/x.png]] ![x](attachment:Hidden/x.png)
"""


@dataclass
class World:
    """One wiki behind its door, and its browsers by role."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in self.settings.items()]
        (self.folder / "wiki.toml").write_text("".join(lines), "utf-8")
        self.door = Door(str(self.folder))
        drained: Any = self.door.built()[0]
        self.app = drained.app
        self.site: Site = self.app.extensions["wiki"]
        self.storage = self.site.wiki.storage

    def client(self, role: str = "anonymous", **options: Any) -> Client:
        """Return a new browser of a role, or of an account by name."""
        client = Client(self.door, **options)
        if role != "anonymous":
            user = self.user(NAMES.get(role, role))
            client.cookies["wiki_session"] = accounts.begin_session(self.storage, user, time.time(), 1)
        return client

    def user(self, name: str, **values: Any) -> Any:
        """Return an account; it is made if there is none."""
        try:
            return self.storage.user_named(name)
        except NoSuchUser:
            return accounts.new_user(self.storage, name, PASSWORD, admin=name == "Root", **values)

    def write(self, name: str, text: str, author: str = "Setup", **more: Any) -> None:
        """Save a page without the web."""
        self.site.wiki.visit_system(author).save(name, text, **more)

    def attach(self, page: str, name: str, content: bytes, comment: str = "") -> None:
        """Keep a file with a page."""
        self.site.wiki.visit_system("Setup").attach(page, name, io.BytesIO(content), comment)

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of the database but those of counters."""
        connection = sqlite3.connect(f"file:{self.folder}/wiki.db?mode=ro", uri=True)
        try:
            tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
            kept = [name for name in tables if name != "tally" and not name.startswith(("search", "gram"))]
            return {name: connection.execute(f"select * from {name}").fetchall() for name in kept}
        finally:
            connection.close()

    def close(self) -> None:
        """Close the storage."""
        self.storage.close()


def filled(world: World) -> World:
    """Fill a wiki: public pages, secret ones, and every way in which one knows of the other."""
    for name in NAMES.values():
        world.user(name)
    visit = world.site.wiki.visit_system("Setup")
    write = world.write
    write("FrontPage", "Welcome. [[Public]] [[Café/日本語]] [[Macros]]\n")
    write("EditorGroup", "#acl All:read\n * Ed\n")
    write("Café/日本語", "zebra [[Public]]\n")
    write("Top", f"{EDITORS}zebra, the parent of a secret\n\n<<Navigation(children)>>\n")
    write("Public", f"{EDITORS}zebra # Public\n")
    write("Public", f"{EDITORS}zebra # Public\n\nmore [[Wanted by all]]\n")
    world.attach("Public", "shown.png", b"\x89PNG")
    world.attach("Public", "page.html", b"<script>alert(1)</script>")
    world.attach("Public", "note.txt", b"text")
    write("Public/Sub", "zebra\n")
    links = "[[Public]] [[attachment:Public/shown.png]] [[Wanted qvwanted]] [[Top]]"
    write(SECRET, f"{ONLY_ROOT}qvold zebra\n", "qvauthor", comment="qvcomment")
    write(SECRET, f"{ONLY_ROOT}# qvheading\n\nqvtext zebra {links}\n\n<<Include(Inner)>>\n", "qvauthor")
    world.attach(SECRET, "qvfile.txt", b"qvbytes", "qvfilecomment")
    write(f"{SECRET}/qvsub", f"{ONLY_ROOT}qvtext [[Public]]\n", "qvauthor")
    write("Public/qvsub", f"{ONLY_ROOT}qvtext zebra\n", "qvauthor", comment="qvcomment")
    write(HIDDEN, f"{ONLY_ROOT}qvold zebra\n", "qvauthor", comment="qvcomment")
    write(HIDDEN, f"{ONLY_ROOT}# qvheading\n\nqvtext zebra {links} [[Hidden]]\n", "qvauthor", comment="qvcomment")
    world.attach(HIDDEN, "qvfile.txt", b"qvbytes", "qvfilecomment")
    write("Inner", f"{ONLY_ROOT}qvinner\n", "qvauthor")
    write("HiddenTemplate", f"{ONLY_ROOT}qvtext template\n", "qvauthor")
    write("Lost", f"{ONLY_ROOT}qvgone\n", "qvauthor")
    visit.delete("Lost", "qvcomment")
    write("qvgone", f"{ONLY_ROOT}qvgone\n", "qvauthor")
    visit.delete("qvgone", "qvcomment")
    write("qvsource", "plain\n")
    visit.copy("qvsource", "Twin")
    write("qvsource", f"{ONLY_ROOT}plain\n")
    write("qvbefore", "plain\n")
    visit.rename("qvbefore", "After")
    write("qvbefore", f"{ONLY_ROOT}plain\n")
    write("qvredirect", f"{ONLY_ROOT}#redirect Public\n", "qvauthor")
    write("Way", "#redirect Hidden\n")
    write("Macros", MACROS)
    write("Top/Macros", MACROS)
    write("Editors only", f"{EDITORS}zebra\n")
    return world


class _Hrefs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for key, value in attrs if key in ("href", "src")]


def linked(answer: Answer) -> Iterator[str]:
    """Return the targets, below the mount, of an answer's links to this wiki."""
    urls = [answer.header("Location")]
    if answer.kind == "text/html":
        reader = _Hrefs()
        reader.feed(answer.text)
        urls += reader.found
    elif answer.kind == "application/atom+xml":
        urls += re.findall('href="([^"]*)"', answer.text.replace("&amp;", "&"))
    for url in urls:
        full = urljoin(f"http://localhost{answer.target}", url.partition("#")[0])
        if url and full.startswith(f"http://localhost{MOUNT}/"):
            yield full.removeprefix(f"http://localhost{MOUNT}")


def crawl(client: Client, starts: list[str], limit: int) -> list[Answer]:
    """Follow links from these targets on, each once, and return the answers."""
    answers: list[Answer] = []
    waiting, seen = list(starts), set(starts)
    while waiting and len(answers) < limit:
        answer = client.get(waiting.pop(0))
        answers.append(answer)
        for target in linked(answer):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return answers


def leaked(answer: Answer) -> list[str]:
    """Return the canaries in an answer's body or headers that the request did not name itself."""
    asked = unquote(answer.target)
    shown = answer.body.decode("utf-8", "replace") + "\n".join(unquote(value) for _, value in answer.fields)
    return [word for word in CANARIES if word in shown and word not in asked]
