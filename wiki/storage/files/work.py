"""What a transaction does to the tree: collected while it runs, done at its end, undone if that fails.

Before anything is done, a note of it is left in `begun`; who finds one there while nobody else can be writing knows
that its writer was stopped, ends what he had begun, and looks at what is there.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from ...model import EditConflict, StorageError, Unavailable
from . import durable, locks
from .editlog import ATTACHMENT, Line, parse
from .tree import Tree, number_in, revision_path

MANY = 50
"""Above so many steps, everything is synced at once instead of file by file."""


@dataclass(slots=True)
class Context:
    """What the steps share while they are done: whether to sync each file, and how to undo what was done."""

    tree: Tree
    each: bool
    undo: list[Callable[[], object]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Revise:
    """A new revision. `known` is the number that the page must have now, 0 if it must not be there."""

    page: str
    folder: str
    known: int
    number: int
    text: str | None
    """Where the text lies already, written and synced; None for a deletion."""

    def do(self, context: Context) -> None:
        tree, path = context.tree, context.tree.path(self.folder)
        if self.known:
            number = _locked(context, path, self.page)
            if number != self.known:
                raise EditConflict(name=self.page)
        else:
            self._begin(context, path)
        if self.text is not None:
            target = revision_path(path, self.number)
            try:
                durable.link(self.text, target)
            except FileNotFoundError:
                tree.make_folder(os.path.dirname(target))
                durable.link(self.text, target)
            except FileExistsError:
                self._orphan(tree, path)
            context.undo.append(lambda: os.unlink(target))
        if self.known:
            locks.write(tree, path, self.number, context.each)
            known = self.known
            context.undo.append(lambda: _back(tree, path, known))
            locks.release(path)
        else:
            self._appear(context, path)
        if context.each:
            durable.sync(path)

    def _begin(self, context: Context, path: str) -> None:
        """Make the folder of a new page; what 1.9's editor, or an upload, has left there is no page."""
        tree = context.tree
        try:
            tree.make_folder(path)
            context.undo.append(lambda: os.rmdir(path))
        except FileExistsError:
            try:
                if number_in(path) is not None:
                    raise EditConflict(name=self.page)
            except ValueError:
                raise EditConflict(name=self.page) from None
            if _listing(os.path.join(path, "revisions")):
                tree.set_aside(path)
                tree.make_folder(path)
                context.undo.append(lambda: os.rmdir(path))
        revisions = os.path.join(path, "revisions")
        with suppress(FileExistsError):
            tree.make_folder(revisions)
            context.undo.append(lambda: os.rmdir(revisions))

    def _appear(self, context: Context, path: str) -> None:
        """Write a new page's `current`: with it the page is there."""
        tree, current = context.tree, os.path.join(path, "current")
        temporary = tree.place()
        durable.write(temporary, f"{self.number:08d}\n".encode(), tree.mode, context.each)
        try:
            durable.link(temporary, current)
        except FileExistsError:
            raise EditConflict(name=self.page) from None
        finally:
            os.unlink(temporary)
        context.undo.append(lambda: os.unlink(current))
        if context.each:
            durable.sync(tree.pages)

    def _orphan(self, tree: Tree, path: str) -> None:
        """Take a revision that somebody wrote and did not name in `current` for the newest, and refuse this one."""
        target = revision_path(path, self.number)
        if locks.is_text(target):
            if self.known:
                locks.write(tree, path, self.number)
        else:
            tree.set_aside(target)
        raise EditConflict(name=self.page)


@dataclass(frozen=True, slots=True)
class Move:
    """A page's folder gets another name; `known` is its newest revision's number."""

    page: str
    folder: str
    to: str
    known: int

    def do(self, context: Context) -> None:
        tree = context.tree
        old, new = tree.path(self.folder), tree.path(self.to)
        if _locked(context, old, self.page) != self.known:
            raise EditConflict(name=self.page)
        locks.release(old)
        if os.path.lexists(new):
            tree.set_aside(new)
        os.rename(old, new)
        context.undo.append(lambda: os.rename(new, old))
        if context.each:
            durable.sync(tree.pages)


