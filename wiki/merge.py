"""Three-way merge: two people's changes to one text made into one, overlaps marked in it."""

from __future__ import annotations

from dataclasses import dataclass

from .diff import Hunk, hunks


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged text, and how many overlaps are marked in it."""

    text: str
    conflicts: int


def three_way(base: str, theirs: str, mine: str, labels: tuple[str, str] = ("theirs", "mine")) -> Merge:
    """Return the changes from base to theirs and from base to mine in one text.

    Lines are the unit: a paragraph, list item or table row is one. Changes to different lines are both taken, also to
    neighbouring ones; the same change on both sides is taken once. What cannot be ordered or chosen is an overlap: both
    changed the same lines, or one inserted right where the other changed or inserted. Both sides of an overlap are
    kept between marker lines, `labels` (of theirs, of mine) saying whose they are. No line that a side added is lost.
    """
    a, b, c = base.split("\n"), theirs.split("\n"), mine.split("\n")
    left, right = hunks(a, b)[::-1], hunks(a, c)[::-1]
    result: list[str] = []
    conflicts = at = 0
    while left or right:
        their_hunks, my_hunks = _cluster(left, right)
        both = [*their_hunks, *my_hunks]
        start, end = min(hunk.old_start for hunk in both), max(hunk.old_end for hunk in both)
        result += a[at:start]
        at = end
        their_lines, my_lines = _applied(a, b, their_hunks, start, end), _applied(a, c, my_hunks, start, end)
        if not my_hunks or their_lines == my_lines:
            result += their_lines
        elif not their_hunks:
            result += my_lines
        else:
            lines, marked = _overlap(their_lines, my_lines, start == end, labels)
            result += lines
            conflicts += marked
    result += a[at:]
    if conflicts and result[-1]:
        result.append("")
    return Merge("\n".join(result), conflicts)


def _cluster(left: list[Hunk], right: list[Hunk]) -> tuple[list[Hunk], list[Hunk]]:
    """Take from the ends of both lists the first hunk, and what overlaps with it directly or by way of others."""
    taken: tuple[list[Hunk], list[Hunk]] = ([], [])
    first = 0 if left and (not right or left[-1] <= right[-1]) else 1
    waiting = (left, right)
    taken[first].append(waiting[first].pop())
    grown = True
    while grown:
        grown = False
        for side in (0, 1):
            while waiting[side] and any(_meet(waiting[side][-1], other) for other in taken[1 - side][-1:]):
                taken[side].append(waiting[side].pop())
                grown = True
    return taken


def _meet(one: Hunk, other: Hunk) -> bool:
    """Say whether two sides' hunks concern the same place: common lines, or an insertion at the other's edge."""
    if one.old_start == one.old_end or other.old_start == other.old_end:
        return one.old_start <= other.old_end and other.old_start <= one.old_end
    return one.old_start < other.old_end and other.old_start < one.old_end


def _applied(base: list[str], changed: list[str], found: list[Hunk], start: int, end: int) -> list[str]:
    """Return base[start:end] with one side's hunks applied."""
    result = []
    for hunk in found:
        result += base[start : hunk.old_start] + changed[hunk.new_start : hunk.new_end]
        start = hunk.old_end
    return result + base[start:end]


def _overlap(theirs: list[str], mine: list[str], inserted: bool, labels: tuple[str, str]) -> tuple[list[str], bool]:
    """Return an overlap's lines, common ones at its ends left unmarked, and whether any are marked."""
    shorter = min(len(theirs), len(mine))
    head = next((n for n in range(shorter) if theirs[n] != mine[n]), shorter)
    tail = next((n for n in range(shorter - head) if theirs[-1 - n] != mine[-1 - n]), shorter - head)
    before, after = theirs[:head], theirs[len(theirs) - tail :]
    theirs, mine = theirs[head : len(theirs) - tail], mine[head : len(mine) - tail]
    if inserted and not (theirs and mine):
        # Both added the same, and one of them more.
        return [*before, *theirs, *mine, *after], False
    marks = [" ".join(f"{sign} {label}".split()) for sign, label in zip(("<<<<<<<", ">>>>>>>"), labels, strict=True)]
    return [*before, marks[0], *theirs, "=======", *mine, marks[1], *after], True
