"""Differences between texts, line by line and word by word, in bounded time whatever the texts are."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .words import SPACED, UNSPACED

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

BUDGET = 3_000_000
"""Elementary steps that one comparison may take; what is not compared by then counts as replaced."""

DEEPEST = 1000
"""The most differences that are looked for in a stretch without any line of its own."""

SHINGLES = (1, 3, 8)
"""A line that is repeated may still be found by the lines that follow it: so many are taken together."""

PAIRED = 200
WORDS_IN = 2000
"""Words are compared in so many pairs of lines, of at most so many characters each."""

Pieces = tuple[tuple[str, bool], ...]
"""A line in pieces; True marks what differs from the other side."""

_TOKENS = re.compile(rf"[{UNSPACED}]|{SPACED}+|\s+|.", re.DOTALL)


class Hunk(NamedTuple):
    """old[old_start:old_end] was replaced by new[new_start:new_end]; one of them may be empty, not both."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


class _Budget:
    """What is left of the steps for one comparison."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> bool:
        self.left -= steps
        return self.left >= 0


def lines(text: str) -> list[str]:
    """Return the lines of a text, which may end with an LF or not. Only LF ends a line."""
    return text.removesuffix("\n").split("\n") if text else []


def hunks(old: Sequence[Hashable], new: Sequence[Hashable], budget: int = BUDGET) -> list[Hunk]:
    """Return what must be replaced to make new from old, in order, with at least one equal element between hunks.

    Elements that occur once on both sides are the anchors (patience diff); between them Myers' O(ND) algorithm looks
    for the least; over budget, a stretch is replaced as a whole. Any answer is right, a poor one only longer.
    """
    numbers: dict[Hashable, int] = {}
    a = [numbers.setdefault(each, len(numbers)) for each in old]
    b = [numbers.setdefault(each, len(numbers)) for each in new]
    spending = _Budget(budget)
    found: list[Hunk] = []
    waiting = [(0, len(a), 0, len(b))]
    while waiting:
        a0, a1, b0, b1 = waiting.pop()
        while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
            a0, b0 = a0 + 1, b0 + 1
        while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
            a1, b1 = a1 - 1, b1 - 1
        if a0 == a1 or b0 == b1:
            if a0 < a1 or b0 < b1:
                found.append(Hunk(a0, a1, b0, b1))
            continue
        pieces = _split(a, b, Hunk(a0, a1, b0, b1), spending)
        if pieces is None:
            found.extend(_least(a, b, Hunk(a0, a1, b0, b1), spending))
        else:
            waiting.extend(reversed(pieces))
    return _joined(found)


def _joined(found: Iterable[Hunk]) -> list[Hunk]:
    """Return hunks sorted, those that touch on both sides made one."""
    result: list[Hunk] = []
    for hunk in sorted(found):
        if result and result[-1].old_end == hunk.old_start and result[-1].new_end == hunk.new_start:
            last = result.pop()
            hunk = Hunk(last.old_start, hunk.old_end, last.new_start, hunk.new_end)
        result.append(hunk)
    return result


def _split(a: list[int], b: list[int], area: Hunk, budget: _Budget) -> list[Hunk] | None:
    """Return the stretches between anchors; None if there are none."""
    for size in SHINGLES:
        if not budget.spend(area.old_end - area.old_start + area.new_end - area.new_start):
            return None
        anchors = _anchors(a, b, area, size)
        if not anchors:
            continue
        pieces = []
        a0, b0 = area.old_start, area.new_start
        for i, j in anchors:
            if i < a0 or j < b0:
                continue
            pieces.append(Hunk(a0, i, b0, j))
            a0, b0 = i + size, j + size
        pieces.append(Hunk(a0, area.old_end, b0, area.new_end))
        return pieces
    return None


def _anchors(a: list[int], b: list[int], area: Hunk, size: int) -> list[tuple[int, int]]:
    """Return places where the same `size` elements stand, once on either side, in the order of both."""
    places_a = _once(a, area.old_start, area.old_end, size)
    places_b = _once(b, area.new_start, area.new_end, size)
    pairs = sorted((i, places_b[key]) for key, i in places_a.items() if key in places_b)
    # The longest run of pairs that rises on both sides, by patience sorting.
    tops: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        before.append(at[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(j)
            at.append(index)
        else:
            tops[pile] = j
            at[pile] = index
    chosen = []
    index = at[-1] if at else -1
    while index >= 0:
        chosen.append(pairs[index])
        index = before[index]
    return chosen[::-1]


def _once(elements: list[int], start: int, end: int, size: int) -> dict[Hashable, int]:
    """Return where each run of `size` elements that occurs once begins."""
    keys: Iterable[Hashable]
    keys = elements[start:end] if size == 1 else zip(*(elements[start + n : end] for n in range(size)), strict=False)
    places: dict[Hashable, int] = {}
    for place, key in enumerate(keys, start):
        places[key] = -1 if key in places else place
    return {key: place for key, place in places.items() if place >= 0}


def _least(a: list[int], b: list[int], area: Hunk, budget: _Budget) -> list[Hunk]:
    """Return the fewest changes (Myers, An O(ND) Difference Algorithm, 1986), or the whole area if over budget."""
    a0, a1, b0, b1 = area
    n, m = a1 - a0, b1 - b0
    if n == 1 or m == 1 or not budget.spend(n + m):
        return _one_kept(a, b, area)
    furthest = {1: 0}
    history: list[dict[int, int]] = []
    for d in range(min(n + m, DEEPEST) + 1):
        if not budget.spend(2 * d + 1):
            return [area]
        history.append(furthest)
        reached: dict[int, int] = {}
        for k in range(-d, d + 1, 2):
            down = k == -d or (k != d and furthest.get(k - 1, -1) < furthest.get(k + 1, -1))
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            y = x - k
            start = x
            while x < n and y < m and a[a0 + x] == b[b0 + y]:
                x, y = x + 1, y + 1
            budget.left -= (x - start) // 4
            reached[k] = x
            if x >= n and y >= m:
                return _traced(history, area, n - m)
        furthest = reached
    return [area]


def _traced(history: list[dict[int, int]], area: Hunk, k: int) -> list[Hunk]:
    """Return the single steps of the path that ends on diagonal k, from the last to the first."""
    steps = []
    for d in range(len(history) - 1, 0, -1):
        furthest = history[d]
        down = k == -d or (k != d and furthest.get(k - 1, -1) < furthest.get(k + 1, -1))
        k = k + 1 if down else k - 1
        x = furthest[k]
        i, j = area.old_start + x, area.new_start + x - k
        steps.append(Hunk(i, i, j, j + 1) if down else Hunk(i, i + 1, j, j))
    return steps


def _one_kept(a: list[int], b: list[int], area: Hunk) -> list[Hunk]:
    """Return the changes around the first element of the shorter side that the longer side has too."""
    a0, a1, b0, b1 = area
    if a1 - a0 == 1 and a[a0] in b[b0:b1]:
        j = b.index(a[a0], b0, b1)
        return [Hunk(a0, a0, b0, j), Hunk(a1, a1, j + 1, b1)]
    if b1 - b0 == 1 and b[b0] in a[a0:a1]:
        i = a.index(b[b0], a0, a1)
        return [Hunk(a0, i, b0, b0), Hunk(i + 1, a1, b1, b1)]
    return [area]


def summary(old: str, new: str) -> tuple[int, int]:
    """Return how many lines were added and removed."""
    found = hunks(lines(old), lines(new))
    return sum(h.new_end - h.new_start for h in found), sum(h.old_end - h.old_start for h in found)


def unified(old: str, new: str, old_label: str = "old", new_label: str = "new", context: int = 3) -> str:
    """Return the difference as a unified diff, '' if there is none."""
    a, b = lines(old), lines(new)
    result = []
    for group in grouped(hunks(a, b), context):
        first, last = group[0], group[-1]
        before = min(context, first.old_start)
        after = min(context, len(a) - last.old_end)
        i, j = first.old_start - before, first.new_start - before
        end_a, end_b = last.old_end + after, last.new_end + after
        result.append(f"@@ -{_range(i, end_a)} +{_range(j, end_b)} @@")
        for hunk in group:
            result.extend(" " + line for line in a[i : hunk.old_start])
            result.extend("-" + line for line in a[hunk.old_start : hunk.old_end])
            result.extend("+" + line for line in b[hunk.new_start : hunk.new_end])
            i = hunk.old_end
        result.extend(" " + line for line in a[i:end_a])
    if not result:
        return ""
    return "\n".join([f"--- {_one_line(old_label)}", f"+++ {_one_line(new_label)}", *result]) + "\n"


def grouped(found: Sequence[Hunk], context: int) -> list[list[Hunk]]:
    """Return hunks in groups: those whose surroundings of so many lines touch are shown together."""
    groups: list[list[Hunk]] = []
    for hunk in found:
        if groups and hunk.old_start - groups[-1][-1].old_end <= 2 * context:
            groups[-1].append(hunk)
        else:
            groups.append([hunk])
    return groups


def _range(start: int, end: int) -> str:
    # As the unified format has it: an empty range is named by the line before it.
    return f"{start + 1}" if end - start == 1 else f"{start + (end > start)},{end - start}"


def _one_line(label: str) -> str:
    return " ".join(label.split())


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a side-by-side display. Line numbers count from 1; 0 means that this side has no line here.

    kind is `same`, `changed` (both sides, with marks), `removed`, `added`, or `skipped`: `count` equal lines that are
    not shown, from the given line numbers on.
    """

    kind: str
    old_number: int = 0
    new_number: int = 0
    old: Pieces = ()
    new: Pieces = ()
    count: int = 0


