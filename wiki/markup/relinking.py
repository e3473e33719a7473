"""Markdown: changes the links to a page that has moved, and nothing else.

What looks like a link is found by its signs. Which of them are links only the renderer knows: each gets a mark as its
target, the text is rendered, and those whose marks come out as targets are real.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from .. import names
from ..model import BadName
from . import Context, Hole
from .budget import OverBudget, limited
from .destinations import destination_place, unescaped
from .targets import Target, markdown, wiki

SECONDS = 2.0

_CANDIDATE = re.compile(
    r"""\[\[(?P<wiki>[^\[\]\n|]*?)(?=\\?\||\]\]) | \](?=\()
    | <<Include\(\s*(?P<include>"[^"\n]*"|'[^'\n]*'|[^\n,"'][^\n,]*?)(?=\s*(?:,|\)>>))""",
    re.X,
)
_DEFINITION = re.compile(r"^[ >]{0,30}\[(?!\^)(?:[^\[\]\\\n]|\\.)+\]: *(?:<([^<>\n]*)>|(\S+))", re.M)
_EXTENSION = re.compile(r"\.(?=[0-9]?[A-Za-z])[A-Za-z0-9]{1,5}\Z")
_UNSAFE = re.compile(r"[^\w\-./~!$,;@]+")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What may be a link's target: kind `wiki`, `url` or `include`, and where it stands."""

    kind: str
    begin: int
    end: int


def rewritten(text: str, page: str, old: str, new: str) -> str:
    """Return a text (without head) in which links to `old` lead to `new`; as it is, if it cannot be rendered."""
    changes = []
    for candidate in _candidates(text):
        target = text[candidate.begin : candidate.end]
        changed = _changed(candidate.kind, target, page, old, new)
        if changed is not None:
            changes.append((candidate, changed))
    if not changes:
        return text
    try:
        real = limited(SECONDS, lambda: _real(text, [candidate for candidate, _ in changes]))
    except (OverBudget, Exception):
        # A text that cannot be rendered has no links either.
        return text
    pieces: list[str] = []
    end = 0
    for number, (candidate, changed) in enumerate(changes):
        if number in real:
            pieces += text[end : candidate.begin], changed
            end = candidate.end
    return "".join([*pieces, text[end:]])


def _candidates(text: str) -> list[_Candidate]:
    found = []
    for match in _CANDIDATE.finditer(text):
        if match["wiki"] is not None:
            found.append(_Candidate("wiki", *match.span("wiki")))
        elif match["include"] is not None:
            found.append(_Candidate("include", *match.span("include")))
        elif (place := destination_place(text, match.end())) is not None:
            found.append(_Candidate("url", *place[0].span(1 if place[0][1] is not None else 2)))
    found += [_Candidate("url", *match.span(1 if match[1] is not None else 2)) for match in _DEFINITION.finditer(text)]
    found.sort(key=lambda candidate: candidate.begin)
    result: list[_Candidate] = []
    for candidate in found:
        if not result or candidate.begin >= result[-1].end:
            result.append(candidate)
    return result


def _real(text: str, candidates: list[_Candidate]) -> set[int]:
    """Return the numbers of the candidates that are rendered as links."""
    from .markdown import render

    nonce = f"m{os.urandom(8).hex()}n"
    pieces: list[str] = []
    end = 0
    for number, candidate in enumerate(candidates):
        pieces += text[end : candidate.begin], f"{nonce}{number}m"
        end = candidate.end
    marked = "".join([*pieces, text[end:]])
    rendered = render(marked, Context("", {"Include": lambda raw, page: ()}, seconds=SECONDS))
    mark = re.compile(rf"\"?{nonce}([0-9]+)m")
    targets = [link.target for link in rendered.links]
    targets += [part.detail for part in rendered.parts if isinstance(part, Hole) and part.kind == "macro"]
    return {int(match[1]) for target in targets if (match := mark.match(target.strip()))}


def _changed(kind: str, target: str, page: str, old: str, new: str) -> str | None:
    """Return what to write for a target that leads to `old`, None for any other or if it cannot be written."""
    try:
        if kind == "url":
            return _changed_url(target, page, old, new)
        if kind == "include":
            return _changed_include(target, page, old, new)
        return _changed_wiki(target, page, old, new)
    except BadName:
        return None


def _changed_wiki(target: str, page: str, old: str, new: str) -> str | None:
    found = wiki(target, page, {})
    if found.name != old or found.kind == "url":
        return None
    bare = target.strip()
    if found.kind == "file":
        file = bare.rpartition("/")[2]
        changed = f"attachment:{new}/{file}" if "/" in bare else None
        meant = Target("file", new, found.detail)
    else:
        name, sign, anchor = bare.partition("#")
        changed = f"{new}{sign}{anchor}" if name.strip() else None
        meant = Target("page", new, found.detail)
    if changed is None or re.search(r"[\[\]|\n<>]", changed) or wiki(changed, page, {}) != meant:
        return None
    return target.replace(bare, changed)


def _changed_include(target: str, page: str, old: str, new: str) -> str | None:
    quoted = target[0] in "\"'"
    bare = target[1:-1] if quoted else target
    if not bare.strip() or bare.startswith("^") or names.resolve(bare, page) != old:
        return None
    if re.search(r"[\"<>]", new) or names.resolve(new, page) != new:
        return None
    return f'"{new}"' if quoted or re.search("[,=']", new) else new


def _changed_url(target: str, page: str, old: str, new: str) -> str | None:
    url = target.strip()
    found = markdown(unescaped(url), page, {})
    if found.name != old or found.kind == "url":
        return None
    path, sign, anchor = url.partition("#")
    decoded = unquote(unescaped(path))
    if decoded.startswith("attachment:"):
        file = path.rpartition("/")[2]
        changed = f"attachment:{_quoted(new)}/{file}" if "/" in path else ""
    elif found.kind == "file":
        file = path.rpartition("/")[2]
        folder = _quoted(_path(new, page, decoded.startswith("/")))
        changed = f"{folder}/{file}" if "/" in path.removeprefix("./") else ""
    elif decoded:
        name = _path(new, page, decoded.startswith("/"))
        if decoded.endswith(".md") or _EXTENSION.search(name):
            name += ".md"
        changed = f"{_quoted(name)}{sign}{anchor}"
    else:
        changed = ""
    if not changed or markdown(unescaped(changed), page, {}) != Target(found.kind, new, found.detail):
        return None
    return target.replace(url, changed)


def _path(name: str, page: str, absolute: bool) -> str:
    """Return the path to a page: from the top, or from the folder that `page` lies in."""
    if absolute:
        return f"/{name}"
    folder, parts = page.split("/")[:-1], name.split("/")
    common = 0
    while common < len(folder) and common < len(parts) - 1 and folder[common] == parts[common]:
        common += 1
    path = "/".join([".."] * (len(folder) - common) + parts[common:])
    return f"./{path}" if ":" in path.partition("/")[0] else path


def _quoted(path: str) -> str:
    return _UNSAFE.sub(lambda match: quote(match[0], safe=""), path)
