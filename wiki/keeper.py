"""The page cache's writing side: who describes the door, keeps finished pages and evicts those that a save made stale.

No acknowledged save is followed by the old page, whatever the interleaving or the moment of a crash. A writer begins
its transaction, takes the lock shared, only then reads and computes what to evict, notes that in the log, evicts,
commits, unlocks. Who wants to keep a page takes the lock exclusively, notes the log's length, releases it, only then
begins to read, takes it exclusively again, and puts the entry in place only if nothing logged since concerns it. Lock,
log and the door's file lie beside the cache folder, which may be emptied at any moment; those three may not while the
wiki runs.

The lock is taken inside the transaction, not before: a writer that waits for the other writers' transactions would
hold it meanwhile, and while several save at once nobody could keep anything (measured: 0 hits of 233 reads).

The lock is flock on a descriptor of one's own: it excludes threads, which lockf does not, and ends with its process.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, AnyStr

from .model import Unavailable
from .pagecache import BODY, FORMAT, GZIP, HEAD, Known, installed, key, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

LOG_LIMIT = 1 << 20
"""Bytes after which the log begins anew. A filling that spans this moment is not kept."""
WAIT = 10.0
"""Seconds that a writer waits for its lock: whoever keeps an entry has it for less than a millisecond."""
GAP = 0.02
"""Seconds that who would keep a page waits for a moment between two saves."""


class Lock:
    """The cache's lock file, opened once per use: flock belongs to the open file, so threads exclude each other."""

    def __init__(self, folder: str) -> None:
        self.path = folder + ".lock"
        self._descriptor = -1

    def take(self, exclusive: bool, seconds: float = 0.0) -> bool:
        """Take the lock within so many seconds and return whether it was got; raise OSError where there is no flock."""
        import fcntl

        if self._descriptor < 0:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        mode = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB
        end = time.monotonic() + seconds
        pause = 0.0005
        while True:
            try:
                fcntl.flock(self._descriptor, mode)
                return True
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                    raise
            if time.monotonic() >= end:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)

    def release(self) -> None:
        """Give the lock back, if it was taken."""
        if self._descriptor >= 0:
            import fcntl

            descriptor, self._descriptor = self._descriptor, -1
            # A forked child may hold a copy of the descriptor: closing ours would not unlock.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


