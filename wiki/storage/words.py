"""Words of a text for searching: one way of folding and splitting that every engine and every query shares."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from ..words import fold as fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VERSION = 1
"""Raised whenever the same text would give other words: an index made by another version has to be made anew."""

PART = 3
"""The fewest characters that are looked for inside a word."""

_LONGEST = 64
# Scripts that are written without blanks between words, or whose words grow endings that a prefix does not reach:
# Thai to Tibetan, Burmese, hangul, Khmer, han, kana, bopomofo.
_UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0f40-\u0fbc\u1000-\u1049\u1050-\u109f\u1100-\u11ff\u1780-\u17d3"
    "\u2e80-\u2fdf\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_INDIC = "\u0900-\u0963\u0966-\u096f\u0971-\u0dff"
_RUNS = f"([{_UNSPACED}]+)|((?:[{_INDIC}]|(?![{_UNSPACED}])[^\\W_]){{1,{_LONGEST}}})"
_ASCII = f"[a-z0-9]{{1,{_LONGEST}}}"
_STARTS = " /-_.:,()"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # When it is first needed: these take milliseconds, and a page view needs none of them.
    return re.compile(pattern)


def is_unspaced(term: str) -> bool:
    """Say whether a term is a pair or single of a script without blanks, as `terms` makes them."""
    found = _compiled(_RUNS).match(term)
    return bool(found and found.group(1))


def terms(text: str) -> list[str]:
    """Return a text's folded words in order; a run of han, kana, hangul, Thai ... gives its overlapping pairs and its
    last character.

    So every pair is a term, and every single character is one or begins one: trigrams would not find 日本.
    """
    folded = fold(text)
    if folded.isascii():
        return _compiled(_ASCII).findall(folded)
    result: list[str] = []
    for run, word in _compiled(_RUNS).findall(folded):
        if word:
            result.append(word)
        else:
            result += map("".join, pairwise(run))
            result.append(run[-1])
    return result


def wanted(text: str) -> tuple[str, ...]:
    """Return the terms of a query's word or phrase, to be found next to each other.

    A run without blanks at its end need not end in the text, so its last character is left out where a pair has it.
    """
    result = terms(text)
    if [len(term) for term in result[-2:]] == [2, 1] and is_unspaced(result[-1]) and is_unspaced(result[-2]):
        result.pop()
    return tuple(result)


def singles(found: Iterable[str]) -> set[str]:
    """Return the single characters of the unspaced runs among terms."""
    return {letter for term in found if len(term) <= 2 and not term.isascii() and is_unspaced(term) for letter in term}


def occurrences(needle: Sequence[str], found: Sequence[str], open_end: bool) -> int:
    """Return how often terms stand next to each other in a list of terms.

    With `open_end` the last one may go on, or stand inside a word if it is alone and long enough. A single unspaced
    character may always go on, since it may be the first of a pair.
    """
    if not needle:
        return 0
    last = needle[-1]
    prefix = open_end or (len(last) == 1 and is_unspaced(last))
    if len(needle) == 1:
        if open_end and len(last) >= PART and not is_unspaced(last):
            return sum(last in term for term in found)
        if prefix:
            return sum(term.startswith(last) for term in found)
        return found.count(last)
    count = len(needle)
    head = list(needle[:-1])
    return sum(
        found[at] == head[0]
        and list(found[at : at + count - 1]) == head
        and (found[at + count - 1] == last or (prefix and found[at + count - 1].startswith(last)))
        for at in range(len(found) - count + 1)
    )


def standing(folded: str, part: str) -> int | None:
    """Return how a folded part stands in a folded name: 0 begins it, 1 begins a word, 2 inside; None = not there."""
    at = folded.find(part)
    if at < 0:
        return None
    if at == 0:
        return 0
    while at > 0:
        if folded[at - 1] in _STARTS:
            return 1
        at = folded.find(part, at + 1)
    return 2


def ranked(names: Iterable[str], part: str) -> list[str]:
    """Return those of the names that contain a part, best first as `Storage.titles` says."""
    folded = fold(part)
    found = ((standing(fold(name), folded), name) for name in names)
    return [name for _, name in sorted((how, name) for how, name in found if how is not None)]


def user_key(text: str) -> str:
    """Return what account names and e-mail addresses are compared by."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
