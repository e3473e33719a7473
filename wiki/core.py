"""The wiki without HTTP: `Wiki` holds the parts, `Visit` is what one visitor may do with it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from . import acl, names
from .fragments import Fragments
from .markup import Context, Rendered, render
from .markup.head import Head, head
from .model import Author, BadName, Facts, Link, NoSuchPage, Page, Revision, TooLarge, Unavailable, User
from .storage import Progress, Storage
from .visit import Visit

EVERYONE_STALE = 2000
"""Above so many entries to evict one by one, the cache begins anew."""


@dataclass(frozen=True)
class Rules:
    """What an administrator decides and the core goes by."""

    markup: str = "markdown"
    front_page: str = "FrontPage"
    acl_before: str = ""
    acl_default: str = "Known:read,write,delete,revert All:read"
    acl_after: str = ""
    acl_hierarchic: bool = False
    unsettled: bool = False
    """Nobody has said yet what the rights are: an administrator has to, and until then only administrators come in."""

    page_limit: int = 1_000_000
    upload_limit: int = 64 * 1024 * 1024
    render_seconds: float = 2.0
    group: str = r"\S+Group"
    template: str = r"\S+Template"
    dictionary: str = r"\S+Dict"
    category: str = r"Category\S+"
    interwiki_name: str = ""
    interwiki: Mapping[str, str] = field(default_factory=dict)


class Evicting(Protocol):
    """What a writer tells the page cache while it holds its lock."""

    def evict(self, names: set[str]) -> None: ...
    def evict_all(self) -> None: ...


class Cache(Protocol):
    """The writers' side of the page cache."""

    def writing(self, transaction: AbstractContextManager[None] | None = None) -> AbstractContextManager[Evicting]: ...


