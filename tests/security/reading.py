"""Says what in an answer a browser would run, or could not read, without trusting anything that made it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

from tests.markup.checker import is_safe

from .client import MOUNT, Answer

NEVER = frozenset("iframe object embed applet frame frameset base style audio video source portal marquee xmp plaintext "
                  "noscript template canvas slot dialog foreignobject animate set use annotation-xml maction".split())  # fmt: skip
URLS = frozenset(
    "href src action formaction background cite data poster srcset ping xlink:href manifest data-preview data-root".split()
)
OURS = frozenset(
    "accept accept-charset accesskey action alt aria-current aria-describedby aria-hidden aria-invalid aria-label aria-live autocapitalize "
    "autocomplete autofocus charset checked class cite colspan content d data-key data-markup data-optional data-preview data-root data-shortcuts "
    "data-theme data-toggle-theme data-words datetime defer dir disabled download enctype enterkeyhint focusable for form formaction height "
    "hidden href id inputmode lang list loading maxlength media method min max minlength multiple name open pattern placeholder readonly rel required "
    "role rows rowspan scope selected size spellcheck src start tabindex target title translate type value viewbox width align reversed abbr "
    "accent columnalign columnlines columnspacing display displaystyle fence form lspace mathvariant rowlines rowspacing rspace scriptlevel "
    "separator stretchy xmlns linethickness maxsize minsize mathbackground mathcolor mathsize voffset depth".split()
)
"""Every attribute that our templates and markup write; whatever else stands in a tag came out of its quotes."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in NEVER or not re.fullmatch("[a-z][a-z0-9]*", tag):
            self.found.append(f"<{tag}>")
        if len(values) != len(attrs):
            self.found.append(f"<{tag}> has an attribute twice")
        self.script = tag == "script"
        if tag == "script" and not values.get("src", "").startswith(f"{MOUNT}/-/static/"):
            self.found.append(f"a script {values}")
        if (
            tag == "link"
            and values.get("rel") in ("stylesheet", "icon", "manifest")
            and not values.get("href", "").startswith(f"{MOUNT}/-/static/")
        ):
            self.found.append(f"a link {values}")
        if tag == "meta" and "http-equiv" in values:
            self.found.append("http-equiv")
        for name, value in values.items():
            if name not in OURS:
                self.found.append(f"<{tag} {name}={value!r}>")
            if name in URLS and not is_safe(value) and not (tag == "img" and value.startswith("data:image/")):
                self.found.append(f"<{tag} {name}={value!r}>")
            if name in ("action", "formaction") and not value.startswith(f"{MOUNT}/"):
                self.found.append(f"<{tag} {name}={value!r}>")

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        if self.script and data.strip():
            self.found.append(f"script text {data[:50]!r}")

    def handle_endtag(self, tag: str) -> None:
        self.script = False

    def handle_comment(self, data: str) -> None:
        self.found.append(f"a comment {data[:50]!r}")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.found.append(f"a declaration {decl[:50]!r}")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"a declaration {data[:50]!r}")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"an instruction {data[:50]!r}")


def alive(html: str) -> list[str]:
    """Return what in HTML is not ours; [] if nothing is."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


def wrong(answer: Answer) -> list[str]:
    """Return what in an answer a browser would run, or could not read; [] if nothing is."""
    found = []
    # Two languages that code is coloured in are called so: HighlighterList shows their names in cells of a table.
    body = answer.body.replace(b"<td>Python Traceback</td>", b"").replace(b"<td>Python 2.x Traceback</td>", b"")
    if b"Traceback" in body or b'.py"' in body:
        found.append("a traceback")
    if answer.kind == "text/html":
        return found + alive(answer.text)
    if answer.kind == "application/json":
        json.loads(answer.body)
    elif answer.kind.endswith("xml") and answer.body:
        root = ElementTree.fromstring(answer.body)
        for element in root.iter():
            if element.get("href") and not is_safe(element.get("href", "")):
                found.append(f"a link {element.attrib}")
            if element.get("type") == "html":
                found += alive(element.text or "")
    elif answer.kind == "text/plain" and answer.body and answer.header("X-Content-Type-Options") != "nosniff":
        found.append("text that may be taken for HTML")
    return found
