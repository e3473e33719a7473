"""What the command line says and asks: progress on a terminal, and passwords that are not shown."""

from __future__ import annotations

import sys
import time

from ..model import WikiError


class Progress:
    """Shows long work in one line of stderr if that is a terminal; `storage.Progress` is its call."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()
        self._last = 0.0
        self._width = 0

    def __call__(self, what: str, done: int, of: int) -> None:
        """Say how far the work is, at most ten times a second."""
        now = time.monotonic()
        if not self.shown or (now - self._last < 0.1 and done != of):
            return
        self._last = now
        line = f"{what}: {done} of {of}" if of else f"{what}: {done}"
        self._write(line[:100])

    def end(self) -> None:
        """Clear the line."""
        if self._width:
            self._write("")
            self._width = 0

    def _write(self, line: str) -> None:
        sys.stderr.write("\r" + line.ljust(self._width) + ("\r" if not line else ""))
        sys.stderr.flush()
        self._width = len(line)


def new_password(name: str, from_input: bool) -> str:
    """Return a password asked for twice on the terminal, or the first line of standard input; raise WikiError."""
    if from_input:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise WikiError("There was no password on standard input.")
        return password
    if not sys.stdin.isatty():
        raise WikiError(
            "There is no terminal to ask for the password: give it on standard input with --password-stdin."
        )
    from getpass import getpass

    password = getpass(f"Password for {name}: ")
    if password != getpass("Once more: "):
        raise WikiError("The two passwords differ; nothing was changed.")
    return password


def counted(count: int, one: str, many: str) -> str:
    """Return a number with its noun: `1 page`, `2 pages`."""
    return f"{count} {one if count == 1 else many}"