def microseconds() -> int:
    """Return the time now, in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


class Wiki:
    """One wiki: its storage, its rules, its caches. Everything is done through a `visit`."""

    def __init__(
        self,
        storage: Storage,
        rules: Rules,
        cache: Cache,
        fragments: Fragments,
        macro_links: Callable[[], Mapping[str, Callable[[str, str], tuple[Link, ...]]]],
        now: Callable[[], int] = microseconds,
    ) -> None:
        self.storage = storage
        self.rules = rules
        self.cache = cache
        self.fragments = fragments
        self.macro_links = macro_links
        self.now = now
        self.hierarchic = rules.acl_hierarchic
        self._policy = acl.Policy(rules.acl_before, rules.acl_default, rules.acl_after)
        self._unsettled = rules.unsettled
        storage.deriving = self._derived
        self._group = re.compile(rf"{rules.group}\Z")
        self._template = re.compile(rf"{rules.template}\Z")

    @property
    def policy(self) -> acl.Policy:
        """The rights of the whole wiki: those of its settings, or those that an administrator has confirmed."""
        if self._unsettled:
            said = self.storage.record("setting", "rights")
            if said:
                self._policy = acl.Policy(str(said["before"]), str(said["default"]), str(said["after"]))
                self.hierarchic = bool(said["hierarchic"])
                self._unsettled = False
        return self._policy

    @property
    def unsettled(self) -> bool:
        """Whether an administrator still has to say what the rights are."""
        return self._unsettled and self.policy is not None and self._unsettled

    def settle(self, before: str, default: str, after: str, hierarchic: bool) -> None:
        """Keep what an administrator says the rights are, for all processes and for good."""
        rights = {"before": before, "default": default, "after": after, "hierarchic": hierarchic}
        with self.cache.writing(self.storage.writing()) as evicting:
            self.storage.keep("setting", "rights", rights)
            evicting.evict_all()

    def visit(self, user: User | None = None, address: str = "", host: str = "", trusted: bool = False) -> Visit:
        """Return the visit of an account, or of an anonymous visitor; `trusted` if the web server has recognised it."""
        self.catch_up()
        name = user.name if user else ""
        return Visit(self, user, Author(user.id if user else "", name, address, host), trusted)

    def visit_system(self, name: str) -> Visit:
        """Return a visit that may do everything and signs with this name: imports, set-up, the command line."""
        self.catch_up()
        return Visit(self, User(id="", name=name, admin=True), Author("", name))

    def catch_up(self, seconds: float = 0.3, progress: Progress | None = None) -> bool:
        """Take over what another program wrote into the store; return whether there was anything, so also more.

        A store that cannot be written at the moment is read as it is known.
        """
        if not self.storage.behind():
            return False
        try:
            with self.cache.writing(self.storage.writing()) as evicting:
                changed = self.storage.changed_elsewhere(seconds, progress)
                if len(changed) > EVERYONE_STALE:
                    evicting.evict_all()
                for name in changed[:EVERYONE_STALE]:
                    self.evict(evicting, name, None, self.page_or_none(name), foreign=True)
        except Unavailable:
            return False
        return True

    def is_group(self, name: str) -> bool:
        """Say whether a page of this name is a group page."""
        return bool(self._group.match(name))

    def is_template(self, name: str) -> bool:
        """Say whether a page of this name is a template, by the last part of its name."""
        return bool(self._template.match(names.last(name)))

    def context(self, name: str, parsed: Head) -> Context:
        """Return what the markup may know when it renders this page."""
        rules = self.rules
        more = parsed.arguments, parsed.pragmas
        return Context(name, self.macro_links(), rules.interwiki, rules.category, rules.render_seconds, *more)

    def rendered(self, name: str, text: str, parsed: Head | None = None) -> Rendered:
        """Return a text as the page of this name, rendered as nobody."""
        parsed = parsed or head(text)
        return render(parsed.format or self.rules.markup, text[parsed.length :], self.context(name, parsed))

    def fragment(self, page_id: str, number: int, name: str, text: str) -> Rendered:
        """Return a revision rendered as nobody: as kept, else made and kept."""
        kept = self.fragments.kept(page_id, number, name, text)
        if kept is None:
            kept = self.rendered(name, text)
            self.fragments.keep(page_id, number, name, text, kept)
        return kept

    def facts(self, name: str, text: str | None, last: Page | None = None) -> tuple[Facts, Rendered | None]:
        """Return what storage keeps beside a revision, and its rendering. A deletion keeps the ACL of the last text."""
        if text is None:
            return Facts(acl=last.acl if last else None), None
        parsed = head(text)
        rendered = self.rendered(name, text, parsed)
        links = rendered.links
        redirect = _redirect(name, parsed)
        if redirect:
            links = (*links, Link("redirect", redirect))
        facts = Facts(tuple(dict.fromkeys(links)), parsed.acl, parsed.format, redirect, text[parsed.length :])
        return facts, rendered

    def _derived(self, revision: Revision, quick: bool) -> Facts:
        """Return the facts of a revision that another program wrote; `quick`: only those at the top of its text."""
        if not quick or revision.text is None:
            return self.facts(revision.page, revision.text)[0]
        parsed = head(revision.text)
        return Facts((), parsed.acl, parsed.format, _redirect(revision.page, parsed))

    def normalised(self, text: str) -> str:
        """Return a text as it is stored: LF, no NUL, one LF at its end; raise TooLarge."""
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        text = text.encode("utf-8", "replace").decode()
        if text and not text.endswith("\n"):
            text += "\n"
        if len(text.encode()) > self.rules.page_limit:
            raise TooLarge(
                "This text is too large: a page may have at most %(limit)s bytes.", limit=self.rules.page_limit
            )
        return text

    def evict(
        self, evicting: Evicting, name: str, before: Page | None, after: Page | None, foreign: bool = False
    ) -> None:
        """Evict what a change to one page makes stale. Call inside the transaction, after the change.

        `foreign` if another program made it, so that it is not known what was before.

        The page; those that link to it, if it came, vanished or changed who may read it; those that depend on the set
        of pages; and all that transclude any of these.
        """
        if self.is_group(name):
            evicting.evict_all()
            return
        stale = {name, *self.storage.backlinks("", kinds=("pages",))}
        was = before is not None and not before.deleted
        is_ = after is not None and not after.deleted
        other_rights = before is not None and after is not None and before.acl != after.acl
        if self.hierarchic and (other_rights or (was != is_ and (before or after) is not None)):
            evicting.evict_all()
            return
        if was != is_ or other_rights or foreign:
            stale |= set(self.storage.backlinks(name, kinds=("link", "include", "redirect", "category", "file")))
        self._evict_with_includers(evicting, stale)

    def evict_file(self, evicting: Evicting, page: str, name: str) -> None:
        """Evict what an attachment's change makes stale: its page, and the pages that show it."""
        stale = {page, *self.storage.backlinks(page, kinds=("file",), detail=name)}
        stale |= set(self.storage.backlinks(page, kinds=("file",), detail=""))
        stale |= set(self.storage.backlinks("", kinds=("pages",)))
        self._evict_with_includers(evicting, stale)

    def _evict_with_includers(self, evicting: Evicting, stale: set[str]) -> None:
        waiting = list(stale)
        while waiting:
            for includer in self.storage.backlinks(waiting.pop(), kinds=("include",)):
                if includer not in stale:
                    stale.add(includer)
                    waiting.append(includer)
            if len(stale) > EVERYONE_STALE:
                evicting.evict_all()
                return
        evicting.evict(stale)

    def page_or_none(self, name: str) -> Page | None:
        """Return the page of this name, deleted or not, or None."""
        try:
            return self.storage.page(name)
        except NoSuchPage:
            return None


def _redirect(page: str, parsed: Head) -> str:
    """Return the page that a text's `#redirect` leads to, '' for none."""
    if not parsed.redirect:
        return ""
    try:
        return names.resolve(parsed.redirect.strip('[]"').partition("#")[0], page)
    except BadName:
        return ""
