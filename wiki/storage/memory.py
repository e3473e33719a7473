"""Storage in memory: the specification of what every engine does, and what unit tests run on."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from ..model import (
    Attachment,
    Change,
    EditConflict,
    Facts,
    Link,
    NameTaken,
    NoSuchFile,
    NoSuchPage,
    NoSuchRevision,
    NoSuchUser,
    Page,
    PageExists,
    Problem,
    Revision,
    User,
)
from . import CHUNK, Progress, Readable, Storage, may_read
from .words import user_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page with all that belongs to it. Names in changes and files are those of their time: `page.name` counts."""

    page: Page
    facts: Facts
    changes: tuple[Change, ...] = ()
    files: tuple[tuple[Attachment, bytes], ...] = ()


@dataclass(slots=True)
class _State:
    pages: dict[str, _Kept] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    records: dict[tuple[str, str], tuple[dict[str, Any], int]] = field(default_factory=dict)
    tallies: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    position: int = 0

    def copy(self) -> _State:
        return _State(dict(self.pages), dict(self.users), dict(self.records), dict(self.tallies), self.position)


class MemoryStorage(Storage):
    """Everything in dictionaries of immutable records, so that undoing is going back to the copy made before."""

    def __init__(self) -> None:
        self.url = "memory:"
        self._lock = threading.RLock()
        self._state = _State()
        self._depth = 0

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._lock:
            before = self._state.copy() if self._depth == 0 else None
            self._depth += 1
            try:
                yield
            except BaseException:
                if before is not None:
                    self._state = before
                raise
            finally:
                self._depth -= 1

    def close(self) -> None:
        pass

    # -- pages and revisions -----------------------------------------------------------------------------------------

    def _kept(self, name: str) -> _Kept:
        with self._lock:
            kept = self._state.pages.get(name)
        if kept is None:
            raise NoSuchPage(name=name)
        return kept

    def _all(self) -> list[_Kept]:
        with self._lock:
            return [self._state.pages[name] for name in sorted(self._state.pages)]

    def page(self, name: str) -> Page:
        return self._kept(name).page

    def page_by_id(self, page_id: str) -> Page:
        for kept in self._all():
            if kept.page.id == page_id:
                return kept.page
        raise NoSuchPage(name=page_id)

    def revision(self, name: str, number: int | None = None) -> Revision:
        kept = self._kept(name)
        wanted = kept.page.number if number is None else number
        for change in reversed(kept.changes):
            if isinstance(change, Revision) and change.number == wanted:
                return replace(change, page=name)
        raise NoSuchRevision(name=name, number=wanted)

    def history(self, name: str, before: tuple[int, int] | None = None, limit: int = 50) -> list[Change]:
        changes = [_change(change, name) for change in self._kept(name).changes]
        return _newest(changes, before)[:limit]

    def put(self, revision: Revision, facts: Facts, exact: bool = False) -> Revision:
        with self.writing():
            name = revision.page
            kept = self._state.pages.get(name)
            number = kept.page.number if kept else 0
            if revision.number <= number or (revision.number != number + 1 and not exact):
                raise EditConflict(name=name, theirs=self.revision(name) if number else None)
            if kept is None:
                page_id = revision.page_id if exact else ""
                if not page_id or any(other.page.id == page_id for other in self._state.pages.values()):
                    page_id = secrets.token_urlsafe(9)
                kept = _Kept(Page(id=page_id, name=name, number=0), facts)
            self._state.position += 1
            stored = replace(
                revision,
                time=revision.time if exact else _after(kept.changes, revision.time),
                page_id=kept.page.id,
                position=self._state.position,
                size=_size(revision),
            )
            page = replace(
                kept.page,
                number=stored.number,
                time=stored.time,
                deleted=stored.text is None,
                acl=facts.acl,
                format=facts.format,
                redirect=facts.redirect,
            )
            self._state.pages[name] = _Kept(page, facts, (*kept.changes, stored), kept.files)
            return stored

    def rename(self, old: str, new: str) -> None:
        with self.writing():
            kept = self._kept(old)
            if new in self._state.pages:
                raise PageExists(name=new)
            del self._state.pages[old]
            self._state.pages[new] = replace(kept, page=replace(kept.page, name=new))

    def destroy(self, name: str) -> None:
        with self.writing():
            self._kept(name)
            del self._state.pages[name]

    # -- lists -------------------------------------------------------------------------------------------------------

    def pages(
        self,
        after: str = "",
        prefix: str = "",
        limit: int | None = None,
        readable: Readable = None,
        deleted: bool = False,
    ) -> list[Page]:
        return [
            page
            for page in (kept.page for kept in self._all())
            if page.deleted == deleted
            and page.name > after
            and page.name.startswith(prefix)
            and may_read(page, readable)
        ][:limit]

    def links(self, name: str) -> tuple[Link, ...]:
        try:
            return self._kept(name).facts.links
        except NoSuchPage:
            return ()

    def body(self, name: str) -> str:
        kept = self._kept(name)
        return "" if kept.page.deleted else kept.facts.body

    def changes(
        self,
        before: tuple[int, int] | None = None,
        limit: int = 50,
        prefix: str = "",
        readable: Readable = None,
        author: str = "",
        since: int = 0,
    ) -> list[Change]:
        found = [
            _change(change, kept.page.name)
            for kept in self._all()
            if may_read(kept.page, readable) and (not prefix or f"{kept.page.name}/".startswith(f"{prefix}/"))
            for change in kept.changes
            if change.time >= since and author in ("", change.author.id or change.author.name)
        ]
        return _newest(found, before)[:limit]

    # -- attachments -------------------------------------------------------------------------------------------------

    def attach(self, attachment: Attachment, content: BinaryIO | None, exact: bool = False) -> Attachment:
        data = b"" if content is None else b"".join(iter(lambda: content.read(CHUNK), b""))
        with self.writing():
            kept = self._kept(attachment.page)
            versions = [file.version for file, _ in kept.files if file.name == attachment.name]
            stored = replace(
                attachment,
                version=max(versions, default=0) + 1,
                size=len(data),
                sha256="" if content is None else hashlib.sha256(data).hexdigest(),
                time=attachment.time if exact else _after(kept.changes, attachment.time or time.time_ns() // 1000),
                deleted=content is None,
            )
            self._state.position += 1
            change = Change(
                page=stored.page,
                number=0,
                author=stored.author,
                time=stored.time,
                kind="detach" if stored.deleted else "attach",
                source=stored.name,
                comment=stored.comment,
                size=stored.size,
                page_id=kept.page.id,
                position=self._state.position,
            )
            kept = replace(kept, changes=(*kept.changes, change), files=(*kept.files, (stored, data)))
            self._state.pages[attachment.page] = kept
            return stored

    def attachments(self, page: str) -> list[Attachment]:
        newest = {file.name: replace(file, page=page) for file, _ in self._kept(page).files}
        return [newest[name] for name in sorted(newest) if not newest[name].deleted]

    def attachment(self, page: str, name: str, version: int | None = None) -> Attachment:
        found = [replace(file, page=page) for file, _ in self._kept(page).files if file.name == name]
        if version is None:
            found = [file for file in found[-1:] if not file.deleted]
        else:
            found = [file for file in found if file.version == version]
        if not found:
            raise NoSuchFile(page=page, name=name)
        return found[0]

    def attachment_versions(self, page: str, name: str) -> list[Attachment]:
        found = [replace(file, page=page) for file, _ in self._kept(page).files if file.name == name]
        if not found:
            raise NoSuchFile(page=page, name=name)
        return found[::-1]

    def content(self, attachment: Attachment, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        for file, data in self._kept(attachment.page).files:
            if (file.name, file.version) == (attachment.name, attachment.version):
                stop = len(data) if end is None else min(end, len(data))
                return (data[at : min(at + CHUNK, stop)] for at in range(start, stop, CHUNK))
        raise NoSuchFile(page=attachment.page, name=attachment.name)

    # -- accounts ----------------------------------------------------------------------------------------------------

    def user(self, user_id: str) -> User:
        with self._lock:
            user = self._state.users.get(user_id)
        if user is None:
            raise NoSuchUser(name=user_id)
        return user

    def users(self) -> list[User]:
        with self._lock:
            return sorted(self._state.users.values(), key=lambda user: (user.name, user.id))

    def put_user(self, user: User) -> None:
        with self.writing():
            keys = {user_key(text) for text in (user.name, user.email) if text}
            for other in self._state.users.values():
                for text in (other.name, other.email):
                    if other.id != user.id and text and user_key(text) in keys:
                        raise NameTaken(name=user.name if user_key(text) == user_key(user.name) else user.email)
            self._state.users[user.id] = user

    def drop_user(self, user_id: str) -> None:
        with self.writing():
            self.user(user_id)
            del self._state.users[user_id]

    # -- records -----------------------------------------------------------------------------------------------------

    def record(self, kind: str, key: str) -> dict[str, Any] | None:
        return self.records(kind, key).get(key)

    def records(self, kind: str, prefix: str = "") -> dict[str, dict[str, Any]]:
        now = time.time()
        with self._lock:
            return {
                key: dict(value)
                for (its, key), (value, expires) in sorted(self._state.records.items(), key=lambda item: item[0])
                if its == kind and key.startswith(prefix) and (not expires or expires > now)
            }

    def keep(self, kind: str, key: str, value: dict[str, Any], expires: int = 0) -> None:
        with self.writing():
            self._state.records[kind, key] = (dict(value), expires)

    def drop(self, kind: str, key: str) -> bool:
        with self.writing():
            there = self.record(kind, key) is not None
            self._state.records.pop((kind, key), None)
            return there

    def tally(self, key: str, seconds: int, now: float) -> int:
        with self.writing():
            window, count = self._state.tallies.get((key, seconds), (0, 0))
            count = count + 1 if window == now // seconds else 1
            self._state.tallies[key, seconds] = (int(now // seconds), count)
            return count

    # -- the store itself --------------------------------------------------------------------------------------------

    def check(self, progress: Progress | None = None) -> Iterator[Problem]:
        return iter(())

    def reindex(self, facts: Callable[[Revision], Facts], progress: Progress | None = None) -> None:
        with self.writing():
            for done, kept in enumerate(self._all()):
                name = kept.page.name
                if progress:
                    progress("reindex", done, len(self._state.pages))
                if kept.page.deleted:
                    # The ACL of its last text goes on to protect what it was.
                    texts = [
                        change for change in kept.changes if isinstance(change, Revision) and change.text is not None
                    ]
                    anew = Facts(acl=facts(replace(texts[-1], page=name)).acl) if texts else kept.facts
                else:
                    anew = facts(self.revision(name))
                page = replace(kept.page, acl=anew.acl, format=anew.format, redirect=anew.redirect)
                self._state.pages[name] = replace(kept, page=page, facts=anew)


def _newest(changes: list[Change], before: tuple[int, int] | None) -> list[Change]:
    below = [change for change in changes if before is None or change.cursor < before]
    return sorted(below, key=lambda change: change.cursor, reverse=True)


def _after(changes: tuple[Change, ...], moment: int) -> int:
    return max(moment, max((change.time for change in changes), default=-1) + 1)


def _size(revision: Revision) -> int:
    if revision.raw is not None:
        return len(revision.raw)
    return len((revision.text or "").encode())


def _change(change: Change, name: str) -> Change:
    """Return a change as of the page's present name, without text."""
    return Change(
        page=name,
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
    )
