"""Searching above the engines: regular expressions, marked pieces of text around what was found, and near titles."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from . import patterns
from .model import BadRequest, Hits
from .query import And, Node, Not, Or, Phrase, Regex, Title, Word
from .words import UNSPACED, fold, folded, runs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .model import Hit

SECONDS = 1.0
"""How long a search with a regular expression goes on."""

CONTEXT = 180
"""Characters of a snippet, as MoinMoin 1.9 has it."""

READ = 200_000
"""Characters of a text in which a snippet is looked for."""

GLANCE = 4_000
"""Characters that will do if all that was asked for is among them: twenty long texts would take most of a search."""

NEAR = 20_000
"""Candidates that `similar` looks at."""

_BATCH = 200
_WINDOWS = 500

Pieces = tuple[tuple[str, bool], ...]
"""A text in pieces; True marks what a query matched."""

_NOISE = re.compile(
    r"<<[^<>\n]{0,300}>>"  # macro
    r"|\[\[(?:[^\[\]|\n]{0,300}\|)?(?P<wiki>[^\[\]|\n]{0,300})(?:\|[^\[\]\n]{0,300})?\]\]"
    r"|!?\[(?P<link>[^\[\]\n]{0,300})\]\([^()\n]{0,500}\)"
    r"|</?[A-Za-z][^<>\n]{0,300}>"
    r"|\{\{\{(?:#![^\n]{0,100})?|\}\}\}|`{1,3}|'{2,5}|\*{2,3}|__|~~|\|\|"
    r"|(?m:^[ \t]*(?:=+|#+|>+|[*+-]|\d+\.)[ \t]+)|(?m:[ \t]+=+[ \t]*$)|(?m:^[ \t]*[-=|: ]{4,}$)"
)
_BLANKS = re.compile(r"\s+")


class Searchable(Protocol):
    """What is needed of a storage."""

    def search(
        self, query: Node, limit: int = 20, offset: int = 0, readable: Collection[str | None] | None = None
    ) -> Hits: ...
    def body(self, name: str) -> str: ...


def found(
    query: Node,
    storage: Searchable,
    readable: Collection[str | None] | None,
    patterns_allowed: bool,
    limit: int = 20,
    offset: int = 0,
) -> Hits:
    """Return one page of what a query finds among the pages with these ACLs (None = all).

    Regular expressions are tried one page after the other, best first, until SECONDS are over; `notice` says so then.
    Raises BadRequest where they are not allowed, or stand where they cannot be told apart from the rest.
    """
    parts = query.nodes if isinstance(query, And) else (query,)
    plain = tuple(part for part in parts if not _has_pattern(part))
    if len(plain) == len(parts):
        return storage.search(query, limit, offset, readable)
    if not patterns_allowed:
        raise BadRequest("Please log in to search with regular expressions.")
    wanted: list[Regex] = []
    unwanted: list[Regex] = []
    for part in parts:
        if isinstance(part, Regex):
            wanted.append(part)
        elif isinstance(part, Not) and isinstance(part.node, Regex):
            unwanted.append(part.node)
        elif part not in plain:
            raise BadRequest("“regex:” can be combined by AND only: write alternatives as “regex:this|that”.")
    nodes = (*plain, *wanted) or (Regex("", ()),)
    candidates = And(nodes) if len(nodes) > 1 else nodes[0]
    deadline = time.monotonic() + SECONDS
    hits: list[Hit] = []
    for hit in _all_hits(candidates, storage, readable):
        if _fits(hit.name, storage, wanted, unwanted, deadline):
            titled = hit.title or any(each.title for each in wanted)
            hits.append(replace(hit, title=titled))
        if time.monotonic() > deadline:
            notice = "The search stopped after a second: there may be more. Add ordinary words to narrow it down."
            return Hits(tuple(hits[offset : offset + limit]), len(hits), True, notice)
    return Hits(tuple(hits[offset : offset + limit]), len(hits))


def _has_pattern(node: Node) -> bool:
    if isinstance(node, And | Or):
        return any(map(_has_pattern, node.nodes))
    return isinstance(node, Regex) or (isinstance(node, Not) and _has_pattern(node.node))


def _all_hits(query: Node, storage: Searchable, readable: Collection[str | None] | None) -> Iterator[Hit]:
    offset = 0
    while True:
        batch = storage.search(query, _BATCH, offset, readable).hits
        yield from batch
        if len(batch) < _BATCH:
            return
        offset += _BATCH


def _fits(name: str, storage: Searchable, wanted: list[Regex], unwanted: list[Regex], deadline: float) -> bool:
    body = "" if all(each.title for each in (*wanted, *unwanted)) else storage.body(name)

    def has(each: Regex) -> bool:
        return any(True for _ in regex_lines(each.pattern, name if each.title else body, deadline))

    return all(map(has, wanted)) and not any(map(has, unwanted)) and (not unwanted or time.monotonic() <= deadline)


def regex_lines(pattern: str, text: str, deadline: float) -> Iterator[tuple[int, int]]:
    """Yield where a regular expression first matches in each line, as places in the text.

    Lines are cut to patterns.LINE characters. Ends early when time.monotonic() passes the deadline. Raises BadRequest
    for what `patterns.compiled` refuses.
    """
    expression = patterns.compiled(pattern)
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        match = expression.search(text[start : min(end, start + patterns.LINE)])
        if match:
            yield start + match.start(), start + match.end()
        if time.monotonic() > deadline:
            return
        start = end + 1


def marked(name: str, query: Node) -> Pieces:
    """Return a page's name with what a query matched in it marked."""
    return _pieces(name, 0, len(name), _spans(name, _terms(query, True)))


