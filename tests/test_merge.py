"""Three-way merge: disjoint changes are both taken, overlaps are marked, nothing that was written is lost."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiki.merge import Merge, three_way

BASE = "one\ntwo\nthree\nfour\nfive\n"


@pytest.mark.parametrize(
    ("theirs", "mine", "merged"),
    [
        ("ONE\ntwo\nthree\nfour\nfive\n", "one\ntwo\nthree\nfour\nFIVE\n", "ONE\ntwo\nthree\nfour\nFIVE\n"),
        ("zero\none\ntwo\nthree\nfour\nfive\n", "one\ntwo\nthree\nfour\nfive\nsix\n", "zero\n" + BASE + "six\n"),
        ("one\nthree\nfour\nfive\n", "one\ntwo\nthree\nfive\n", "one\nthree\nfive\n"),
        ("one\nTWO\nthree\nfour\nfive\n", "one\ntwo\nTHREE\nfour\nfive\n", "one\nTWO\nTHREE\nfour\nfive\n"),
        ("one\nTWO\nthree\nfour\nfive\n", "one\nTWO\nthree\nfour\nfive\n", "one\nTWO\nthree\nfour\nfive\n"),
        ("one\nthree\nfour\nfive\n", "one\nthree\nfour\nfive\n", "one\nthree\nfour\nfive\n"),
        (BASE + "six\n", BASE + "six\nseven\n", BASE + "six\nseven\n"),
        ("one\ntwo\nthree\nfour\nfive", "ONE\ntwo\nthree\nfour\nfive\n", "ONE\ntwo\nthree\nfour\nfive"),
        ("", BASE, ""),
        (BASE, "", ""),
    ],
)
def test_changes_to_different_lines_are_both_taken(theirs: str, mine: str, merged: str) -> None:
    assert three_way(BASE, theirs, mine) == Merge(merged, 0)


@pytest.mark.parametrize(
    ("theirs", "mine", "merged"),
    [
        (
            "one\nTWO\nthree\nfour\nfive\n",
            "one\nzwei\nthree\nfour\nfive\n",
            "one\n<<<<<<< Ann\nTWO\n=======\nzwei\n>>>>>>> you\nthree\nfour\nfive\n",
        ),
        (
            "one\nthree\nfour\nfive\n",
            "one\nzwei\nthree\nfour\nfive\n",
            "one\n<<<<<<< Ann\n=======\nzwei\n>>>>>>> you\nthree\nfour\nfive\n",
        ),
        (BASE + "six\n", BASE + "seven\n", BASE + "<<<<<<< Ann\nsix\n=======\nseven\n>>>>>>> you\n"),
        (
            "one\nTWO\nthree\nfour\nfive\n",
            "one\nnew\ntwo\nthree\nfour\nfive\n",
            "one\n<<<<<<< Ann\nTWO\n=======\nnew\ntwo\n>>>>>>> you\nthree\nfour\nfive\n",
        ),
        ("x", "y", "<<<<<<< Ann\nx\n=======\ny\n>>>>>>> you\n"),
    ],
)
def test_overlaps_are_marked_with_both_sides(theirs: str, mine: str, merged: str) -> None:
    assert three_way(BASE if theirs != "x" else "", theirs, mine, ("Ann", "you")) == Merge(merged, 1)


def test_common_lines_at_the_ends_of_an_overlap_stand_outside_of_it() -> None:
    result = three_way("a\nb\n", "a\nhead\nx\ntail\nb\n", "a\nhead\ny\ntail\nb\n", ("t", "m"))
    assert result == Merge("a\nhead\n<<<<<<< t\nx\n=======\ny\n>>>>>>> m\ntail\nb\n", 1)


def test_a_label_cannot_break_out_of_its_line() -> None:
    text = three_way("", "x", "y", ("a\nb", "")).text
    assert text.split("\n") == ["<<<<<<< a b", "x", "=======", "y", ">>>>>>>", ""]


def test_overlaps_apart_from_each_other_are_counted_apart() -> None:
    theirs, mine = BASE.replace("one", "1").replace("five", "5"), BASE.replace("one", "I").replace("five", "V")
    assert three_way(BASE, theirs, mine).conflicts == 2


texts = st.lists(st.sampled_from(["a", "b", "c", "d", "", "x y"]), max_size=12).map("\n".join)


@st.composite
def edited(draw: st.DrawFn, base: str, letter: str) -> str:
    lines = base.split("\n")
    for number in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        upto = draw(st.integers(at, min(len(lines), at + 2)))
        lines[at:upto] = [f"{letter}{number}{n}" for n in range(draw(st.integers(0, 2)))]
    return "\n".join(lines)


@st.composite
def stories(draw: st.DrawFn) -> tuple[str, str, str]:
    base = draw(texts)
    return base, draw(edited(base, "T")), draw(edited(base, "M"))


@given(st.tuples(texts, texts, texts) | stories())
def test_no_line_that_either_side_added_is_lost(story: tuple[str, str, str]) -> None:
    base, theirs, mine = story
    merged = Counter(three_way(base, theirs, mine).text.split("\n"))
    for side in (theirs, mine):
        added = Counter(side.split("\n")) - Counter(base.split("\n"))
        missing = added - merged
        # The empty line after the last LF is no line.
        assert not [line for line in missing if line]


@given(st.tuples(texts, texts, texts) | stories())
def test_without_overlap_nothing_comes_from_nowhere_or_back_from_the_dead(story: tuple[str, str, str]) -> None:
    base, theirs, mine = story
    result = three_way(base, theirs, mine)
    if not result.conflicts:
        known = Counter(theirs.split("\n")) | Counter(mine.split("\n")) | Counter(base.split("\n"))
        assert set(result.text.split("\n")) <= set(known)
        for line in set(base.split("\n")) - set(theirs.split("\n")) - set(mine.split("\n")):
            assert line not in result.text.split("\n")


@given(texts, texts)
def test_who_changed_nothing_gets_the_others_text(base: str, other: str) -> None:
    assert (
        three_way(base, other, base) == three_way(base, base, other) == three_way(base, other, other) == Merge(other, 0)
    )


@given(stories())
def test_the_sides_are_equals(story: tuple[str, str, str]) -> None:
    base, theirs, mine = story
    one, other = three_way(base, theirs, mine), three_way(base, mine, theirs)
    assert one.conflicts == other.conflicts
    if not one.conflicts:
        assert one.text == other.text


def test_large_unrelated_texts_are_merged_as_one_overlap() -> None:
    base, theirs, mine = ("\n".join(f"{letter}{n * n % 97}" for n in range(20_000)) for letter in "btm")
    assert three_way(base, theirs, mine).conflicts == 1
