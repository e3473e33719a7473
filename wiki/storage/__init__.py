"""The storage contract: pages, revisions, attachments, accounts.

Engines say the abstract methods and may speed up the rest.

Everything that takes `readable` filters by access: it holds the ACLs (texts of `#acl` lines, None for pages without
any) whose pages the visitor may read, or is None where he may read all. Counting and paging come after this filter.
Names sort by code point. No method leaves a cursor or transaction open when it returns or yields.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from ..model import (
    Attachment,
    Branch,
    Change,
    Facts,
    Hits,
    Link,
    Page,
    Problem,
    Revision,
    StorageError,
    User,
)
from ..names import ancestors

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ..query import Node

Readable = Collection[str | None] | None


class Inherited(frozenset[str | None]):
    """A Readable for a wiki in which pages without an ACL have that of their nearest ancestor that has one.

    It holds the ACLs that may be read by themselves; `inherits` says whether a page without any may be read.
    """

    def __new__(
        cls, acls: Iterable[str | None], own: Callable[[], dict[str, str]], allows: Callable[[str | None], bool]
    ) -> Inherited:
        """`own` gives the ACLs of all pages that have one, by name; `allows` decides about an ACL."""
        self = super().__new__(cls, acls)
        self._own = own
        self._allows = allows
        return self

    _own: Callable[[], dict[str, str]]
    _allows: Callable[[str | None], bool]
    _known: dict[str, str] | None = None

    def inherits(self, name: str) -> bool:
        """Say whether a page that has no ACL may be read."""
        if self._known is None:
            self._known = self._own()
            self._decided: dict[str | None, bool] = {}
        acl = next((self._known[above] for above in reversed(ancestors(name)) if above in self._known), None)
        if acl not in self._decided:
            self._decided[acl] = self._allows(acl)
        return self._decided[acl]


def may_read(page: Page, readable: Readable) -> bool:
    """Say whether a page is among those that may be read."""
    if readable is None:
        return True
    if page.acl is None and isinstance(readable, Inherited):
        return readable.inherits(page.name)
    return page.acl in readable


Deriving = Callable[[Revision, bool], Facts]
"""Returns a revision's facts; if told so, quickly: without links and body."""
Progress = Callable[[str, int, int], None]
"""Told of long work: what is being done, how many are done, how many there are (0 = unknown)."""

CHUNK = 256 * 1024
"""Attachments are read and written in pieces of this many bytes."""


