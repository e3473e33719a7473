"""Where the relative links of a Markdown text stand, so that they can be rewritten and nothing else is touched."""

from __future__ import annotations

import re
from collections.abc import Callable

_FENCE = re.compile(r" {0,3}(?:> ?)*(`{3,}|~{3,})")
_ITEM = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])(?:\s|$)")
_TOKEN = re.compile(
    r"""
      \\\[[^\[\]\n]*\]?                                                    # what only looks like a link's text
    | \\.                                                                 # an escaped sign
    | (?P<code>(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))          # a code span
    | <<[^<>\n]*>>                                                        # a macro
    | \]\(\s*(?:<(?P<angled>[^<>\n]*)>|(?P<inline>[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*))
    | <(?:img|a|source|video|audio)\s[^<>]*?\b(?:src|href)\s*=\s*(?:"(?P<double>[^"<>\n]*)"|'(?P<single>[^'<>\n]*)')
    """,
    re.X | re.I | re.S,
)
_DEFINITION = re.compile(r" {0,3}\[[^\]\n^][^\]\n]*\]:[ \t]*(?:<(?P<angled>[^<>\n]*)>|(?P<plain>\S+))")


def rewritten(text: str, change: Callable[[str], str]) -> str:
    """Return a Markdown text in which `change` was applied to the URL of each link, picture and reference.

    Code, macros and escaped signs stay as they are.
    """
    result: list[str] = []
    for is_text, block in _blocks(text):
        result.append(_inline(block, change) if is_text else block)
    return "".join(result)


def _blocks(text: str) -> list[tuple[bool, str]]:
    """Return the text in pieces: whether links may stand in each, and its lines."""
    blocks: list[tuple[bool, list[str]]] = []
    fence = ""
    blank, in_list, indented = True, False, False
    for line in text.splitlines(keepends=True):
        is_text = False
        opening = _FENCE.match(line)
        if fence:
            if opening and opening[1].startswith(fence) and not line[opening.end() :].strip(" `~\n"):
                fence = ""
        elif opening and not (opening[1][0] == "`" and "`" in line[opening.end() :]):
            fence = opening[1]
            indented = False
        else:
            deep = line.startswith(("    ", "\t")) and bool(line.strip())
            indented = deep and not in_list and (blank or indented)
            is_text = not indented
            if _ITEM.match(line):
                in_list = True
            elif blank and line.strip() and not line[0].isspace():
                in_list = False
        blank = not line.strip()
        # A blank line ends a paragraph, and with it whatever a stray backtick began.
        if not blocks or blocks[-1][0] != is_text or (is_text and blank):
            blocks.append((is_text, []))
        blocks[-1][1].append(line)
    return [(is_text, "".join(lines)) for is_text, lines in blocks]


def _inline(block: str, change: Callable[[str], str]) -> str:
    lines = []
    for line in block.splitlines(keepends=True):
        found = _DEFINITION.match(line)
        if found:
            group = "angled" if found["angled"] is not None else "plain"
            lines.append(line[: found.start(group)] + change(found[group]) + line[found.end(group) :])
        else:
            lines.append(line)
    block = "".join(lines)
    if "](" not in block and "<" not in block:
        return block

    def replaced(found: re.Match[str]) -> str:
        for group in ("angled", "inline", "double", "single"):
            if found[group]:
                start, end = found.start(group) - found.start(), found.end(group) - found.start()
                return found[0][:start] + change(found[group]) + found[0][end:]
        return found[0]

    return _TOKEN.sub(replaced, block)
