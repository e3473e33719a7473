"""Page names: one normal form, and MoinMoin's directory names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wiki import names
from wiki.model import BadName

anything = st.text(max_size=40) | st.text(
    st.sampled_from("ab./\\ \t\n-é\u0301\u0338\u202e\x00\x85\u2028\ud800日"), max_size=30
)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("FrontPage", "FrontPage"),
        ("  a   b ", "a b"),
        ("a_b", "a_b"),
        ("/A//B/", "A/B"),
        ("A / B", "A/B"),
        ("e\u0301", "é"),
        ("e\u202e\u0301", "é"),
        ("a\tb\u2003c\x85d", "a b c d"),
        ("a\x00b\x1fc\ufeff", "abc"),
        ("a\u202eb\u2066c", "abc"),
        ("...", "..."),
        (".hidden", ".hidden"),
        ("Café/日本語", "Café/日本語"),
    ],
)
def test_a_name_has_one_normal_form(typed: str, name: str) -> None:
    assert names.normal(typed) == name


@pytest.mark.parametrize("typed", ["", "  ", "/", "///", ".", "..", "a/../b", "a/ . /b", "\u202e", "x" * 256, "é" * 64])
def test_names_without_a_normal_form_are_refused(typed: str) -> None:
    with pytest.raises(BadName):
        names.normal(typed)


def test_the_limit_is_in_bytes_of_moinmoins_quoting() -> None:
    assert names.normal("x" * 255) == "x" * 255
    assert len(names.quote(names.normal("é" * 63))) == 63 * 4 + 2


def test_a_refusal_does_not_repeat_a_huge_name() -> None:
    with pytest.raises(BadName) as refused:
        names.normal("x" * 1_000_000)
    assert len(str(refused.value)) < 200


@given(anything)
@example("e\u202e\u0301")
@example("a /\u0301")
def test_normalising_twice_changes_nothing(text: str) -> None:
    try:
        name = names.normal(text)
    except BadName:
        return
    assert names.normal(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert len(names.quote(name)) <= names.LIMIT
    assert all(part and part == part.strip() and part not in (".", "..") for part in name.split("/"))


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("Projects/Alpha", "Projects(2f)Alpha"),
        ("Renamed Page", "Renamed(20)Page"),
        ("日本語ページ", "(e697a5e69cace8aa9ee3839ae383bce382b8)"),
        ("Größe & Maß (2)/Ünter_seite", "Gr(c3b6c39f)e(202620)Ma(c39f2028)2(292fc39c)nter_seite"),
        ("A_B9z", "A_B9z"),
    ],
)
def test_quoting_is_moinmoins(name: str, quoted: str) -> None:
    assert names.quote(name) == quoted
    assert names.unquote(quoted) == names.unquote(quoted.replace("e697", "E697")) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_what_was_quoted_is_read_back(name: str) -> None:
    quoted = names.quote(name)
    assert names.unquote(quoted) == name
    assert all(char.isascii() and (char.isalnum() or char in "_()") for char in quoted)


@pytest.mark.parametrize("quoted", ["(2)", "(abc)", "(ff)", "(c3)", "(e697)x", "\udce4"])
def test_odd_or_undecodable_hex_is_refused(quoted: str) -> None:
    with pytest.raises(BadName):
        names.unquote(quoted)


@given(st.text(st.sampled_from("ab(2f)c3 _é\udce4"), max_size=20))
def test_no_directory_name_raises_anything_but_a_bad_name(quoted: str) -> None:
    try:
        name = names.unquote(quoted)
    except BadName:
        return
    assert isinstance(name, str)
    assert names.unquote(names.quote(name)) == name


def test_parents_and_parts() -> None:
    assert (names.parent("A/B/C"), names.last("A/B/C"), names.ancestors("A/B/C")) == ("A/B", "C", ["A", "A/B"])
    assert (names.parent("A"), names.last("A"), names.ancestors("A")) == ("", "A", [])


@given(anything)
def test_a_name_is_its_parent_and_its_last_part(text: str) -> None:
    try:
        name = names.normal(text)
    except BadName:
        return
    above = names.parent(name)
    assert name == (f"{above}/" if above else "") + names.last(name)
    assert names.ancestors(name) == ([*names.ancestors(above), above] if above else [])


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("Other", "Other"),
        ("/Child", "A/B/Child"),
        ("../Sibling", "A/Sibling"),
        ("../../Top", "Top"),
        ("../../../Top", "Top"),
        ("..", "A"),
        ("../", "A"),
        (" Other ", "Other"),
        ("..x", "..x"),
    ],
)
def test_relative_targets_are_moinmoins(target: str, name: str) -> None:
    assert names.resolve(target, "A/B") == name


@pytest.mark.parametrize("target", ["../..", "", "./x", "a/.."])
def test_targets_that_lead_nowhere_are_refused(target: str) -> None:
    with pytest.raises(BadName):
        names.resolve(target, "A/B")


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("a.txt", "a.txt"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("/etc/passwd", "passwd"),
        ("../../.htaccess", "htaccess"),
        (". .a", "a"),
        ("e\u202e\u0301.txt", "é.txt"),
        (" a  b .txt ", "a b .txt"),
        ("a\r\nb", "a b"),
    ],
)
def test_a_file_name_is_the_last_part_of_what_was_sent(sent: str, name: str) -> None:
    assert names.file_normal(sent) == name


@pytest.mark.parametrize("sent", ["", ".", "..", "a/", "\x00", "é" * 128, "x" * 256])
def test_file_names_that_cannot_be_kept_are_refused(sent: str) -> None:
    with pytest.raises(BadName):
        names.file_normal(sent)


@given(anything)
@example(". .a")
def test_normalising_a_file_name_twice_changes_nothing(sent: str) -> None:
    try:
        name = names.file_normal(sent)
    except BadName:
        return
    assert names.file_normal(name) == name
    assert not name.startswith(".")
    assert "/" not in name
    assert "\\" not in name
    assert len(name.encode()) <= names.LIMIT
