"""Finding what is damaged in a SQLite database: the file, texts, attachments, what was derived from them, the index."""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import hashlib
import sqlite3
import time
import zlib
from typing import TYPE_CHECKING

from ...model import Problem, StorageError, WikiError
from .. import Progress, words
from .files import FILE, file_of
from .index import columns
from .rows import CHANGE, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .accounts import Accounts
    from .database import Row

_SLICE = 0.05
_MODULUS = 1 << 64

# What a page's row, its links, ACLs and accounts must agree with, as (what is wrong, which ones).
_FACTS = (
    (
        "The page's newest revision is not the one it says.",
        "select p.name from page p left join change c on c.id = p.latest where c.id is null or c.page <> p.id or "
        "c.number <> p.number or c.time <> p.time or p.number <> (select max(number) from change where page = p.id)",
    ),
    (
        "A revision has no text though the page is not deleted, or has one though it is.",
        "select p.name from page p where p.deleted = exists (select 1 from text where change = p.latest)",
    ),
    (
        "The page's ACL is lost: nobody but administrators can read it.",
        "select p.name from page p where not exists (select 1 from acl where id = p.acl)",
    ),
    (
        "The page's searchable text is lost.",
        "select p.name from page p where p.body < 0 and not exists (select 1 from body where page = p.id)",
    ),
    (
        "How many pages have this ACL is wrong.",
        "select coalesce(text, '(none)') from acl where pages <> (select count(*) from page where page.acl = acl.id)",
    ),
    (
        "A link's mark whether its target is there is wrong.",
        "select p.name from link l join page p on p.id = l.page where l.missing <> (l.kind in ('link', 'include') and "
        "not exists (select 1 from page where name = l.target and deleted = 0)) group by p.name",
    ),
    ("Links of a page that is not there.", "select distinct page from link where page not in (select id from page)"),
    ("A change of a page that is not there.", "select id from change where page not in (select id from page)"),
    ("A change by an author who is not there.", "select id from change where author not in (select id from author)"),
    ("A text of a revision that is not there.", "select change from text where change not in (select id from change)"),
    ("A piece of a file that is not there.", "select distinct attachment from piece where attachment not in "
     "(select id from attachment)"),
    ("The account has no entry by which its name is found.", "select name from user where id not in "
     "(select user from user_key)"),
)  # fmt: skip


