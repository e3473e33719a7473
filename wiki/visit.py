"""What one visitor may do: every method asks the access rights first and raises Forbidden.

Views and macros hold nothing lower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import BinaryIO

from . import names, pictures
from .markup.head import head
from .model import (
    Attachment,
    BadName,
    BadRequest,
    Change,
    EditConflict,
    Facts,
    Forbidden,
    NoSuchFile,
    NoSuchPage,
    NoSuchRevision,
    Page,
    PageExists,
    Revision,
)
from .pictures import SHOWN_TYPES
from .renaming import Renaming
from .storage import CHUNK
from .writing import one_line

ATTEMPTS = 5
"""How often a save is prepared anew when others keep saving the same page in between."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save: the newest revision, whether others' changes were merged in, whether nothing changed."""

    revision: Revision
    merged: bool = False
    unchanged: bool = False


class Visit(Renaming):
    """One visitor's access to one wiki, for the time of one request. `user` is None for an anonymous visitor."""

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
        if kind == "edit":
            text = self._with_variables(name, text)
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
            revision = self._revision(
                name, number + 1, wanted, kind, source, comment, minor=minor and self.user is not None
            )
            try:
                with self._writing() as evicting:
                    now = self.wiki.page_or_none(name)
                    if (now.number if now else 0) != number:
                        continue
                    self._may_save(name, now, wanted)
                    stored = self._put(evicting, revision, facts, now)
            except EditConflict:
                # Another program wrote it while the transaction ended.
                continue
            if rendered is not None:
                self.wiki.fragments.keep(stored.page_id, stored.number, name, wanted, rendered)
            self.done.append(stored)
            return Saved(stored, merged)
        raise EditConflict(name=name, theirs=self.storage.revision(name), merged=mine)

    def _may_save(self, name: str, page: Page | None, text: str) -> None:
        """Raise Forbidden unless the visitor may write the page, and may change its ACL if the text does."""
        was = page.acl if page else None
        if not self._allows("write", name, was):
            raise Forbidden(right="write", name=name)
        if head(text).acl != was and not self._allows("admin", name, was):
            raise Forbidden("Changing the #acl line of “%(name)s” needs the right “admin”.", right="admin", name=name)

    def _merge(self, name: str, base: int, current: Revision, mine: str, labels: tuple[str, str]) -> str:
        from . import merge

        if not self._allows("read", name, self.storage.page(name).acl):
            raise Forbidden(right="read", name=name)
        try:
            old = self.storage.revision(name, base).text or "" if base else ""
        except NoSuchRevision:
            raise BadRequest("The revision that this edit began with does not exist.", name=name) from None
        result = merge.three_way(old, current.text or "", mine, labels)
        if result.conflicts:
            raise EditConflict(name=name, theirs=current, merged=result.text)
        return result.text

    def _with_variables(self, name: str, text: str) -> str:
        """Return a text with its variables replaced, but in templates, and where a program writes, as it is."""
        user = self.user
        if "@" not in text or self.wiki.is_template(name) or (user is not None and not user.id):
            return text
        from . import variables

        about = (user.name, user.email) if user else ("", "")
        return variables.expanded(text, name, *about, self.wiki.now(), self._own_variables)

    def _own_variables(self) -> dict[str, str]:
        from . import dicts, variables

        try:
            return dicts.entries(self.read(names.normal(f"{self.who.name}/{variables.MINE}")).text or "")
        except (BadName, NoSuchPage, Forbidden):
            return {}

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
            stored = self._put(evicting, self._deletion(page, one_line(comment)), Facts(acl=page.acl), page)
        self.done.append(stored)
        return stored

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

    # -- attachments -------------------------------------------------------------------------------------------------

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
        width = height = 0
        if content is not None and type in SHOWN_TYPES:
            start = content.read(CHUNK)
            width, height = pictures.measured(start)
            content = Reader(chain([start], iter(partial(content.read, CHUNK), b""))).__enter__()
        new = Attachment(
            page=page,
            name=name,
            version=0,
            type=type,
            width=width,
            height=height,
            author=self.author,
            time=self.wiki.now(),
            comment=one_line(comment),
            deleted=content is None,
        )
        with self._writing() as evicting:
            self._require_on("delete" if content is None else "write", self.storage.page(page))
            stored = self.storage.attach(new, content)
            self.wiki.evict_file(evicting, page, name)
        self.done.append(stored)
        return stored


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


def media_type(name: str) -> str:
    """Return the media type that a file's name says, `application/octet-stream` if none."""
    import mimetypes

    return mimetypes.guess_type(name)[0] or "application/octet-stream"
