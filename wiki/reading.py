"""What one visitor may read: rights, pages, history, lists, files. Each asks the access rights first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from . import acl, names
from .model import (
    Attachment,
    Author,
    Branch,
    Change,
    Forbidden,
    Hits,
    NoSuchPage,
    NoSuchRevision,
    Page,
    Revision,
    User,
)
from .storage import Inherited

if TYPE_CHECKING:
    from .core import Wiki
    from .markup import Rendered
    from .query import Node
    from .storage import Readable


class Reading:
    """The reading half of a visit. `user` is None for an anonymous visitor."""

    def __init__(self, wiki: Wiki, user: User | None, author: Author, trusted: bool = False) -> None:
        self.wiki = wiki
        self.user = user
        self.author = author
        self.storage = wiki.storage
        self._stamps: dict[str, None] = {}
        self._wiki_stamps: list[str] = []
        self.done: list[Revision | Attachment] = []
        """What this visit has changed, for those who want to be told; links that a rename rewrote are not in it."""
        self._members: dict[str, tuple[str, ...]] = {}
        name = user.name if user else ""
        admin = user is not None and user.admin
        self.who = acl.Who(
            name, known=user is not None, trusted=trusted and user is not None, admin=admin, groups=self._in_group
        )

    # -- rights ------------------------------------------------------------------------------------------------------

    def may(self, right: str, name: str) -> bool:
        """Say whether the visitor has a right on a page, there or not."""
        page = self.wiki.page_or_none(name)
        return self._allows(right, name, page.acl if page else None)

    def require(self, right: str, name: str) -> None:
        """Raise Forbidden unless the visitor has a right on a page."""
        if not self.may(right, name):
            raise Forbidden(right=right, name=name)

    def explain(self, right: str, name: str) -> acl.Explanation:
        """Return whether the visitor has a right on a page, and which rule says so."""
        page = self.wiki.page_or_none(name)
        return self.wiki.policy.explain(self.effective(name, page.acl if page else None), self.who, right)

    @cached_property
    def readable(self) -> Readable:
        """The ACLs whose pages the visitor may read; None if he may read them all."""
        acls = self.storage.acls()
        allowed = frozenset(text for text in acls if self.wiki.policy.allows(text, self.who, "read"))
        if self.wiki.hierarchic and not self.who.admin:
            return Inherited(allowed, self._own_acls, lambda text: self.wiki.policy.allows(text, self.who, "read"))
        return None if len(allowed) == len(acls) else allowed

    def _own_acls(self) -> dict[str, str]:
        having = [text for text in self.storage.acls() if text is not None]
        return {page.name: page.acl for page in self.storage.pages(readable=having) if page.acl is not None}

    def _allows(self, right: str, name: str, text: str | None) -> bool:
        """Say whether the visitor has a right on a page of this name and ACL."""
        return self.wiki.policy.allows(self.effective(name, text), self.who, right)

    def effective(self, name: str, text: str | None) -> str | None:
        """Return the ACL that counts for a page: its own, else, if the wiki is hierarchic, its nearest ancestor's."""
        if text is None and self.wiki.hierarchic:
            for above in reversed(names.ancestors(name)):
                page = self.wiki.page_or_none(above)
                if page is not None and not page.deleted and page.acl is not None:
                    return page.acl
        return text

    def _in_group(self, group: str) -> bool:
        """Say whether the visitor is a member of a group page, also through groups within it."""
        seen: set[str] = set()
        waiting = [group]
        while waiting:
            name = waiting.pop()
            if name in seen or not self.wiki.is_group(name):
                continue
            seen.add(name)
            members = self._group_members(name)
            if self.who.name and self.who.name in members:
                return True
            if (
                "All" in members
                or ("Known" in members and self.who.known)
                or ("Trusted" in members and self.who.trusted)
            ):
                return True
            waiting.extend(members)
        return False

    def _group_members(self, group: str) -> tuple[str, ...]:
        if group not in self._members:
            try:
                text = self.storage.revision(group).text or ""
            except NoSuchPage:
                text = ""
            self._members[group] = acl.members(text)
        return self._members[group]

    # -- reading -----------------------------------------------------------------------------------------------------

    def page(self, name: str) -> Page:
        """Return a page, deleted or not; raise NoSuchPage or Forbidden."""
        self.require("read", name)
        return self.storage.page(name)

    def page_by_id(self, page_id: str) -> Page:
        """Return a page by its permanent id; raise NoSuchPage or Forbidden."""
        page = self.storage.page_by_id(page_id)
        if not self._allows("read", page.name, page.acl):
            raise Forbidden(right="read", name=page_id)  # its name is not for who may not read it
        return page

    def read(self, name: str, number: int | None = None) -> Revision:
        """Return a revision with text; raise NoSuchPage (also if it is a deletion), NoSuchRevision or Forbidden."""
        if self.user is None:
            # Before it is read, so that what is kept of it can be told from what another program writes next.
            if not self._stamps:
                self._wiki_stamps = self.storage.stamps("")
            self._stamps.update(dict.fromkeys(self.storage.stamps(name)))
        self.require("read", name)
        revision = self.storage.revision(name, number)
        if revision.text is None:
            if number is None:
                raise NoSuchPage(name=name)
            raise NoSuchRevision(name=name, number=number)
        return revision

    def history(self, name: str, before: tuple[int, int] | None = None, limit: int = 50) -> list[Change]:
        """Return a page's changes, newest first; raise NoSuchPage or Forbidden."""
        self.require("read", name)
        return [self._told(change) for change in self.storage.history(name, before, limit)]

    def _told(self, change: Change) -> Change:
        """Return a change without the name of an unreadable page that this one was copied or renamed from."""
        if change.kind in ("copy", "rename") and change.source and not self.may("read", change.source):
            return replace(change, kind="edit", source="")
        return change

    def rendered(self, revision: Revision) -> Rendered:
        """Return a revision's rendering with its holes still open; for `view.View` to fill."""
        return self.wiki.fragment(revision.page_id, revision.number, revision.page, revision.text or "")

    def rendered_text(self, name: str, text: str) -> Rendered:
        """Return a text that is not saved, as the page of this name; for previews."""
        return self.wiki.rendered(name, self.wiki.normalised(text))

    def stamps_for(self, depends: set[str]) -> list[str]:
        """Return the stamps of the files on which what an anonymous visitor read depends: see `Storage.stamps`."""
        return [*self._stamps, *(self._wiki_stamps if "pages" in depends else ())]

    # -- lists (each filtered by what may be read) ------------------------------------------------------------------

    def existing(self, wanted: set[str]) -> set[str]:
        """Return those of the names that are pages which the visitor may read."""
        return self.storage.existing(wanted, self.readable) if wanted else set()

    def pages(self, after: str = "", prefix: str = "", limit: int | None = None, deleted: bool = False) -> list[Page]:
        """Return pages sorted by name, after a name."""
        return self.storage.pages(after, prefix, limit, self.readable, deleted)

    def all_names(self) -> list[str]:
        """Return the names of all pages, sorted."""
        return [page.name for page in self.pages()]

    def count(self, prefix: str = "", deleted: bool = False) -> int:
        """Return how many pages there are."""
        return self.storage.count(prefix, self.readable, deleted)

    def branches(self, parent: str = "", after: str = "", limit: int = 200) -> list[Branch]:
        """Return the children of a page in the tree."""
        return self.storage.branches(parent, after, limit, self.readable)

    def changes(
        self, before: tuple[int, int] | None = None, limit: int = 50, prefix: str = "", author: str = "", since: int = 0
    ) -> list[Change]:
        """Return changes of all pages, newest first."""
        found = self.storage.changes(before, limit, prefix, self.readable, author, since)
        return [self._told(change) for change in found]

    def backlinks(
        self,
        name: str,
        after: str = "",
        limit: int | None = None,
        kinds: tuple[str, ...] = ("link", "include", "redirect", "category"),
    ) -> list[str]:
        """Return the pages that link to a page."""
        return self.storage.backlinks(name, kinds, None, after, limit, self.readable)

    def wanted(self, limit: int = 100, offset: int = 0) -> list[tuple[str, int]]:
        """Return names that are linked to but are no pages, with how many pages want them."""
        return self.storage.wanted(limit, offset, self.readable)

    def orphans(self, after: str = "", limit: int = 100) -> list[str]:
        """Return pages that nothing links to."""
        return self.storage.orphans(after, limit, self.readable)

    def random(self, count: int = 1) -> list[str]:
        """Return names of pages picked at random."""
        return self.storage.random(count, self.readable)

    def search(self, query: Node, limit: int = 20, offset: int = 0) -> Hits:
        """Return one page of search results. A `regex:` needs an account (its cost cannot be bounded well)."""
        from . import search

        return search.found(query, self.storage, self.readable, self.user is not None, limit, offset)

    def titles(self, part: str, limit: int = 10) -> list[str]:
        """Return pages whose names contain a text."""
        return self.storage.titles(part, limit, self.readable)

    def caseless(self, name: str) -> list[str]:
        """Return pages whose names differ from this one in case only."""
        return self.storage.caseless(name, self.readable)

    def similar(self, name: str, limit: int = 8) -> list[str]:
        """Return pages with names like this one: other case first, then near spellings and shared words."""
        from . import search

        found = dict.fromkeys(self.caseless(name))
        words = [word for word in search.title_words(name) if len(word) > 2]
        candidates = {title for word in words[:6] for title in self.titles(word, 30)}
        candidates |= {title for word in words[:2] for title in self.titles(word[: max(3, len(word) - 2)], 30)}
        found.update(dict.fromkeys(search.similar(name, sorted(candidates))))
        found.pop(name, None)
        return list(found)[:limit]

    # -- attachments -------------------------------------------------------------------------------------------------

    def attachments(self, page: str) -> list[Attachment]:
        """Return a page's files, sorted by name; [] for a page that is not there; raise Forbidden."""
        self.require("read", page)
        try:
            return self.storage.attachments(page)
        except NoSuchPage:
            return []

    def attachment(self, page: str, name: str, version: int | None = None) -> Attachment:
        """Return a file, or a version of it; raise NoSuchPage, NoSuchFile or Forbidden."""
        self.require("read", page)
        return self.storage.attachment(page, name, version)

    def attachment_versions(self, page: str, name: str) -> list[Attachment]:
        """Return all versions of a file, newest first; raise NoSuchFile or Forbidden."""
        self.require("read", page)
        return self.storage.attachment_versions(page, name)

    def content(self, attachment: Attachment, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return an iterator over a file's bytes; raise Forbidden."""
        self.require("read", attachment.page)
        return self.storage.content(attachment, start, end)