def rows(old: str, new: str, context: int = 3) -> list[Row]:
    """Return both texts side by side: changed lines, so many equal ones around them, and what is skipped between."""
    a, b = lines(old), lines(new)
    result: list[Row] = []
    marking = _Marking()
    i = j = 0
    for group in grouped(hunks(a, b), context):
        shown = max(i, group[0].old_start - context)
        result.extend(_skipped(i, j, shown - i))
        i, j = shown, j + shown - i
        for hunk in group:
            result.extend(_same(a, i, j, hunk.old_start - i))
            result.extend(marking.rows(a, b, hunk))
            i, j = hunk.old_end, hunk.new_end
        after = min(context, len(a) - i)
        result.extend(_same(a, i, j, after))
        i, j = i + after, j + after
    if result:
        result.extend(_skipped(i, j, len(a) - i))
    return result


def _skipped(i: int, j: int, count: int) -> list[Row]:
    return [Row("skipped", i + 1, j + 1, count=count)] if count > 0 else []


def _same(a: list[str], i: int, j: int, count: int) -> list[Row]:
    return [Row("same", i + n + 1, j + n + 1, _plain(a[i + n]), _plain(a[i + n])) for n in range(count)]


def _plain(line: str) -> Pieces:
    return ((line, False),) if line else ()