def snippet(text: str, query: Node, length: int = CONTEXT) -> Pieces:
    """Return about so many characters of a text around the best matches of a query, marked; `…` stands for what is cut.

    Light markup is left out. Where nothing matches (as in a hit by name), it is the beginning of the text.
    """
    terms = _terms(query, False)
    if len(text) > GLANCE:
        text = _near(text, terms)
    for size in (GLANCE, READ) if terms else (10 * length,):
        clean = _BLANKS.sub(" ", _NOISE.sub(_kept, text[:size])).strip()
        spans = _spans(clean, terms)
        if len(text) <= size or len({term for _, _, term in spans}) == len(terms):
            break
    if not spans:
        start, end = _rounded(clean, 0, length)
        return _pieces(clean, start, end, [])
    window, covered = _window(spans, length, set())
    windows = [window]
    if covered != {term for _, _, term in spans}:
        # Two shorter pieces say more than one that lacks a word.
        first, covered = _window(spans, length // 2, set())
        second, _ = _window(spans, length // 2, covered)
        windows = sorted([first, second])
    room = length // len(windows)
    result: list[tuple[str, bool]] = []
    shown = 0
    for start, end in windows:
        start = max(shown, start - max(0, room - (end - start)) // 2)
        start, end = _rounded(clean, start, max(end, start + room))
        if start < end:
            result.extend(_pieces(clean, start, end, spans, follows=bool(shown)))
            shown = end
    return tuple(result)


def _near(text: str, terms: list[Term]) -> str:
    """Return what of a long text is worth cleaning: from a little before the first place of any term on."""
    plain = [pattern for pattern, own in terms if pattern and not own]
    if len(plain) != len(terms):
        return text
    clean = fold(text[:READ])
    found = [match.start() for match in (re.search(pattern, clean) for pattern in plain) if match]
    if not found:
        return text[:GLANCE]
    # Folding may have made the text a little shorter or longer, so this is a hint with some room.
    start = text.rfind("\n", 0, max(0, min(found) - 400)) + 1
    return text[start : start + (GLANCE if len(found) == 1 else READ)]


def _kept(match: re.Match[str]) -> str:
    return match["wiki"] or match["link"] or " "


Term = tuple[str, bool]
"""A pattern to be found in folded text, and whether it is a visitor's own."""


def _terms(node: Node, title: bool) -> list[Term]:
    """Return what of a query can be marked: not what is negated."""
    if isinstance(node, And | Or):
        return [term for inner in node.nodes for term in _terms(inner, title)]
    if isinstance(node, Word | Phrase):
        clean = fold(node.text)
        return [(r"[\W_]{1,20}".join(re.escape(clean[a:b]) for a, b, _ in runs(clean)), False)]
    if isinstance(node, Title) and title:
        return [(re.escape(fold(node.text)), False)]
    if isinstance(node, Regex) and node.title == title:
        return [(node.pattern, True)]
    return []


Span = tuple[int, int, int]
"""Where a match begins and ends, and which term it is of."""


def _spans(text: str, terms: list[Term]) -> list[Span]:
    clean, places = folded(text)
    deadline = time.monotonic() + SECONDS / 10
    spans: list[Span] = []
    for number, (pattern, own) in enumerate(terms):
        if own:
            spans.extend((a, b, number) for a, b in _near_regex(pattern, text, deadline) if a < b)
            continue
        for start, end in _occurrences(pattern, clean):
            a, b = (places[start], places[end - 1] + 1) if places else (start, end)
            spans.append((a, b, number))
    return sorted(spans)


def _near_regex(pattern: str, text: str, deadline: float) -> list[tuple[int, int]]:
    """Return matches in a text without line ends: it is tried in stretches as long as a line may be."""
    return [
        (start + a, start + b)
        for start in range(0, len(text), patterns.LINE)
        for a, b in regex_lines(pattern, text[start : start + patterns.LINE], deadline)
        if time.monotonic() <= deadline
    ][:_WINDOWS]


def _occurrences(pattern: str, clean: str) -> list[tuple[int, int]]:
    """Return where a term stands: at the beginning of words if it does anywhere, else also inside them."""
    if not pattern:
        return []
    for edge in (rf"(?<![^\W_{UNSPACED}])", ""):
        matches = []
        for match in re.finditer(edge + pattern, clean):
            matches.append(match.span())
            if len(matches) == _WINDOWS:
                break
        if matches:
            return matches
    return []


def _window(spans: list[Span], length: int, covered: set[int]) -> tuple[tuple[int, int], set[int]]:
    """Return the stretch with most terms that are not covered yet (then most matches), and which terms it has."""
    best: tuple[int, int, int, int] | None = None
    terms: set[int] = set()
    for index, (start, _, _) in enumerate(spans[:_WINDOWS]):
        inside = [span for span in spans[index : index + 50] if span[1] <= start + length] or [spans[index]]
        here = {term for _, _, term in inside}
        worth = (len(here - covered), len(here), len(inside), -start)
        if best is None or worth > best:
            best, terms = worth, here
            window = (start, max(span[1] for span in inside))
    return window, terms


def _rounded(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a stretch widened or narrowed to the ends of words near by; scripts without blanks are cut anywhere."""
    end = min(end, len(text))
    if start > 0:
        blank = text.find(" ", max(0, start - 1), start + 20)
        start = blank + 1 if 0 <= blank < end else start
    if end < len(text):
        blank = text.rfind(" ", max(start, end - 20), end + 1)
        end = blank if blank > start else end
    return start, end


def _pieces(text: str, start: int, end: int, spans: list[Span], follows: bool = False) -> Pieces:
    result: list[tuple[str, bool]] = [("… ", False)] if start > 0 and not follows else []
    at = start
    for a, b, _ in spans:
        a, b = max(a, at), min(b, end)
        if a >= b:
            continue
        if a > at:
            result.append((text[at:a], False))
        result.append((text[a:b], True))
        at = b
    if at < end:
        result.append((text[at:end], False))
    if end < len(text):
        result.append((" … ", False))
    return tuple(result)


def title_words(name: str) -> list[str]:
    """Return the folded words of a page name, those that CamelCase joins apart, the longest first."""
    clean = fold("".join(f" {char}" if _begins(name, at) else char for at, char in enumerate(name)))
    return sorted({clean[start:end] for start, end, _ in runs(clean)}, key=lambda word: (-len(word), word))


def _begins(name: str, at: int) -> bool:
    """Say whether a capital begins a word there: after a small letter, or before one (`HTTPServer`)."""
    if at == 0 or not name[at].isupper():
        return False
    return name[at - 1].islower() or name[at - 1].isdigit() or name[at + 1 : at + 2].islower()


def similar(name: str, candidates: Iterable[str], limit: int = 10) -> list[str]:
    """Return those of the candidates that may be meant by the name of a missing page, most likely first.

    Same but for case, accents and separators; the same below another parent; few letters different; common words.
    """
    scored = []
    key, words, last = _key(name), set(title_words(name)), _key(name.rpartition("/")[2])
    for number, candidate in enumerate(candidates):
        if number >= NEAR:
            break
        if candidate == name:
            continue
        score = _likeness(key, words, last, candidate)
        if score > 0:
            scored.append((-score, len(candidate), candidate))
    return [candidate for _, _, candidate in sorted(scored)[:limit]]


def _key(name: str) -> str:
    return "".join(char for char in fold(name) if char.isalnum())


def _likeness(key: str, words: set[str], last: str, candidate: str) -> float:
    other = _key(candidate)
    if key == other:
        return 100.0
    if last and last == _key(candidate.rpartition("/")[2]):
        return 80.0
    most = 1 if len(key) < 6 else 2 if len(key) < 12 else 3
    steps = _distance(key, other, most) if len(key) > 2 else most + 1
    if steps <= most:
        return 75.0 - 5 * steps
    shared = words & set(title_words(candidate))
    weight = sum(map(len, shared)) / max(1, len(key), len(other)) if any(len(word) > 2 for word in shared) else 0.0
    if len(key) > 3 and len(other) > 3 and (key in other or other in key):
        weight = max(weight, min(len(key), len(other)) / max(len(key), len(other)))
    return 50.0 * weight if weight > 0.15 else 0.0


def _distance(a: str, b: str, most: int) -> int:
    """Return how many letters must be put in, left out, changed or swapped; `most` + 1 if more than `most`."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, char in enumerate(a, 1):
        earlier, before = before, row
        row = [i]
        for j, other in enumerate(b, 1):
            steps = min(before[j] + 1, row[-1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == b[j - 2] and a[i - 2] == other:
                steps = min(steps, earlier[j - 2] + 1)
            row.append(steps)
        if min(row) > most and (not before or min(before) > most):
            return most + 1
    return min(row[-1], most + 1)
