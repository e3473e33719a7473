"""What a page says, whatever engine has made its HTML: headings, links, lists, tables … as facts that can be counted.

MoinMoin 1.9's HTML and ours differ in classes, ids of lines and unclosed tags; a reader sees none of that. Both are
read by the parser of browsers (html5lib, which bleach brings along), and what a reader does see is compared.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from bleach._vendor import html5lib

Fact = tuple[Any, ...]

_SPANS = {
    "em": "em",
    "i": "em",
    "strong": "strong",
    "b": "strong",
    "u": "u",
    "ins": "u",
    "s": "s",
    "del": "s",
    "strike": "s",
    "sup": "sup",
    "sub": "sub",
    "small": "small",
    "big": "big",
    "tt": "code",
    "code": "code",
}
_CLASSES = {"u": "u", "strike": "s", "comment": "comment"}
_NOISE = re.compile(r"(?:(?:[\w.]+\.)?(?:line-[\d-]+|top|bottom)|content|CA-\w+|fn(?:ref|def)-\w+(?:-\d+)?)\Z")
_BLANKS = re.compile(r"\s+")
_BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 ul ol dl li dt dd table tbody tr td th pre hr br form section nav object".split()
)
_STYLE = re.compile(r"(text-align|vertical-align)\s*:\s*([a-z]+)")


def facts(html: str, page: str = "TestPage") -> Counter[Fact]:
    """Return the facts of a piece of HTML, each as often as it is there."""
    reader = _Reader(page)
    reader.element(html5lib.parseFragment(html, namespaceHTMLElements=False), ())
    found = reader.found
    found.update(("word", word) for word in "".join(reader.text).split())
    return found


def score(ours: Counter[Fact], theirs: Counter[Fact]) -> float:
    """Return the F1 of two counts of facts: 1 if they are the same."""
    common = sum((ours & theirs).values())
    both = sum(ours.values()) + sum(theirs.values())
    return 2 * common / both if both else 1.0


class _Reader:
    def __init__(self, page: str) -> None:
        self.page = page
        self.found: Counter[Fact] = Counter()
        self.text: list[str] = []

    def element(self, element: Any, above: tuple[str, ...]) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag == "script" or _is(element, "LineNumber", "codenumbers", "codemsg"):
            self.text.append(element.tail or "")
            return
        if tag in _BLOCKS:
            self.text.append(" ")
        self._note(element, tag, above)
        self.text.append(element.text or "")
        if tag == "img":
            self.text.append(_smiley(element))
        inside = (*above, tag) if tag in ("ul", "ol", "dl", "table", "pre") else above
        for child in element:
            self.element(child, inside)
        if tag in _BLOCKS:
            self.text.append(" ")
        self.text.append(element.tail or "")

    def _note(self, element: Any, tag: str, above: tuple[str, ...]) -> None:
        own = _text(element)
        id = element.get("id", "")
        if id and not _NOISE.match(id) and not id.startswith("h-") and "dbw" not in id:
            self._add("id", id)
        if re.fullmatch("h[1-6]", tag):
            self._add("heading", tag, own)
        elif tag == "a" and element.get("href"):
            if "pre" not in above:
                self._add("link", self._target(element.get("href")), own)
        elif tag == "img" and not _smiley(element):
            self._add("image", self._target(element.get("src", "")), element.get("alt", ""))
        elif tag == "ol":
            type = element.get("type", "1")
            self._add("list", "ol", type if type in "aAiI" else "1", element.get("start", "1"), len(above))
        elif tag in ("ul", "dl"):
            self._add("list", tag, len(above))
        elif tag in ("li", "dd", "dt"):
            plain = "list-style-type:none" in element.get("style", "") or _is(element, "plain")
            if tag != "dt" or own:
                self._add("item", tag, plain, len(above), own)
        elif tag == "pre":
            self._add("pre", "\n".join(line.rstrip() for line in _raw(element).strip("\n").split("\n")).rstrip())
        elif tag in ("td", "th"):
            style = tuple(sorted(_STYLE.findall(element.get("style", ""))))
            spans = (element.get("colspan", "1"), element.get("rowspan", "1"))
            self._add("cell", len(above), *spans, style, own)
        elif tag == "hr":
            self._add("rule")
        elif tag == "table":
            self._add("table", len(above))
        if tag != "pre" and "pre" not in above and not _is(element, "invalid", "highlight"):
            kind = _SPANS.get(tag) or next((_CLASSES[name] for name in _CLASSES if _is(element, name)), "")
            if kind and own and tag not in ("td", "tr", "table"):
                self._add("span", kind, own)

    def _target(self, url: str) -> str:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        if query.get("action") == ["AttachFile"] and "target" in query:
            return f"attachment:{unquote(parts.path)}/{query['target'][0]}"
        if not parts.scheme and not parts.path:
            url = f"/{self.page}{url}"
        return unquote(url)

    def _add(self, *fact: Any) -> None:
        self.found[fact] += 1


def _is(element: Any, *names: str) -> bool:
    words = element.get("class", "").split()
    return any(name in words for name in names)


def _smiley(element: Any) -> str:
    source = element.get("src", "")
    return str(element.get("alt", "")) if element.tag == "img" and "/modernized/img/" in source else ""


def _raw(element: Any) -> str:
    if _is(element, "LineNumber"):
        return ""
    pieces = [element.text or ""]
    for child in element:
        pieces += _raw(child), child.tail or ""
    return "".join(pieces)


def _text(element: Any) -> str:
    pieces: list[str] = []

    def walk(element: Any) -> None:
        if element.tag == "script" or _is(element, "LineNumber", "codenumbers", "codemsg"):
            return
        if element.tag in _BLOCKS:
            pieces.append(" ")
        pieces.append(element.text or "")
        pieces.append(_smiley(element))
        for child in element:
            walk(child)
            pieces.append(child.tail or "")
        if element.tag in _BLOCKS:
            pieces.append(" ")

    walk(element)
    return _BLANKS.sub(" ", "".join(pieces)).strip()