class Storage(ABC):
    """One wiki's data. Methods may be called from any thread; each process opens its own."""

    url: str

    moin_reads_accounts = False
    """Whether a MoinMoin 1.9 logs people in with these accounts too: then new password hashes are of its kind."""

    # -- transactions ------------------------------------------------------------------------------------------------

    @abstractmethod
    def writing(self) -> AbstractContextManager[None]:
        """Group the calls made inside into one transaction: all of them become visible at its end, or none.

        Reads inside see the then current state, which nobody else can change until the end (SQLite: BEGIN IMMEDIATE).
        Write methods called outside open one for themselves. Nesting joins the outer one. Raises Unavailable when the
        store cannot be locked in time, is full or read-only.
        """

    @abstractmethod
    def close(self) -> None:
        """Release what is open; the object may be used again afterwards."""

    # -- pages and revisions -----------------------------------------------------------------------------------------

    @abstractmethod
    def page(self, name: str) -> Page:
        """Return the page of exactly this name, deleted or not; raise NoSuchPage."""

    @abstractmethod
    def page_by_id(self, page_id: str) -> Page:
        """Return a page by its permanent id; raise NoSuchPage."""

    @abstractmethod
    def revision(self, name: str, number: int | None = None) -> Revision:
        """Return a revision with its text, the newest if no number is given; raise NoSuchPage or NoSuchRevision.

        The newest of a deleted page is its deletion, whose text is None.
        """

    @abstractmethod
    def history(self, name: str, before: tuple[int, int] | None = None, limit: int = 50) -> list[Change]:
        """Return changes of a page, revisions and attachments, newest first, those below a cursor; raise NoSuchPage."""

    @abstractmethod
    def put(self, revision: Revision, facts: Facts, exact: bool = False) -> Revision:
        """Store a revision and what was derived from it, and return it as stored, with page_id, position and size set.

        Its number must be the newest one's plus one (1 for a new page), else EditConflict with `theirs`. Its time is
        moved forward where needed so that it is greater than that of the page's revision before. `exact` is for
        copying between engines: number (may leave gaps, must still be greater), time, raw and page_id stay as given.
        """

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Give a page, its history and attachments another name; raise NoSuchPage or PageExists (deleted ones too)."""

    @abstractmethod
    def destroy(self, name: str) -> None:
        """Forget a page with its history and attachments for good; raise NoSuchPage."""

    # -- lists -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def pages(
        self,
        after: str = "",
        prefix: str = "",
        limit: int | None = None,
        readable: Readable = None,
        deleted: bool = False,
    ) -> list[Page]:
        """Return existing (or deleted) pages whose names begin with prefix and sort after a name, sorted by name."""

    @abstractmethod
    def links(self, name: str) -> tuple[Link, ...]:
        """Return what a page refers to, as given with its newest revision; () if there is no such page."""

    @abstractmethod
    def body(self, name: str) -> str:
        """Return the text to be searched, as given with the newest revision ('' if deleted); raise NoSuchPage."""

    @abstractmethod
    def changes(
        self,
        before: tuple[int, int] | None = None,
        limit: int = 50,
        prefix: str = "",
        readable: Readable = None,
        author: str = "",
        since: int = 0,
    ) -> list[Change]:
        """Return changes of all pages, newest first, below a cursor and not older than `since` (microseconds).

        `prefix` keeps the page of that name and its subpages; `author` those of one account id or, where an author
        had no account, name. The ACL that counts is the page's current one.
        """

    def acls(self) -> list[str | None]:
        """Return each distinct ACL that a page (deleted ones too) has now."""
        from . import defaults

        return defaults.acls(self)

    def existing(self, names: Iterable[str], readable: Readable = None) -> set[str]:
        """Return those of the names that are pages (not deleted) and readable."""
        from . import defaults

        return defaults.existing(self, names, readable)

    def count(self, prefix: str = "", readable: Readable = None, deleted: bool = False) -> int:
        """Return how many pages `pages` would list."""
        return len(self.pages(prefix=prefix, readable=readable, deleted=deleted))

    def branches(self, parent: str = "", after: str = "", limit: int = 200, readable: Readable = None) -> list[Branch]:
        """Return the children of a page ('' = the top) sorted by name; one may exist only as a parent."""
        from . import defaults

        return defaults.branches(self, parent, after, limit, readable)

    def backlinks(
        self,
        target: str,
        kinds: Collection[str] = ("link", "include", "redirect", "category"),
        detail: str | None = None,
        after: str = "",
        limit: int | None = None,
        readable: Readable = None,
    ) -> list[str]:
        """Return existing pages that refer to a target by one of these kinds (and detail), sorted by name."""
        from . import defaults

        return defaults.backlinks(self, target, kinds, detail, after, limit, readable)

    def wanted(self, limit: int = 100, offset: int = 0, readable: Readable = None) -> list[tuple[str, int]]:
        """Return names that pages link to or include but that are no pages, with how many do, most wanted first."""
        from . import defaults

        return defaults.wanted(self, limit, offset, readable)

    def orphans(self, after: str = "", limit: int = 100, readable: Readable = None) -> list[str]:
        """Return pages, sorted by name, that no other (readable) page links to, includes or redirects to."""
        from . import defaults

        return defaults.orphans(self, after, limit, readable)

    def caseless(self, name: str, readable: Readable = None) -> list[str]:
        """Return pages whose names differ from this one in case only (str.casefold)."""
        from . import defaults

        return defaults.caseless(self, name, readable)

    def random(self, count: int = 1, readable: Readable = None) -> list[str]:
        """Return names of up to this many different pages, picked at random."""
        from . import defaults

        return defaults.random(self, count, readable)

    def search(self, query: Node, limit: int = 20, offset: int = 0, readable: Readable = None) -> Hits:
        """Return the pages that a query matches, best first: matches in the name weigh most, then rare words."""
        from . import defaults

        return defaults.search(self, query, limit, offset, readable)

    def titles(self, part: str, limit: int = 10, readable: Readable = None) -> list[str]:
        """Return pages whose names contain a text (case ignored): that begin with it first, then words, then parts."""
        from . import defaults

        return defaults.titles(self, part, limit, readable)

    # -- attachments -------------------------------------------------------------------------------------------------

    @abstractmethod
    def attach(self, attachment: Attachment, content: BinaryIO | None, exact: bool = False) -> Attachment:
        """Store a new version of a file (None = it is removed) and return it with version, size, sha256 and time set.

        The page must exist, deleted or not; raise NoSuchPage. An `attach` or `detach` change is added to its history.
        `exact` keeps the time given (copying).
        """

    @abstractmethod
    def attachments(self, page: str) -> list[Attachment]:
        """Return the newest version of each file that a page has now, sorted by name; raise NoSuchPage."""

    @abstractmethod
    def attachment(self, page: str, name: str, version: int | None = None) -> Attachment:
        """Return a version of a file, else the newest; raise NoSuchPage or NoSuchFile (removed: only by version)."""

    @abstractmethod
    def attachment_versions(self, page: str, name: str) -> list[Attachment]:
        """Return all versions of a file, newest first, removals too; raise NoSuchFile if there never was one."""

    @abstractmethod
    def content(self, attachment: Attachment, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a version from start to before end, each piece of at most CHUNK in a read of its own."""

    # -- accounts ----------------------------------------------------------------------------------------------------

    @abstractmethod
    def user(self, user_id: str) -> User:
        """Return an account by id; raise NoSuchUser."""

    @abstractmethod
    def users(self) -> list[User]:
        """Return all accounts, sorted by name."""

    @abstractmethod
    def put_user(self, user: User) -> None:
        """Store an account, new or changed; raise NameTaken if another has its name or e-mail (case ignored)."""

    @abstractmethod
    def drop_user(self, user_id: str) -> None:
        """Forget an account; what it wrote keeps its name."""

    def subscribers(self) -> list[User]:
        """Return the accounts that have subscriptions (the setting `subscribed_pages`), sorted by name."""
        return [user for user in self.users() if user.settings.get("subscribed_pages")]

    def user_named(self, name: str) -> User:
        """Return the account of this name, or of this e-mail address (case and form ignored); raise NoSuchUser."""
        from . import defaults

        return defaults.user_named(self, name)

    # -- records: sessions, counters, one-time codes, presence, drafts, settings of the store -----------------------

    @abstractmethod
    def record(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return a record, or None if there is none or it has expired."""

    @abstractmethod
    def records(self, kind: str, prefix: str = "") -> dict[str, dict[str, Any]]:
        """Return all unexpired records of a kind whose keys begin with prefix, by key."""

    @abstractmethod
    def keep(self, kind: str, key: str, value: dict[str, Any], expires: int = 0) -> None:
        """Store a record; `expires` in seconds since 1970, 0 = never."""

    @abstractmethod
    def drop(self, kind: str, key: str) -> bool:
        """Forget a record; return whether it was there (so that a one-time code works once)."""

    @abstractmethod
    def tally(self, key: str, seconds: int, now: float) -> int:
        """Count one more event under a key and return how many there were in this window of so many seconds."""

    # -- the store itself --------------------------------------------------------------------------------------------

    @abstractmethod
    def check(self, progress: Progress | None = None) -> Iterator[Problem]:
        """Yield what is damaged: unreadable texts or files, wrong checksums, facts or indexes that disagree."""

    @abstractmethod
    def reindex(self, facts: Callable[[Revision], Facts], progress: Progress | None = None) -> None:
        """Derive links, ACLs and the search index of every page anew."""

    superusers: frozenset[str] = frozenset()
    """Accounts of a MoinMoin directory that are administrators, by name."""

    deriving: Deriving | None = None
    """How facts are derived: given by core to an engine whose pages other programs write too."""

    def behind(self) -> bool:
        """Say, within microseconds, whether there is anything for `changed_elsewhere`."""
        return False

    def changed_elsewhere(self, seconds: float = 0.3, progress: Progress | None = None) -> list[str]:
        """Take over what another program changed, for about so many seconds, and return the names of those pages.

        Their facts are derived anew with `deriving`. What the caller keeps of these pages is out of date: inside one
        transaction with whatever he does about that, nothing of it can be forgotten.
        """
        return []

    def stamps(self, name: str) -> list[str]:
        """Return the states, as `pagecache.stamp` tells them, of the files by which another program's change is seen.

        Of this page; without a name, of any.
        """
        return []


def open_storage(url: str, folder: str, underlay: str = "") -> Storage:
    """Return the storage that a URL names: `sqlite:wiki.db`, `files:.`, `memory:`; relative paths lie below folder."""
    scheme, colon, rest = url.partition(":")
    if colon and scheme == "sqlite":
        from .sqlite import SqliteStorage

        return SqliteStorage(rest or "wiki.db", folder)
    if colon and scheme == "files":
        from .files import FilesStorage

        return FilesStorage(rest or ".", folder, underlay)
    if colon and scheme == "memory":
        from .memory import MemoryStorage

        return MemoryStorage()
    raise StorageError("“%(url)s” is not a storage URL: use sqlite:wiki.db, files:. or memory:.", url=url)
