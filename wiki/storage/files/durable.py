"""File operations that leave whole files, whatever stops them: written beside, synced, then named."""

from __future__ import annotations

import os
from contextlib import suppress

Stamp = str
"""What tells one state of a file from the next: size, time of change in nanoseconds, inode; `-` where it is not."""


def read(path: str) -> bytes:
    """Return a file's bytes; raise OSError."""
    with open(path, "rb") as file:
        return file.read()


def stamp(path: str) -> Stamp:
    """Return the state of a file or folder."""
    try:
        status = os.stat(path)
    except OSError:
        return "-"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def write(path: str, content: bytes, mode: int, synced: bool = True) -> None:
    """Make a new file; raise FileExistsError or another OSError, and then leave none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, mode)
        _write_all(descriptor, content)
        if synced:
            os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def replace(path: str, content: bytes, mode: int, synced: bool = True) -> None:
    """Give a file this content in one step; raise OSError."""
    temporary = f"{path}.{os.urandom(6).hex()}.new"
    write(temporary, content, mode, synced)
    try:
        os.rename(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def link(source: str, target: str) -> None:
    """Give a whole file a name that nothing has yet; raise FileExistsError or another OSError."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links.
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        write(target, read(source), os.stat(source).st_mode & 0o777)


def append(path: str, lines: bytes, mode: int, synced: bool = True) -> None:
    """Append whole lines to a log, in one write; what a crash left without its line end is ended first."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, mode)
    try:
        size = os.fstat(descriptor).st_size
        if not size:
            with suppress(OSError):
                os.fchmod(descriptor, mode)
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        _write_all(descriptor, lines)
        if synced:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync(path: str) -> None:
    """Have a folder's names, or a file's content, survive a power cut; raise OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
