"""Catching up with what another program wrote into the tree: an old MoinMoin, rsync, an editor.

A page that is asked for is looked at then (`Pages._fresh`). For lists and searches, what tells cheaply that something
happened: the folder of pages has other names in it, the wiki's log has grown; and bit by bit every page is looked at.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ... import names
from ...model import WikiError
from . import tree as trees
from .editlog import parse
from .taking import Taking

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...model import Facts, Revision
    from .. import Progress
    from .work import Work

ROUND = 10.0
"""Seconds between two looks at some of the pages."""

SLICE = 0.03
"""Seconds that such a look takes."""

BUILDING = 2.0
"""The least seconds that are spent on an index which is not complete yet."""

SETTLED = 1_000_000_000
"""Nanoseconds after which a folder's time of change cannot be that of a later change."""


class Catching(Taking):
    """The part of the engine that notices what others did."""

    def changed_elsewhere(self, seconds: float = 0.3, progress: Progress | None = None) -> list[str]:
        if self._work is None and not self.behind():
            return []
        with self.writing():
            end = time.monotonic() + seconds
            if not self._meta("built"):
                end += max(0.0, BUILDING - seconds)
            self._catch_up(end, progress)
            found = [row[0] for row in self._rows("select name from announced order by name")]
            if found:
                self._run("delete from announced")
            return found

    def behind(self) -> bool:
        if self._work is not None:
            return False
        meta: dict[str, str] = dict(self._rows("select key, value from meta"))
        now = time.time()
        return bool(
            not meta.get("built")
            or meta.get("verify")
            or now - float(meta.get("round", 0)) > ROUND
            or not self._names_known(meta.get("pages", ""))
            or meta.get("log") != self._log_state()
            or meta.get("users") != self._users_state()
            or self._row("select 1 from announced limit 1")
            or (self.deriving and self._row("select 1 from place where pending > 0 limit 1"))
            or any(now - _changed(entry.path) > 2 for entry in os.scandir(self.tree.begun))
        )

    def _catch_up(self, end: float, progress: Progress | None = None) -> None:
        self._take_users()
        log = self._log_state()
        if not self._meta("log"):
            self._set_meta("log", log)  # everything is looked at anyway
        elif log != self._meta("log"):
            self._look_at_logged(self._meta("log"), log)
        if not self._names_known(self._meta("pages")) and not self._look_at_names(end, progress):
            return
        if self.deriving and not self._derive_pending(end, progress):
            return
        if self._meta("verify") or time.time() - float(self._meta("round") or 0) > ROUND:
            self._look_round(end if self._meta("verify") else time.monotonic() + SLICE)

    # -- names -------------------------------------------------------------------------------------------------------

    def _names_state(self) -> str:
        found = []
        for folder in (self.tree.pages, self.tree.underlay):
            try:
                found.append(str(os.stat(folder).st_mtime_ns) if folder else "-")
            except OSError:
                found.append("-")
        return " ".join(found)

    def _names_known(self, said: str) -> bool:
        """Say whether the folders of pages are as they were when all their names were looked at.

        A change in the same tick of the clock as the one before cannot be told from it: it is looked for once more.
        """
        state, _, seen = said.rpartition(" ")
        if not state or state != self._names_state():
            return False
        newest = max(int(each) for each in state.split(" ") if each != "-")
        return int(seen) - newest > SETTLED or time.time_ns() - newest <= SETTLED

    def _look_at_names(self, end: float, progress: Progress | None) -> bool:
        state, seen = self._names_state(), time.time_ns()
        there = set(_listing(self.tree.pages))
        if self.tree.underlay:
            there |= set(_listing(self.tree.underlay))
        known = {row[0] for row in self._rows("select folder from place")}
        touched = self._work.touched if self._work else {}
        new = sorted(there - known - touched.keys())
        for done, folder in enumerate(new):
            if progress and done % 100 == 0:
                progress("pages", len(there) - len(new) + done, len(there))
            self._look_safely(folder, quick=True)
            if time.monotonic() > end:
                return False
        for folder in sorted(known - there - touched.keys()):
            self._look_safely(folder)
        for row in self._rows("select folder from odd"):
            if row[0] not in there:
                self._run("delete from odd where folder = ?", row[0])
        self._set_meta("pages", f"{state} {seen}")
        self._set_meta("built", "1")
        return True

    def _look_safely(self, folder: str, quick: bool = False) -> None:
        """Look at a folder; whatever is wrong with one page does not keep the others from being found."""
        try:
            folder.encode()
        except UnicodeEncodeError:
            return  # the check tells
        self._run("savepoint look")
        try:
            self._look(folder, quick)
        except (WikiError, ValueError, LookupError, TypeError) as error:
            self._run("rollback to look")
            self._note_odd(folder, [f"It cannot be taken over: {error}"])
        finally:
            self._run("release look")

    # -- the log -----------------------------------------------------------------------------------------------------

    def _log_state(self) -> str:
        """Return the log's inode and size."""
        try:
            status = os.stat(self.tree.log)
        except OSError:
            return "0 0"
        return f"{status.st_ino} {status.st_size}"

    def _look_at_logged(self, before: str, now: str) -> None:
        """Look at the pages that the log's new lines name; if it is another log, at all pages."""
        inode, _, size = before.partition(" ")
        if inode not in ("0", now.partition(" ")[0]) or int(now.partition(" ")[2]) < int(size):
            self._set_meta("verify", "1")
            self._set_meta("cursor", "")
        else:
            with open(self.tree.log, "rb") as file:
                # A line that was being written when its beginning was read is read again.
                file.seek(max(0, int(size) - 1))
                lines = parse(file.read())[0]
            folders = {line.folder: None for line in lines}
            folders.update({names.quote(line.extra): None for line in lines if line.action == "SAVE/RENAME"})
            for folder in folders:
                self._look_safely(folder)
        self._set_meta("log", now)

    # -- facts, and one page after the other -------------------------------------------------------------------------

    def _derive_pending(self, end: float, progress: Progress | None) -> bool:
        row = self._row("select count(*) from place where pending > 0")
        total = row[0] if row else 0
        done = 0
        while rows := self._rows("select folder from place where pending > 0 order by page limit 200"):
            for (folder,) in rows:
                if progress and done % 20 == 0:
                    progress("texts", done, total)
                self._look_safely(folder)
                self._run("update place set pending = 0 where folder = ? and pending > 0", folder)
                done += 1
                if time.monotonic() > end:
                    return False
        return True

    def _look_round(self, end: float) -> None:
        """Look at some pages after those that were looked at last; when all were, begin anew."""
        cursor = self._meta("cursor")
        while time.monotonic() < end:
            rows = self._rows(
                "select l.folder, l.layer, p.number, l.current, l.text, l.files, l.log from place l "
                "join page p on p.id = l.page where l.folder > ? order by l.folder limit 100",
                cursor,
            )
            for folder, layer, number, *stamps in rows:
                if trees.stamps(self.tree.path(folder, layer), number) != tuple(stamps):
                    self._look_safely(folder)
                cursor = folder
            if not rows:
                cursor = ""
                for (folder,) in self._rows("select folder from odd"):
                    self._look_safely(folder)
                if self._meta("verify"):
                    self._set_meta("verify", "")
                break
        self._set_meta("cursor", cursor)
        self._set_meta("round", str(time.time()))

    def reindex(self, facts: Callable[[Revision], Facts], progress: Progress | None = None) -> None:
        before = self.deriving
        self.deriving = lambda revision, quick: facts(revision)
        try:
            with self.writing():
                from ..sqlite.schema import search_tables

                with self._translated():
                    search_tables(self._held().connection)
                self._run("update place set pending = 2")
                self._run("delete from meta where key = 'pages'")
                self._catch_up(float("inf"), progress)
                self._run("delete from announced")
        finally:
            self.deriving = before

    # -- after our own changes ---------------------------------------------------------------------------------------

    def _do(self, work: Work) -> None:
        if not work.steps and not work.lines:
            return
        names_before, log_before = self._names_state(), self._log_state()
        work.do()
        for folder in work.touched:
            row = self._row(
                "select p.id, p.number from place l join page p on p.id = l.page where l.folder = ?", folder
            )
            if row:
                stamps = trees.stamps(self.tree.path(folder), row[1])
                self._run("update place set current = ?, text = ?, files = ?, log = ? where page = ?", *stamps, row[0])
        said, _, _ = self._meta("pages").rpartition(" ")
        if said == names_before != self._names_state():
            self._set_meta("pages", f"{self._names_state()} {time.time_ns()}")
        if self._meta("log") == log_before != self._log_state():
            inode, _, size = log_before.partition(" ")
            now, _, length = self._log_state().partition(" ")
            if inode in ("0", now) and int(length) == int(size) + work.appended:
                self._set_meta("log", self._log_state())

    def _take_users(self) -> None:
        raise NotImplementedError

    def _users_state(self) -> str:
        raise NotImplementedError


def _listing(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except OSError:
        return []


def _changed(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return time.time()
