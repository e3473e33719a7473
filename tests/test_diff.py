"""Differences: right for any two texts, and bounded for the worst."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiki import diff
from wiki.diff import Row, hunks, lines, marked_words, rows, summary, unified

texts = st.lists(st.sampled_from(["a", "b", "c", "the quick fox", "the slow fox", "", "日本語"]), max_size=25).map(
    "\n".join
)
sequences = st.lists(st.integers(0, 6), max_size=40)


def patched(old: list[int], new: list[int], found: list[diff.Hunk]) -> list[int]:
    result, at = [], 0
    for hunk in found:
        result += old[at : hunk.old_start] + new[hunk.new_start : hunk.new_end]
        at = hunk.old_end
    return result + old[at:]


@given(sequences, sequences, st.sampled_from([0, 10, 100, diff.BUDGET]))
def test_hunks_make_the_new_from_the_old_on_any_budget(old: list[int], new: list[int], budget: int) -> None:
    found = hunks(old, new, budget)
    assert patched(old, new, found) == new
    for before, hunk in pairwise(found):
        assert hunk.old_start - before.old_end == hunk.new_start - before.new_end > 0
    assert all(hunk.old_start < hunk.old_end or hunk.new_start < hunk.new_end for hunk in found)


@given(sequences)
def test_equal_sequences_have_no_hunks(old: list[int]) -> None:
    assert hunks(old, list(old)) == []


def test_the_fewest_changes_are_found_where_lines_repeat() -> None:
    found = hunks(list("abcabba"), list("cbabac"))
    assert sum(hunk.old_end - hunk.old_start + hunk.new_end - hunk.new_start for hunk in found) == 5


def shortest(old: list[int], new: list[int]) -> int:
    """How many single changes are needed at least, by the table of longest common subsequences."""
    row = [0] * (len(new) + 1)
    for x in old:
        above = row
        row = [0]
        for j, y in enumerate(new):
            row.append(above[j] + 1 if x == y else max(above[j + 1], row[-1]))
    return len(old) + len(new) - 2 * row[-1]


@given(st.lists(st.sampled_from([1, 1, 2, 2]), max_size=12), st.lists(st.sampled_from([1, 2]), max_size=12))
def test_no_answer_is_shorter_than_possible_nor_much_longer(old: list[int], new: list[int]) -> None:
    found = hunks(old, new)
    changes = sum(hunk.old_end - hunk.old_start + hunk.new_end - hunk.new_start for hunk in found)
    assert shortest(old, new) <= changes <= len(old) + len(new)
    assert (changes == 0) == (old == new)


def test_an_edit_in_a_long_repetitive_text_stays_small() -> None:
    old = [f"line {n * n % 50}" for n in range(20_000)]
    new = [*old[:5000], "added", *old[5000:12_000], *old[12_001:]]
    assert sum(hunk.old_end - hunk.old_start + hunk.new_end - hunk.new_start for hunk in hunks(old, new)) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([n * n % 301 for n in range(50_000)], [n * n * n % 307 for n in range(50_000)]),
        ([n % 2 for n in range(50_000)], [n % 3 for n in range(50_000)]),
        ([n * 7919 % 10_007 for n in range(50_000)], [n * 7907 % 10_009 for n in range(50_000)]),
        (list(range(30_000)), list(range(30_000, 0, -1))),
    ],
    ids=["repetitive", "two against three", "shuffled", "reversed"],
)
def test_the_worst_texts_stay_within_the_budget(
    old: list[int], new: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets: list[diff._Budget] = []

    class Watched(diff._Budget):
        def __init__(self, steps: int) -> None:
            super().__init__(steps)
            budgets.append(self)

    monkeypatch.setattr(diff, "_Budget", Watched)
    found = hunks(old, new)
    assert patched(old, new, found) == new
    # What was begun before the budget ended is finished: at most one look at every element for each size of shingle.
    assert budgets[0].left > -len(diff.SHINGLES) * (len(old) + len(new))


def test_only_a_line_feed_ends_a_line() -> None:
    assert lines("") == []
    assert lines("a") == lines("a\n") == ["a"]
    assert lines("a\u2028b\x0cc\r\n\n") == ["a\u2028b\x0cc\r", ""]


def test_a_summary_counts_lines() -> None:
    assert summary("a\nb\nc\n", "a\nB\nc\nd\n") == (2, 1)
    assert summary("", "a\nb\n") == (2, 0)
    assert summary("a\n", "a\n") == (0, 0)


def test_a_unified_diff_is_what_patch_reads() -> None:
    old = "".join(f"{n}\n" for n in range(1, 21))
    new = old.replace("3\n", "three\n", 1).replace("\n18\n", "\n")
    assert unified(old, new, "A 1", "A\n2", 1) == (
        "--- A 1\n+++ A 2\n@@ -2,3 +2,3 @@\n 2\n-3\n+three\n 4\n@@ -17,3 +17,2 @@\n 17\n-18\n 19\n"
    )
    assert unified("", "a\n") == "--- old\n+++ new\n@@ -0,0 +1 @@\n+a\n"
    assert unified("a\n", "") == "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n"
    assert unified("a\n", "a\n") == ""


@given(texts, texts, st.integers(0, 3))
def test_a_unified_diff_holds_both_texts_where_they_differ(old: str, new: str, context: int) -> None:
    added, removed = summary(old, new)
    body = [line for line in unified(old, new, context=context).split("\n")[2:] if not line.startswith("@@")]
    assert sum(line.startswith("+") for line in body) == added
    assert sum(line.startswith("-") for line in body) == removed


def test_rows_pair_changed_lines_and_skip_equal_ones() -> None:
    old = "".join(f"line {n}\n" for n in range(1, 11)) + "the quick brown fox\nend\n"
    new = "".join(f"line {n}\n" for n in range(1, 11)) + "new\nthe slow brown fox\nend\n"
    assert rows(old, new, 1) == [
        Row("skipped", 1, 1, count=9),
        Row("same", 10, 10, (("line 10", False),), (("line 10", False),)),
        Row("added", 0, 11, (), (("new", False),)),
        Row(
            "changed",
            11,
            12,
            (("the ", False), ("quick", True), (" brown fox", False)),
            (("the ", False), ("slow", True), (" brown fox", False)),
        ),
        Row("same", 12, 13, (("end", False),), (("end", False),)),
    ]
    assert rows(old, old) == []


def text_of(pieces: diff.Pieces) -> str:
    return "".join(text for text, _ in pieces)


@given(texts, texts, st.integers(0, 3))
def test_rows_show_every_line_once_and_in_order(old: str, new: str, context: int) -> None:
    found = rows(old, new, context)
    shown_old: list[str] = []
    shown_new: list[str] = []
    for row in found:
        if row.kind == "skipped":
            assert row.count > 0
            shown_old += lines(old)[row.old_number - 1 : row.old_number - 1 + row.count]
            shown_new += lines(new)[row.new_number - 1 : row.new_number - 1 + row.count]
            continue
        if row.old_number:
            assert row.old_number == len(shown_old) + 1
            shown_old.append(text_of(row.old))
        if row.new_number:
            assert row.new_number == len(shown_new) + 1
            shown_new.append(text_of(row.new))
        assert (
            row.kind
            == {(True, True): row.kind, (True, False): "removed", (False, True): "added"}[
                bool(row.old_number), bool(row.new_number)
            ]
        )
    if found:
        assert (shown_old, shown_new) == (lines(old), lines(new))
    else:
        assert lines(old) == lines(new)


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("日本語です", "日本人です", [(("日本", False), ("人", True), ("です", False))]),
        ("a b c d", "a x y d", [(("a ", False), ("x y", True), (" d", False))]),
        ("नमस्ते जग", "नमस्ते जगत", [(("नमस्ते ", False), ("जगत", True))]),
        ("x", "", [()]),
    ],
)
def test_words_are_marked_whole_and_cjk_by_characters(old: str, new: str, marked: list[diff.Pieces]) -> None:
    assert marked_words(old, new)[1] == marked[0]


@given(st.text(max_size=40), st.text(max_size=40))
def test_unmarked_pieces_are_the_same_on_both_sides(old: str, new: str) -> None:
    a, b = marked_words(old, new)
    assert (text_of(a), text_of(b)) == (old, new)
    keep = ["".join("".join(text for text, mark in side if not mark).split()) for side in (a, b)]
    assert keep[0] == keep[1]


def test_very_long_lines_are_shown_without_marks() -> None:
    old, new = "a " * 5000, "b " * 5000
    assert rows(old, new) == [Row("changed", 1, 1, ((old, False),), ((new, False),))]
