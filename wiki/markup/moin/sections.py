"""Sections in braces: text as it is written, coloured code, tables of data, and boxes with wiki markup in them."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..allowed import ADMONITIONS
from ..columns import table
from ..highlight import highlighted
from ..hypertext import harmless
from . import links
from .emitter import Emitter
from .nesting import Nesting
from .spans import Opening

DEPTH = 8
"""How deep sections of wiki markup may stand in each other; what is deeper is shown as it is written."""

_PARSER = re.compile(r"\#!(\w+)(?:\s+(.*?))?\s*\Z")
_LEXERS = {
    "python": "python",
    "java": "java",
    "cplusplus": "cpp",
    "pascal": "pascal",
    "diff": "diff",
    "irc": "irc",
    "irssi": "irc",
}
_LEXERS |= dict.fromkeys(("docbook", "xslt"), "xml")

_WORD = re.compile(r"(numbers|start|step)\s*=\s*(\w+)")

Writer = Callable[[Emitter, Nesting, str, list[str]], None]


def write(emitter: Emitter, nesting: Nesting, opening: Opening, body: list[str]) -> None:
    """Write a section. The parser's name may also stand in its first line."""
    name, arguments = opening.parser, opening.arguments
    if name is None and body and (first := _PARSER.match(body[0])):
        name, arguments = first[1], (first[2] or "").strip()
        body = body[1:]
    name = (name or "").lower()
    if name in _WRITERS:
        _WRITERS[name](emitter, nesting, arguments, body)
    elif name in _LEXERS:
        _code(nesting, _LEXERS[name], arguments, body)
    elif name == "highlight":
        language, _, arguments = arguments.partition(" ")
        _code(nesting, language, arguments, body)
    else:
        _verbatim(nesting, body)


def text(body: list[str]) -> str:
    """Return lines as one text, without empty lines at its begin and end."""
    first, last = 0, len(body)
    while first < last and not body[first].strip():
        first += 1
    while last > first and not body[last - 1].strip():
        last -= 1
    return "\n".join(body[first:last])


def _verbatim(nesting: Nesting, body: list[str]) -> None:
    nesting.put(f"{highlighted(text(body))}\n")


def _code(nesting: Nesting, language: str, arguments: str, body: list[str]) -> None:
    nesting.put(f"{highlighted(text(body), language)}\n")


def _wiki(emitter: Emitter, nesting: Nesting, arguments: str, body: list[str]) -> None:
    from .blocks import Blocks

    if emitter.depth >= DEPTH:
        _verbatim(nesting, body)
        return
    emitter.depth += 1
    kept = nesting.apart()
    found = links.classes(arguments)
    if not ADMONITIONS.isdisjoint(found.split()):
        found = f"admonition {found}"
    nesting.open("div", f' class="{found}"' if found else "")
    Blocks(emitter, nesting).write(body)
    nesting.close()
    nesting.together(kept)
    emitter.depth -= 1


def _csv(emitter: Emitter, nesting: Nesting, arguments: str, body: list[str]) -> None:
    nesting.put(table(text(body), arguments))


def _html(emitter: Emitter, nesting: Nesting, arguments: str, body: list[str]) -> None:
    nesting.put(emitter.trusted(harmless("\n".join(body)), "\n".join(body)) + "\n")


def _creole(emitter: Emitter, nesting: Nesting, arguments: str, body: list[str]) -> None:
    from ..creole import write as creole

    kept = nesting.apart()
    creole(emitter, nesting, body)
    nesting.together(kept)


def _rst(emitter: Emitter, nesting: Nesting, arguments: str, body: list[str]) -> None:
    from ..restructured import write as restructured

    kept = nesting.apart()
    restructured(emitter, nesting, body)
    nesting.together(kept)


_WRITERS: dict[str, Writer] = {"creole": _creole, "csv": _csv, "html": _html, "rst": _rst, "wiki": _wiki}