@dataclass(frozen=True, slots=True)
class Raise:
    """An underlay page is copied into the wiki's own layer before its first change, as 1.9 does."""

    folder: str

    def do(self, context: Context) -> None:
        tree = context.tree
        target = tree.path(self.folder)
        copy = tree.place()
        shutil.copytree(tree.path(self.folder, 1), copy)
        for folder, _, names in os.walk(copy):
            os.chmod(folder, tree.folder_mode)
            for name in names:
                os.chmod(os.path.join(folder, name), tree.mode)
                durable.sync(os.path.join(folder, name))
        if os.path.lexists(target):
            # Locks, or files attached to the page while its text lay below.
            shutil.copytree(target, copy, dirs_exist_ok=True)
            tree.set_aside(target)
        os.rename(copy, target)
        context.undo.append(lambda: shutil.rmtree(target))
        durable.sync(tree.pages)


@dataclass(frozen=True, slots=True)
class Destroy:
    """A page's folder goes for good, once the transaction has ended well."""

    folder: str
    grave: str

    def do(self, context: Context) -> None:
        path, grave = context.tree.path(self.folder), self.grave
        os.rename(path, grave)
        context.undo.append(lambda: os.rename(grave, path))
        if context.each:
            durable.sync(context.tree.pages)


@dataclass(frozen=True, slots=True)
class Attach:
    """A file comes, is replaced or goes; the content that was there is kept under its checksum."""

    page: str
    folder: str
    name: str
    content: str | None
    """Where the new content lies, written and synced; None if the file is removed."""

    before: str
    """The SHA-256 of the content that is there, '' for none."""

    def do(self, context: Context) -> None:
        tree = context.tree
        folder = os.path.join(tree.path(self.folder), "attachments")
        path = os.path.join(folder, self.name)
        with suppress(FileExistsError):
            tree.make_folder(folder)
        if os.path.lexists(path):
            kept = os.path.join(tree.versions, self.before or f"lost-{os.urandom(9).hex()}")
            with suppress(FileExistsError):
                durable.link(path, kept)
                if context.each:
                    durable.sync(tree.versions)
            context.undo.append(lambda: _restored(kept, path))
        else:
            context.undo.append(lambda: os.unlink(path))
        if self.content is None:
            with suppress(FileNotFoundError):
                os.unlink(path)
        else:
            # By a second name: the transaction's own is removed at its end.
            second = tree.place()
            durable.link(self.content, second)
            os.rename(second, path)
        if context.each:
            durable.sync(folder)


@dataclass(frozen=True, slots=True)
class Profile:
    """An account's file is written, or removed."""

    user: str
    content: bytes | None

    def do(self, context: Context) -> None:
        tree = context.tree
        path = os.path.join(tree.users, self.user)
        try:
            before: bytes | None = durable.read(path)
        except FileNotFoundError:
            before = None
        if self.content is None:
            with suppress(FileNotFoundError):
                os.unlink(path)
        else:
            durable.replace(path, self.content, 0o600 | tree.mode & 0o060, context.each)
        context.undo.append(lambda: _rewritten(tree, path, before))
        if context.each:
            durable.sync(tree.users)


Step = Revise | Move | Raise | Destroy | Attach | Profile


class Work:
    """One transaction's steps and the lines it adds to the logs."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.steps: list[Step] = []
        self.lines: list[tuple[str, Line]] = []
        self.places: dict[str, str] = {}
        self.fresh: set[str] = set()
        self.staged: list[str] = []
        self.graves: list[str] = []
        self.ended: list[str] = []
        self.texts: dict[tuple[int, int], str | None] = {}
        self.contents: dict[int, str | None] = {}
        self.touched: dict[str, None] = {}
        self.appended = 0
        self._context: Context | None = None

    def physical(self, folder: str, layer: int) -> str:
        """Return where a page's folder lies before anything of this transaction is done."""
        return self.places.get(folder) or self.tree.path(folder, layer)

    def do(self) -> None:
        """Do the steps, then write the logs; raise EditConflict, Unavailable or StorageError, and see `undo`."""
        if not self.steps and not self.lines:
            return
        context = self._context = Context(self.tree, len(self.steps) <= MANY)
        try:
            self._note()
            for step in self.steps:
                step.do(context)
            self._log(context.each)
            if not context.each:
                os.sync()
        except OSError as error:
            raise meant(error) from error

    def _note(self) -> None:
        note = os.path.join(self.tree.begun, os.urandom(9).hex())
        steps = [[type(step).__name__, _folder(step), getattr(step, "to", "")] for step in self.steps]
        lines = [[folder, bytes(line).decode()] for folder, line in self.lines]
        durable.write(note, json.dumps([steps, lines]).encode(), 0o600, synced=False)
        self.ended.append(note)

    def _log(self, each: bool) -> None:
        by_folder: dict[str, list[bytes]] = {}
        for folder, line in self.lines:
            by_folder.setdefault(folder, []).append(bytes(line))
        for folder, lines in by_folder.items():
            durable.append(os.path.join(self.tree.path(folder), "edit-log"), b"".join(lines), self.tree.mode, each)
        everything = b"".join(bytes(line) for _, line in self.lines)
        if everything:
            durable.append(self.tree.log, everything, self.tree.mode, each)
        self.appended = len(everything)

    def undo(self) -> None:
        """Undo what was done, the last first; what cannot be undone is found by the next look at the tree."""
        if self._context:
            for step in reversed(self._context.undo):
                with suppress(OSError):
                    step()
        self._context = None

    def end(self, done: bool) -> None:
        """Remove what is no longer needed, after the transaction has ended."""
        for path in self.graves if done else ():
            shutil.rmtree(path, ignore_errors=True)
        for path in [*self.staged, *self.ended]:
            with suppress(OSError):
                os.unlink(path)