class Check:
    """A search for damage in one storage."""

    def __init__(self, storage: Accounts) -> None:
        self.storage = storage

    def problems(self, progress: Progress | None = None) -> Iterator[Problem]:
        yield from self._check_file()
        yield from self._check_facts()
        yield from self._check_texts(progress)
        yield from self._check_files(progress)
        yield from self._check_accounts()
        yield from self._check_index(progress)

    def _check_file(self) -> Iterator[Problem]:
        for what in self._tried("pragma integrity_check", "database"):
            if isinstance(what, Problem):
                yield what
            elif what[0] != "ok":
                yield Problem("database", str(what[0]))

    def _check_facts(self) -> Iterator[Problem]:
        for what, sql in _FACTS:
            for row in self._tried(sql, "database"):
                yield row if isinstance(row, Problem) else Problem(str(row[0]), what)
        for row in self._tried("select name, tree, folded from page", "database"):
            if isinstance(row, Problem):
                yield row
            elif row[1] != tree(row[0]) or row[2] != words.fold(row[0]):
                yield Problem(row[0], "The keys by which the page is found do not fit its name.")
        gaps = (
            "select p.name from page p join change c on c.page = p.id and c.number > 0 "
            "group by p.id having count(*) <> p.number"
        )
        for row in self._tried(gaps, "database"):
            yield (
                row
                if isinstance(row, Problem)
                else Problem(row[0], "Revision numbers have gaps, as in some old MoinMoin data.", warning=True)
            )

    def _check_texts(self, progress: Progress | None) -> Iterator[Problem]:
        rows = self._tried("select id from change where number > 0 order by id", "database")
        for done, row in enumerate(rows):
            if isinstance(row, Problem):
                yield row
                continue
            if progress and done % 100 == 0:
                progress("texts", done, len(rows))
            try:
                found = self.storage._row(
                    f"select {CHANGE}, c.digest, t.packed, t.raw from change c join page p on p.id = c.page "
                    "join author w on w.id = c.author left join text t on t.change = c.id where c.id = ?",
                    row[0],
                )
                if found:
                    self.storage._revision(found)
            except WikiError as error:
                yield Problem(f"change {row[0]}", str(error))
        for row in self._tried("select p.name, b.packed from body b join page p on p.id = b.page", "database"):
            if isinstance(row, Problem):
                yield row
                continue
            try:
                zlib.decompress(row[1])
            except zlib.error:
                yield Problem(row[0], "The searchable text of the page is damaged.")

    def _check_files(self, progress: Progress | None) -> Iterator[Problem]:
        rows = self._tried(
            f"select f.id, {FILE} from attachment f join page p on p.id = f.page join author w on w.id = f.author",
            "database",
        )
        for done, row in enumerate(rows):
            if isinstance(row, Problem):
                yield row
                continue
            file = file_of(row[1:])
            if progress:
                progress("files", done, len(rows))
            sha256 = hashlib.sha256()
            size = 0
            try:
                for data in self.storage.content(file):
                    sha256.update(data)
                    size += len(data)
            except WikiError as error:
                yield Problem(f"{file.page}/{file.name}", str(error))
                continue
            if not file.deleted and (size != file.size or sha256.hexdigest() != file.sha256):
                yield Problem(f"{file.page}/{file.name}", f"Version {file.version} of the file is damaged.")

    def _check_accounts(self) -> Iterator[Problem]:
        for row in self._tried("select id, name from user", "database"):
            if isinstance(row, Problem):
                yield row
                continue
            try:
                if self.storage.user(row[0]).name != row[1]:
                    yield Problem(row[1], "The account's name is damaged.")
            except WikiError as error:
                yield Problem(row[1], str(error))

    # -- the index ---------------------------------------------------------------------------------------------------

    def _check_index(self, progress: Progress | None) -> Iterator[Problem]:
        mode = self.storage._mode()
        if mode == "stale":
            yield Problem("search index", "It was made by another program or library, or is damaged: reindex.")
            return
        if mode == "plain":
            yield Problem(
                "search index",
                "This SQLite has no FTS5: searches find whole words and their beginnings only.",
                warning=True,
            )
            return
        if mode == "fts5":
            yield Problem("search index", "This SQLite has no trigrams: parts of words are found slowly.", warning=True)
        try:
            with self.storage.writing():
                self.storage._run("insert into search (search) values ('integrity-check')")
                if mode == "fts5+gram":
                    self.storage._run("insert into gram (gram) values ('integrity-check')")
        except StorageError:
            yield Problem("search index", "It is damaged: reindex.")
            return
        except WikiError:
            pass  # a read-only database: its words are compared all the same
        before = self._indexed_pages()
        try:
            found = self._sums_in_index("search")
            grams = self._sums_in_index("gram") if mode == "fts5+gram" else {}
        except WikiError:
            yield Problem("search index", "It is damaged: reindex.")
            return
        wrong = []
        for done, (page, (name, latest, body)) in enumerate(before.items()):
            if progress and done % 100 == 0:
                progress("search index", done, len(before))
            try:
                said = columns(words.terms(name), words.terms(self.storage._body(page, latest, body)))
            except WikiError:
                continue
            expected = sum(_sum(column, terms) for column, terms in enumerate(said))
            if found.pop(page, 0) != expected % _MODULUS:
                wrong.append(page)
        after = self._indexed_pages()
        for page in wrong:
            if before[page] == after.get(page):
                yield Problem(before[page][0], "The search index does not fit the page: reindex.")
        for page in found.keys() - after.keys():
            yield Problem(f"page {page}", "The search index has a page that is not there: reindex.")
        # SQLite folds other letters by tables of its own, so only words that cannot differ are compared.
        for number, word in (
            self.storage._rows("select id, word from word where length(word) > ?", words.PART) if grams else ()
        ):
            expected = sum(
                _place(word[at : at + 3], 1, None) for at in range(len(word) - 2) if word.find(word[at : at + 3]) == at
            )
            if word.isascii() and number in grams and grams[number] != expected % _MODULUS:
                yield Problem("search index", "The index of parts of words is damaged: reindex.")
                break

    def _indexed_pages(self) -> dict[int, tuple[str, int, int]]:
        rows = self.storage._rows("select id, name, latest, body from page where deleted = 0")
        return {page: (name, latest, body) for page, name, latest, body in rows}

    def _sums_in_index(self, table: str) -> dict[int, int]:
        """Return for each row of an FTS5 table a sum over its terms and their places in the index.

        Read in slices, each ending with a word, so that no save waits for all of it.
        """
        connection = self.storage._held().connection
        sums: dict[int, int] = {}
        start = ""
        with self.storage._translated():
            connection.execute("drop table if exists temp.occurring")
            connection.execute(f"create virtual table temp.occurring using fts5vocab(main, {table}, instance)")
            try:
                while True:
                    begun = time.monotonic()
                    term = None
                    cursor = connection.execute(
                        "select term, doc, col, offset from temp.occurring where term >= ? order by term", (start,)
                    )
                    for word, page, column, place in cursor:
                        if word != term:
                            if term is not None and time.monotonic() - begun > _SLICE:
                                start = word
                                break
                            term = word
                        place_sum = _place(word, 0 if column == "title" else 1, place)
                        sums[page] = (sums.get(page, 0) + place_sum) % _MODULUS
                    else:
                        return sums
                    cursor.close()
            finally:
                connection.execute("drop table if exists temp.occurring")

    def _tried(self, sql: str, where: str) -> list[Row | Problem]:
        """Return the rows of a query; where it cannot be answered because of damage, that as a problem."""
        try:
            return list(self.storage._rows(sql))
        except WikiError as error:
            return [Problem(where, str(error))]
        except sqlite3.DatabaseError as error:
            return [Problem(where, str(error))]


def _sum(column: int, found: str) -> int:
    return sum(_place(word, column, place) for place, word in enumerate(found.split())) % _MODULUS


def _place(word: str, column: int, place: int | None) -> int:
    return hash((word, column, place)) % _MODULUS
