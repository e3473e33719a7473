"""URLs: what is built is read back as what it was built from."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiki import interwiki, names
from wiki.model import BadName
from wiki.urls import Urls, quoted


@st.composite
def page_names(draw: st.DrawFn) -> str:
    text = draw(
        st.text(max_size=20)
        | st.text(st.sampled_from("ab-/%?#&+;:@=~!$'()*,é日 \"<>\\^`{|}[]"), min_size=1, max_size=20)
    )
    try:
        return names.normal(text)
    except BadName:
        return "Café/日本語"


@given(
    page_names(),
    st.sampled_from(["", "/wiki", "/wiki/", "/cgi-bin/wiki.cgi"]),
    st.sampled_from(["", "https://w.example/"]),
)
def test_a_page_url_decodes_to_the_name(name: str, mount: str, base: str) -> None:
    url = Urls(mount, base).page(name)
    parts = urlsplit(url)
    prefix = mount.rstrip("/") + "/"
    assert url.isascii()
    assert (parts.query, parts.fragment) == ("", "")
    assert url.startswith(base.rstrip("/") + prefix)
    path = unquote(parts.path)
    assert path.startswith(prefix)
    rest = path.removeprefix(prefix)
    reserved = name == "-" or name.startswith("-/")
    assert rest == (f"-/{name}" if reserved else name)


@given(page_names())
def test_no_page_url_needs_what_gateways_refuse(name: str) -> None:
    path = quoted(name).lower()
    assert "%2f" not in path
    assert not set(path) & set(' +?#&"<>\\^`{|}[]=')


@given(page_names(), st.text(max_size=10), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_query_and_anchor_are_read_back(name: str, value: str, anchor: str) -> None:
    parts = urlsplit(Urls("/w").page(name, "diff", anchor, q=value, rev1=0, rev2=None))
    expected = [("action", "diff"), ("q", value), ("rev1", "0")]
    clean = [(k, v.encode("utf-8", "replace").decode()) for k, v in expected if v]
    assert parse_qsl(parts.query) == clean
    assert unquote(parts.fragment) == anchor


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (Urls().page("FrontPage"), "/FrontPage"),
        (Urls("/wiki").page("Café/日本語"), "/wiki/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E"),
        (Urls().page("A b", "edit"), "/A%20b?action=edit"),
        (Urls().page("C++ & co"), "/C%2B%2B%20%26%20co"),
        (Urls().page("-"), "/-/-"),
        (Urls().page("-/x"), "/-/-/x"),
        (Urls().page("-x"), "/-x"),
        (Urls("/w", "https://h").special("search", q="a b"), "https://h/w/-/search?q=a+b"),
        (Urls().special("recent", q="", start=None), "/-/recent"),
        (Urls().file("A", "é.png"), "/A?action=AttachFile&do=get&target=%C3%A9.png"),
        (Urls().file("A", "b", 3), "/A?action=AttachFile&do=get&target=b&version=3"),
        (Urls("/w").permanent("abc"), "/w/-/p/abc"),
        (Urls("/w/").root(), "/w/"),
        (Urls("", "https://h/").root(), "https://h/"),
    ],
)
def test_urls_are_moinmoins_or_below_the_reserved_prefix(url: str, expected: str) -> None:
    assert url == expected


def test_no_page_has_the_url_of_what_is_special() -> None:
    assert Urls().page("-/search") != Urls().special("search")


def test_a_lone_surrogate_raises_nothing() -> None:
    assert Urls().page("a", "x", "b\ud800", q="\ud800") == "/a?action=x&q=%3F#b%3F"


def test_an_interwiki_map_is_read_line_by_line() -> None:
    text = "# comment\nWiki http://w.example/?page=\nSearch\thttps://s.example/?q=$PAGE&x\n\nBad\nÄrger https://a.example/\r\n"
    assert interwiki.parse(text) == {
        "Wiki": "http://w.example/?page=",
        "Search": "https://s.example/?q=$PAGE&x",
        "Ärger": "https://a.example/",
    }


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        "data:text/html,x",
        "/local",
        "//x",
        "http:x",
        "http://a b",
        'http://a"b',
        "http://a<b",
        "x",
    ],
)
def test_an_interwiki_map_takes_web_addresses_only(url: str) -> None:
    assert interwiki.parse(f"Wiki {url}") == {}


@given(page_names())
def test_a_page_of_another_wiki_is_one_part_of_its_url(name: str) -> None:
    table = {"End": "https://w.example/wiki/", "Inside": "https://w.example/?p=$PAGE&x=1"}
    end, inside = (interwiki.resolved(prefix, name, table) for prefix in ("End", "Inside"))
    assert unquote(end.removeprefix("https://w.example/wiki/")) == name
    assert unquote(inside.removeprefix("https://w.example/?p=").removesuffix("&x=1")) == name
    assert interwiki.resolved("Unknown", name, table) == ""


def test_the_shipped_interwiki_map_is_one() -> None:
    lines = "\n".join(f"{name} {url}" for name, url in interwiki.TABLE.items())
    assert interwiki.parse(lines) == interwiki.TABLE
