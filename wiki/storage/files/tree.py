"""The MoinMoin 1.9 tree: where things lie in it, and what a page's folder holds."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field

from ...model import StorageError
from . import durable
from .editlog import Line, parse

OWN = "anywiki"
"""The folder beside `pages` in which lies what MoinMoin has no place for: see `Tree`."""

STARTED = "started-here"
"""A file in it which says that the tree was never a MoinMoin's."""

PAGES, UNDERLAY = 0, 1
"""The layers: what the wiki has written, and below it the pages that it was shipped with, which are only read."""

BACKUP = "MoinEditorBackup"
"""What old MoinMoin versions called the subpages in which they kept unsaved texts."""


@dataclass(slots=True)
class Folder:
    """A page's folder as it was read. `number` is the newest revision's, a deletion's too.

    `revisions` has each revision file's size and time, `files` each attachment's (times in microseconds); `problems`
    say what is odd; the stamps are those of `current`, the newest revision's file, `attachments` and `edit-log`.
    """

    number: int
    revisions: dict[int, tuple[int, int]]
    lines: list[Line] = field(default_factory=list)
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    logged: bool = True
    stamps: tuple[str, str, str, str] = ("-", "-", "-", "-")


class NoPage(Exception):
    """A folder holds no page; the argument says why, '' if there is nothing odd about that."""


class Tree:
    """The data directory. Beside MoinMoin's own there are

    `state.db`, and in the folder `anywiki`: `versions` (attachments' older contents, by SHA-256), `new` (files until
    they get their place), `begun` (what is being changed, so that who comes after a crash can end it) and `aside`
    (what lay where something new had to go).
    """

    def __init__(self, root: str, underlay: str = "", beside: str = "") -> None:
        """`beside` is where what is ours lies, if nothing may be written into the tree."""
        self.root = root
        self.read_only = bool(beside)
        self.beside = beside or root
        self.pages = os.path.join(root, "pages")
        self.underlay = underlay
        self.users = os.path.join(root, "user")
        self.log = os.path.join(root, "edit-log")
        self.state = os.path.join(self.beside, "state.db")
        own = os.path.join(self.beside, OWN)
        self.versions = os.path.join(own, "versions")
        self.new = os.path.join(own, "new")
        self.begun = os.path.join(own, "begun")
        self.aside = os.path.join(own, "aside")

    def prepare(self) -> None:
        """Make what is missing; an empty directory becomes an empty wiki. Raises StorageError."""
        try:
            if self.read_only and not os.path.isdir(self.pages):
                raise StorageError("%(folder)s is no MoinMoin’s data directory.", folder=self.root)
            if not os.path.isdir(self.pages):
                os.makedirs(os.path.join(self.root, OWN), mode=0o700, exist_ok=True)
                with suppress(FileExistsError):
                    durable.write(os.path.join(self.root, OWN, STARTED), b"", 0o600)
                for folder in (self.users, self.pages):
                    os.makedirs(folder, mode=0o770, exist_ok=True)
                with suppress(FileExistsError):
                    durable.write(os.path.join(self.root, "meta"), b"data_format_revision: 1091100\n", 0o660)
            for folder in (self.versions, self.new, self.begun, self.aside):
                os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise StorageError(reason=f"{error.filename or self.root}: {error.strerror}") from error
        # What an old MoinMoin shall read, which may run as another user of the group, is made as its folder is.
        self.mode = stat.S_IMODE(os.stat(self.pages).st_mode) & 0o666 | 0o600
        self.folder_mode = stat.S_IMODE(os.stat(self.pages).st_mode) | 0o700

    def path(self, folder: str, layer: int = PAGES) -> str:
        """Return where a page's folder lies."""
        return os.path.join(self.underlay if layer else self.pages, folder)

    def place(self) -> str:
        """Return a name for a file that gets its place later."""
        return os.path.join(self.new, os.urandom(9).hex())

    def make_folder(self, path: str) -> None:
        """Make a folder in the tree; raise OSError."""
        os.mkdir(path)
        os.chmod(path, self.folder_mode)

    def set_aside(self, path: str) -> None:
        """Move something out of the way, to be found in `aside`; raise OSError."""
        os.rename(path, os.path.join(self.aside, f"{os.path.basename(path)[:200]}-{os.urandom(6).hex()}"))


