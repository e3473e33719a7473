"""What tests of pages speak with: a wiki in memory, written and viewed by its people."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from wiki import macros
from wiki.core import Rules, Wiki
from wiki.fragments import Fragments
from wiki.model import User
from wiki.storage.memory import MemoryStorage
from wiki.urls import Urls
from wiki.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "Café/日本語"
NOW = 1_790_000_000_000_000


class Uncached:
    """A page cache that notes what it should forget."""

    def __init__(self) -> None:
        self.evicted: set[str] = set()

    @contextmanager
    def writing(self, transaction: AbstractContextManager[None] | None = None) -> Iterator[Uncached]:
        with transaction or nullcontext():
            yield self

    def evict(self, names: set[str]) -> None:
        self.evicted |= names

    def evict_all(self) -> None:
        self.evicted.add("*")


class Conversation:
    """A wiki below /wiki, an administrator `Ann`, a user `Bob`, and anonymous visitors."""

    def __init__(self, folder: str | None = None) -> None:
        self.cache = Uncached()
        self.time = NOW
        self.wiki = Wiki(MemoryStorage(), Rules(), self.cache, Fragments(folder), macros.links, lambda: self.time)
        self.ann = User(id="1", name="Ann", admin=True)
        self.bob = User(id="2", name="Bob")
        for user in (self.ann, self.bob):
            self.wiki.storage.put_user(user)

    def save(self, name: str, text: str, by: User | None = None, comment: str = "") -> None:
        """Save a page, by the administrator if no other is named."""
        self.time += 1_000_000
        self.wiki.visit(by or self.ann).save(name, text, comment=comment)

    def view(self, name: str = PAGE, user: User | None = None) -> View:
        """Return what shows a page to a visitor, anonymous if none is named."""
        return View(self.wiki.visit(user), Urls("/wiki"), name, macros.find, when=lambda time: f"when {time}")

    def shown(self, name: str = PAGE, user: User | None = None, view: View | None = None) -> str:
        """Return a page's HTML as a visitor sees it."""
        view = view or self.view(name, user)
        return view.page(view.visit.rendered(view.visit.read(name)))[0]

    def macro(self, source: str, name: str = PAGE, user: User | None = None) -> str:
        """Return the HTML of a page that holds nothing but this."""
        self.save(name, source)
        return self.shown(name, user)
