"""Each engine says what the specification in memory says, whatever was done before."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from wiki.model import Attachment, Author, Change, Link, Page, WikiError
from wiki.query import And, ByAuthor, LinkTo, Node, Not, Or, Phrase, Regex, Title, Word
from wiki.storage.files import FilesStorage
from wiki.storage.memory import MemoryStorage
from wiki.storage.sqlite import SqliteStorage

from .filling import delete, save, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from wiki.storage import Storage

NAMES = st.sampled_from(["A", "a", "A/B", "A/B/C", "A B", "Ä", "日本語", "B/x", "FrontPage"])
TEXTS = st.lists(
    st.sampled_from(
        ["fox", "foxes", "Überfox", "the", "日本", "東京都", "本", "foo_bar", "don't", "é", "한국어", "---"]
    ),
    max_size=6,
).map(" ".join)
ACLS = st.sampled_from([None, "Ann:read", "All:read"])
READABLE = st.sampled_from([None, (), (None,), ("Ann:read",), (None, "All:read", "unused")])
LINKS = st.lists(
    st.builds(Link, st.sampled_from(["link", "include", "category", "redirect", "file"]), NAMES), max_size=4
).map(tuple)
AUTHORS = st.sampled_from([Author("1", "Ann"), Author("1", "Anna"), Author("", "Gast"), Author("", "", "192.0.2.1")])
QUERIES: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        st.builds(Word, st.sampled_from(["fox", "fo", "ox", "oxe", "日", "本", "東京", "本語", "bar", "e", "-", "국"])),
        st.builds(Phrase, st.one_of(TEXTS, st.just("fox the"))),
        st.builds(Title, st.sampled_from(["a", "page", "本", "/"])),
        st.builds(LinkTo, NAMES),
        st.builds(ByAuthor, st.sampled_from(["ann", "Gast", "nobody"])),
        st.builds(Regex, st.just("x"), st.just(())),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)


def comparable(value: Any) -> Any:
    """Return an answer without what engines may choose themselves: ids and positions."""
    if isinstance(value, Change):
        return replace(value, page_id="", position=0)
    if isinstance(value, Page):
        return replace(value, id="")
    if isinstance(value, list | tuple):
        return [comparable(each) for each in value]
    return value


class Agreement(RuleBasedStateMachine):
    """Does the same to both and compares what they answer or refuse."""

    engine: Callable[[str], Storage]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.memory = MemoryStorage()
        self.storage = type(self).engine(self.folder)
        self.time = 1_000

    def teardown(self) -> None:
        try:
            assert list(self.storage.check()) == []
        finally:
            self.storage.close()
            shutil.rmtree(self.folder)

    def both(self, call: Callable[[Storage], Any]) -> None:
        answers = []
        for storage in (self.memory, self.storage):
            try:
                answers.append(comparable(call(storage)))
            except WikiError as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]

    @rule(name=NAMES, text=TEXTS, links=LINKS, acl=ACLS, author=AUTHORS, step=st.integers(-2, 5))
    def saved(self, name: str, text: str, links: tuple[Link, ...], acl: str | None, author: Author, step: int) -> None:
        self.time += step
        self.both(lambda storage: save(storage, name, text, links=links, acl=acl, author=author, time=self.time))

    @rule(name=NAMES, acl=ACLS)
    def deleted(self, name: str, acl: str | None) -> None:
        self.both(lambda storage: delete(storage, name, acl))

    @rule(old=NAMES, new=NAMES)
    def renamed(self, old: str, new: str) -> None:
        self.both(lambda storage: storage.rename(old, new))

    @rule(name=NAMES)
    def destroyed(self, name: str) -> None:
        self.both(lambda storage: storage.destroy(name))

    @rule(page=NAMES, name=st.sampled_from("fg"), data=st.sampled_from([b"", b"x", None]))
    def uploaded(self, page: str, name: str, data: bytes | None) -> None:
        self.both(lambda storage: upload(storage, page, name, data, time=self.time))

    @rule(query=QUERIES, readable=READABLE)
    def searched(self, query: Node, readable: tuple[str | None, ...] | None) -> None:
        def found(storage: Storage) -> tuple[list[tuple[str, bool]], int]:
            hits = storage.search(query, limit=100, readable=readable)
            return sorted((hit.name, hit.title) for hit in hits.hits), hits.total

        self.both(found)

    @rule(readable=READABLE, name=NAMES, after=NAMES, limit=st.integers(1, 4))
    def listed(self, readable: tuple[str | None, ...] | None, name: str, after: str, limit: int) -> None:
        for call in (
            lambda s: s.pages(after=after, prefix=name, limit=limit, readable=readable),
            lambda s: s.pages(readable=readable, deleted=True),
            lambda s: s.count(prefix=name, readable=readable),
            lambda s: s.existing([name, after], readable=readable),
            lambda s: s.branches(name, readable=readable),
            lambda s: s.branches(after=after.partition("/")[0], limit=limit, readable=readable),
            lambda s: s.backlinks(name, after=after, limit=limit, readable=readable),
            lambda s: s.backlinks(name, kinds=("file",), detail="", readable=readable),
            lambda s: s.wanted(limit=limit, offset=1, readable=readable),
            lambda s: s.orphans(after=after, limit=limit, readable=readable),
            lambda s: s.caseless(name, readable=readable),
            lambda s: s.titles(name[:1], limit=limit, readable=readable),
            lambda s: s.changes(prefix=name, readable=readable, limit=limit),
            lambda s: s.changes(author="1", readable=readable, since=self.time - 3),
        ):
            self.both(call)

    @rule(name=NAMES, number=st.integers(0, 3))
    def read(self, name: str, number: int) -> None:
        for call in (
            lambda s: s.page(name),
            lambda s: s.revision(name),
            lambda s: s.revision(name, number),
            lambda s: s.history(name),
            lambda s: s.body(name),
            lambda s: s.links(name),
            lambda s: s.attachments(name),
            lambda s: s.attachment_versions(name, "f"),
            lambda s: list(s.content(Attachment(page=name, name="f", version=number))),
        ):
            self.both(call)

    @invariant()
    def same(self) -> None:
        self.both(lambda storage: storage.pages())
        self.both(lambda storage: set(storage.acls()))
        self.both(lambda storage: storage.changes(limit=1000))
        self.both(lambda storage: storage.wanted())


class SqliteAgreement(Agreement):
    """SQLite and the specification."""

    engine = staticmethod(lambda folder: SqliteStorage("wiki.db", folder))


class FilesAgreement(Agreement):
    """A MoinMoin directory and the specification."""

    engine = staticmethod(lambda folder: FilesStorage(".", folder))


TestSqlite = SqliteAgreement.TestCase
TestFiles = FilesAgreement.TestCase
TestSqlite.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
TestFiles.settings = settings(TestSqlite.settings, max_examples=6)
