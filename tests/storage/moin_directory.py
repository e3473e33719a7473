"""A MoinMoin directory for tests: the sample that a real 1.9.11 wrote, and what such a MoinMoin does to one.

The functions do the file operations of 1.9 in our own words; `python -m tests.storage.moin_directory DATA PAGE NAME N`
saves so often, as a process of its own, and prints a line for each text that it saved.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wiki import names
from wiki.markup.head import head
from wiki.model import Facts, Revision
from wiki.storage.files import FilesStorage

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = Path(__file__).parent.parent / "moin19" / "sample"
EXPECTED: dict[str, Any] = json.loads((SAMPLE / "expected.json").read_text("utf-8"))
ADMIN, EDITOR, OLD = "1795414496.03.31107", "1795414496.55.26688", "1795414496.56.60160"


def copied(folder: Path) -> Path:
    """Return a copy of the sample that may be written."""
    data = folder / "data"
    shutil.copytree(SAMPLE / "data", data)
    return data


def facts(revision: Revision, quick: bool = False) -> Facts:
    """Return facts as core derives them, without links."""
    text = revision.text or ""
    parsed = head(text)
    body = "" if quick else text[parsed.length :]
    return Facts(acl=parsed.acl, format=parsed.format, redirect=parsed.redirect, body=body)


def opened(data: Path, underlay: str = "") -> FilesStorage:
    """Return a directory as the wiki opens it, with everything taken over."""
    storage = FilesStorage(".", str(data), underlay)
    storage.deriving = facts
    while storage.behind():
        storage.changed_elsewhere(60)
    return storage


def folder_of(data: Path, page: str) -> Path:
    """Return where a page lies."""
    return data / "pages" / names.quote(page)


def log(data: Path, page: str, number: int, action: str, extra: str = "", comment: str = "", user: str = OLD) -> None:
    """Append a line to both logs."""
    fields = (str(time.time_ns() // 1000), f"{number:08d}", action, names.quote(page), "", "", user, extra, comment)
    for path in (folder_of(data, page) / "edit-log", data / "edit-log"):
        with open(path, "ab") as file:
            file.write("\t".join(fields).encode() + b"\n")


def save(data: Path, page: str, change: Callable[[str], str | None], comment: str = "") -> int:
    """Save a page as 1.9 does: lock by renaming `current`, write the text, the number, unlock, write the logs."""
    folder = folder_of(data, page)
    current, locked = folder / "current", folder / "current-locked"
    (folder / "revisions").mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60
    number = 0
    while folder.exists():
        try:
            os.rename(current, locked)
            number = int(locked.read_text())
            break
        except FileNotFoundError:
            if not locked.exists() and not current.exists():
                break
            assert time.monotonic() < end, "the lock was never free"
            time.sleep(0.003)
    before = folder / "revisions" / f"{number:08d}"
    text = change(before.read_bytes().decode().replace("\r", "") if before.exists() else "")
    if text is not None:
        (folder / "revisions" / f"{number + 1:08d}").write_bytes(text.replace("\n", "\r\n").encode())
    locked.write_text(f"{number + 1:08d}\n")
    os.rename(locked, current)
    log(data, page, number + 1, "SAVE" if number else "SAVENEW", comment=comment)
    return number + 1


def rename(data: Path, old: str, new: str) -> None:
    """Rename a page as 1.9 does: move its folder, then save a revision that says so."""
    os.rename(folder_of(data, old), folder_of(data, new))
    folder = folder_of(data, new)
    number = int((folder / "current").read_text())
    text = (folder / "revisions" / f"{number:08d}").read_bytes()
    renamed = f"## page was renamed from {old}\r\n".encode() + text
    (folder / "revisions" / f"{number + 1:08d}").write_bytes(renamed)
    (folder / "current").write_text(f"{number + 1:08d}\n")
    log(data, new, number + 1, "SAVE/RENAME", extra=old)


def attach(data: Path, page: str, name: str, content: bytes) -> None:
    """Attach a file as 1.9 does."""
    from urllib.parse import quote

    folder = folder_of(data, page) / "attachments"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    log(data, page, 99_999_999, "ATTNEW", extra=quote(name, safe=""))


def main(data: str, page: str, name: str, saves: int) -> None:
    """Add lines to a page."""
    for number in range(saves):
        save(Path(data), page, lambda text, n=number: f"{text}{name}-{n}\n")  # type: ignore[misc]
        print(f"{name}-{number}", flush=True)
        time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
