"""Whether the wiki slows down as it grows: the same deeds in wikis of 100, 10,000 and 100,000 pages."""

from __future__ import annotations

import io
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote_plus

from wiki.urls import quoted
from wiki.wsgi import Door

from .instances import CHOSEN, Base, name, repeated, session, taken_apart
from .report import Report

SIZES = (100, 10_000, 100_000)
_TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
_BASE = re.compile(rb'name="base"[^>]*value="(\d+)"')

Spent = tuple[float, float]
"""Seconds of this processor, and by the clock. What a busy machine's other programs take counts in the latter only."""


class Subject:
    """One wiki, asked in this process by a visitor who is logged in."""

    def __init__(self, size: int, bases: list[Base]) -> None:
        self.size = size
        self.data: Path = repeated(size)
        self.bases = bases[:CHOSEN] if size <= CHOSEN else bases
        self.cookie = f"wiki_session={session(self.data)}"
        self.door = Door(str(self.data))
        self.chance = random.Random(size)

    def page(self, turn: int) -> str:
        """Return the name of a page: of the same original in every wiki, of any copy of it."""
        return name(self.bases, self.number(turn))

    def number(self, turn: int) -> int:
        """Return the number of such a page."""
        copies = max(1, self.size // len(self.bases))
        at = (turn * 7) % CHOSEN
        # Of the hundred originals, some copies may be read by a group only.
        for _ in range(100):
            number = self.chance.randrange(copies) * len(self.bases) + at
            if number % 50 != 49:
                return number
            at = (at + 1) % CHOSEN
        raise AssertionError

    def ask(self, path: str, query: str = "", body: bytes | None = None) -> tuple[Spent, int, bytes]:
        """Return the seconds that an answer took (of this processor and by the clock), its status and its body."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET" if body is None else "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": quoted(path) + (f"?{query}" if query else ""),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_COOKIE": self.cookie,
            "REMOTE_ADDR": "192.0.2.1",
            "CONTENT_LENGTH": str(len(body or b"")),
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body or b""),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        told: list[str] = []
        begun, clock = time.thread_time(), time.perf_counter()
        result = self.door(environ, lambda status, headers, exc_info=None: told.append(status) or (lambda data: None))
        content = b"".join(result)
        spent = time.thread_time() - begun, time.perf_counter() - clock
        close = getattr(result, "close", None)
        if close:
            close()
        return spent, int(told[0].split()[0]), content


Deed = Callable[[Subject, int], Spent]


def _get(path: str, query: str = "") -> Deed:
    """Return a deed that asks for an address; `{page}` stands for a page."""

    def deed(subject: Subject, turn: int) -> Spent:
        spent, status, content = subject.ask(path.format(page=subject.page(turn)), query)
        if status != 200:
            raise RuntimeError(f"{path}?{query}: {status} {content[:200]!r}")
        return spent

    return deed


def _view(subject: Subject, turn: int) -> Spent:
    """View a page whose rendering is kept, as every page's is that was saved here or viewed before."""
    path = "/" + subject.page(turn)
    subject.ask(path)
    spent, status, _ = subject.ask(path)
    if status != 200:
        raise RuntimeError(f"{path}: {status}")
    return spent


def _save(subject: Subject, turn: int) -> Spent:
    """Save a page with a line more."""
    path = "/" + subject.page(turn)
    form = subject.ask(path, "action=edit")[2]
    token, base = _TOKEN.search(form), _BASE.search(form)
    raw = subject.ask(path, "action=raw")[2].decode()
    assert token and base
    text = quote_plus(f"{raw}\nline {turn} of {subject.chance.random()}\n").encode()
    sent = b"do=save&comment=&csrf_token=%b&base=%b&text=%b" % (token[1], base[1], text)
    spent, status, content = subject.ask(path, "action=edit", sent)
    if status != 303:
        raise RuntimeError(f"{path} was not saved: {status} {content[:300]!r}")
    return spent


DEEDS: dict[str, Deed] = {
    "view": _view,
    "edit form": _get("/{page}", "action=edit"),
    "save": _save,
    "history": _get("/{page}", "action=info"),
    "recent changes": _get("/-/recent"),
}


def _search(*queries: str) -> Deed:
    def deed(subject: Subject, turn: int) -> Spent:
        asked = queries[turn % len(queries)].format(number=subject.number(turn))
        spent, status, _ = subject.ask("/-/search", f"q={quote_plus(asked)}")
        if status != 200:
            raise RuntimeError(f"{asked}: {status}")
        return spent

    return deed


SEARCHES: dict[str, Deed] = {
    "rare word": _search("unique{number:06}"),
    "common word": _search("command", "container", "value", "string", "default"),
    "part of a word": _search("ontaine", "ommand", "efaul", "tring"),
    "CJK": _search("日本", "日本語", "本"),
    "phrase": _search('"the container"', '"the number of"', '"returned if"', '"as a string"'),
    "title:": _search("title:service", "title:cluster", "title:api", "title:storage"),
}


def measure(report: Report, sizes: tuple[int, ...], rounds: int, seconds: float) -> None:
    """Do each deed in all wikis in turns and report how much longer it takes in the larger ones."""
    bases = taken_apart()
    subjects = []
    for size in sizes:
        begun = time.perf_counter()
        subjects.append(Subject(size, bases))
        report.note(f"{size:,} pages ready after {time.perf_counter() - begun:.1f} s")
    report.note("milliseconds of a processor, median (95 %) | by the clock, median")
    report.note(f"{'':24}" + "".join(f"{f'{size:,} pages':>24}" for size in sizes))
    end = time.monotonic() + seconds
    deeds = {**DEEDS, **{f"search, {key}": deed for key, deed in SEARCHES.items()}}
    small, large = sizes[0], sizes[-1]
    slowest = Figures([(0.0, 0.0)])
    ratios = []
    for at, (label, deed) in enumerate(deeds.items()):
        limit = time.monotonic() + (end - time.monotonic()) / (len(deeds) - at)
        found = _times(deed, subjects, rounds, limit)
        report.note(f"{label:24}" + "".join(f"{each.shown():>24}" for each in found))
        if label.startswith("search") and found[-1].high > slowest.high:
            slowest = found[-1]
        ratios.append((label, found[-1].middle / found[0].middle))
    for label, ratio in ratios:
        # Searches find more in a larger wiki; their goal is the 95 % below.
        if label.startswith("search"):
            report.note(f"{label}: {large:,} / {small:,} pages: {ratio:.2f}")
        else:
            report.most(f"{label}: {large:,} / {small:,} pages", ratio, 1.3)
    report.most(f"search at {large:,} pages, 95 % of the slowest kind", slowest.high, 50, " ms")


class Figures:
    """What became of a deed's times in one wiki, in milliseconds of a processor; `clock` by the clock."""

    def __init__(self, times: list[Spent]) -> None:
        own = sorted(each[0] * 1000 for each in times)
        self.middle = median(own)
        self.high = own[int(len(own) * 0.95)]
        self.clock = median(each[1] * 1000 for each in times)

    def shown(self) -> str:
        """Return all of it as a cell of the table."""
        return f"{self.middle:.1f} ({self.high:.1f}) | {self.clock:.1f}"


def _times(deed: Deed, subjects: list[Subject], rounds: int, limit: float) -> list[Figures]:
    """Return each wiki's figures, measured in turns, at least five of them; the first is not counted."""
    found: list[list[Spent]] = [[] for _ in subjects]
    for turn in _turns(rounds, limit):
        order = list(enumerate(subjects))
        for at, subject in order if turn % 2 else order[::-1]:
            spent = deed(subject, turn)
            if turn:
                found[at].append(spent)
    return [Figures(times) for times in found]


def _turns(rounds: int, limit: float) -> Iterator[int]:
    for turn in range(rounds + 1):
        if turn > 5 and time.monotonic() > limit:
            return
        yield turn
