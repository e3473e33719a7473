"""What every storage engine does with attachments."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from wiki.model import Attachment, Author, NoSuchFile, NoSuchPage
from wiki.storage import CHUNK

from .filling import ANN, NAME, delete, save, upload

if TYPE_CHECKING:
    from wiki.storage import Storage

LARGE = b"".join(number.to_bytes(4, "big") for number in range(5 * 1024 * 1024 // 4)) + b"end"


class Dripping(BytesIO):
    """A stream that gives less than it is asked for."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(None if size is None or size < 0 else min(size, 70_000))


class Broken(BytesIO):
    """A stream that breaks after its first piece."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError
        return super().read(10)


def test_a_file_comes_back_as_it_was_attached(storage: Storage) -> None:
    save(storage, NAME)
    given = Attachment(
        page=NAME, name="Bild 日本.png", version=0, type="image/png", author=ANN, time=7_000, comment="schön"
    )
    stored = storage.attach(given, BytesIO(b"data"))
    assert stored == replace(given, version=1, size=4, sha256=hashlib.sha256(b"data").hexdigest())
    assert storage.attachment(NAME, "Bild 日本.png") == stored
    assert storage.attachments(NAME) == [stored]
    assert list(storage.content(stored)) == [b"data"]


def test_a_large_file_comes_in_pieces(storage: Storage) -> None:
    save(storage, "P")
    stored = upload(storage, "P", "large", LARGE)
    assert (stored.size, stored.sha256) == (len(LARGE), hashlib.sha256(LARGE).hexdigest())
    pieces = list(storage.content(stored))
    assert b"".join(pieces) == LARGE
    assert max(map(len, pieces)) <= CHUNK
    assert list(storage.check()) == []


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (CHUNK - 1, CHUNK + 1), (CHUNK, None), (5, 5), (9, 3), (len(LARGE) - 1, None), (len(LARGE), None),
     (0, len(LARGE) + 9), (3 * CHUNK + 7, 4 * CHUNK)],
)  # fmt: skip
def test_a_range_of_a_file(storage: Storage, start: int, end: int | None) -> None:
    save(storage, "P")
    stored = upload(storage, "P", "large", LARGE)
    assert b"".join(storage.content(stored, start, end)) == LARGE[start:end]


def test_an_empty_file_is_a_file(storage: Storage) -> None:
    save(storage, "P")
    stored = upload(storage, "P", "empty", b"")
    assert (stored.size, stored.deleted) == (0, False)
    assert list(storage.content(stored)) == []
    assert storage.attachments("P") == [stored]


def test_a_file_that_drips_is_whole(storage: Storage) -> None:
    save(storage, "P")
    stored = storage.attach(Attachment(page="P", name="f", version=0), Dripping(LARGE))
    assert b"".join(storage.content(stored)) == LARGE
    assert b"".join(storage.content(stored, CHUNK + 1, CHUNK + 3)) == LARGE[CHUNK + 1 : CHUNK + 3]


def test_a_file_that_breaks_off_leaves_nothing(storage: Storage) -> None:
    save(storage, "P")
    with storage.writing():
        with pytest.raises(OSError):
            storage.attach(Attachment(page="P", name="f", version=0), Broken(b"x" * 100))
        save(storage, "P", "after")
    assert storage.attachments("P") == []
    assert [change.kind for change in storage.history("P")] == ["edit", "edit"]
    assert list(storage.check()) == []
    assert upload(storage, "P", "f", b"x").version == 1


def test_versions_stay(storage: Storage) -> None:
    save(storage, "P")
    first = upload(storage, "P", "f", b"one")
    second = upload(storage, "P", "f", b"two!")
    removed = upload(storage, "P", "f", None)
    assert (removed.version, removed.deleted, removed.size, removed.sha256) == (3, True, 0, "")
    assert storage.attachments("P") == []
    with pytest.raises(NoSuchFile):
        storage.attachment("P", "f")
    assert storage.attachment("P", "f", 1) == first
    assert storage.attachment("P", "f", 3) == removed
    assert b"".join(storage.content(first)) == b"one"
    assert b"".join(storage.content(removed)) == b""
    assert storage.attachment_versions("P", "f") == [removed, second, first]
    again = upload(storage, "P", "f", b"four")
    assert again.version == 4
    assert storage.attachments("P") == [again]


def test_files_sort_by_code_point_and_names_are_exact(storage: Storage) -> None:
    save(storage, "P")
    save(storage, "Q")
    for name in ("b", "B", "ä", "a", "日"):
        upload(storage, "P", name, name.encode())
    assert [file.name for file in storage.attachments("P")] == ["B", "a", "b", "ä", "日"]
    assert storage.attachments("Q") == []
    with pytest.raises(NoSuchFile):
        storage.attachment("P", "A")


def test_what_is_not_attached_is_refused(storage: Storage) -> None:
    with pytest.raises(NoSuchPage):
        upload(storage, "Nix", "f", b"")
    with pytest.raises(NoSuchPage):
        storage.attachment("Nix", "f")
    save(storage, "P")
    for call in (
        lambda: storage.attachment("P", "f"),
        lambda: storage.attachment_versions("P", "f"),
        lambda: list(storage.content(Attachment(page="P", name="f", version=1))),
    ):
        with pytest.raises(NoSuchFile):
            call()
    upload(storage, "P", "f", b"")
    with pytest.raises(NoSuchFile):
        storage.attachment("P", "f", 2)


def test_a_deleted_page_keeps_its_files(storage: Storage) -> None:
    save(storage, "P")
    upload(storage, "P", "f", b"x")
    delete(storage, "P")
    assert [file.name for file in storage.attachments("P")] == ["f"]
    assert upload(storage, "P", "f", b"y").version == 2
    assert storage.page("P").deleted


def test_time_of_a_file_is_set_and_moves_forward(storage: Storage) -> None:
    save(storage, "P", time=10_000)
    assert upload(storage, "P", "f", b"", time=5).time == 10_001
    assert upload(storage, "P", "g", b"", time=0).time > 1_700_000_000_000_000
    copied = storage.attach(
        Attachment(page="P", name="h", version=0, time=5, author=Author()), BytesIO(b""), exact=True
    )
    assert copied.time == storage.attachment("P", "h").time == 5


def test_a_file_can_be_read_while_its_page_changes(storage: Storage) -> None:
    save(storage, "P")
    stored = upload(storage, "P", "large", LARGE)
    reading = storage.content(stored)
    got = next(reading)
    save(storage, "P", "changed meanwhile")
    upload(storage, "P", "large", b"new")
    assert got + b"".join(reading) == LARGE
