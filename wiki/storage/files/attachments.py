"""Attachments in the tree: the newest content where MoinMoin has it, older ones by their checksum."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from ...model import Attachment, BadName, Change, NoSuchFile, StorageError
from .. import CHUNK
from ..sqlite.files import _filled
from . import durable, editlog
from .pages import Pages, listed
from .work import Attach, meant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .work import Work


class Attachments(Pages):
    """The part of the engine that keeps attachments."""

    def _fresh_files(self, page: str) -> None:
        """See to it that the index knows a page's attachments as they are now."""
        self._fresh(page)
        row = self._row(
            "select l.folder, l.layer, l.files, l.log from page p join place l on l.page = p.id where p.name = ?", page
        )
        work = self._work
        if row is None or (work is not None and row[0] in work.touched):
            return
        path = self.tree.path(row[0], row[1])
        now = (durable.stamp(os.path.join(path, "attachments")), durable.stamp(os.path.join(path, "edit-log")))
        if now != row[2:]:
            with self.writing():
                self._look(row[0])

    def attach(self, attachment: Attachment, content: BinaryIO | None, exact: bool = False) -> Attachment:
        name = attachment.name
        if name in ("", ".", "..") or "/" in name or "\0" in name or len(name.encode("utf-8", "replace")) > 255:
            raise BadName("“%(name)s” cannot be a file name.", name=name[:80])
        with self.writing():
            self._fresh_files(attachment.page)
            return super().attach(attachment, content, exact)

    def _add_file(self, page: int, stored: Attachment, content: BinaryIO | None) -> Attachment:
        work = self._work
        assert work is not None
        staged = None
        if content is not None:
            staged, size, sha256 = self._receive(work, content)
            stored = replace(stored, size=size, sha256=sha256)
        before = self._newest_sum(page, stored.name, work)
        folder = self._own(page)
        author = stored.author
        cursor = self._run(
            "insert into attachment "
            "(page, name, version, size, type, sha256, width, height, author, address, host, time, comment, deleted) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            page, stored.name, stored.version, stored.size, stored.type, stored.sha256, stored.width, stored.height,
            self._author(author), author.address, author.host, stored.time, stored.comment, stored.deleted,
        )  # fmt: skip
        work.contents[int(cursor.lastrowid or 0)] = staged
        change = Change(
            page=stored.page, number=0, author=author, time=stored.time, kind="detach" if stored.deleted else "attach",
            source=stored.name, comment=stored.comment, size=stored.size,
        )  # fmt: skip
        line = editlog.line(change, folder, is_new=False)
        work.steps.append(Attach(stored.page, folder, stored.name, staged, before))
        work.lines.append((folder, line))
        self._note_version(folder, stored, line)
        return stored

    def _receive(self, work: Work, content: BinaryIO) -> tuple[str, int, str]:
        """Write a content into a file of its own and return where, its size and its checksum."""
        path = self.tree.place()
        sha256 = hashlib.sha256()
        size = 0
        work.staged.append(path)
        try:
            durable.write(path, b"", self.tree.mode, synced=False)
            file = open(path, "wb")  # noqa: SIM115 - the content's own errors are not the file's
        except OSError as error:
            raise meant(error) from error
        with file:
            while data := _filled(content):
                sha256.update(data)
                size += len(data)
                try:
                    file.write(data)
                except OSError as error:
                    raise meant(error) from error
            try:
                file.flush()
                os.fsync(file.fileno())
            except OSError as error:
                raise meant(error) from error
        return path, size, sha256.hexdigest()

    def _newest_sum(self, page: int, name: str, work: Work) -> str:
        """Return the checksum of the content that a file has now, '' if there is none."""
        row = self._row(
            "select id, deleted, sha256 from attachment where page = ? and name = ? order by version desc limit 1",
            page,
            name,
        )
        if row is None or row[1]:
            return ""
        return str(row[2]) or self._summed(row[0])

    def _summed(self, number: int) -> str:
        """Return the checksum of a file that another program stored, and note it."""
        row = self._row(
            "select f.name, l.folder, l.layer from attachment f join place l on l.page = f.page where f.id = ?", number
        )
        assert row is not None
        work = self._work
        path = work.physical(row[1], row[2]) if work else self.tree.path(row[1], row[2])
        sha256 = hashlib.sha256()
        try:
            with open(os.path.join(path, "attachments", row[0]), "rb") as file:
                while data := file.read(CHUNK):
                    sha256.update(data)
        except OSError:
            return ""
        if work is not None:
            self._run("update attachment set sha256 = ? where id = ?", sha256.hexdigest(), number)
        return sha256.hexdigest()

    def _note_version(self, folder: str, stored: Attachment, line: editlog.Line) -> None:
        """Note what a version is beyond its line in the log."""
        (read,), _ = editlog.parse(bytes(line))
        data: dict[str, Any] = {"size": stored.size, "sha256": stored.sha256}
        if stored.type != (mimetypes.guess_type(stored.name)[0] or "application/octet-stream"):
            data["type"] = stored.type
        if stored.width or stored.height:
            data |= {"width": stored.width, "height": stored.height}
        change: dict[str, Any] = {"size": stored.size}
        if read.author(self._author_name) != stored.author:
            data["author"] = change["author"] = listed(stored.author)
        if read.comment != stored.comment:
            data["comment"] = change["comment"] = stored.comment
        self._run(
            "insert or replace into version (folder, name, time, data) values (?, ?, ?, ?)",
            folder,
            stored.name,
            stored.time,
            json.dumps({**data, "change": change}),
        )

    def attachments(self, page: str) -> list[Attachment]:
        self._fresh_files(page)
        return super().attachments(page)

    def attachment(self, page: str, name: str, version: int | None = None) -> Attachment:
        self._fresh_files(page)
        found = super().attachment(page, name, version)
        return found if found.sha256 or found.deleted else self._with_sum(found)

    def attachment_versions(self, page: str, name: str) -> list[Attachment]:
        self._fresh_files(page)
        found = super().attachment_versions(page, name)
        return [self._with_sum(found[0]) if not (found[0].sha256 or found[0].deleted) else found[0], *found[1:]]

    def _with_sum(self, file: Attachment) -> Attachment:
        """Return the newest version of a file that another program stored, with its checksum."""
        row = self._row(
            "select f.id, f.version = (select max(version) from attachment n where n.page = f.page and n.name = f.name)"
            " from attachment f join page p on p.id = f.page where p.name = ? and f.name = ? and f.version = ?",
            file.page,
            file.name,
            file.version,
        )
        if row is None or not row[1]:
            return file
        with self.writing():
            return replace(file, sha256=self._summed(row[0]))

    def content(self, attachment: Attachment, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        self._fresh_files(attachment.page)
        row = self._row(
            "select f.id, f.size, f.sha256, f.deleted, l.folder, l.layer, "
            "f.version = (select max(version) from attachment n where n.page = f.page and n.name = f.name) "
            "from attachment f join page p on p.id = f.page join place l on l.page = p.id "
            "where p.name = ? and f.name = ? and f.version = ?",
            attachment.page,
            attachment.name,
            attachment.version,
        )
        if row is None:
            self.page(attachment.page)
            raise NoSuchFile(page=attachment.page, name=attachment.name)
        number, size, sha256, deleted, folder, layer, newest = row
        if deleted:
            return iter(())
        work = self._work
        places = []
        if work is not None and work.contents.get(number):
            places.append(str(work.contents[number]))
        path = work.physical(folder, layer) if work is not None else self.tree.path(folder, layer)
        live = os.path.join(path, "attachments", attachment.name)
        kept = [os.path.join(self.tree.versions, sha256)] if sha256 else []
        places += [live, *kept] if newest else [*kept, live] if work is not None else kept
        for place in places:
            try:
                file = open(place, "rb")  # noqa: SIM115 - closed when the last piece was read
            except OSError:
                continue
            return _pieces(file, attachment, start, size if end is None else min(end, size))
        raise NoSuchFile(page=attachment.page, name=attachment.name)


def _pieces(file: BinaryIO, attachment: Attachment, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of an opened file, which stay what they are: a new version is another file."""
    with file:
        file.seek(start)
        while start < end:
            data = file.read(min(CHUNK, end - start))
            if not data:
                raise StorageError(
                    "The file “%(file)s” of “%(page)s” is damaged.", file=attachment.name, page=attachment.page
                )
            yield data
            start += len(data)
