"""What one visitor may do: every method asks the access rights first and raises Forbidden.

Views and macros hold nothing lower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from . import acl, names
from .markup.head import head
from .model import (
    Attachment,
    Author,
    BadName,
    BadRequest,
    Branch,
    Change,
    EditConflict,
    Facts,
    Forbidden,
    Hits,
    NoSuchFile,
    NoSuchPage,
    NoSuchRevision,
    Page,
    PageExists,
    Revision,
    User,
    WikiError,
)

if TYPE_CHECKING:
    from .core import Evicting, Wiki
    from .markup import Rendered
    from .query import Node

ATTEMPTS = 5
"""How often a save is prepared anew when others keep saving the same page in between."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save: the newest revision, whether others' changes were merged in, whether nothing changed."""

    revision: Revision
    merged: bool = False
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Renamed:
    """What became of a rename: the new name, the pages whose links were rewritten, and those that could not be."""

    name: str
    rewritten: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class Visit:
    """One visitor's access to one wiki, for the time of one request. `user` is None for an anonymous visitor."""

    def __init__(self, wiki: Wiki, user: User | None, author: Author) -> None:
        self.wiki = wiki
        self.user = user
        self.author = author
        self.storage = wiki.storage
        self._members: dict[str, tuple[str, ...]] = {}
        name = user.name if user else ""
        admin = user is not None and user.admin
        self.who = acl.Who(name, known=user is not None, trusted=False, admin=admin, groups=self._in_group)

    # -- rights ------------------------------------------------------------------------------------------------------

    def may(self, right: str, name: str) -> bool:
        """Say whether the visitor has a right on a page, there or not."""
        page = self.wiki.page_or_none(name)
        return self._allows(right, page.acl if page else None)

    def require(self, right: str, name: str) -> None:
        """Raise Forbidden unless the visitor has a right on a page."""
        if not self.may(right, name):
            raise Forbidden(right=right, name=name)

    def explain(self, right: str, name: str) -> acl.Explanation:
        """Return whether the visitor has a right on a page, and which rule says so."""
        page = self.wiki.page_or_none(name)
        return self.wiki.policy.explain(page.acl if page else None, self.who, right)

    @cached_property
    def readable(self) -> frozenset[str | None] | None:
        """The ACLs whose pages the visitor may read; None if he may read them all."""
        acls = self.storage.acls()
        allowed = frozenset(text for text in acls if self._allows("read", text))
        return None if len(allowed) == len(acls) else allowed

    def _allows(self, right: str, text: str | None) -> bool:
        return self.wiki.policy.allows(text, self.who, right)

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
        if not self._allows("read", page.acl):
            raise Forbidden(right="read", name=page.name)
        return page

    def read(self, name: str, number: int | None = None) -> Revision:
        """Return a revision with text; raise NoSuchPage (also if it is a deletion), NoSuchRevision or Forbidden."""
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

    def similar(self, name: str, limit: int = 8) -> list[str]:
        """Return pages with names like this one: other case first, then near spellings and shared words."""
        from . import search

        found = dict.fromkeys(self.storage.caseless(name, self.readable))
        words = [word for word in search.title_words(name) if len(word) > 2]
        candidates = {title for word in words[:6] for title in self.titles(word, 30)}
        candidates |= {title for word in words[:2] for title in self.titles(word[: max(3, len(word) - 2)], 30)}
        found.update(dict.fromkeys(search.similar(name, sorted(candidates))))
        found.pop(name, None)
        return list(found)[:limit]

    # -- saving ------------------------------------------------------------------------------------------------------

    def save(
        self,
        name: str,
        text: str,
        base: int | None = None,
        comment: str = "",
        minor: bool = False,
        kind: str = "edit",
        source: str = "",
        labels: tuple[str, str] = ("theirs", "yours"),
    ) -> Saved:
        """Save a text as the page's next revision.

        `base` is the number of the revision that was edited (0: there was none; None: whatever is newest). Changes
        that others saved since are merged; raises EditConflict (with `theirs` and `merged`, where overlaps are marked)
        if they overlap, Forbidden, TooLarge, BadName or Unavailable. Nothing is stored then.
        """
        name = names.normal(name)
        mine = self.wiki.normalised(text)
        comment = one_line(comment)
        for _attempt in range(ATTEMPTS):
            page = self.wiki.page_or_none(name)
            self._may_save(name, page, mine)
            current = self.storage.revision(name) if page else None
            number = current.number if current else 0
            merged = False
            wanted = mine
            if current is not None and base is not None and base != number and current.text != mine:
                wanted, merged = self._merge(name, base, current, mine, labels), True
            if current is not None and current.text == wanted and kind in ("edit", "revert"):
                return Saved(current, merged, unchanged=True)
            if current is None and kind == "edit" and not wanted.strip():
                raise BadRequest("An empty page cannot be created: write something first.", name=name)
            facts, rendered = self.wiki.facts(name, wanted)
            revision = Revision(
                page=name,
                number=number + 1,
                text=wanted,
                author=self.author,
                time=self.wiki.now(),
                kind=kind,
                source=source,
                comment=comment,
                minor=minor and self.user is not None,
            )
            with self._writing() as evicting:
                now = self.wiki.page_or_none(name)
                if (now.number if now else 0) != number:
                    continue
                self._may_save(name, now, wanted)
                stored = self._put(evicting, revision, facts, now)
            if rendered is not None:
                self.wiki.fragments.keep(stored.page_id, stored.number, name, rendered)
            return Saved(stored, merged)
        raise EditConflict(name=name, theirs=self.storage.revision(name), merged=mine)

    def _may_save(self, name: str, page: Page | None, text: str) -> None:
        """Raise Forbidden unless the visitor may write the page, and may change its ACL if the text does."""
        was = page.acl if page else None
        if not self._allows("write", was):
            raise Forbidden(right="write", name=name)
        if head(text).acl != was and not self._allows("admin", was):
            raise Forbidden("Changing the #acl line of “%(name)s” needs the right “admin”.", right="admin", name=name)

    def _merge(self, name: str, base: int, current: Revision, mine: str, labels: tuple[str, str]) -> str:
        from . import merge

        if not self._allows("read", self.storage.page(name).acl):
            raise Forbidden(right="read", name=name)
        try:
            old = self.storage.revision(name, base).text or "" if base else ""
        except NoSuchRevision:
            raise BadRequest("The revision that this edit began with does not exist.", name=name) from None
        result = merge.three_way(old, current.text or "", mine, labels)
        if result.conflicts:
            raise EditConflict(name=name, theirs=current, merged=result.text)
        return result.text

    def revert(self, name: str, number: int, comment: str = "") -> Saved:
        """Save an old revision's text again; raise Forbidden, NoSuchRevision."""
        self.require("revert", name)
        old = self.read(name, number)
        return self.save(name, old.text or "", comment=comment, kind="revert", source=str(number))

    def restore(self, name: str, comment: str = "") -> Saved:
        """Save the last text of a deleted page again; raise Forbidden, NoSuchPage or PageExists."""
        page = self.page(name)
        if not page.deleted:
            raise PageExists(name=name)
        last = next(
            (change for change in self._revisions(name) if change.kind != "delete"),
            None,
        )
        if last is None:
            raise NoSuchPage(name=name)
        return self.revert(name, last.number, comment)

    def _revisions(self, name: str) -> Iterator[Change]:
        before = None
        while batch := self.storage.history(name, before, 100):
            yield from (change for change in batch if change.number)
            before = batch[-1].cursor

    def delete(self, name: str, comment: str = "") -> Revision:
        """Delete a page: its history and attachments stay; raise NoSuchPage or Forbidden."""
        self.require("delete", name)
        with self._writing() as evicting:
            page = self.storage.page(name)
            if page.deleted:
                raise NoSuchPage(name=name)
            self._require_on("delete", page)
            return self._put(evicting, self._deletion(page, one_line(comment)), Facts(acl=page.acl), page)

    def _deletion(self, page: Page, comment: str) -> Revision:
        return Revision(
            page=page.name,
            number=page.number + 1,
            author=self.author,
            time=self.wiki.now(),
            kind="delete",
            comment=comment,
        )

    def destroy(self, name: str) -> None:
        """Forget a page for good; administrators only."""
        if not self.who.admin:
            raise Forbidden("Only an administrator may destroy the page “%(name)s”.", name=name)
        with self._writing() as evicting:
            page = self.storage.page(name)
            self.storage.destroy(name)
            self.wiki.evict(evicting, name, page, None)

    def copy(self, old: str, new: str, comment: str = "") -> Saved:
        """Save a page's text, and its files, under another name; raise PageExists, Forbidden, NoSuchPage."""
        source = self.read(old)
        new = self._free(new)
        saved = self.save(new, source.text or "", base=0, comment=comment, kind="copy", source=old)
        for file in self.storage.attachments(old):
            with Reader(self.storage.content(file)) as content:
                self.attach(new, file.name, content)
        return saved

    def _free(self, name: str) -> str:
        """Return the normal form of a name that no page has; raise PageExists."""
        name = names.normal(name)
        page = self.wiki.page_or_none(name)
        if page is not None and not page.deleted:
            raise PageExists(name=name)
        return name

    # -- renaming ----------------------------------------------------------------------------------------------------

    def linking(self, name: str) -> list[tuple[str, bool]]:
        """Return the pages that link to a page and whether the visitor may write them."""
        return [(page, self.may("write", page)) for page in self.backlinks(name, kinds=("link", "include", "category"))]

    def rename(self, old: str, new: str, comment: str = "", redirect: bool = True, rewrite: bool = True) -> Renamed:
        """Give a page another name; its history and files go with it. One transaction.

        `redirect` leaves a page under the old name that leads to the new one and carries its ACL; `rewrite` changes
        the links on pages that the visitor may write. Raises NoSuchPage, PageExists, Forbidden, BadName.
        """
        for right in ("write", "delete"):
            self.require(right, old)
        current = self.read(old)
        text = current.text or ""
        new = names.normal(new)
        if new == old:
            raise PageExists(name=new)
        self._may_take(new, old)
        rewritten, left = self._rewritten(old, new) if rewrite else ([], [])
        facts, rendered = self.wiki.facts(new, text)
        parsed = head(text)
        stub = (f"#acl {parsed.acl}\n" if parsed.acl is not None else "") + f"#redirect {new}\n"
        stub_facts, _ = self.wiki.facts(old, stub)
        with self._writing() as evicting:
            page = self.storage.page(old)
            if page.number != current.number:
                raise EditConflict(name=old, theirs=self.storage.revision(old))
            for right in ("write", "delete"):
                self._require_on(right, page)
            self._make_way(evicting, new, old)
            self.storage.rename(old, new)
            moved = Revision(
                page=new,
                number=page.number + 1,
                text=text,
                author=self.author,
                time=self.wiki.now(),
                kind="rename",
                source=old,
                comment=one_line(comment),
            )
            self.wiki.evict(evicting, old, page, None)
            stored = self._put(evicting, moved, facts, None)
            if redirect:
                stub_revision = Revision(
                    page=old,
                    number=1,
                    text=stub,
                    author=self.author,
                    time=self.wiki.now(),
                    kind="rename",
                    source=new,
                )
                self._put(evicting, stub_revision, stub_facts, None)
            done = []
            for revision, page_facts in rewritten:
                there = self.wiki.page_or_none(revision.page)
                if there and there.number + 1 == revision.number and self._allows("write", there.acl):
                    self._put(evicting, revision, page_facts, there)
                    done.append(revision.page)
                else:
                    left.append(revision.page)
        if rendered is not None:
            self.wiki.fragments.keep(stored.page_id, stored.number, new, rendered)
        return Renamed(new, tuple(done), tuple(left))

    def _may_take(self, new: str, old: str) -> None:
        """Raise unless the new name is free for the visitor: no page there, a deleted one, or the stub of a rename."""
        page = self.wiki.page_or_none(new)
        if not self._allows("write", page.acl if page else None):
            raise Forbidden(right="write", name=new)
        if page is not None and not page.deleted and page.redirect != old:
            raise PageExists(name=new)

    def _make_way(self, evicting: Evicting, new: str, old: str) -> None:
        """Move what lies under the new name aside: its history is kept, as a deleted page with a number in its name."""
        self._may_take(new, old)
        page = self.wiki.page_or_none(new)
        if page is None:
            return
        if not page.deleted:
            self._put(evicting, self._deletion(page, ""), Facts(acl=page.acl), page)
        free = next(name for i in range(1, 10_000) if self.wiki.page_or_none(name := aside(new, i)) is None)
        self.storage.rename(new, free)

    def _rewritten(self, old: str, new: str) -> tuple[list[tuple[Revision, Facts]], list[str]]:
        """Return the revisions that rewriting links makes, with their facts, and the pages that cannot be rewritten."""
        from .markup.wikilinks import rewritten

        ready: list[tuple[Revision, Facts]] = []
        left: list[str] = []
        for name, writable in self.linking(old):
            if name == old:
                continue
            page = self.storage.revision(name)
            parsed = head(page.text or "")
            text = rewritten(page.text or "", parsed.format or self.wiki.rules.markup, name, old, new)
            if not writable or text == page.text:
                left.append(name)
                continue
            revision = Revision(
                page=name,
                number=page.number + 1,
                text=text,
                author=self.author,
                time=self.wiki.now(),
                comment=f"{old} → {new}",
                minor=True,
            )
            ready.append((revision, self.wiki.facts(name, text)[0]))
        return ready, left

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

    def attach(self, page: str, name: str, content: BinaryIO, comment: str = "", type: str = "") -> Attachment:
        """Keep a file with a page, as a new version of one of this name; raise Forbidden, NoSuchPage, BadName."""
        self.require("write", page)
        name = names.file_normal(name)
        return self._attach(page, name, content, comment, type or media_type(name))

    def detach(self, page: str, name: str, comment: str = "") -> None:
        """Remove a file from a page (its versions stay); raise Forbidden, NoSuchFile."""
        self.require("delete", page)
        file = self.attachment(page, name)
        self._attach(page, name, None, comment, file.type)

    def reattach(self, page: str, name: str, version: int, comment: str = "") -> Attachment:
        """Make an old version of a file the newest; raise Forbidden, NoSuchFile."""
        self.require("write", page)
        old = self.attachment(page, name, version)
        if old.deleted:
            raise NoSuchFile(page=page, name=name)
        with Reader(self.storage.content(old)) as content:
            return self._attach(page, name, content, comment, old.type)

    def _attach(self, page: str, name: str, content: BinaryIO | None, comment: str, type: str) -> Attachment:
        new = Attachment(
            page=page,
            name=name,
            version=0,
            type=type,
            author=self.author,
            time=self.wiki.now(),
            comment=one_line(comment),
            deleted=content is None,
        )
        with self._writing() as evicting:
            self._require_on("delete" if content is None else "write", self.storage.page(page))
            stored = self.storage.attach(new, content)
            self.wiki.evict_file(evicting, page, name)
        return stored

    # -- writing ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[Evicting]:
        """The one door for changes: a storage transaction in which the page cache's lock is held."""
        with self.wiki.cache.writing(self.storage.writing()) as evicting:
            yield evicting

    def _put(self, evicting: Evicting, revision: Revision, facts: Facts, before: Page | None) -> Revision:
        stored = self.storage.put(revision, facts)
        self.wiki.evict(evicting, revision.page, before, self.storage.page(revision.page))
        return stored

    def _require_on(self, right: str, page: Page) -> None:
        """Raise Forbidden by the state of the page inside a transaction."""
        if not self._allows(right, page.acl):
            raise Forbidden(right=right, name=page.name)


class Reader:
    """An iterator of bytes as a readable file, for storing what was just read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Return at most size bytes, all that is left if negative, b"" at the end."""
        while size < 0 or len(self._rest) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest += piece
        if size < 0:
            size = len(self._rest)
        result, self._rest = self._rest[:size], self._rest[size:]
        return result

    def __enter__(self) -> BinaryIO:
        return self  # type: ignore[return-value]  # only read() is asked of it

    def __exit__(self, *_: object) -> None:
        close: Callable[[], None] | None = getattr(self._pieces, "close", None)
        if close:
            close()


def one_line(comment: str) -> str:
    """Return a comment without line ends, at most 500 characters."""
    return " ".join(comment.split())[:500]


def aside(name: str, count: int) -> str:
    """Return the name under which a page that made way for a rename is kept."""
    return f"{name} ({count})"


def media_type(name: str) -> str:
    """Return the media type that a file's name says, `application/octet-stream` if none."""
    import mimetypes

    return mimetypes.guess_type(name)[0] or "application/octet-stream"


__all__ = ["BadName", "Renamed", "Saved", "Visit", "WikiError"]