def unfinished(tree: Tree) -> list[tuple[str, list[str]]]:
    """End what stopped writers had begun: return each note's path and the folders to be looked at.

    Nobody else may be writing meanwhile. A text that was in its place becomes the newest revision, and lines that are
    missing in the logs are written.
    """
    found = []
    for name in _listing(tree.begun):
        path = os.path.join(tree.begun, name)
        folders: dict[str, None] = {}
        try:
            steps, lines = json.loads(durable.read(path))
            for _, folder, to in steps:
                folders.update(dict.fromkeys(each for each in (folder, to) if each))
            for folder in folders:
                locks.release(tree.path(folder))
            for folder, text in lines:
                folders[folder] = None
                _finish(tree, folder, parse(text.encode())[0][0])
        except (OSError, ValueError, LookupError, TypeError):
            pass  # cut off by a power failure: the pages' stamps tell what there is to see
        found.append((path, list(folders)))
    return found


def _finish(tree: Tree, folder: str, line: Line) -> None:
    path = tree.path(folder)
    if line.number != ATTACHMENT:
        number = _number_or_none(path)
        if number is None and not _listing(os.path.join(path, "revisions")):
            with suppress(OSError):
                os.rmdir(os.path.join(path, "revisions"))
                os.rmdir(path)
            return
        there = os.path.exists(revision_path(path, line.number))
        if there and (number is None or number < line.number):
            durable.replace(os.path.join(path, "current"), f"{line.number:08d}\n".encode(), tree.mode)
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(path, "current-locked"))
        elif number is None or number < line.number:
            locks.release(path)
            return
        locks.release(path)
    elif (line.action == "ATTNEW" and not os.path.exists(os.path.join(path, "attachments", line.file))) or (
        line.action == "ATTDEL" and os.path.exists(os.path.join(path, "attachments", line.file))
    ):
        return
    for log in (os.path.join(path, "edit-log"), tree.log):
        if line not in parse(_tail(log))[0]:
            durable.append(log, bytes(line), tree.mode)


def _tail(path: str, size: int = 65536) -> bytes:
    try:
        with open(path, "rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - size))
            return file.read()
    except FileNotFoundError:
        return b""


def _folder(step: Step) -> str:
    return "" if isinstance(step, Profile) else step.folder


def _locked(context: Context, path: str, page: str) -> int:
    """Lock a page, to be unlocked if what follows fails, and return its number; raise EditConflict if it is gone."""
    try:
        number = locks.take(context.tree, path)
    except (locks.NotThere, ValueError):
        raise EditConflict(name=page) from None
    context.undo.append(lambda: locks.release(path))
    return number


def _back(tree: Tree, path: str, number: int) -> None:
    """Let a page's `current` name its former revision again."""
    with suppress(FileNotFoundError):
        os.rename(os.path.join(path, "current"), os.path.join(path, "current-locked"))
    locks.write(tree, path, number)


def _restored(kept: str, path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
    os.link(kept, path)


def _rewritten(tree: Tree, path: str, content: bytes | None) -> None:
    if content is None:
        os.unlink(path)
    else:
        durable.replace(path, content, tree.mode)


def _number_or_none(path: str) -> int | None:
    try:
        return number_in(path)
    except ValueError:
        return None


def _listing(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def meant(error: OSError) -> Unavailable | StorageError:
    """Return what an error of the file system means to us."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EBUSY):
        return Unavailable()
    return StorageError(reason=f"{error.filename or 'files'}: {error.strerror or error}")