def revision_path(path: str, number: int) -> str:
    """Return where a revision's text lies in a page's folder."""
    return os.path.join(path, "revisions", f"{number:08d}")


def current_stamp(path: str) -> str:
    """Return the stamp of `current`, or of what it is called while somebody saves."""
    found = durable.stamp(os.path.join(path, "current"))
    if found == "-":
        found = durable.stamp(os.path.join(path, "current-locked"))
        # Renamed back in between.
        return durable.stamp(os.path.join(path, "current")) if found == "-" else found
    return found


def stamps(path: str, number: int) -> tuple[str, str, str, str]:
    """Return the four stamps by which a change of a page's folder is seen."""
    return (
        current_stamp(path),
        durable.stamp(revision_path(path, number)),
        durable.stamp(os.path.join(path, "attachments")),
        durable.stamp(os.path.join(path, "edit-log")),
    )


def number_in(path: str) -> int | None:
    """Return the number in `current` (or `current-locked`), None if there is neither; raise ValueError if damaged."""
    for name in ("current", "current-locked", "current"):
        try:
            text = durable.read(os.path.join(path, name))
        except (FileNotFoundError, NotADirectoryError):
            continue
        if not text.strip() and name != "current-locked":
            raise ValueError
        digits = text.strip().decode("ascii", "replace")
        if not digits.isdecimal() or int(digits) >= 99_999_999:
            raise ValueError
        return int(digits)
    return None


def read(path: str) -> Folder:
    """Return what a page's folder holds; raise NoPage, or OSError where it cannot be read."""
    problems: list[str] = []
    seen = current_stamp(path)
    try:
        number = number_in(path)
    except ValueError:
        number = -1
    revisions = _revisions(path, problems)
    if number is None:
        raise NoPage("It has revisions, but no file “current”." if revisions else "")
    if number == -1:
        if not revisions:
            raise NoPage("Its file “current” is damaged.")
        number = max(revisions)
        problems.append("Its file “current” is damaged: the newest revision is taken.")
    elif number == 0 or (not revisions and number not in revisions and not _has_log(path)):
        raise NoPage("Its revisions are missing.")
    late = sorted(each for each in revisions if each > number)
    if late:
        problems.append(f"Revision {late[0]} is there, but “current” names {number}.")
        for each in late:
            del revisions[each]
    lines: list[Line] = []
    logged = True
    state = (seen, *stamps(path, number)[1:])
    try:
        lines, damaged = parse(durable.read(os.path.join(path, "edit-log")))
        if damaged:
            problems.append("Its edit-log has lines that cannot be read.")
    except FileNotFoundError:
        logged = False
    return Folder(number, revisions, lines, _files(path, problems), problems, logged, state)


def _has_log(path: str) -> bool:
    return os.path.exists(os.path.join(path, "edit-log"))


def _revisions(path: str, problems: list[str]) -> dict[int, tuple[int, int]]:
    found = {}
    try:
        with os.scandir(os.path.join(path, "revisions")) as entries:
            for entry in entries:
                if entry.name.isdecimal() and entry.name.isascii() and len(entry.name) == 8 and entry.is_file():
                    status = entry.stat()
                    found[int(entry.name)] = (status.st_size, status.st_mtime_ns // 1000)
                elif not entry.name.startswith("."):
                    problems.append(f"“revisions/{entry.name}” is no revision.")
    except (FileNotFoundError, NotADirectoryError):
        pass
    found.pop(0, None)
    return found


def _files(path: str, problems: list[str]) -> dict[str, tuple[int, int]]:
    found = {}
    try:
        with os.scandir(os.path.join(path, "attachments")) as entries:
            for entry in entries:
                try:
                    entry.name.encode()
                except UnicodeEncodeError:
                    problems.append(f"The attachment {os.fsencode(entry.name)!r} has a name that is not UTF-8.")
                    continue
                if entry.is_file():
                    status = entry.stat()
                    found[entry.name] = (status.st_size, status.st_mtime_ns // 1000)
    except (FileNotFoundError, NotADirectoryError):
        pass
    return found
