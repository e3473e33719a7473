"""Recognises HTML that is safe as it stands: the small, strictly nested form that our own markups write.

What is not certainly in that form is no error; it is left to the sanitiser, which costs more than all else.
"""

from __future__ import annotations

import re
from html import unescape

from .allowed import BARE, TAGS, VOID, is_allowed

_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z]+(?:="[^"<>]*")?)*)>')
_ATTRIBUTE = re.compile(r' ([a-z]+)(?:="([^"]*)")?')

# Entities other than these, and characters that a parser would change or that are shown as nothing.
_ODD = re.compile(
    r"&(?!(?:amp|lt|gt|quot|#39|#x27|#160|#8617);)|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)

_PHRASING = frozenset(
    "a abbr b bdi bdo big br cite code del dfn em i img input ins kbd label mark q s samp small span strong "
    "sub sup time u var wbr".split()
)
_FLOW = _PHRASING | frozenset("blockquote details div dl figure h1 h2 h3 h4 h5 h6 hr ol p pre section table ul".split())
_CELLS = frozenset({"td", "th"})
_ROWS = frozenset({"tr"})

# Formatting elements that are opened in one of their own kind are handled specially by parsers: not here. No span is.
_SINGLE = _PHRASING - {"span"}
_CONTENT: dict[str, frozenset[str]] = {tag: _PHRASING - ({tag} & _SINGLE) for tag in _PHRASING}
_CONTENT |= dict.fromkeys(("", "blockquote", "div", "li", "dd", "td", "th", "section", "figcaption"), _FLOW)
_CONTENT |= dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "pre", "summary", "caption"), _PHRASING)
_CONTENT |= {
    "details": _FLOW | {"summary"},
    "figure": _FLOW | {"figcaption"},
    "ul": frozenset({"li"}),
    "ol": frozenset({"li"}),
    "dl": frozenset({"dt", "dd"}),
    "table": frozenset({"thead", "tbody", "tfoot", "caption"}),
    "thead": _ROWS,
    "tbody": _ROWS,
    "tfoot": _ROWS,
    "tr": _CELLS,
}

# No text may stand directly in these: a parser moves it elsewhere.
_TEXTLESS = frozenset({"table", "thead", "tbody", "tfoot", "tr"})

DEPTH = 90


class _Known:
    """Attribute strings that were found good, by tag: the same few come again and again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bool] = {}

    def __call__(self, tag: str, attributes: str) -> bool:
        key = (tag, attributes)
        known = self._known.get(key)
        if known is None:
            known = _are_allowed(tag, attributes)
            if len(attributes) < 60 and len(self._known) < 2000:
                self._known[key] = known
        return known


def _are_allowed(tag: str, attributes: str) -> bool:
    seen = set()
    for match in _ATTRIBUTE.finditer(attributes):
        name, value = match.groups()
        if name in seen or (value is None) != (name in BARE):
            return False
        if not is_allowed(tag, name, unescape(value or "")):
            return False
        seen.add(name)
    return tag != "input" or seen >= {"type", "disabled"}


_known = _Known()


def is_canonical(html: str) -> bool:
    """Say whether HTML has nothing but allowed tags and attributes, nested so that every parser agrees on the tree."""
    if _ODD.search(html):
        return False
    stack: list[str] = []
    parent = ""
    allowed = _CONTENT[""]
    interactive = 0
    end = 0
    tags = 0
    for match in _TAG.finditer(html):
        closing, tag, attributes = match.groups()
        tags += 1
        if parent in _TEXTLESS and html[end : match.start()].strip():
            return False
        end = match.end()
        if closing:
            if attributes or tag != parent:
                return False
            stack.pop()
            if tag == "a":
                interactive -= 1
            parent = stack[-1] if stack else ""
            allowed = _CONTENT[parent]
            continue
        if tag not in allowed or tag not in TAGS:
            return False
        if attributes and not _known(tag, attributes):
            return False
        if tag in VOID:
            if tag == "input" and not attributes:
                return False
            continue
        if tag == "a":
            interactive += 1
            if interactive > 1:
                return False
        elif tag == "pre" and html.startswith("\n", end):
            return False
        if tag in _SINGLE and tag in stack:
            return False
        stack.append(tag)
        if len(stack) > DEPTH:
            return False
        parent = tag
        allowed = _CONTENT[tag]
    return not stack and html.count("<") == tags
