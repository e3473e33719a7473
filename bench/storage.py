"""Measure the SQLite engine with many pages: `python bench/storage.py 10000 [bytes per page] [folder]`.

A folder that is given is kept, and measured again without being filled. Prints the milliseconds of each operation
(median, 95 %, slowest) and the size of the database relative to its text. Words follow Zipf's law over a large
vocabulary; every tenth page holds Japanese.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from wiki.model import Author, Facts, Link, Revision
from wiki.query import And, ByAuthor, LinkTo, Not, Or, Phrase, Title, Word
from wiki.storage.sqlite import SqliteStorage

if TYPE_CHECKING:
    from collections.abc import Callable
from itertools import pairwise

SYLLABLES = [a + b for a in "bcdfghjklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an", "er", "ing", "ou")]
KANJI = [chr(0x4E00 + number) for number in range(1500)]


def vocabulary(size: int) -> list[str]:
    """Return different words, short ones first as in a language."""
    chance = random.Random(1)
    found: dict[str, None] = {}
    while len(found) < size:
        length = 1 if len(found) < 60 else 2 if len(found) < 4000 else chance.randint(2, 5)
        found["".join(chance.choices(SYLLABLES, k=length))] = None
    return list(found)


class Text:
    """Makes texts of about so many bytes."""

    def __init__(self, size: int, words: int = 200_000) -> None:
        self.size = size
        self.words = vocabulary(words)
        self.weights = []
        total = 0.0
        for rank in range(1, words + 1):
            total += 1 / rank
            self.weights.append(total)
        self.chance = random.Random(2)

    def page(self, number: int) -> str:
        """Return the text of one page."""
        words = self.chance.choices(self.words, cum_weights=self.weights, k=self.size // 6)
        if number % 10 == 0:
            words += ["".join(self.chance.choices(KANJI, k=40)) for _ in range(self.size // 600)]
        words.insert(self.chance.randrange(len(words)), f"unique{number}")
        return " ".join(words) + "\n"


def name(number: int) -> str:
    """Return the name of a page: a hundredth of the pages have subpages."""
    return f"Page{number % 997}/Sub {number}" if number % 2 else f"Topic {number}"


def fill(storage: SqliteStorage, text: Text, pages: int) -> int:
    """Save so many pages, 200 in a transaction, and return the bytes of their text."""
    total = 0
    for start in range(0, pages, 200):
        with storage.writing():
            for number in range(start, min(start + 200, pages)):
                total += len(save(storage, text, number, 1).text or "")
        if start % 10_000 == 0 and start:
            print(f"  {start} …", file=sys.stderr, flush=True)
    return total


def save(storage: SqliteStorage, text: Text, number: int, revision: int, body: str = "") -> Revision:
    """Save one revision with 20 links."""
    body = body or text.page(number)
    links = tuple(dict.fromkeys(Link("link", name(text.chance.randrange(int(number * 1.1) + 20))) for _ in range(20)))
    acl = f"Group{number % 50}:read" if number % 5 == 0 else None
    author = Author(f"id{number % 500}", f"Author {number % 500}", "192.0.2.1", "")
    put = Revision(page=name(number), number=revision, author=author, time=time.time_ns() // 1000, text=body)
    return storage.put(put, Facts(links=links, acl=acl, body=body))


def timed(label: str, call: Callable[[int], object], times: int = 40, cpu: bool = False, inside: int = 1) -> None:
    """Call something that does `inside` things so often and print how long each took."""
    clock = time.thread_time if cpu else time.perf_counter
    found = []
    for turn in range(times):
        begun = clock()
        call(turn)
        found.append((clock() - begun) * 1000 / inside)
    found.sort()
    print(f"{label:44}{found[len(found) // 2]:9.2f}{found[int(len(found) * 0.95)]:9.2f}{found[-1]:9.2f}", flush=True)


def main(pages: int, size: int, folder: str) -> None:
    """Fill a storage and measure it."""
    text = Text(size)
    storage = SqliteStorage("wiki.db", folder)
    if not storage.count():
        begun = time.perf_counter()
        total = fill(storage, text, pages)
        spent = (time.perf_counter() - begun) * 1000 / pages
        relative = Path(folder, "wiki.db").stat().st_size / total
        print(f"{pages} pages of {total // pages} characters: {spent:.2f} ms each; database {relative:.2f} × text")
        sizes(storage)
    chance = random.Random(3)

    def any_page() -> str:
        return name(chance.randrange(pages))

    prepared = [text.page(number) for number in range(100)]

    def put(turn: int) -> None:
        number = chance.randrange(pages)
        save(storage, text, number, storage.page(name(number)).number + 1, chance.choice(prepared))

    def edit(turn: int) -> None:
        number = chance.randrange(pages)
        revision = storage.revision(name(number))
        body = f"{revision.text}edited{turn}\n"
        put = Revision(page=revision.page, number=revision.number + 1, time=time.time_ns() // 1000, text=body)
        storage.put(put, Facts(links=storage.links(revision.page), acl=storage.page(revision.page).acl, body=body))

    def put_in_transaction(turn: int) -> None:
        with storage.writing():
            for _ in range(20):
                put(turn)

    def opened(turn: int) -> None:
        storage.close()
        storage.page(name(0))

    readable = [None, *(f"Group{number}:read" for number in range(40))]
    print(f"{'milliseconds':44}{'median':>9}{'95 %':>9}{'slowest':>9}")
    timed("open and read a page's facts", opened)
    timed("revision", lambda turn: storage.revision(any_page()))
    timed("links + existing", lambda turn: storage.existing([link.target for link in storage.links(any_page())]))
    timed("history", lambda turn: storage.history(any_page()))
    timed("changes", lambda turn: storage.changes(readable=readable))
    timed("changes, older", lambda turn: storage.changes(before=(time.time_ns() // 1000 - 10**7, 0), readable=readable))
    timed("changes of an author", lambda turn: storage.changes(author="id7", readable=readable))
    timed("changes of a subtree", lambda turn: storage.changes(prefix="Page7", readable=readable))
    timed("acls", lambda turn: storage.acls())
    timed("pages, 100 in the middle", lambda turn: storage.pages(after=any_page(), limit=100, readable=readable))
    timed("count, readable", lambda turn: storage.count(readable=readable), 10)
    timed("branches, top", lambda turn: storage.branches(readable=readable), 10)
    timed("backlinks", lambda turn: storage.backlinks(any_page(), readable=readable))
    timed("wanted", lambda turn: storage.wanted(readable=readable), 5)
    timed("orphans", lambda turn: storage.orphans(readable=readable), 5)
    timed("random", lambda turn: storage.random(readable=readable))
    timed("titles, beginning", lambda turn: storage.titles("page7", readable=readable), 10)
    timed("titles, part", lambda turn: storage.titles("ub 77", readable=readable), 10)
    words = text.words
    queries = {
        "rare word": lambda turn: Word(f"unique{chance.randrange(pages)}"),
        "medium word": lambda turn: Word(words[2000 + turn]),
        "commonest word": lambda turn: Word(words[0]),
        "one letter": lambda turn: Word("b"),
        "two letters": lambda turn: Word("ba"),
        "part of many words": lambda turn: Word("ing"),
        "part of few words": lambda turn: Word(words[20_000 + turn][1:]),
        "part, nowhere": lambda turn: Word("qqqq"),
        "two common words": lambda turn: And((Word(words[turn]), Word(words[turn + 1]))),
        "common and rare": lambda turn: And((Word(words[turn]), Word(f"unique{turn}"))),
        "common or rare": lambda turn: Or((Word(words[turn]), Word(f"unique{turn}"))),
        "not a common word": lambda turn: Not(Word(words[turn])),
        "common but not": lambda turn: And((Word(words[turn]), Not(Word(words[turn + 1])))),
        "phrase of common words": lambda turn: Phrase(f"{words[turn]} {words[turn + 1]}"),
        "phrase of medium words": lambda turn: Phrase(f"{words[500 + turn]} {words[600 + turn]}"),
        "CJK character": lambda turn: Word(KANJI[turn]),
        "CJK pair": lambda turn: Word(KANJI[turn] + KANJI[turn + 9]),
        "CJK run": lambda turn: Word("".join(KANJI[turn : turn + 4])),
        "title": lambda turn: Title("ub 77"),
        "link to": lambda turn: LinkTo(any_page()),
        "word and link to": lambda turn: And((Word(words[turn]), LinkTo(name(1)))),
        "by author": lambda turn: And((ByAuthor("Author 7"), Word(words[turn]))),
    }
    for label, query in queries.items():
        timed(f"search: {label}", lambda turn, query=query: storage.search(query(turn), readable=readable), 20)
    timed("put, one of 20 in a transaction, CPU", put_in_transaction, 10, cpu=True, inside=20)
    timed("put by itself, all words new, CPU", put, 40, cpu=True)
    timed("put by itself, one word new, CPU", edit, 40, cpu=True)
    timed("put by itself, with fsync", put, 100)
    longest: list[float] = []
    timed("backup", lambda turn: storage.backup(f"{folder}/copy.db", lambda *_: longest.append(time.perf_counter())), 1)
    print(f"longest step of the backup {max(b - a for a, b in pairwise(longest)) * 1000:.0f} ms")
    storage.close()


def sizes(storage: SqliteStorage) -> None:
    """Print what takes most of the file, where this SQLite can tell."""
    rows = storage._rows("select name, sum(pgsize) from dbstat group by name order by 2 desc limit 12")
    print("  " + ", ".join(f"{table} {size >> 10} K" for table, size in rows))


if __name__ == "__main__":
    where = sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp()
    try:
        main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8192, where)
    finally:
        if len(sys.argv) <= 3:
            shutil.rmtree(where)