class Log:
    """The keys evicted so far, a line each after a first one that tells this log from the one before it."""

    def __init__(self, folder: str) -> None:
        self.path = folder + ".log"

    def mark(self) -> tuple[bytes, int]:
        """Return where the log ends now; begin one if there is none. Hold the lock exclusively; raise OSError."""
        if not os.path.exists(self.path):
            self.note([])
        content = read(os.fsencode(self.path))
        return content.partition(b"\n")[0], len(content)

    def since(self, mark: tuple[bytes, int]) -> list[bytes] | None:
        """Return the keys noted after a mark, None if this cannot be told. Hold the lock exclusively."""
        try:
            content = read(os.fsencode(self.path))
        except FileNotFoundError:
            content = b""
        if content.partition(b"\n")[0] != mark[0] or len(content) < mark[1]:
            return None
        return content[mark[1] :].split(b"\n")

    def note(self, keys: Iterable[bytes]) -> None:
        """Append keys. Hold the lock shared; raise OSError."""
        import fcntl

        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            # Where files are on a network, appending is not atomic between writers.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            start = os.fstat(descriptor).st_size
            text = b"" if start else os.urandom(8).hex().encode() + b"\n"
            text += b"".join(name + b"\n" for name in keys)
            if os.write(descriptor, text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
        finally:
            os.close(descriptor)

    def bound(self) -> None:
        """Begin anew if the log has become long. Hold the lock exclusively."""
        with suppress(OSError):
            if os.stat(self.path).st_size > LOG_LIMIT:
                os.unlink(self.path)


class Evicting:
    """What a writer does to the cache between taking the lock and giving it back."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.lock = Lock(folder)
        self.log = Log(folder)
        self._swept = False

    def begin(self, seconds: float) -> bool:
        """Take the lock and return whether it was got; raise Unavailable where there is no flock."""
        try:
            if _size(self.log.path) > LOG_LIMIT and self.lock.take(exclusive=True):
                self.log.bound()
                return True
            return self.lock.take(exclusive=False, seconds=seconds)
        except OSError as error:
            self.lock.release()
            raise _unavailable(error) from error

    def evict(self, names: Iterable[str]) -> None:
        """Evict the entries of these pages. Call inside the transaction, before its commit; raise Unavailable."""
        keys = [found for found in (key(name.encode("utf-8", "surrogateescape")) for name in names) if found]
        if keys:
            self.note(keys)
            self.forget(keys)

    def evict_all(self) -> None:
        """Evict everything: a new epoch. Call inside the transaction, before its commit; raise Unavailable."""
        try:
            known = described(self.folder)
            if known:
                _write_info(self.folder, known.text.replace(f"\nepoch={known.epoch}\n", f"\nepoch={_epoch()}\n", 1))
            self._swept = True
        except OSError as error:
            raise _unavailable(error) from error

    def note(self, keys: Sequence[bytes]) -> None:
        """Put keys into the log: the first half of `evict`."""
        try:
            self.log.note(keys)
        except OSError as error:
            raise _unavailable(error) from error

    def forget(self, keys: Sequence[bytes]) -> None:
        """Remove the entries under these keys for good, even if the power fails now: the second half of `evict`."""
        known = described(self.folder)
        if known is None:
            return
        pages = os.fsencode(self.folder) + b"/pages/" + known.epoch.encode() + b"/"
        changed = set()
        try:
            for site in _listing(pages):
                for found in keys:
                    path = pages + site + b"/" + found
                    for suffix in (HEAD, BODY, GZIP):
                        with suppress(FileNotFoundError, NotADirectoryError):
                            os.unlink(path + suffix)
                            changed.add(os.path.dirname(path))
            for directory in changed:
                _sync(directory)
        except OSError:
            # An entry that cannot be removed, as when another user made it, is left behind with its epoch.
            self.evict_all()

    def end(self) -> None:
        """Give the lock back, after the commit."""
        self.lock.release()
        if self._swept:
            sweep(self.folder)


class Cache:
    """The writers' door to the page cache: `with cache.writing(storage.writing()) as evicting: ...`.

    For every store that lies on a disk, also while the cache is switched off: another process may have it on.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @contextmanager
    def writing(self, transaction: AbstractContextManager[None] | None = None) -> Iterator[Evicting]:
        """Hold the lock, shared with other writers, inside a transaction and until that has been committed.

        Without a transaction, the lock is held around everything done inside. Raises Unavailable if it cannot be had
        within ten seconds; what was begun is rolled back.
        """
        evicting = Evicting(self.folder)
        try:
            with transaction or nullcontext():
                if not evicting.begin(WAIT):
                    raise _unavailable()
                yield evicting
        finally:
            evicting.end()


class NotEvicting:
    """Evicts nothing."""

    def evict(self, names: Iterable[str]) -> None:
        """Do nothing."""

    def evict_all(self) -> None:
        """Do nothing."""


class NoCache:
    """What a wiki in memory, or on a file system without flock, has in place of a cache."""

    @contextmanager
    def writing(self, transaction: AbstractContextManager[None] | None = None) -> Iterator[NotEvicting]:
        """Hold a transaction, if one is given, and no lock."""
        with transaction or nullcontext():
            yield NotEvicting()


def describe(
    folder: str,
    *,
    fingerprint: str,
    stamps: Sequence[str] = (),
    on: bool = True,
    mount: str | None = None,
    hosts: Sequence[str] = (),
    front_page: str = "FrontPage",
    proxies: Sequence[str] = (),
    remote_user: bool = False,
) -> Known:
    """Tell the door what it must know, and return the same. Anything that changed begins a new epoch.

    `stamps` are those (`pagecache.stamp`) of the files that the settings were read from, taken before reading them.
    `mount` is '' or '/wiki', None if it is not configured. `hosts` are as in the Host header; if there are none, any
    host is answered from the cache and no kept page may contain its own. `proxies` are addresses and
    networks (`10.0.0.0/8`) whose X-Forwarded headers are believed; `unix` stands for a local socket.
    A folder that cannot be written leaves the cache off.
    """
    fields = [FORMAT] + [f"stamp={line}" for line in stamps]
    if mount is not None:
        fields.append(f"mount={mount.rstrip('/')}")
    fields += [
        f"on={'yes' if on else 'no'}",
        f"hosts={' '.join(host.lower() for host in hosts)}",
        f"front_page={front_page}",
        f"proxies={' '.join(proxies)}",
        f"remote_user={'yes' if remote_user else 'no'}",
        f"program={installed()}",
        f"fingerprint={fingerprint}",
    ]
    if any("\n" in field for field in fields):
        raise ValueError("a setting that the door must know contains a line break")
    before = described(folder)
    if before and before.text == _text(fields, before.epoch):
        return before
    known = Known(_text(fields, _epoch()))
    lock = Lock(folder)
    try:
        make_folder(os.fsencode(folder))
        if lock.take(exclusive=True, seconds=WAIT):
            # Another process may have said the same while this one waited.
            before = described(folder)
            if before and before.text == _text(fields, before.epoch):
                return before
            _write_info(folder, known.text)
        else:
            os.unlink(folder + ".info")
    except OSError:
        with suppress(OSError):
            os.unlink(folder + ".info")
    finally:
        lock.release()
    sweep(folder)
    return known


def sweep(folder: str) -> None:
    """Remove the entries of former epochs."""
    import shutil

    known = described(folder)
    pages = os.path.join(folder, "pages")
    for name in _listing(pages):
        if known is None or name != known.epoch:
            shutil.rmtree(os.path.join(pages, name), ignore_errors=True)


def _text(fields: list[str], epoch: str) -> str:
    return "\n".join([fields[0], f"epoch={epoch}", *fields[1:], "end=", ""])


def _epoch() -> str:
    return os.urandom(9).hex()


def described(folder: str) -> Known | None:
    try:
        return Known(read(os.fsencode(folder) + b".info").decode("utf-8", "surrogateescape"))
    except (OSError, ValueError, KeyError):
        return None


def _write_info(folder: str, text: str) -> None:
    path = os.fsencode(folder) + b".info"
    temporary = path + b"." + os.urandom(6).hex().encode()
    try:
        write_file(temporary, text.encode("utf-8", "surrogateescape"), durable=True)
        os.replace(temporary, path)
        _sync(os.path.dirname(path))
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def write_file(path: bytes, content: bytes, durable: bool = False) -> str:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if durable:
            os.fsync(descriptor)
        status = os.fstat(descriptor)
        return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"
    finally:
        os.close(descriptor)


def make_folder(directory: bytes) -> None:
    # `os.makedirs` would give its mode to the last folder only.
    if directory and not os.path.isdir(directory):
        make_folder(os.path.dirname(directory))
        with suppress(FileExistsError):
            os.mkdir(directory, 0o700)


def _sync(directory: bytes) -> None:
    descriptor = os.open(directory or b".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _listing(path: AnyStr) -> list[AnyStr]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _unavailable(error: OSError | None = None) -> Unavailable:
    return Unavailable(
        "The page cache cannot be locked or emptied (%(reason)s), so nothing can be stored at the moment.",
        reason=(error.strerror if error else "") or "busy",
    )
