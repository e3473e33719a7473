"""What every storage engine finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wiki.model import Author
from wiki.query import And, ByAuthor, Category, LinkTo, Node, Not, Or, Phrase, Regex, Title, Word
from wiki.storage import words

from .filling import SECRET, delete, link, names, save

if TYPE_CHECKING:
    from wiki.storage import Storage


@pytest.fixture
def library(storage: Storage) -> Storage:
    """A few pages to search in."""
    save(storage, "FrontPage", "Welcome to the wiki, read about the quick brown fox.\n")
    save(storage, "Fox", "An animal.\n", links=(*link("FrontPage"), *link("CategoryTiere", kind="category")))
    save(storage, "Café/日本語", "東京都は日本の首都。naïve Überstraße, don't foo_bar\n", links=link("Fox"))
    save(storage, "Thai", "ภาษาไทย и Ёлка ΟΔΥΣΣΕΥΣ 한국어 हिन्दी\n", author=Author("", "Gast"))
    save(storage, "Secret", "the secret fox\n", acl=SECRET)
    save(storage, "Gone", "a gone fox\n")
    delete(storage, "Gone")
    return storage


def found(storage: Storage, query: Node) -> set[str]:
    return set(names(storage.search(query, limit=100).hits))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fox", {"FrontPage", "Fox", "Secret"}),
        ("FOX", {"FrontPage", "Fox", "Secret"}),
        ("fo", {"FrontPage", "Fox", "Secret", "Café/日本語"}),
        ("ox", set()),
        ("page", {"FrontPage"}),
        ("ontpag", {"FrontPage"}),
        ("rown", {"FrontPage"}),
        ("naive", {"Café/日本語"}),
        ("NAÏV", {"Café/日本語"}),
        ("uberstrasse", {"Café/日本語"}),
        ("straß", {"Café/日本語"}),
        ("cafe", {"Café/日本語"}),
        ("日本", {"Café/日本語"}),
        ("日本語", {"Café/日本語"}),
        ("東京都は日本", {"Café/日本語"}),
        ("首都", {"Café/日本語"}),
        ("都", {"Café/日本語"}),
        ("は", {"Café/日本語"}),
        ("語", {"Café/日本語"}),
        ("本日", set()),
        ("京日", set()),
        ("don't", {"Café/日本語"}),
        ("foo_ba", {"Café/日本語"}),
        ("foo-bar", {"Café/日本語"}),
        ("bar_foo", set()),
        ("елка", {"Thai"}),
        ("ελκα", set()),
        ("οδυσσευς", {"Thai"}),
        ("ไทย", {"Thai"}),
        ("국어", {"Thai"}),
        ("हिन्", {"Thai"}),
        ("gone", set()),
        ("", set()),
        ("---", set()),
        ('"', set()),
        ("fox*", {"FrontPage", "Fox", "Secret"}),
        ("NEAR(", set()),
        ("title:fox", set()),
        ("x" * 300, set()),
    ],
)
def test_a_word_is_found_by_itself_its_beginning_or_a_part(library: Storage, text: str, expected: set[str]) -> None:
    assert found(library, Word(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quick brown", {"FrontPage"}),
        ("Quick, BROWN fox", {"FrontPage"}),
        ("brown quick", set()),
        ("quick bro", set()),
        ("quick fox", set()),
        ("日本の首都", {"Café/日本語"}),
        ("naive uberstrasse", {"Café/日本語"}),
        ("cafe 日", {"Café/日本語"}),
        ("cafe 本", set()),
        ("都 日", set()),
        ("front", set()),
        ("都", {"Café/日本語"}),
        ("", set()),
    ],
)
def test_a_phrase_is_words_next_to_each_other(library: Storage, text: str, expected: set[str]) -> None:
    assert found(library, Phrase(text)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Title("ox"), {"Fox"}),
        (Title("/日本"), {"Café/日本語"}),
        (Title("FÉ"), {"Café/日本語"}),
        (Title("100%"), set()),
        (LinkTo("FrontPage"), {"Fox"}),
        (LinkTo("CategoryTiere"), {"Fox"}),
        (LinkTo("frontpage"), set()),
        (Category("Tiere"), {"Fox"}),
        (Category("CategoryTiere"), {"Fox"}),
        (Category("FrontPage"), set()),
        (ByAuthor("gast"), {"Thai"}),
        (ByAuthor("ANN"), {"FrontPage", "Fox", "Café/日本語", "Secret"}),
        (ByAuthor("Ben"), set()),
        (And((Word("fox"), Word("wiki"))), {"FrontPage"}),
        (And((Word("fox"), LinkTo("FrontPage"))), {"Fox"}),
        (And((Word("fox"), Not(Word("wiki")), Not(Title("fox")))), {"Secret"}),
        (And((Word("fox"), Not(And((Word("wiki"), Word("quick")))))), {"Fox", "Secret"}),
        (And((Not(Word("fox")), Not(LinkTo("Fox")))), {"Thai"}),
        (Not(Word("fox")), {"Café/日本語", "Thai"}),
        (Not(Not(Word("wiki"))), {"FrontPage"}),
        (Or((Word("wiki"), Word("animal"))), {"FrontPage", "Fox"}),
        (Or((Word("wiki"), LinkTo("Fox"))), {"FrontPage", "Café/日本語"}),
        (Or((And((Word("wiki"), Not(Word("brown")))), ByAuthor("Gast"))), {"Thai"}),
        (Or((Not(Word("fox")), Title("front"))), {"FrontPage", "Café/日本語", "Thai"}),
        (And((Or((Word("wiki"), Word("animal"))), Phrase("quick brown"))), {"FrontPage"}),
        (And(()), {"FrontPage", "Fox", "Café/日本語", "Thai", "Secret"}),
        (Or(()), set()),
    ],
)
def test_queries_combine(library: Storage, query: Node, expected: set[str]) -> None:
    assert found(library, query) == expected


@pytest.mark.parametrize(
    ("literals", "expected"),
    [
        ((), {"FrontPage", "Fox", "Café/日本語", "Thai", "Secret"}),
        (("rown f",), {"FrontPage"}),
        (("rown", "elcom"), {"FrontPage"}),
        (("京都は日",), {"Café/日本語"}),
        (("nowhere",), set()),
    ],
)
def test_candidates_of_a_regex_contain_its_literals(
    library: Storage, literals: tuple[str, ...], expected: set[str]
) -> None:
    assert found(library, Regex("irrelevant", literals)) == expected


def test_candidates_of_a_regex_are_never_too_few(library: Storage) -> None:
    for literal in ("ox", "e", "the q", "k b", ".", "日", "は日", "d about the"):
        whole = {page.name for page in library.pages() if literal in library.body(page.name).lower()}
        assert whole <= found(library, Regex("", (literal,)))
        assert whole


def test_search_shows_only_what_is_readable(library: Storage) -> None:
    hits = library.search(Word("fox"), readable=[None])
    assert names(hits.hits) == ["Fox", "FrontPage"]
    assert hits.total == 2
    assert not hits.more
    assert library.search(Word("fox"), readable=[]).hits == ()
    assert library.search(Word("fox"), readable=[]).total == 0
    assert names(library.search(Not(Word("wiki")), readable=[SECRET]).hits) == ["Secret"]


def test_matches_in_the_name_come_first_then_rare_words(storage: Storage) -> None:
    for number in range(20):
        save(storage, f"P{number}", "common words and more of the like")
    save(storage, "Rare", "seldom")
    save(storage, "Apple", "fruit")
    save(storage, "Tree", "apple " * 50)
    assert names(storage.search(Word("apple")).hits) == ["Apple", "Tree"]
    assert [hit.title for hit in storage.search(Word("apple")).hits] == [True, False]
    assert names(storage.search(Or((Word("common"), Word("seldom")))).hits)[0] == "Rare"
    scores = [hit.score for hit in storage.search(Or((Word("apple"), Word("common"))), limit=50).hits]
    assert scores == sorted(scores, reverse=True)


def test_search_goes_in_pages(storage: Storage) -> None:
    for number in range(25):
        save(storage, f"P{number:02}", "needle")
    whole = storage.search(Word("needle"), limit=100)
    assert whole.total == len(whole.hits) == 25
    pieces = [storage.search(Word("needle"), limit=10, offset=offset) for offset in (0, 10, 20, 30)]
    assert [hit for piece in pieces for hit in piece.hits] == list(whole.hits)
    assert [len(piece.hits) for piece in pieces] == [10, 10, 5, 0]
    assert {piece.total for piece in pieces} == {25}


def test_search_follows_changes(storage: Storage) -> None:
    save(storage, "Alpha", "first 日本 text")
    save(storage, "Alpha", "second 東京 text")
    assert found(storage, Word("first")) == found(storage, Word("日本")) == set()
    assert found(storage, Word("second")) == found(storage, Word("東京")) == {"Alpha"}
    storage.rename("Alpha", "Omega")
    assert found(storage, Word("alpha")) == set()
    assert found(storage, Word("omega")) == found(storage, Word("second")) == {"Omega"}
    delete(storage, "Omega")
    assert found(storage, Word("second")) == found(storage, Word("omega")) == set()
    save(storage, "Omega", "third")
    assert found(storage, Word("second")) == set()
    assert found(storage, Word("third")) == {"Omega"}
    storage.destroy("Omega")
    assert found(storage, Word("third")) == set()
    assert list(storage.check()) == []


def test_titles_beginnings_first_then_words_then_parts(storage: Storage) -> None:
    for name in ("Menü", "A/menu", "Das Menü", "Omenu", "MENUE", "xmenux", "Secret Menu"):
        save(storage, name, acl=SECRET if name.startswith("Secret") else None)
    assert storage.titles("menu", readable=[None]) == ["MENUE", "Menü", "A/menu", "Das Menü", "Omenu", "xmenux"]
    assert storage.titles("MENÜ", limit=3, readable=[None]) == ["MENUE", "Menü", "A/menu"]
    assert storage.titles("MENÜ", limit=1) == ["MENUE"]
    assert storage.titles("secret", readable=[None]) == []
    assert storage.titles("%") == storage.titles("_") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café FrontPage", ["cafe", "frontpage"]),
        ("日本語", ["日本", "本語", "語"]),
        ("x日y", ["x", "日", "y"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("İstanbul ﬁ", ["istanbul", "fi"]),
        ("が", ["が"]),
        ("हिन्दी", ["हिन्दी"]),
        ("a_b-c", ["a", "b", "c"]),
        ("", []),
    ],
)
def test_terms_of_a_text(text: str, expected: list[str]) -> None:
    assert words.terms(text) == expected


def test_what_a_query_wants_may_go_on_in_the_text() -> None:
    assert words.wanted("日本語") == ("日本", "本語")
    assert words.wanted("日") == ("日",)
    assert words.wanted("日本 語") == ("日本", "本", "語")
    assert words.wanted("wiki 日本") == ("wiki", "日本")
