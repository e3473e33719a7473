"""Says what is dangerous in HTML, without trusting anything that made it."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

from wiki.markup import Hole, Rendered

FORBIDDEN = frozenset(
    "script style iframe object embed svg form textarea select button link meta base applet frame frameset noscript "
    "title template audio video source portal dialog marquee xmp plaintext slot canvas".split()
)
URLS = frozenset("href src action formaction background cite data poster srcset ping xlink:href".split())
SCHEMES = frozenset({"http", "https", "mailto", "ftp", "tel", "irc", "xmpp", "news"})
ANCHOR = re.compile(r'<span class="anchor" id="[\w.:-]{1,210}"></span>')
"""MoinMoin's own anchors, which the sanitiser's table would not let through."""
PREFIXES = ("h-", "h:", "fn:", "fn-", "fnref", "toc-", "r-", "line-", "head-")
# No url(), no function but a colour's, no escape, no position, nothing negative, no name that is not wanted.
STYLE = re.compile(
    r"(?:(?:; )?(?:color|clear|float|width|height|(?:background|border|font|line|list|margin|max|min|padding|text|vertical|"
    r"white)(?:-[a-z-]+)?): (?:[#A-Za-z0-9.%,' ]|(?<= )(?:rgb|hsl)a?\([0-9,. /%]+\)|[a-z](?=-)|-(?=[A-Za-z]))+)+"
)
NONCE = re.compile("(?!0{32})[0-9a-f]{32}")
INVISIBLE = re.compile("[\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-"
                       "\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffd]")  # fmt: skip


class _Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN:
            self.found.append(f"<{tag}>")
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.found.append(f"<{tag}> has an attribute twice")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if tag == "input" and (dict(attrs).get("type") != "checkbox" or "disabled" not in names):
            self.found.append("an input that is no disabled checkbox")

    handle_startendtag = handle_starttag

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name in ("srcdoc", "target", "ping", "srcset", "formaction", "http-equiv"):
            self.found.append(f"{name}={value!r}")
        if name == "style" and not STYLE.fullmatch(value):
            self.found.append(f"style={value!r}")
        if not re.fullmatch("[a-z]+", name):
            self.found.append(f"an attribute named {name!r}")
        if name in URLS and not is_safe(value):
            self.found.append(f"{name}={value!r}")
        if name == "id" and not value.startswith(PREFIXES):
            self.found.append(f"id={value!r}")
        if tag == "math" and name not in ("display", "xmlns"):
            self.found.append(f"math {name}={value!r}")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"a comment: {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"a declaration: {decl!r}")

    unknown_decl = handle_decl
    handle_pi = handle_decl


def is_safe(url: str) -> bool:
    """Say whether a URL has a harmless scheme or none, however it is disguised."""
    bare = INVISIBLE.sub("", url)
    match = re.match(r"([^/?#]*?):", bare)
    return "\\" not in bare and (match is None or match[1].lower() in SCHEMES)


def dangers(html: str) -> list[str]:
    """Return what is wrong in HTML; [] if nothing is."""
    checker = _Checker()
    checker.feed(ANCHOR.sub("", html))
    checker.close()
    return checker.found


def filled(rendered: Rendered) -> str:
    """Return the HTML that a rendering becomes, with harmless things in its holes."""
    pieces = []
    for part in rendered.parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        for name, value in part.attributes:
            assert name in ("title", "alt", "class", "style", "width", "height", "rel"), part
            assert not dangers(f'<a {name}="{escape(value)}">x</a>'), part
            assert not NONCE.search(value), part
        assert not NONCE.search(f"{part.target} {part.detail}"), part
        assert re.fullmatch(r"(?:\?[\w&=%+.~-]*)?(?:#[\w.:%-]*)?", part.suffix), part
        pieces.append({"page": '<a href="/page">', "file": '<a href="/file">'}.get(part.kind, "<b>hole</b>"))
    html = "".join(pieces)
    assert not NONCE.search(html), html
    return html


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.nodes.append((tag, sorted((name, value or "") for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("br", "hr", "img", "input", "wbr", "col"):
            self.nodes.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if self.nodes and isinstance(self.nodes[-1], list):
            self.nodes[-1].append(data)
        else:
            self.nodes.append([data])


def tree(html: str) -> list[object]:
    """Return the tags and texts of HTML, so that two ways of writing the same are equal."""
    parser = _Tree()
    parser.feed(html)
    parser.close()
    return [("text", "".join(node)) if isinstance(node, list) else node for node in parser.nodes]


def holes(rendered: Rendered, kind: str) -> list[Hole]:
    """Return the holes of one kind."""
    return [part for part in rendered.parts if isinstance(part, Hole) and part.kind == kind]
