"""Where links lead: wiki links by MoinMoin's rules, Markdown's as between files in folders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiki.markup.anchors import slug, unique, wanted
from wiki.markup.targets import Target, is_safe, markdown, wiki
from wiki.model import BadName

from .checker import is_safe as checked
from .hostile import SCHEMES

INTERWIKI = {"Wikipedia": "https://w.example/$PAGE?x", "Meta": "https://m.example/", "Bad": "javascript:$PAGE"}


@pytest.mark.parametrize(
    ("url", "page", "target"),
    [
        ("C", "A/B", Target("page", "A/C")),
        ("C.md", "A/B", Target("page", "A/C")),
        ("./C.md", "A/B", Target("page", "A/C")),
        ("C.md#x y", "A/B", Target("page", "A/C", "x y")),
        ("B/C", "A/B", Target("page", "A/B/C")),
        ("../C", "A/B", Target("page", "C")),
        ("../../C/D", "A/B/E", Target("page", "C/D")),
        ("/C", "A/B", Target("page", "C")),
        ("/C/D.md", "A/B", Target("page", "C/D")),
        ("C", "B", Target("page", "C")),
        ("Caf%C3%A9%20x", "B", Target("page", "Café x")),
        ("C%23.md", "B", Target("page", "C#")),
        ("#x", "A/B", Target("page", "A/B", "x")),
        ("", "A/B", Target("page", "A/B")),
        ("v1.2", "B", Target("page", "v1.2")),
        ("Node.js.md", "B", Target("page", "Node.js")),
        ("x.png", "A/B", Target("file", "A/B", "x.png")),
        ("./x.png", "A/B", Target("file", "A/B", "x.png")),
        ("B/x.png", "A/B", Target("file", "A/B", "x.png")),
        ("sub/x.tar.gz", "A/B", Target("file", "A/sub", "x.tar.gz")),
        ("../Other/x.png", "A/B", Target("file", "Other", "x.png")),
        ("../x.png", "A/B/C", Target("file", "A", "x.png")),
        ("/Other/Page/x.pdf#page=2", "A/B", Target("file", "Other/Page", "x.pdf")),
        ("attachment:x%20y", "A/B", Target("file", "A/B", "x y")),
        ("https://e.example/a b", "A", Target("url", "https://e.example/a b")),
        ("mailto:a@b.example", "A", Target("url", "mailto:a@b.example")),
        ("Wikipedia:Foo", "A", Target("url", "https://w.example/Foo?x", interwiki=True)),
        ("//host/path", "A", Target("page", "host/path")),
    ],
)
def test_markdown_links_lead_as_between_files(url: str, page: str, target: Target) -> None:
    assert markdown(url, page, INTERWIKI) == target


@pytest.mark.parametrize(
    ("text", "page", "target"),
    [
        ("C", "A/B", Target("page", "C")),
        ("/C", "A/B", Target("page", "A/B/C")),
        ("../C", "A/B", Target("page", "A/C")),
        ("..", "A/B", Target("page", "A")),
        ("C#x", "A/B", Target("page", "C", "x")),
        ("#x", "A/B", Target("page", "A/B", "x")),
        ("C.md", "A/B", Target("page", "C.md")),
        ("x.png", "A/B", Target("page", "x.png")),
        ("attachment:x.png", "A/B", Target("file", "A/B", "x.png")),
        ("attachment:/C/x.png", "A/B", Target("file", "A/B/C", "x.png")),
        ("https://e.example/", "A", Target("url", "https://e.example/")),
        ("http: a page", "A", Target("page", "http: a page")),
        ("javascript:alert(1)", "A", Target("page", "javascript:alert(1)")),
        ("Wikipedia:Föö Bar#x y", "A", Target("url", "https://w.example/F%C3%B6%C3%B6%20Bar?x#x%20y", interwiki=True)),
        ("Meta:A/B", "A", Target("url", "https://m.example/A/B", interwiki=True)),
        ("Unknown:x", "A", Target("page", "Unknown:x")),
    ],
)
def test_wiki_links_lead_as_in_moinmoin(text: str, page: str, target: Target) -> None:
    assert wiki(text, page, INTERWIKI) == target


@pytest.mark.parametrize(
    "url", ["../..", "../../C", "../x.png", "/x.png", "javascript:x", "x%FF", "/", "Bad:x", "http://e\\x"]
)
def test_urls_that_lead_nowhere_are_refused(url: str) -> None:
    with pytest.raises(BadName):
        markdown(url, "A/B", INTERWIKI)


def test_very_long_urls_are_refused() -> None:
    with pytest.raises(BadName):
        markdown("https://example.org/" + "x" * 5000, "A/B", {})


@pytest.mark.parametrize("text", ["../..", "attachment:", "Bad:x", "x/../y", "a" * 300])
def test_names_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(BadName):
        wiki(text, "A/B", INTERWIKI)


@pytest.mark.parametrize("url", SCHEMES)
def test_disguised_schemes_are_not_safe(url: str) -> None:
    assert not is_safe(url) or (checked(url) and "%3A" in url)


@pytest.mark.parametrize("url", ["x", "/x", "#x", "?a:b", "a/b:c", "http://e", "HTTPS://e", "mailto:a@b", "//e", "é"])
def test_ordinary_urls_are_safe(url: str) -> None:
    assert is_safe(url)


@given(st.text(alphabet="javscript:JAVA\t\n \u200b&#106;colon/\\?%3A", max_size=25))
def test_what_is_safe_here_is_safe_for_the_checker(url: str) -> None:
    from html import unescape

    if is_safe(url):
        assert checked(unescape(url))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Getting started", "getting-started"),
        ("What's new?", "whats-new"),
        ("snake_case & C++", "snake_case--c"),
        ("Größe", "größe"),
        ("日本語 テスト", "日本語-テスト"),
        ("हिन्दी", "हिन्दी"),
        ("Cafe\u0301", "café"),
        ("!!!", ""),
    ],
)
def test_slugs_keep_the_letters_of_all_scripts(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(st.lists(st.sampled_from(["a", "A", "a 1", "a-1", "a-1-1", "", "!", "section"]), max_size=20))
def test_ids_of_headings_are_unique(texts: list[str]) -> None:
    taken: dict[str, int] = {}
    ids = [unique(text, taken) for text in texts]
    assert len(set(ids)) == len(ids)
    assert all(id.startswith("h-") for id in ids)


@given(st.text(max_size=30))
def test_a_link_finds_a_heading_by_text_slug_or_id(text: str) -> None:
    id = unique(text, {})
    if slug(text):
        assert wanted(slug(text)) == id or wanted(slug(text)) == slug(text)
        assert wanted(id) == id
