"""The page cache's filling side: from a view's finished answer to an entry, unless something changed meanwhile."""

from __future__ import annotations

import os
from contextlib import suppress

from .keeper import GAP, Lock, Log, described, make_folder, write_file
from .pagecache import BODY, FORMAT, GZIP, HEAD, Entry, Known, key, unchanged

BODY_LIMIT = 4 << 20
_OWN = frozenset(("cache-control", "content-length", "date", "etag", "expires", "last-modified", "vary"))
"""Headers that the cache sets itself, or that would grow old in it."""


class Filling:
    """One attempt to keep a page: from before its first read until its entry is in place."""

    def __init__(self, folder: str, known: Known, path: bytes, name: bytes) -> None:
        self.folder = folder
        self.known = known
        self.path = path
        self.name = name
        self.lock = Lock(folder)
        self.log = Log(folder)
        self.mark = (b"", 0)
        self._temporary: list[bytes] = []

    @classmethod
    def started(cls, folder: str, known: Known, path: bytes, name: bytes) -> Filling | None:
        """Return a filling whose reads may begin now, None if it could not be kept anyway."""
        filling = cls(folder, known, path, name)
        try:
            return filling if filling.begin() else None
        except OSError:
            return None

    def begin(self) -> bool:
        """Note where the log ends, and return whether that could be done within 20 ms; raise OSError."""
        try:
            if not self.lock.take(exclusive=True, seconds=GAP) or not self._valid():
                return False
            self.mark = self.log.mark()
            return True
        finally:
            self.lock.release()

    def accepts(self, keep: dict[str, object], status: str, headers: list[tuple[str, str]]) -> bool:
        """Say whether a view has given this response to be kept."""
        name = keep.get("name")
        return (
            isinstance(name, str)
            and name.encode("utf-8", "surrogateescape") == self.name
            and status[:3] == "200"
            and not any(field.lower() in ("set-cookie", "content-encoding") for field, _ in headers)
        )

    def keep(self, keep: dict[str, object], headers: list[tuple[str, str]], body: bytes) -> Entry | None:
        """Keep a page if that is right, and return its entry, kept or not; None if it is too large for one."""
        if len(body) > BODY_LIMIT:
            return None
        stamps = keep.get("stamps")
        lines = [str(line) for line in stamps] if isinstance(stamps, list) else []
        entry = finished(headers, body, lines)
        try:
            if not any("\n" in line for line in lines):
                self.write(entry)
                self.place()
        except OSError:
            pass
        finally:
            self.discard()
        return entry

    def write(self, entry: Entry) -> None:
        """Write the entry's files under names that nobody looks for; raise OSError."""
        assert isinstance(entry.body, bytes)
        pages = os.fsencode(self.folder) + b"/pages/" + self.known.epoch.encode()
        make_folder(os.path.dirname(self.path))
        base = pages + b"/new-" + os.urandom(8).hex().encode()
        self._temporary = [base + suffix for suffix in (BODY, GZIP, HEAD)]
        states = [write_file(base + BODY, entry.body)]
        states.append(write_file(base + GZIP, entry.gzip) if isinstance(entry.gzip, bytes) else "")
        lines = [FORMAT, entry.etag, *states, str(len(entry.stamps))]
        rest = [*entry.stamps, *(f"{field}: {value}" for field, value in entry.headers), "end"]
        head = "\n".join(lines).encode() + b"\n" + self.name + b"\n"
        write_file(base + HEAD, head + "\n".join(rest).encode("utf-8", "surrogateescape"))

    def place(self) -> bool:
        """Put the written files in place if nothing evicted concerns them, and return whether; raise OSError."""
        try:
            if not self.lock.take(exclusive=True, seconds=GAP) or not self.fresh():
                return False
            self.rename()
            return True
        finally:
            self.lock.release()

    def fresh(self) -> bool:
        """Say whether what was read since the beginning still holds. Hold the lock exclusively."""
        evicted = self.log.since(self.mark)
        return evicted is not None and key(self.name) not in evicted and self._valid()

    def rename(self) -> None:
        """Rename the written files: bodies first, since an entry is there when its head is."""
        body, zipped, head = self._temporary
        os.replace(body, self.path + BODY)
        try:
            os.replace(zipped, self.path + GZIP)
        except FileNotFoundError:
            with suppress(FileNotFoundError):
                os.unlink(self.path + GZIP)
        os.replace(head, self.path + HEAD)

    def discard(self) -> None:
        """Remove what was written and not put in place."""
        for path in self._temporary:
            with suppress(OSError):
                os.unlink(path)
        self._temporary = []

    def _valid(self) -> bool:
        now = described(self.folder)
        return now is not None and now.text == self.known.text and unchanged(now.stamps)


def finished(headers: list[tuple[str, str]], body: bytes, stamps: list[str]) -> Entry:
    """Return the entry of a page with these headers (of which those that the cache sets itself are left out)."""
    import zlib
    from hashlib import blake2b

    entry = Entry.__new__(Entry)
    entry.head = b""
    entry.body = body
    entry.gzip = ""
    if len(body) > 200:
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        packed = packer.compress(body) + packer.flush()
        if len(packed) < len(body):
            entry.gzip = packed
    # A page whose headers changed (another policy, another language) is another page to a browser.
    entry.headers = [(name, value) for name, value in headers if name.lower() not in _OWN]
    digest = blake2b(body, digest_size=12)
    digest.update(repr(entry.headers).encode())
    entry.etag = digest.hexdigest()
    entry.stamps = stamps
    return entry
