"""Regular expressions of visitors: which may be run at all, and the literal texts that whatever they find must hold."""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from typing import Any

from .model import BadRequest
from .words import runs

LINE = 1000
"""Lines are cut to this many characters before a visitor's expression is tried on them."""

WAYS = 2_000_000
"""The most ways there may be to match an expression at one place of a line; two `.*` make a million, about a second."""

WEIGHT = 64
"""What a step that takes as long as one way weighs. Two `.*` leave room for less than one such step after them."""

_TOO_MANY = 1000 * WAYS

LITERALS = 5
SHORTEST = 3

# How `re` itself understands a pattern. The module is private, but sre_parse, its older name, is deprecated.
_parser: Any = import_module("re._parser")
_code: Any = import_module("re._constants")
_REPEATS = (_code.MAX_REPEAT, _code.MIN_REPEAT, _code.POSSESSIVE_REPEAT)
_SINGLE = (_code.LITERAL, _code.NOT_LITERAL, _code.ANY, _code.IN)
_ASSERTS = (_code.ASSERT, _code.ASSERT_NOT)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression, compiled to ignore case; raise BadRequest if it is invalid or could run for too long.

    Nothing can interrupt Python's `re`. So the ways in which an expression could be tried at one place are counted
    beforehand, rather too many than too few: repeats within repeats, and several `.*` in a row, multiply.
    """
    items = list(_parsed(pattern))
    # What ends in `.*` has matched before it: that never fails.
    while items and items[-1][0] in _REPEATS and items[-1][1][0] == 0 and _single(items[-1][1][2]):
        items.pop()
    # What begins with `^` is tried at one place of a line only, not at each.
    places = 100 if items and items[0] == (_code.AT, _code.AT_BEGINNING) else 1
    if _ways(items) * (WEIGHT + _weight(items)) > places * WAYS * WEIGHT:
        raise BadRequest("This regular expression could take too long: avoid repeats inside repeats, and several “.*”.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern, re.IGNORECASE)


def literals(pattern: str) -> tuple[str, ...]:
    """Return parts of words that every match holds, longest first, case ignored; () if none can be told.

    In scripts without blanks one character is enough, in others it takes SHORTEST. Raises BadRequest.
    """
    found: list[str] = []
    _collect(_parsed(pattern), [], found)
    spans = ((text, *run) for text in found for run in runs(text))
    parts = {text[start:end] for text, start, end, single in spans if single or end - start >= SHORTEST}
    return tuple(sorted(parts, key=lambda part: (-len(part), part))[:LITERALS])


def _parsed(pattern: str) -> Any:
    # `[[` and the like only warn, of what they may mean one day.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern, re.IGNORECASE)
            return _parser.parse(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError, ValueError):
        raise BadRequest("This is not a regular expression: “%(pattern)s”.", pattern=pattern) from None


def _ways(tree: Any) -> int:
    """Return how many ways there are at most to match a piece of pattern at one place of a line."""
    total = 1
    items = list(tree)
    for index, (code, value) in enumerate(items):
        total = min(total * _item_ways(code, value, items[index + 1 : index + 2]), _TOO_MANY)
    return total


def _single(body: Any) -> bool:
    return len(body) == 1 and body[0][0] in _SINGLE


def _weight(tree: Any) -> int:
    """Return how long each way takes beyond trying one character, as measured on lines made for the purpose.

    Characters of the expression count only if they repeat: else they seldom match at many places of one line.
    """
    total = 0
    literals: list[int] = []
    items = list(tree)
    for index, (code, value) in enumerate(items):
        if code is _code.LITERAL:
            literals.append(value)
        elif code in _REPEATS:
            total += _repeat_weight(value, _stopped(value[2], items[index + 1 : index + 2]))
        elif code is _code.BRANCH:
            total += WEIGHT + sum(map(_weight, value[1]))
        elif code in _ASSERTS:
            total += WEIGHT + _weight(value[1])
        elif code is _code.SUBPATTERN:
            total += _weight(value[3])
        elif code is _code.ATOMIC_GROUP:
            total += _weight(value)
        else:
            total += WEIGHT // 4
    return min(total + (len(literals) - len(set(literals))) * WEIGHT // 4, WAYS * WEIGHT)


def _repeat_weight(value: Any, stopped: bool) -> int:
    least, most, body = value
    if not _single(body):
        return (WEIGHT + _weight(body)) * min(max(1, int(least)), LINE)
    return min(int(most if stopped else least), LINE) * (8 if body[0][0] is _code.IN else 1)


def _item_ways(code: Any, value: Any, following: Any) -> int:
    if code in _REPEATS:
        least, most, body = value
        return _repeat_ways(int(least), int(most), body, following)
    if code is _code.BRANCH:
        ways = [_ways(branch) for branch in value[1]]
        return max(ways) if _exclusive(value[1]) else sum(ways)
    if code is _code.SUBPATTERN:
        return _ways(value[3])
    if code is _code.ATOMIC_GROUP:
        return _ways(value)
    if code in _ASSERTS:
        return _ways(value[1])
    if code in (_code.GROUPREF, _code.GROUPREF_EXISTS):
        raise BadRequest("A regular expression with a back-reference could take too long.")
    return 1


def _repeat_ways(least: int, most: int, body: Any, following: Any) -> int:
    most = min(most, LINE)
    least = min(least, most)
    inner = _ways(body)
    low, high = body.getwidth()
    if inner > 1 or low != high:
        # Each round multiplies; beyond a few rounds of more than one way nothing can be promised.
        ways = max(inner, 2) if low != high and inner == 1 and most > 1 and not _led(body) else inner
        rounds = most - least + 1
        return rounds if ways == 1 else min(int(float(min(ways, WAYS)) ** min(most, 32)) * rounds, _TOO_MANY)
    return 1 if _stopped(body, following) else most - least + 1


def _stopped(body: Any, following: Any) -> bool:
    """Say whether a repeat cannot run past the next character, as in `[a-z]+@`: it can end at one place only."""
    if not following or following[0][0] is not _code.LITERAL or not _single(body):
        return False
    return not _matches(body[0], chr(following[0][1]))


def _matches(item: Any, char: str) -> bool:
    """Say whether a single-character item could match a character, case ignored; yes if in doubt."""
    code, value = item
    if not char.isascii():
        return True
    if code is _code.LITERAL:
        return _same(value, char)
    if code is not _code.IN:
        return True
    if value[0][0] is _code.NEGATE:
        return not any(kind is _code.LITERAL and chr(part) == char for kind, part in value)
    return any(_in_matches(kind, part, each) for kind, part in value for each in (char.lower(), char.upper()))


def _same(code: int, char: str) -> bool:
    # Beyond ASCII, `re` takes some letters for others: the dotless i, the long s, the Kelvin sign.
    return code > 127 or chr(code).lower() == char.lower()


def _in_matches(kind: Any, part: Any, char: str) -> bool:
    if kind is _code.LITERAL:
        return _same(part, char)
    if kind is _code.RANGE:
        return bool(part[0] <= ord(char) <= part[1]) or part[1] > 127
    if kind is _code.CATEGORY and part is _code.CATEGORY_WORD:
        return char.isalnum() or char == "_"
    if kind is _code.CATEGORY and part is _code.CATEGORY_DIGIT:
        return char.isdigit()
    if kind is _code.CATEGORY and part is _code.CATEGORY_SPACE:
        return char.isspace()
    return True


def _exclusive(branches: Any) -> bool:
    """Say whether branches begin with different literal characters, so that only one of them can match."""
    if not all(len(branch) and branch[0][0] is _code.LITERAL and branch[0][1] < 128 for branch in branches):
        return False
    return len({chr(branch[0][1]).lower() for branch in branches}) == len(branches)


def _led(body: Any) -> bool:
    """Say whether a repeated body is a choice of texts of fixed widths: of those that begin differently one matches."""
    if len(body) != 1:
        return False
    code, value = body[0]
    if code is _code.SUBPATTERN:
        return _led(value[3])
    return code is _code.BRANCH and all(branch.getwidth()[0] == branch.getwidth()[1] for branch in value[1])


def _collect(tree: Any, run: list[str], found: list[str]) -> None:
    """Put the literal runs that must occur into found; anything uncertain ends a run."""
    for code, value in tree:
        if code is _code.LITERAL and chr(value) != "\n":
            run.append(chr(value))
        elif code is _code.SUBPATTERN:
            _collect_apart(value[3], run, found)
        elif code in _REPEATS and value[0] >= 1:
            _collect_apart(value[2], run, found)
        elif code is _code.ATOMIC_GROUP:
            _collect_apart(value, run, found)
        elif code is not _code.AT:
            _end(run, found)
    _end(run, found)


def _collect_apart(tree: Any, run: list[str], found: list[str]) -> None:
    _end(run, found)
    _collect(tree, [], found)


def _end(run: list[str], found: list[str]) -> None:
    if run:
        found.append("".join(run))
        run.clear()
