"""The records that all parts of the wiki speak in, and the errors they raise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MICROSECONDS = 1_000_000

KINDS = ("edit", "revert", "rename", "copy", "delete", "attach", "detach")
"""What a change was. `delete` goes with a text of None; `attach` and `detach` concern a file and have number 0."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a change: account id ('' if none), the name shown, network address and host name ('' if unknown)."""

    id: str = ""
    name: str = ""
    address: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened to a page, without its text.

    `time` is in microseconds since 1970 UTC; `size` the bytes of the text or file; `source` is what the kind refers
    to: the reverted revision's number, the old name of a rename or copy, the file name of an attachment.
    `position` is the engine's own order among changes of equal time.
    """

    page: str
    number: int
    author: Author = Author()
    time: int = 0
    kind: str = "edit"
    source: str = ""
    comment: str = ""
    minor: bool = False
    size: int = 0
    page_id: str = ""
    position: int = 0

    @property
    def cursor(self) -> tuple[int, int]:
        """Where this change stands in the list of all: newest is greatest."""
        return (self.time, self.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision(Change):
    """One saved state of a page. `text` is None for a deletion; `raw` the stored bytes where they differ from it."""

    text: str | None = None
    raw: bytes | None = None


def revision_of(change: Change, text: str | None, raw: bytes | None = None) -> Revision:
    """Return the revision that a change made, with its text and, where they differ from it, the stored bytes."""
    return Revision(
        page=change.page,
        number=change.number,
        author=change.author,
        time=change.time,
        kind=change.kind,
        source=change.source,
        comment=change.comment,
        minor=change.minor,
        size=change.size,
        page_id=change.page_id,
        position=change.position,
        text=text,
        raw=raw,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as lists need it: newest revision's number and time, and facts derived from its text.

    A deleted page keeps the ACL of its last text. `acl` is None where the page has no ACL line.
    """

    id: str
    name: str
    number: int
    time: int = 0
    deleted: bool = False
    acl: str | None = None
    format: str = ""
    redirect: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """What a page's rendering refers to.

    kind is `link` (to a page), `include` (transclusion), `category`, `redirect`, `file` (an attachment: `detail` is
    the file name, `target` the page that has it), or `pages` (the whole set of pages; `target` is '').
    """

    kind: str
    target: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What core derived from a revision's text, for the engine to keep beside the page. Engines never parse text."""

    links: tuple[Link, ...] = ()
    acl: str | None = None
    format: str = ""
    redirect: str = ""
    body: str = ""
    """The text to be searched, without processing instructions; '' for a deleted page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One version (from 1) of a file kept with a page. `deleted` marks a version that removed the file.

    `width` and `height` are a picture's, in pixels; 0 where they are not known.
    """

    page: str
    name: str
    version: int
    size: int = 0
    type: str = "application/octet-stream"
    sha256: str = ""
    width: int = 0
    height: int = 0
    author: Author = Author()
    time: int = 0
    comment: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. `hash` is the password's hash with its scheme ('' = no password login).

    `state` is `active`, `pending` (waits for an administrator) or `disabled`. `settings` holds preferences:
    language, theme, timezone, quicklinks ...
    """

    id: str
    name: str
    email: str = ""
    hash: str = ""
    admin: bool = False
    state: str = "active"
    created: int = 0
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branch:
    """One child in a page tree: its full name, whether it is itself a page, and whether there is more below it."""

    name: str
    page: bool
    children: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that a search found; a greater score is better."""

    name: str
    score: float
    title: bool = False


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of search results. `total` counts all matches up to a bound; `more` says that it stopped counting."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    more: bool = False
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Damage that a check found: where, and what in a sentence. A `warning` may be as it should."""

    where: str
    what: str
    warning: bool = False


class WikiError(Exception):
    """An error in the visitor's words.

    `message` is an English format string (translated by the web); `params` fill it.
    """

    message = "Something went wrong."
    status = 500

    def __init__(self, message: str = "", **params: object) -> None:
        self.message = message or type(self).message
        self.params = params
        super().__init__(self.message % params if params else self.message)


class BadName(WikiError):
    """The page or file name cannot be used."""

    message = "“%(name)s” cannot be a page name."
    status = 400


class BadRequest(WikiError):
    """What was asked makes no sense; the message says why."""

    message = "This request could not be understood."
    status = 400


class NoSuchPage(WikiError):
    """There is no page of this name, or it is deleted."""

    message = "There is no page “%(name)s”."
    status = 404


class NoSuchRevision(NoSuchPage):
    """The page has no revision of this number."""

    message = "“%(name)s” has no revision %(number)s."


class NoSuchFile(WikiError):
    """The page has no attachment of this name, or not in this version."""

    message = "“%(page)s” has no attachment “%(name)s”."
    status = 404


class NoSuchUser(WikiError):
    """There is no such account."""

    message = "There is no account “%(name)s”."
    status = 404


class Forbidden(WikiError):
    """The visitor lacks the right."""

    message = "You may not %(right)s the page “%(name)s”."
    status = 403


class PageExists(WikiError):
    """A page of this name is already there."""

    message = "There is already a page “%(name)s”."
    status = 409


class NameTaken(WikiError):
    """Another account has this name or e-mail address."""

    message = "There is already an account “%(name)s”."
    status = 409


class EditConflict(WikiError):
    """Somebody saved this revision number first.

    `theirs` is the newest revision, `merged` a text with marked overlaps.
    """

    message = "“%(name)s” was changed by someone else while you were editing."
    status = 409

    def __init__(
        self, message: str = "", *, theirs: Revision | None = None, merged: str = "", **params: object
    ) -> None:
        super().__init__(message, **params)
        self.theirs = theirs
        self.merged = merged


class TooLarge(WikiError):
    """A text or file is over the limit."""

    message = "This is too large: at most %(limit)s bytes are allowed."
    status = 413


class TooMany(WikiError):
    """Too many attempts; `seconds` until the next is allowed."""

    message = "Too many attempts. Please try again in %(seconds)s seconds."
    status = 429


class Unavailable(WikiError):
    """The store cannot be written (or read) at the moment: locked, full, read-only."""

    message = "The wiki cannot store anything at the moment. Please try again in a little while."
    status = 503


class StorageError(WikiError):
    """The store is damaged, from a newer program, or not what the URL says; for the administrator."""

    message = "The wiki's storage cannot be used: %(reason)s"
