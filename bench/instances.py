"""The wikis that are measured, made once below build/bench: the corpus, and the corpus repeated to so many pages.

A copy of a page keeps its length, its markup and its links, which lead to the same page of its own copy and once to
another copy; a few in a hundred of its words are others, one of them its own; every fourth has some Chinese characters;
every fiftieth may be read by a group only, so that lists have something to leave out.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from wiki import accounts
from wiki.app import create_app, open_wiki
from wiki.core import Wiki
from wiki.model import Author, Facts, Link, Revision
from wiki.storage.sqlite import SqliteStorage

from . import corpus

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
TRANSACTION = 1000
"""Pages that are put in one transaction."""

CHOSEN = 100
"""How many different pages the small wiki has; measured are copies of these, whatever the size."""

RECIPE = 1
"""Counted up when `put` makes other pages than before."""

PROBE = "Ein kleiner Text, 日本語 and Café.\n"
SECRET_ACL = "StaffGroup:read,write,delete,revert All:"
_WORD = re.compile(r"([A-Za-z]{5,})")
_SYLLABLES = [a + b for a in "bcdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "ing", "ou")]


@dataclass(frozen=True)
class Base:
    """A page of the corpus taken apart: even pieces stay, odd ones are words that a copy may change."""

    name: str
    pieces: list[str]
    words: list[int]
    links: tuple[Link, ...]


def pages_wiki() -> Path:
    """Return the data folder of a wiki with the corpus in it, imported as a user would."""
    data = BUILD / "corpus"
    done = data / ".done"
    # What was rendered by another version is rendered anew, which is not what a view costs.
    if not done.exists() or done.read_text() != _renderer(data, _recipe()):
        source = BUILD / "md"
        corpus.fetch(source)
        recipe = _recipe()
        shutil.rmtree(data, ignore_errors=True)
        wiki = [sys.executable, "-m", "wiki", "--data", str(data)]
        subprocess.run([*wiki, "init"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        subprocess.run([*wiki, "import", "markdown", str(source)], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        done.write_text(_renderer(data, recipe))
    return data


def _renderer(data: Path, recipe: str) -> str:
    """Return a text that changes with how pages are rendered and indexed."""
    wiki = open_wiki(str(data))
    wiki.storage.close()
    return f"{wiki.fragments.folder and wiki.fragments.folder.name} {recipe}"


def session(data: Path, name: str = "Bench") -> str:
    """Return the token of a session of an account in a wiki, made if it is not there; the wiki's cache is described."""
    wiki = create_app(str(data)).site.wiki
    user = next((user for user in wiki.storage.users() if user.name == name), None)
    user = user or accounts.new_user(wiki.storage, name, "correct horse battery")
    token = accounts.begin_session(wiki.storage, user, time.time(), 30)
    wiki.storage.close()
    return token


def repeated(count: int, tell: bool = True) -> Path:
    """Return the data folder of a wiki with so many copies of the corpus' pages, made if it is not there."""
    data = BUILD / f"pages-{count}"
    if is_made(count):
        return data
    recipe = _recipe()
    shutil.rmtree(data, ignore_errors=True)
    bases = chosen() if count <= CHOSEN else taken_apart()
    wiki = open_wiki(str(data))
    begun = time.monotonic()
    for start in range(0, count, TRANSACTION):
        with wiki.storage.writing():
            for number in range(start, min(start + TRANSACTION, count)):
                put(wiki, bases, number)
        if tell and start % 5000 == 0:
            print(f"  {start} of {count} pages, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    wiki.storage.close()
    (data / ".done").write_text(recipe)
    return data


def is_made(count: int) -> bool:
    """Say whether the wiki with so many pages is there, made as it would be made now."""
    try:
        return (BUILD / f"pages-{count}" / ".done").read_text() == _recipe()
    except OSError:
        return False


def _recipe() -> str:
    """Return a text that changes with how these wikis are made: their pages, the tables, what the index is made of."""
    with tempfile.TemporaryDirectory() as folder:
        storage = SqliteStorage("probe.db", folder)
        storage.put(Revision(page="Probe/日本語", number=1, text=PROBE), Facts(body=PROBE))
        storage.close()
        probe = sqlite3.connect(os.path.join(folder, "probe.db"))
        tables = probe.execute("select name, sql from sqlite_master where name not like '%migrations%' order by name")
        parts = [RECIPE, *tables, *probe.execute("select block from search_data order by id")]
        probe.close()
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def taken_apart() -> list[Base]:
    """Return the corpus' pages, first those that the small wiki has."""
    wiki = open_wiki(str(pages_wiki()))
    found = []
    for page in wiki.storage.pages():
        if "/" not in page.name:
            continue
        text = wiki.storage.revision(page.name).text or ""
        links = tuple(link for link in wiki.storage.links(page.name) if link.kind != "file")
        pieces = _WORD.split(text)
        found.append(Base(page.name, pieces, list(range(1, len(pieces), 2)), links))
    wiki.storage.close()
    found.sort(key=lambda base: base.name)
    step = len(found) // CHOSEN
    return found[: step * CHOSEN : step] + [base for at, base in enumerate(found) if at % step or at >= step * CHOSEN]


def chosen() -> list[Base]:
    """Return the pages that the small wiki has."""
    return taken_apart()[:CHOSEN]


def name(bases: list[Base], number: int) -> str:
    """Return the name of a page by its number."""
    return f"Copy{number // len(bases)}/{bases[number % len(bases)].name}"


def put(wiki: Wiki, bases: list[Base], number: int) -> None:
    """Put one page into storage, with the facts that its original's rendering gave."""
    chance = random.Random(number)
    base = bases[number % len(bases)]
    pieces = base.pieces.copy()
    if base.words:
        for at in chance.choices(base.words, k=len(base.words) // 40 + 1):
            pieces[at] = word(chance)
    text = "".join(pieces).rstrip("\n") + "\n"
    above = f"Copy{number // len(bases)}/"
    text = text.replace("](/", f"](/{above}")
    other = name(bases, chance.randrange(number + 1))
    text += f"\nunique{number:06} [[{other}]]\n"
    if number % 4 == 0:
        text += "日本語" + "".join(chr(0x4E00 + chance.randrange(1500)) for _ in range(40)) + "\n"
    acl = SECRET_ACL if number % 50 == 49 else None
    links = (*(Link(link.kind, above + link.target, link.detail) for link in base.links), Link("link", other))
    author = Author(f"id{number % 200}", f"Author {number % 200}", "192.0.2.1", "")
    revision = Revision(
        page=above + base.name,
        number=1,
        author=author,
        time=1_700_000_000_000_000 + number * 60_000_000,
        text=(f"#acl {acl}\n" if acl else "") + text,
    )
    wiki.storage.put(revision, Facts(tuple(dict.fromkeys(links)), acl, "", "", text))


def word(chance: random.Random) -> str:
    """Return a made-up word, the shorter the more often it comes."""
    return "".join(chance.choices(_SYLLABLES, k=chance.choice((2, 2, 2, 3, 3, 4))))
