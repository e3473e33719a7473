"""The two databases beside the tree: `state.db`, which holds what MoinMoin has no place for, and the derived index.

The index is the SQLite engine's own tables without the texts, in the cache folder: it may be deleted at any moment and
is made anew. A transaction locks both, so it is `state.db` that makes our processes wait for each other.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ...model import StorageError, Unavailable
from .. import words
from ..sqlite import SqliteStorage
from ..sqlite.database import PATIENCE, safe_wal
from .tree import Tree
from .work import Work, unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..sqlite.database import _Held

INDEX = os.path.join("anywiki-cache", "index.db")
"""Where the index lies below the data directory."""

VERSION = f"1.{words.VERSION}"
"""Of the index; another one is thrown away and made anew."""

STATE_VERSION = 1

PLACES = """
-- Where each page lies. `pending`: 1 = of its newest text only the ACL is known, 2 = nothing is; 0 = everything.
create table place (
    page integer primary key,
    folder text not null unique,
    layer integer not null,
    current text not null default '-',
    text text not null default '-',
    files text not null default '-',
    log text not null default '-',
    pending integer not null default 0
);
create index place_pending on place (pending) where pending > 0;
create table odd (folder text primary key, problems text not null) without rowid;
create table announced (name text primary key) without rowid;
create table profile (user text primary key, stamp text not null) without rowid;
"""

STATE = """
create table known (folder text primary key, uid text not null unique, born integer not null) without rowid;
create table remark (folder text not null, number integer not null, data text not null,
    primary key (folder, number)) without rowid;
create table version (folder text not null, name text not null, time integer not null, data text not null,
    primary key (folder, name, time)) without rowid;
create table account (id text primary key, data text not null) without rowid;
create table former (id text primary key, name text not null) without rowid;
"""


class Derived(SqliteStorage):
    """Connections to both databases, and transactions that also change the tree."""

    def __init__(self, path: str, folder: str = ".", underlay: str = "", beside: str = "") -> None:
        """`underlay` is the folder that holds the shipped `pages`; with `beside`, the tree is only read and what is
        ours lies in that folder."""
        root = os.path.abspath(os.path.join(folder, path))
        self.tree = Tree(root, os.path.join(folder, underlay, "pages") if underlay else "", beside)
        self.path = os.path.join(self.tree.beside, INDEX)
        self.url = f"files:{path}"
        self._local = threading.local()
        self._generation = 0
        self._held()

    # -- connections -------------------------------------------------------------------------------------------------

    def _held(self) -> _Held:
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None and not held.depth and self._local.inode != _inode(self.path):
            # The cache folder was emptied.
            self._local.__dict__.pop("held", None)
        return super()._held()

    def _connect(self) -> sqlite3.Connection:
        self.tree.prepare()
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        except OSError as error:
            raise StorageError(reason=f"{self.path}: {error.strerror}") from error
        try:
            return self._opened()
        except StorageError:
            # A damaged index is one that is not there; a damaged state.db fails again.
            for suffix in ("", "-journal", "-wal", "-shm"):
                with suppress(OSError):
                    os.unlink(self.path + suffix)
            return self._opened()

    def _opened(self) -> sqlite3.Connection:
        for path in (self.path, self.tree.state):
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with self._translated():
            connection = sqlite3.connect(
                self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=300
            )
            try:
                connection.execute("attach ? as state", (self.tree.state,))
                for setting in (
                    # What the power fails under is looked through at the next start of the machine.
                    f"main.synchronous = {'off' if boot() else 'normal'}",
                    "state.synchronous = extra",
                    "main.cache_size = -8000",
                    "temp_store = memory",
                    "main.cell_size_check = on",
                    "trusted_schema = off",
                ):
                    connection.execute(f"pragma {setting}").fetchall()
                if connection.execute("pragma state.user_version").fetchone()[0] != STATE_VERSION:
                    self._make_state(connection)
                if connection.execute("pragma main.user_version").fetchone()[0] == 0:
                    self._make_index(connection)
                said = dict(connection.execute("select key, value from meta where key in ('version', 'boot')"))
                if said.get("version") != VERSION:
                    raise StorageError(reason=f"{self.path} is from another version")
                if said.get("boot") != boot():
                    self._look_through(connection)
            except BaseException:
                connection.close()
                raise
        self._local.inode = _inode(self.path)
        return connection

    def _make_state(self, connection: sqlite3.Connection) -> None:
        from ..sqlite import schema

        version = connection.execute("pragma state.user_version").fetchone()[0]
        if version > STATE_VERSION:
            raise StorageError(
                "The database %(path)s was made by a newer version of the program: upgrade the program.",
                path=self.tree.state,
            )
        if safe_wal(self.tree.state):
            connection.execute("pragma state.journal_mode = wal").fetchall()
        self._begin(connection)
        try:
            if connection.execute("pragma state.user_version").fetchone()[0] == 0:
                schema.run(
                    connection,
                    (STATE + schema.RECORDS)
                    .replace("create table ", "create table state.")
                    .replace("create index ", "create index state."),
                )
                connection.execute(f"pragma state.user_version = {STATE_VERSION}")
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise

    def _make_index(self, connection: sqlite3.Connection) -> None:
        from ..sqlite import schema

        self._begin(connection)
        try:
            if connection.execute("pragma main.user_version").fetchone()[0] == 0:
                schema.run(connection, schema.TABLES + PLACES)
                schema.search_tables(connection)
                rows = [("version", VERSION), ("boot", boot())]
                connection.executemany("insert into meta (key, value) values (?, ?)", rows)
                connection.execute("pragma main.user_version = 1")
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise

    def _look_through(self, connection: sqlite3.Connection) -> None:
        """Check an index that was last written before the machine started; raise StorageError if it is damaged."""
        if connection.execute("pragma main.quick_check(1)").fetchone()[0] != "ok":
            raise StorageError(reason=f"{self.path} is damaged")
        self._begin(connection)
        try:
            rows = [("boot", boot()), ("verify", "1")]
            connection.executemany("insert or replace into meta (key, value) values (?, ?)", rows)
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise

    def _meta(self, key: str) -> str:
        row = self._row("select value from meta where key = ?", key)
        return str(row[0]) if row else ""

    # -- transactions ------------------------------------------------------------------------------------------------

    @property
    def _work(self) -> Work | None:
        """What the transaction that this thread is in does to the tree; None outside of one."""
        return self._local.work if self._held().depth else None

    @contextmanager
    def writing(self) -> Iterator[None]:
        held = self._held()
        if held.depth:
            with super().writing():
                yield
            return
        work = Work(self.tree)
        done = False
        try:
            with super().writing():
                self._local.work = work
                self._recover(work)
                yield
                if self.tree.read_only and work.steps:
                    raise Unavailable("The directory %(folder)s is only read.", folder=self.tree.root)
                self._do(work)
            done = True
        except BaseException:
            work.undo()
            raise
        finally:
            work.end(done)

    def _recover(self, work: Work) -> None:
        """End what writers who were stopped had begun."""
        for note, folders in unfinished(self.tree):
            for folder in folders:
                self._look(folder)
            work.ended.append(note)

    def _do(self, work: Work) -> None:
        raise NotImplementedError

    def _look(self, folder: str, quick: bool = False) -> bool:
        raise NotImplementedError


def boot() -> str:
    """Return what names the time since this machine was started, '' where that cannot be told."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0
