"""Attachments in SQLite: rows of CHUNK bytes, each written and read by itself."""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import hashlib
import time
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from ...model import Attachment, Author, Change, NoSuchFile, StorageError
from .. import CHUNK
from .lists import Lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .database import Row

FILE = (
    "p.name, f.name, f.version, f.size, f.type, f.sha256, f.width, f.height, w.account, w.name, f.address, f.host, "
    "f.time, f.comment, f.deleted"
)
"""Columns that `file_of` reads."""
_FROM = "from attachment f join page p on p.id = f.page join author w on w.id = f.author"


def file_of(row: Row) -> Attachment:
    """Return the attachment in a row of FILE."""
    page, name, version, size, kind, sha256, width, height, *rest = row
    account, author, address, host, moment, comment, deleted = rest
    return Attachment(
        page=page,
        name=name,
        version=version,
        size=size,
        type=kind,
        sha256=sha256,
        width=width,
        height=height,
        author=Author(account, author, address, host),
        time=moment,
        comment=comment,
        deleted=bool(deleted),
    )


class Files(Lists):
    """The part of the engine that keeps attachments."""

    def attach(self, attachment: Attachment, content: BinaryIO | None, exact: bool = False) -> Attachment:
        with self.writing():
            page, *_, uid = self._page_row(attachment.page)
            row = self._row("select max(version) from attachment where page = ? and name = ?", page, attachment.name)
            stored = replace(
                attachment,
                version=(row[0] or 0) + 1 if row else 1,
                time=attachment.time if exact else self._after(page, attachment.time or time.time_ns() // 1000),
                size=0,
                sha256="",
                deleted=content is None,
            )
            # So that a content which cannot be read leaves nothing behind in a transaction that goes on.
            self._run("savepoint attach")
            try:
                stored = self._add_file(page, stored, content)
                change = Change(
                    page=stored.page,
                    number=0,
                    author=stored.author,
                    time=stored.time,
                    kind="detach" if stored.deleted else "attach",
                    source=stored.name,
                    comment=stored.comment,
                    size=stored.size,
                    page_id=uid,
                )
                self._add_change(page, change, None)
            except BaseException:
                connection = self._held().connection
                if connection.in_transaction:
                    connection.execute("rollback to attach")
                    connection.execute("release attach")
                raise
            self._run("release attach")
            return stored

    def _add_file(self, page: int, stored: Attachment, content: BinaryIO | None) -> Attachment:
        author = stored.author
        cursor = self._run(
            "insert into attachment "
            "(page, name, version, size, type, sha256, width, height, author, address, host, time, comment, deleted) "
            "values (?, ?, ?, 0, ?, '', ?, ?, ?, ?, ?, ?, ?, ?)",
            page,
            stored.name,
            stored.version,
            stored.type,
            stored.width,
            stored.height,
            self._author(author),
            author.address,
            author.host,
            stored.time,
            stored.comment,
            stored.deleted,
        )
        number = int(cursor.lastrowid or 0)
        if content is None:
            return stored
        size, piece = 0, 0
        sha256 = hashlib.sha256()
        while data := _filled(content):
            self._run(
                "insert into piece (attachment, number, crc, data) values (?, ?, ?, ?)",
                number,
                piece,
                zlib.crc32(data),
                data,
            )
            sha256.update(data)
            size += len(data)
            piece += 1
        self._run("update attachment set size = ?, sha256 = ? where id = ?", size, sha256.hexdigest(), number)
        return replace(stored, size=size, sha256=sha256.hexdigest())

    def attachments(self, page: str) -> list[Attachment]:
        number = self._page_row(page)[0]
        rows = self._rows(
            f"select {FILE} {_FROM} where f.page = ? and f.deleted = 0 and f.version = "
            "(select max(version) from attachment n where n.page = f.page and n.name = f.name) order by f.name",
            number,
        )
        return [file_of(row) for row in rows]

    def attachment(self, page: str, name: str, version: int | None = None) -> Attachment:
        number = self._page_row(page)[0]
        chosen, values = ("", ()) if version is None else ("and f.version = ?", (version,))
        row = self._row(
            f"select {FILE} {_FROM} where f.page = ? and f.name = ? {chosen} order by f.version desc limit 1",
            number,
            name,
            *values,
        )
        found = file_of(row) if row else None
        if found is None or (version is None and found.deleted):
            raise NoSuchFile(page=page, name=name)
        return found

    def attachment_versions(self, page: str, name: str) -> list[Attachment]:
        number = self._page_row(page)[0]
        rows = self._rows(
            f"select {FILE} {_FROM} where f.page = ? and f.name = ? order by f.version desc", number, name
        )
        if not rows:
            raise NoSuchFile(page=page, name=name)
        return [file_of(row) for row in rows]

    def content(self, attachment: Attachment, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        number = self._page_row(attachment.page)[0]
        row = self._row(
            "select id, size from attachment where page = ? and name = ? and version = ?",
            number,
            attachment.name,
            attachment.version,
        )
        if row is None:
            raise NoSuchFile(page=attachment.page, name=attachment.name)
        return self._pieces(attachment, row[0], start, row[1] if end is None else min(end, row[1]))

    def _pieces(self, attachment: Attachment, number: int, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            piece, skipped = divmod(start, CHUNK)
            row = self._row("select crc, data from piece where attachment = ? and number = ?", number, piece)
            sound = row is not None and row[0] == zlib.crc32(row[1])
            data: bytes = row[1][skipped : skipped + end - start] if row and sound else b""
            if not data:
                raise StorageError(
                    "The file “%(file)s” of “%(page)s” is damaged.", file=attachment.name, page=attachment.page
                )
            yield data
            start += len(data)


def _filled(content: BinaryIO) -> bytes:
    """Return the next CHUNK bytes, fewer only at the end: a stream may give less than it is asked for."""
    data = content.read(CHUNK)
    while data and len(data) < CHUNK and (rest := content.read(CHUNK - len(data))):
        data += rest
    return data
