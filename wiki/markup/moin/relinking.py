"""MoinMoin markup: changes the links to a page that has moved, and nothing else.

As for Markdown, what looks like a link is found by its signs, gets a mark as its target, and is real if the mark comes
out of the renderer as a target.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from ... import names
from ...model import BadName
from .. import Context, Hole, Rendered
from ..budget import OverBudget, limited
from ..targets import Target
from . import links, render, words

SECONDS = 2.0

_BRACKETS = re.compile(
    r"""(?:\[\[|(?P<embed>\{\{))[^\S\n]*(?P<target>[^\s|\[\]{}][^|\[\]{}\n]*?)[^\S\n]*(?=\||\]\]|\}\})
    | <<Include\(\s*(?P<include>"[^"\n]*"|'[^'\n]*'|[^\n,"'][^\n,]*?)(?=\s*(?:,|\)>>))""",
    re.X,
)
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What may be a link's target: `link`, `embed`, `include` or `word`; where it stands; what to write instead."""

    kind: str
    begin: int
    end: int
    changed: str


def rewritten(text: str, page: str, old: str, new: str) -> str:
    """Return a text (without head) in which links to `old` lead to `new`; as it is, if it cannot be rendered."""
    candidates = _candidates(text, Context(page), old, new)
    if not candidates:
        return text
    try:
        real = limited(SECONDS, lambda: _real(text, page, candidates))
    except (OverBudget, Exception):
        # A text that cannot be rendered has no links either.
        return text
    return _replaced(text, [(candidate, candidate.changed) for n, candidate in enumerate(candidates) if n in real])


def _replaced(text: str, changes: list[tuple[_Candidate, str]]) -> str:
    pieces: list[str] = []
    end = 0
    for candidate, written in changes:
        pieces += text[end : candidate.begin], written
        end = candidate.end
    return "".join([*pieces, text[end:]])


def _candidates(text: str, context: Context, old: str, new: str) -> list[_Candidate]:
    found: list[_Candidate] = []
    for match in _BRACKETS.finditer(text):
        if match["include"] is not None:
            changed = _include(match["include"], context.page, old, new)
            kind, span = "include", match.span("include")
        else:
            changed = _target(match["target"], context, old, new)
            kind, span = "embed" if match["embed"] else "link", match.span("target")
        if changed is not None:
            found.append(_Candidate(kind, *span, changed))
    pattern = words.pattern(text)
    shape = re.compile(pattern, re.X)
    for match in shape.finditer(text):
        changed = _target(match[0], context, old, new)
        if changed is not None:
            plain = shape.fullmatch(changed) is not None
            found.append(_Candidate("word", *match.span(), changed if plain else f"[[{changed}]]"))
    found.sort(key=lambda candidate: (candidate.begin, candidate.kind == "word"))
    result: list[_Candidate] = []
    for candidate in found:
        if not result or candidate.begin >= result[-1].end:
            result.append(candidate)
    return result


def _target(target: str, context: Context, old: str, new: str) -> str | None:
    """Return what to write for a target that leads to `old`, None for any other or if it cannot be written."""
    try:
        found = links.understood(target, context)
    except BadName:
        return None
    if found.name != old or found.kind == "url":
        return None
    scheme, _, rest = target.partition(":")
    if found.kind == "file":
        folder, slash, file = rest.rpartition("/")
        if not slash or not folder.strip():
            return None
        changed = f"{scheme}:{new}/{file}"
        meant = Target("file", new, found.detail)
    else:
        prefix = "Self:" if target.startswith("Self:") else ""
        name, sign, anchor = target.removeprefix("Self:").rpartition("#")
        if not sign:
            name, anchor = target.removeprefix("Self:"), ""
        if not name.strip():
            return None
        changed = f"{prefix}{new}#{anchor}" if sign or "#" in new else f"{prefix}{new}"
        meant = Target("page", new, found.detail)
    try:
        understood = links.understood(changed, context)
    except BadName:
        return None
    return changed if understood == meant and not re.search(r"[\[\]{}|\n<>]", changed) else None


def _include(target: str, page: str, old: str, new: str) -> str | None:
    quoted = target[0] in "\"'"
    bare = target[1:-1] if quoted else target
    try:
        if not bare.strip() or bare.startswith("^") or names.resolve(bare, page) != old:
            return None
        if re.search(r"[\"<>]", new) or names.resolve(new, page) != new:
            return None
    except BadName:
        return None
    return f'"{new}"' if quoted or re.search("[,=']", new) else new


def _real(text: str, page: str, candidates: list[_Candidate]) -> set[int]:
    """Return the numbers of the candidates that are rendered as links."""
    nonce = os.urandom(8).hex().translate(_LETTERS)
    changes = []
    for number, candidate in enumerate(candidates):
        # CamelCase, so that a word stays one.
        mark = f"M{nonce}N{str(number).translate(_LETTERS)}q"
        file = candidate.kind != "include" and re.match("(?:attachment|drawing):", text[candidate.begin :])
        changes.append((candidate, f"attachment:{mark}" if file else mark))
    marked = _replaced(text, changes)
    rendered: Rendered = render(marked, Context("", {"Include": lambda raw, page: ()}, seconds=SECONDS))
    marks = {f"M{nonce}N{str(number).translate(_LETTERS)}q": number for number in range(len(candidates))}
    found = set()
    for part in rendered.parts:
        if isinstance(part, Hole):
            target = part.target if part.kind == "page" else part.detail.partition(",")[0].strip(" \"'")
            if target in marks:
                found.add(marks[target])
    return found
