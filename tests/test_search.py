"""Searching above the engines: regular expressions, snippets, near titles; and how words are folded for all of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wiki import search, words
from wiki.model import BadRequest, Hit, Hits
from wiki.query import And, Node, Regex, Word, parse

if TYPE_CHECKING:
    from collections.abc import Collection


def asked(text: str) -> Node:
    node = parse(text)
    assert node is not None
    return node


def shown(pieces: search.Pieces) -> str:
    return "".join(f"[{text}]" if mark else text for text, mark in pieces)


# -- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Éclair", "eclair"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ﬁn", "fin"),
        ("Ａｂ", "ab"),
        ("İ", "i"),
        ("Ελένη", "ελενη"),
        ("が", "が"),
        ("한국어", "한국어"),
        ("e\u0301", "e"),
    ],
)
def test_case_and_diacritics_are_folded_but_not_what_makes_another_letter(text: str, folded: str) -> None:
    assert words.fold(text) == folded


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing_and_storage_folds_alike(text: str) -> None:
    assert words.fold(words.fold(text)) == words.fold(text)


@given(st.text(st.characters(exclude_categories=["Mn", "Mc", "Cs"]), max_size=30))
def test_each_folded_character_knows_its_place(text: str) -> None:
    folded, places = words.folded(text)
    places = places or list(range(len(text) + 1))
    assert len(places) == len(folded) + 1
    assert all(words.fold(text[place]).find(char) >= 0 for place, char in zip(places, folded, strict=False))


def test_words_of_scripts_without_blanks_are_cut_into_characters() -> None:
    assert list(words.words("Über don't a_b 日本 नमस्ते")) == ["uber", "don", "t", "a", "b", "日", "本", "नमस्ते"]


# -- snippets ------------------------------------------------------------------------------------------------------

LONG = "Lorem ipsum dolor sit amet consectetur. " * 30


@pytest.mark.parametrize(
    ("text", "query", "snippet"),
    [
        ("one two three", "two", "one [two] three"),
        ("Das Café hier", "cafe", "Das [Café] hier"),
        ("Straßenbahn", "strasse", "[Straße]nbahn"),
        ("これは日本語のページ", "日本", "これは[日本]語のページ"),
        ("a foo, bar b", '"foo bar"', "a [foo, bar] b"),
        ("other foobar", "foo", "other [foo]bar"),
        ("the he", "he", "the [he]"),
        ("the end", "he", "t[he] end"),
        ("foo bar", "-foo", "foo bar"),
        ("foo bar", "foo OR -bar", "[foo] bar"),
        ("foo bar", "title:foo", "foo bar"),
        ("abc foo12 bar", "regex:o+[0-9]", "abc f[oo1]2 bar"),
        (
            "= Head =\nSome '''bold''' [[Page|label]], [text](http://x/y) <<Macro(a)>> end",
            "end",
            "Head Some bold label, text [end]",
        ),
        ("# Head\n\n* item `code`\n\n| a | b |\n|---|---|", "item", "Head [item] code | a | b |"),
        ("", "foo", ""),
    ],
)
def test_a_snippet_marks_what_was_asked_for(text: str, query: str, snippet: str) -> None:
    assert " ".join(shown(search.snippet(text, asked(query))).split()) == snippet


def test_a_snippet_shows_the_best_place_with_a_little_around_it() -> None:
    text = LONG + "here is apple. " + LONG + "here are apple and pear. " + LONG
    result = shown(search.snippet(text, asked("apple pear")))
    assert "[apple] and [pear]" in result
    assert result.startswith("… ")
    assert result.endswith(" … ")
    assert search.CONTEXT / 2 < len(result) <= search.CONTEXT + 40


def test_two_places_are_shown_where_one_lacks_a_word() -> None:
    result = shown(search.snippet(LONG + "apple " + LONG + "pear " + LONG, asked("pear apple")))
    assert 0 < result.index("[apple]") < result.index(" … ", 5) < result.index("[pear]")
    assert "……" not in result.replace(" ", "")


def test_a_hit_by_name_alone_shows_the_beginning() -> None:
    assert shown(search.snippet(LONG, asked("title:x"))).startswith("Lorem ipsum")


def test_snippets_are_cut_between_words() -> None:
    result = shown(search.snippet(LONG + "apple " + LONG, asked("apple"))).strip("… ")
    assert set(result.split()) <= set(LONG.split()) | {"[apple]"}


markup = st.text(st.sampled_from("ab [](){}<>|='*#`\n日éß-_!:/"), max_size=300)


@given(markup, st.sampled_from(["a", "b a", '"a b"', "日", "regex:a+b", "ss e", "-a", "title:a"]), st.integers(10, 200))
@example("[[" * 200, "a", 180)
def test_a_snippet_of_anything_has_marks_and_text_in_turn(text: str, query: str, length: int) -> None:
    pieces = search.snippet(text, asked(query), length)
    assert all(text for text, _ in pieces)
    assert sum(len(text) for text, _ in pieces) <= length + 60
    for piece, mark in pieces:
        assert not mark or any(char.isalnum() for char in piece)


def test_a_name_is_marked_with_words_and_title_terms() -> None:
    assert shown(search.marked("Café/FrontPage", asked("cafe t:page"))) == "[Café]/Front[Page]"
    assert shown(search.marked("FrontPage2", asked("t:re:[0-9]"))) == "FrontPage[2]"
    assert shown(search.marked("FrontPage", asked("-page"))) == "FrontPage"


# -- regular expressions -------------------------------------------------------------------------------------------


def never() -> float:
    return time.monotonic() + 60


def test_an_expression_is_tried_line_by_line() -> None:
    text = "foo 1\nbar\nfoo 22 foo 3\n\n"
    assert [text[a:b] for a, b in search.regex_lines(r"FOO \d+$", text, never())] == ["foo 1", "foo 3"]
    assert list(search.regex_lines("1\nbar", text, never())) == []
    assert list(search.regex_lines("^$", "x", never())) == []
    assert list(search.regex_lines("^bar$", text, never())) == [(6, 9)]


def test_a_line_is_looked_at_up_to_a_thousand_characters() -> None:
    text = "x" * 990 + "needle" + "x" * 10 + "needle\nneedle"
    assert [a for a, _ in search.regex_lines("needle", text, never())] == [990, 1013]
    assert list(search.regex_lines("needle$", "x" * 997 + "needle", never())) == []


def test_after_the_deadline_no_further_line_is_tried() -> None:
    assert list(search.regex_lines("a", "a\na\na", time.monotonic() - 1)) == [(0, 1)]


class Pages:
    """A storage that yields its pages as candidates, and notes what it was asked."""

    def __init__(self, bodies: dict[str, str]) -> None:
        self.bodies = bodies
        self.queries: list[Node] = []
        self.read: list[str] = []

    def search(
        self, query: Node, limit: int = 20, offset: int = 0, readable: Collection[str | None] | None = None
    ) -> Hits:
        self.queries.append(query)
        names = sorted(self.bodies)
        return Hits(tuple(Hit(name, 1.0) for name in names[offset : offset + limit]), len(names))

    def body(self, name: str) -> str:
        self.read.append(name)
        return self.bodies[name]


@pytest.fixture
def pages() -> Pages:
    return Pages({"A": "foo 1\n", "B": "foo\n", "C": "bar 2\n"})


def names(hits: Hits) -> list[str]:
    return [hit.name for hit in hits.hits]


def test_a_search_without_expressions_is_the_engines_own(pages: Pages) -> None:
    assert names(search.found(Word("x"), pages, None, False)) == ["A", "B", "C"]
    assert pages.queries == [Word("x")]
    assert pages.read == []


def test_an_expression_is_tried_on_the_candidates(pages: Pages) -> None:
    hits = search.found(asked(r"regex:foo\s\d"), pages, None, True)
    assert (names(hits), hits.total, hits.more, hits.notice) == (["A"], 1, False, "")
    assert pages.queries[0] == Regex(r"foo\s\d", ("foo",))


def test_an_unwanted_expression_narrows_no_candidates(pages: Pages) -> None:
    assert names(search.found(asked(r"-regex:\d bar"), pages, None, True)) == ["B"]
    assert pages.queries[0] == Word("bar")
    assert names(search.found(asked(r"-regex:\d"), pages, None, True)) == ["B"]
    assert pages.queries[-1] == Regex("", ())


def test_an_expression_for_names_reads_no_page(pages: Pages) -> None:
    hits = search.found(asked("title:regex:[AB] foo"), pages, None, True)
    assert names(hits) == ["A", "B"]
    assert all(hit.title for hit in hits.hits)
    assert pages.queries[0] == And((Word("foo"), Regex("[AB]", (), True)))
    assert pages.read == []


def test_results_are_paged_after_the_expression_was_tried() -> None:
    pages = Pages({f"P{n:04}": f"{n}" for n in range(500)})
    hits = search.found(asked("regex:[05]$"), pages, None, True, 3, 10)
    assert (names(hits), hits.total) == (["P0050", "P0055", "P0060"], 100)


def test_expressions_may_be_refused_to_strangers(pages: Pages) -> None:
    with pytest.raises(BadRequest):
        search.found(asked("foo -regex:x"), pages, None, False)
    assert pages.queries == []


@pytest.mark.parametrize("query", ["foo OR regex:x", "-(foo regex:x)", "a (b OR -regex:x)"])
def test_an_expression_among_alternatives_is_refused_with_advice(query: str, pages: Pages) -> None:
    with pytest.raises(BadRequest) as refused:
        search.found(asked(query), pages, None, True)
    assert "regex:this|that" in str(refused.value)


def test_a_search_that_takes_too_long_says_so(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(search.time, "monotonic", lambda: next(clock) * 0.6)
    hits = search.found(asked("regex:[a-z]"), pages, None, True)
    assert names(hits) == ["A", "B"]
    assert hits.more
    assert "stopped" in hits.notice


# -- near titles ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("frontpage", "FrontPage"),
        ("Front Page", "FrontPage"),
        ("FrontPag", "FrontPage"),
        ("FrotnPage", "FrontPage"),
        ("Cafe", "Café"),
        ("Help/Installation", "Installation"),
        ("日本語ペーシ", "日本語ページ"),
        ("InstallingOnDebian", "Debian Installing"),
        ("Meeting notes 2026", "Notes of the meeting"),
    ],
)
def test_a_near_title_is_found(name: str, near: str) -> None:
    assert search.similar(name, ["Zebra", near, "Quite another", "Xyz"]) == [near]


def test_the_likeliest_title_comes_first_and_the_name_itself_never() -> None:
    candidates = ["FrontPageTemplate", "FrontPages", "frontpage", "Old/FrontPage", "FrontPage", "Unrelated"]
    assert search.similar("FrontPage", candidates) == ["frontpage", "Old/FrontPage", "FrontPages", "FrontPageTemplate"]
    assert search.similar("FrontPage", candidates, 1) == ["frontpage"]


@given(st.text(max_size=15), st.lists(st.text(max_size=15), max_size=8))
def test_near_titles_are_some_of_the_candidates(name: str, candidates: list[str]) -> None:
    found = search.similar(name, candidates)
    assert set(found) <= set(candidates) - {name}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("FrontPage", ["front", "page"]),
        ("HTTPServer2", ["server2", "http"]),
        ("Café/日本語 x", ["cafe", "日本語", "x"]),
        ("ÜberÄpfel", ["apfel", "uber"]),
        ("", []),
    ],
)
def test_a_name_falls_into_words(name: str, parts: list[str]) -> None:
    assert search.title_words(name) == parts


@given(st.text(st.sampled_from("abc"), max_size=7), st.text(st.sampled_from("abc"), max_size=7), st.integers(0, 3))
def test_the_distance_is_right_up_to_its_bound(a: str, b: str, most: int) -> None:
    assert search._distance(a, b, most) == min(most + 1, search._distance(a, b, 20))
    assert (search._distance(a, b, 20) == 0) == (a == b)
