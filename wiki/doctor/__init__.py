"""What keeps a web server from serving the wiki: each classic fault of an installation in a sentence, and its mending.

A module for each family of checks; each has `examine(case)`, which yields findings and changes nothing.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from .. import settings as wiki_settings
from ..model import WikiError

NO_SCRIPTS = (".wsgi", ".py")
"""Entry files that a server loads; any other is started as a program."""


@dataclass(frozen=True)
class Finding:
    """What a check found, in a sentence; `mend` is the command that mends a fault, '' if there is none to mend."""

    sentence: str
    mend: str = ""


@dataclass(frozen=True)
class Case:
    """An installation that is looked at. What is not known is ''.

    `entry` is the file that the server starts or loads, `data` the data folder, `user` whom the server runs programs
    as, `url` where the wiki should be (without a slash at the end), `logs` are the server's error logs.
    """

    data: str
    user: str = ""
    entry: str = ""
    url: str = ""
    logs: tuple[str, ...] = ()
    path: str = field(default="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")

    @property
    def is_program(self) -> bool:
        """Whether the server starts the entry as a program of its own."""
        return bool(self.entry) and not self.entry.endswith(NO_SCRIPTS)

    @property
    def deploying(self) -> str:
        """The command that writes the entry file anew."""
        gateway = {".fcgi": "fastcgi", ".scgi": "scgi"}.get(os.path.splitext(self.entry)[1], "cgi")
        words = ["wiki", *(["--data", self.data] if self.data else []), "deploy", gateway]
        words += ["--to", os.path.dirname(self.entry) or "DIR", "--user", self.user]
        return shlex.join([*words, *(["--mount", urlsplit(self.url).path or "/"] if self.url else [])])

    @cached_property
    def content(self) -> bytes:
        """What the entry file holds; b'' if it cannot be read."""
        try:
            with open(self.entry, "rb") as file:
                return file.read(100_000)
        except OSError:
            return b""

    @cached_property
    def program(self) -> str | None:
        """The folder that the entry looks for the program in, '' for none, None if it is not plainly said."""
        text = self.content.decode("utf-8", "replace")
        found = re.search(r"""sys\.path\.insert\(0, *["']([^"']+)["']\)""", text)
        return found[1] if found else None if "sys.path" in text or "addsitedir" in text else ""

    @cached_property
    def settings(self) -> wiki_settings.Settings:
        """The wiki's settings; the defaults where they cannot be read, which the entry itself will tell of."""
        try:
            return wiki_settings.load(self.data)
        except WikiError:
            return wiki_settings.Settings()


def data_of(entry: str) -> str:
    """Return the data folder that an entry file names, '' if it plainly names none."""
    found = re.search(rb"""WIKI_DATA["']?\]? *= *["']?([^"'\s]+)""", Case("", entry=entry).content)
    return os.fsdecode(found[1]) if found else ""


def findings(case: Case) -> Iterator[Finding]:
    """Yield what the checks find. Where one finds a fault, those that could only see its consequences are left out."""
    from . import data, entry, interpreter, running, served, web

    for stage in (
        (entry.examine, interpreter.examine, data.examine, served.examine),
        (running.examine,),
        (web.examine,),
    ):
        found = []
        for examine in stage:
            for each in examine(case):
                found.append(each)
                yield each
        if any(each.mend for each in found):
            return
