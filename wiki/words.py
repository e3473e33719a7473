"""Words of a text as searches see them: folded; scripts without blanks between words cut into characters."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0f40-\u0fbc\u1000-\u1049\u1050-\u109f\u1100-\u11ff\u1780-\u17d3"
    "\u2e80-\u2fdf\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
)
"""Thai to Tibetan, Burmese, Hangul, Khmer, Han, kana: no blanks between words, or endings; for use inside `[…]`."""

# Python's \w has no combining marks, without which the words of Indic scripts fall apart.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
)
_INDIC = "\u0900-\u0963\u0966-\u096f\u0971-\u0dff"
SPACED = rf"(?:(?![{UNSPACED}])[^\W_]|[{_MARKS}{_INDIC}])"
"""A character of a word in the other scripts, as a pattern."""

_RUNS = f"([{UNSPACED}]+)|{SPACED}+"

# Of Latin, Greek, Cyrillic, Hebrew and Arabic; U+0345 is a letter once folded. The vowel signs of Indic scripts and the
# voicing of kana make another letter and stay.
_DIACRITICS = (
    "[\u0300-\u0344\u0346-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\ufe20-\ufe2f]"
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Not at import: it takes as long as some views under CGI, which need neither.
    return re.compile(pattern)


def fold(text: str) -> str:
    """Return a text without case, diacritics and compatibility forms (Unicode NFKC, full case folding)."""
    if text.isascii():
        return text.lower()
    plain = _compiled(_DIACRITICS).sub("", unicodedata.normalize("NFKD", text)).casefold()
    return unicodedata.normalize("NFKC", plain)


class _Folds(dict[str, str]):
    """What single characters fold to, filled as they turn up."""

    def __missing__(self, char: str) -> str:
        self[char] = result = fold(char)
        return result


_folds = _Folds()


def folded(text: str) -> tuple[str, list[int] | None]:
    """Return the fold of a text, and for each of its characters and its end the place in the text (None: the same)."""
    if text.isascii():
        return text.lower(), None
    pieces = list(map(_folds.__getitem__, text))
    if set(map(len, pieces)) == {1}:
        return "".join(pieces), None
    places = [place for place, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), [*places, len(text)]


def runs(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield where each word, or run of a script without blanks (True), begins and ends."""
    for match in _compiled(_RUNS).finditer(text):
        yield match.start(), match.end(), match.lastindex == 1


def words(text: str) -> Iterator[str]:
    """Yield the folded words of a text, in order; a run of a script without blanks character by character."""
    clean = fold(text)
    for start, end, single in runs(clean):
        if single:
            yield from clean[start:end]
        else:
            yield clean[start:end]
