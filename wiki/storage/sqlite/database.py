"""Connections to a SQLite file: one per thread, reopened after a fork; transactions, and errors in our words."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...model import BadRequest, StorageError, Unavailable, WikiError
from .. import Progress, Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

VERSION = 1
PATIENCE = 15.0
"""Seconds to wait for a lock, once more after a short pause, before a save is refused."""

BACKUP_PAGES = 1000
"""Pages (4 KB) that a backup copies at once: some 10 ms, in which a save waits."""

BACKUP_ROUNDS = 30
"""After so many saves that made it start anew, a backup copies everything at once, or it would never end."""

Row = tuple[Any, ...]

_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_PERM,
}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs", "ncpfs", "gfs2", "ocfs2"}
_abandoned: list[sqlite3.Connection] = []


class _Held:
    """A thread's connection. One that came through a fork is never closed: that would touch its owner's locks."""

    def __init__(self, connection: sqlite3.Connection, generation: int) -> None:
        self.connection = connection
        self.generation = generation
        self.pid = os.getpid()
        self.depth = 0

    def __del__(self) -> None:
        if self.pid == os.getpid():
            with suppress(sqlite3.Error):
                self.connection.close()
        else:
            _abandoned.append(self.connection)


class _Restless(Exception):
    """Others save so often that a backup in steps does not end."""


class Database(Storage):
    """What all parts of the SQLite engine stand on."""

    def __init__(self, path: str, folder: str = ".") -> None:
        self.path = os.path.abspath(os.path.join(folder, path))
        self.url = f"sqlite:{path}"
        self._local = threading.local()
        self._generation = 0
        self._held()

    def close(self) -> None:
        # Other threads' connections may be in use: each closes its own when it comes back or ends.
        self._generation += 1
        self._local.__dict__.pop("held", None)

    # -- connections -------------------------------------------------------------------------------------------------

    def _held(self) -> _Held:
        held: _Held | None = getattr(self._local, "held", None)
        if held is None or held.pid != os.getpid() or (held.generation != self._generation and not held.depth):
            self._local.held = held = _Held(self._connect(), self._generation)
        return held

    def _connect(self) -> sqlite3.Connection:
        self._create_file()
        with self._translated():
            connection = sqlite3.connect(
                self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=300
            )
            try:
                version = connection.execute("pragma user_version").fetchone()[0]
                if version != VERSION:
                    self._upgrade(connection, version)
                # EXTRA: with FULL a power cut can bring back the journal of a save that was acknowledged. In WAL mode
                # FULL is enough (both measured).
                wal = connection.execute("pragma journal_mode").fetchone()[0] == "wal"
                if wal and not safe_wal(self.path):
                    # Made by a newer SQLite, or moved here. While somebody else has it open it has to stay as it is.
                    with suppress(sqlite3.OperationalError):
                        wal = connection.execute("pragma journal_mode = delete").fetchone()[0] == "wal"
                for setting in (
                    f"synchronous = {'full' if wal else 'extra'}",
                    "cache_size = -8000",
                    "temp_store = memory",
                    "secure_delete = fast",
                    "cell_size_check = on",
                    "trusted_schema = off",
                ):
                    connection.execute(f"pragma {setting}").fetchall()
            except BaseException:
                connection.close()
                raise
        return connection

    def _create_file(self) -> None:
        if os.path.exists(self.path):
            return
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except OSError as error:
            raise StorageError(reason=f"{self.path}: {error.strerror}") from error

    def _upgrade(self, connection: sqlite3.Connection, version: int) -> None:
        """Create the tables, or bring those of an older program up to date after a copy of the file was made."""
        if version > VERSION:
            raise StorageError(
                "The database %(path)s was made by a newer version of the program: upgrade the program.", path=self.path
            )
        from . import schema

        if not connection.execute("select 1 from sqlite_master").fetchone() and safe_wal(self.path):
            connection.execute("pragma journal_mode = wal").fetchall()
        connection.execute("pragma synchronous = extra")
        self._begin(connection)
        try:
            version = connection.execute("pragma user_version").fetchone()[0]
            if version == 0 and connection.execute("select 1 from sqlite_master").fetchone():
                raise StorageError("%(path)s is a SQLite database, but not a wiki's.", path=self.path)
            if version < VERSION:
                if version:
                    self._copy(f"{self.path}.version-{version}")
                schema.upgrade(connection)
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise

    # -- statements --------------------------------------------------------------------------------------------------

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            meaning = meant(error, self.path)
            if meaning is None:
                raise
            raise meaning from error
        except (UnicodeEncodeError, OverflowError) as error:
            # Half a surrogate pair or a number beyond 64 bits: nothing that is stored can be meant.
            raise BadRequest() from error

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection. Where SQLite has rolled back by itself (a full disk), whatever is still said
        inside that transaction is refused: it would be stored by itself."""
        held = self._held()
        if held.depth and not held.connection.in_transaction:
            raise Unavailable()
        return held.connection

    def _rows(self, sql: str, *values: object) -> list[Row]:
        with self._translated():
            return self._connection().execute(sql, values).fetchall()

    def _row(self, sql: str, *values: object) -> Row | None:
        with self._translated():
            row: Row | None = self._connection().execute(sql, values).fetchone()
            return row

    def _run(self, sql: str, *values: object) -> sqlite3.Cursor:
        with self._translated():
            return self._connection().execute(sql, values)

    def _run_many(self, sql: str, values: Sequence[Row]) -> None:
        with self._translated():
            self._connection().executemany(sql, values)

    # -- transactions ------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        held = self._held()
        if held.depth:
            held.depth += 1
            try:
                yield
            finally:
                held.depth -= 1
            return
        with self._translated():
            self._begin(held.connection)
        held.depth = 1
        try:
            yield
            self._commit(held.connection)
        except BaseException:
            if held.connection.in_transaction:
                held.connection.execute("rollback")
            raise
        finally:
            held.depth = 0

    def _begin(self, connection: sqlite3.Connection) -> None:
        patiently(lambda: connection.execute("begin immediate"))

    def _commit(self, connection: sqlite3.Connection) -> None:
        if not connection.in_transaction:
            raise Unavailable()
        with self._translated():
            patiently(lambda: connection.execute("commit"))

    # -- copies ------------------------------------------------------------------------------------------------------

    def backup(self, path: str, progress: Progress | None = None) -> None:
        """Write a consistent copy to a new file (mode 0600); one that is there is replaced when the copy is complete.

        The copy is made in steps between which saves go on. In rollback mode each save makes it start anew; after
        BACKUP_ROUNDS of those, saves wait until everything is copied.
        """
        self._copy(path, progress)

    def _copy(self, path: str, progress: Progress | None = None) -> None:
        partial = f"{path}.{os.getpid()}-{threading.get_ident()}.partial"

        left: list[int] = []

        def told(status: int, remaining: int, total: int) -> None:
            if status == sqlite3.SQLITE_OK:
                left.append(remaining)
            if progress:
                progress("backup", total - remaining, total)
            if sum(after >= before for before, after in pairwise(left)) > BACKUP_ROUNDS:
                raise _Restless

        try:
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            with self._translated():
                source = sqlite3.connect(self.path, timeout=0, isolation_level=None)
                target = sqlite3.connect(partial, isolation_level=None)
                try:
                    target.execute("pragma synchronous = off")
                    try:
                        source.backup(target, pages=BACKUP_PAGES, progress=told, sleep=0.002)
                    except _Restless:
                        source.backup(target, sleep=0.002)
                    target.execute("pragma journal_mode = delete").fetchall()
                finally:
                    target.close()
                    source.close()
            for synced in (partial, os.path.dirname(os.path.abspath(path))):
                number = os.open(synced, os.O_RDONLY)
                try:
                    if synced == partial:
                        os.fsync(number)
                        os.replace(partial, path)
                    else:
                        os.fsync(number)
                finally:
                    os.close(number)
        except OSError as error:
            raise StorageError(reason=f"{path}: {error.strerror}") from error
        finally:
            with suppress(OSError):
                os.unlink(partial)