class _Marking:
    """Pairs the lines of hunks and marks their words, until its budget is used up."""

    def __init__(self) -> None:
        self.pairs = PAIRED
        self.comparisons = 4 * PAIRED

    def rows(self, a: list[str], b: list[str], hunk: Hunk) -> list[Row]:
        result: list[Row] = []
        i, j = hunk.old_start, hunk.new_start
        for i_paired, j_paired in [*self._paired(a, b, hunk), (hunk.old_end, hunk.new_end)]:
            result.extend(Row("removed", n + 1, 0, _plain(a[n]), ()) for n in range(i, i_paired))
            result.extend(Row("added", 0, n + 1, (), _plain(b[n])) for n in range(j, j_paired))
            if i_paired < hunk.old_end:
                result.append(self._marked(a[i_paired], b[j_paired], i_paired, j_paired))
            i, j = i_paired + 1, j_paired + 1
        return result

    def _paired(self, a: list[str], b: list[str], hunk: Hunk) -> list[tuple[int, int]]:
        """Return which old line became which new one, in order: those most alike, if they are few enough to compare."""
        n, m = hunk.old_end - hunk.old_start, hunk.new_end - hunk.new_start
        if not n or not m:
            return []
        if n * m > self.comparisons:
            return [(hunk.old_start + k, hunk.new_start + k) for k in range(min(n, m))]
        self.comparisons -= n * m
        bags_a = [_bag(line) for line in a[hunk.old_start : hunk.old_end]]
        bags_b = [_bag(line) for line in b[hunk.new_start : hunk.new_end]]
        alike = [[_alike(x, y) for y in bags_b] for x in bags_a]
        # The most that the lines from (i, j) on can have in common, if they are paired in order.
        best = [[0.0] * (m + 1) for _ in range(n + 1)]
        for i in range(n - 1, -1, -1):
            for j in range(m - 1, -1, -1):
                best[i][j] = max(best[i + 1][j], best[i][j + 1], alike[i][j] + best[i + 1][j + 1])
        result = []
        i = j = 0
        while i < n and j < m:
            if alike[i][j] > 0 and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
                result.append((hunk.old_start + i, hunk.new_start + j))
                i, j = i + 1, j + 1
            elif best[i][j] == best[i + 1][j]:
                i += 1
            else:
                j += 1
        return result or ([(hunk.old_start, hunk.new_start)] if n == m == 1 else [])

    def _marked(self, old: str, new: str, i: int, j: int) -> Row:
        if self.pairs <= 0 or len(old) > WORDS_IN or len(new) > WORDS_IN:
            return Row("changed", i + 1, j + 1, _plain(old), _plain(new))
        self.pairs -= 1
        return Row("changed", i + 1, j + 1, *marked_words(old, new))


