"""MoinMoin 1.9's edit-log: lines of nine fields between tabs, one for each revision or attachment event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from ...model import Author

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...model import Change

ATTACHMENT = 99_999_999
"""What stands for the revision number in the line of an attachment event."""

COMMENT = 200
"""The most characters of a comment that MoinMoin 1.9 writes."""

_ATTACHED = {"ATTNEW": "attach", "ATTDRW": "attach", "ATTDEL": "detach"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `time` is in microseconds since 1970; `folder` the page's quoted name of that time.

    `extra` is a reverted revision's eight digits, a renamed page's old name, or an attachment's percent-encoded name.
    """

    time: int
    number: int
    action: str
    folder: str
    address: str = ""
    host: str = ""
    user: str = ""
    extra: str = ""
    comment: str = ""

    def __bytes__(self) -> bytes:
        fields = (self.folder, self.address, self.host, self.user, self.extra, self.comment)
        row = [str(self.time), f"{self.number:08d}", self.action, *map(_one_field, fields)]
        return "\t".join(row).encode("utf-8", "replace") + b"\n"

    @property
    def file(self) -> str:
        """The attachment's name that the line is about, '' if it is about a revision."""
        return unquote(self.extra) if self.number == ATTACHMENT else ""

    def author(self, named: Callable[[str], str]) -> Author:
        """Return who made the change. Without account and address, the host name field holds a free author's name."""
        if self.user:
            return Author(self.user, named(self.user), self.address, self.host)
        if self.host and not self.address:
            return Author("", self.host)
        return Author("", "", self.address, self.host)

    def kind(self, there: bool) -> tuple[str, str]:
        """Return what kind of change it was, and its source; `there` if the revision has a file."""
        if self.number == ATTACHMENT:
            return _ATTACHED.get(self.action, "attach"), self.file
        if not there:
            return "delete", ""
        if self.action == "SAVE/REVERT":
            return "revert", str(int(self.extra)) if self.extra.isdecimal() else ""
        if self.action == "SAVE/RENAME":
            return "rename", self.extra
        return "edit", ""


def parse(content: bytes) -> tuple[list[Line], int]:
    """Return the lines of a log, and how many could not be read: a cut one, one without time or number."""
    found = []
    damaged = 0
    for row in content.decode("utf-8", "replace").split("\n"):
        if not row:
            continue
        fields = row.rstrip("\r").split("\t")
        if len(fields) < 4 or not (fields[0].isdecimal() and fields[1].isdecimal() and fields[3]):
            damaged += 1
            continue
        found.append(Line(int(fields[0]), int(fields[1]), *fields[2:9]))
    return found, damaged


def line(change: Change, folder: str, is_new: bool) -> Line:
    """Return the line that says of a change what a line can say."""
    author = change.author
    free = author.name if not author.id and not author.address and not author.host else author.host
    extra = ""
    number = change.number
    if change.kind in ("attach", "detach"):
        number, extra = ATTACHMENT, quote(change.source, safe="")
        action = "ATTNEW" if change.kind == "attach" else "ATTDEL"
    elif change.kind == "revert" and change.source.isdecimal():
        action, extra = "SAVE/REVERT", f"{int(change.source):08d}"
    elif change.kind == "rename":
        action, extra = "SAVE/RENAME", change.source
    else:
        action = "SAVENEW" if is_new else "SAVE"
    return Line(change.time, number, action, folder, author.address, free, author.id, extra, change.comment[:COMMENT])


def _one_field(text: str) -> str:
    for character in "\t\n\r":
        text = text.replace(character, " ")
    return text