def patiently(step: Callable[[], object]) -> None:
    """Do what may find the database locked; if it still is after PATIENCE, once more after a short random pause."""
    try:
        step()
    except sqlite3.OperationalError as error:
        if primary_code(error) != sqlite3.SQLITE_BUSY:
            raise
        time.sleep(random.uniform(0.05, 0.25))  # noqa: S311 - no secret
        step()


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code of an error, -1 if it did not come from SQLite."""
    return getattr(error, "sqlite_errorcode", -1) & 0xFF if hasattr(error, "sqlite_errorcode") else -1


def meant(error: sqlite3.DatabaseError, path: str) -> WikiError | None:
    """Return what an error of SQLite means to us; None if it is nothing but a bug."""
    code = primary_code(error)
    if code in _UNAVAILABLE:
        return Unavailable()
    if code in _DAMAGED or "decode to UTF-8" in str(error):
        return StorageError("The database %(path)s is damaged: %(reason)s.", path=path, reason=str(error))
    return None


def safe_wal(path: str, version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Say whether WAL mode is safe: no WAL-reset bug (mended in 3.51.3, 3.50.7, 3.44.6) and a local file system."""
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return fixed and file_system(path) not in _REMOTE | {""} and not file_system(path).startswith("fuse")


def file_system(path: str) -> str:
    """Return the type of the file system that a path lies on, '' if it cannot be told."""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    best = ("", "")
    for line in mounts:
        _, point, kind, *_ = line.split(" ")
        point = point.encode("latin-1", "replace").decode("unicode_escape", "replace")
        if os.path.join(path, "").startswith(os.path.join(point, "")) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]