def _bag(line: str) -> Counter[str]:
    return Counter(token for token in _TOKENS.findall(line[:WORDS_IN]) if not token.isspace())


def _alike(a: Counter[str], b: Counter[str]) -> float:
    """Return how much of two lines' words is common, from 0 to 1; 0 where pairing them would help nobody."""
    total = a.total() + b.total()
    share = 2 * (a & b).total() / total if total else 0.0
    return share if share > 0.35 else 0.0


def marked_words(old: str, new: str) -> tuple[Pieces, Pieces]:
    """Return two versions of a line with the words marked that are only in one; CJK text by characters."""
    a, b = _TOKENS.findall(old), _TOKENS.findall(new)
    found = hunks(a, b, BUDGET // PAIRED)
    return (
        _marked_pieces(a, [(hunk.old_start, hunk.old_end) for hunk in found]),
        _marked_pieces(b, [(hunk.new_start, hunk.new_end) for hunk in found]),
    )


def _marked_pieces(tokens: list[str], spans: list[tuple[int, int]]) -> Pieces:
    flags = [False] * len(tokens)
    for start, end in spans:
        flags[start:end] = [True] * (end - start)
    # A blank between two changed words is shown as changed too: one mark, not three.
    for n in range(1, len(tokens) - 1):
        if tokens[n].isspace() and flags[n - 1] and flags[n + 1]:
            flags[n] = True
    result: list[tuple[str, bool]] = []
    for token, flag in zip(tokens, flags, strict=True):
        if result and result[-1][1] == flag:
            result[-1] = (result[-1][0] + token, flag)
        else:
            result.append((token, flag))
    return tuple(result)
