"""What a text's links, pictures, footnotes and abbreviations become, and what a rendering collects on its way."""

from __future__ import annotations

import re
from html import unescape

from ..model import BadName
from . import Context, Heading, Hole, anchors
from .budget import SIZE, Deadline, OverBudget
from .definitions import Definitions
from .escaping import escaped
from .targets import Target, markdown, wiki
from .tokens import Tokens

LIMIT = 5_000_000
"""The longest HTML that is made, in characters."""

HOLES = 20_000
"""The most links of one page."""

_TAGS = re.compile(r"<[^>]*>")
_BACKREFERENCES = 20


class Emitter:
    """Collects the links, headings and footnotes of one rendering, and gives the HTML for each."""

    def __init__(self, context: Context, tokens: Tokens, definitions: Definitions, deadline: Deadline) -> None:
        self.context = context
        self.tokens = tokens
        self.definitions = definitions
        self.deadline = deadline
        self.headings: list[Heading] = []
        self.notes: dict[str, int] = {}
        """How often each footnote is referred to, in the order of first reference."""
        self._ids: dict[str, int] = {}
        self._left = LIMIT
        words = sorted(definitions.abbreviations, key=len, reverse=True)
        self._abbreviation = (
            re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in words)})(?!\w)") if words else None
        )

    def spend(self, length: int) -> None:
        """Count characters of output; raise OverBudget if they become too many."""
        self._left -= length
        if self._left < 0:
            raise OverBudget(SIZE)

    def words(self, text: str) -> str:
        """Return plain text as HTML, with its abbreviations marked."""
        if self._abbreviation is None:
            return escaped(text)
        pieces: list[str] = []
        end = 0
        for match in self._abbreviation.finditer(text):
            title = escaped(self.definitions.abbreviations[match[0]])
            pieces += escaped(text[end : match.start()]), f'<abbr title="{title}">{escaped(match[0])}</abbr>'
            end = match.end()
            self.spend(len(title) + 30)
        pieces.append(escaped(text[end:]))
        return "".join(pieces)

    # -- links -------------------------------------------------------------------------------------------------------

    def external(self, url: str, inner: str, title: str = "") -> str:
        """Return a link to a URL with a scheme, or the text alone if it is none of ours."""
        try:
            target = markdown(url, self.context.page, {})
        except BadName:
            return _invalid(inner)
        return self._url(target, inner, title) if target.kind == "url" else _invalid(inner)

    def wiki(self, text: str, inner: str) -> tuple[str, str]:
        """Return `[[text|inner]]` as a link, and as it is shown within another link."""
        shown = inner or escaped(text.removeprefix("attachment:"))
        try:
            target = wiki(text, self.context.page, self.context.interwiki)
        except BadName:
            return _invalid(shown), shown
        return self._link(target, shown, ""), shown

    def relative(self, url: str, title: str, inner: str) -> str:
        """Return `[inner](url "title")` as a link."""
        try:
            target = markdown(url, self.context.page, self.context.interwiki)
        except BadName:
            return _invalid(inner)
        return self._link(target, inner or escaped(url), title)

    def image(self, url: str, title: str, alt: str) -> tuple[str, bool]:
        """Return `![alt](url "title")`: a picture, or a link to what is none (and whether it is one)."""
        shown = escaped(alt or url)
        try:
            target = markdown(url, self.context.page, self.context.interwiki)
        except BadName:
            return _invalid(shown), True
        if target.kind == "file":
            attributes = (("alt", alt), *((("title", title),) if title else ()))
            return self._start(Hole("image", target.name, target.detail, attributes)), False
        if target.kind == "url" and target.name.lower().startswith("https://"):
            self.spend(len(url) + len(title))
            more = f' title="{escaped(title)}"' if title else ""
            return f'<img src="{escaped(target.name)}" alt="{escaped(alt)}"{more} loading="lazy">', False
        return self._link(target, shown, title), True

    def _link(self, target: Target, inner: str, title: str) -> str:
        if target.kind == "url":
            return self._url(target, inner, title)
        attributes = (("title", title),) if title else ()
        if target.kind == "file":
            return f"{self._start(Hole('file', target.name, target.detail, attributes))}{inner}</a>"
        return f"{self._start(Hole('page', target.name, anchors.wanted(target.detail), attributes))}{inner}</a>"

    def _url(self, target: Target, inner: str, title: str) -> str:
        self.spend(len(target.name) + len(title) + 60)
        more = f' title="{escaped(title)}"' if title else ""
        if target.interwiki:
            return f'<a class="interwiki" href="{escaped(target.name)}"{more}>{inner}</a>'
        if target.name.lower().startswith(("http:", "https:", "ftp:")):
            return f'<a class="external" href="{escaped(target.name)}" rel="nofollow"{more}>{inner}</a>'
        return f'<a href="{escaped(target.name)}"{more}>{inner}</a>'

    def _start(self, hole: Hole) -> str:
        if len(self.tokens.fillings) > HOLES:
            raise OverBudget(SIZE)
        self.spend(100)
        return self.tokens.start(hole)

    # -- headings and footnotes --------------------------------------------------------------------------------------

    def heading(self, level: int, inner: str) -> str:
        """Return a heading with an id of its own."""
        text = unescape(_TAGS.sub("", self.tokens.without(inner))).strip()
        heading = Heading(level, anchors.unique(text, self._ids), " ".join(text.split()))
        self.headings.append(heading)
        return f'<h{level} id="{escaped(heading.id)}">{inner}</h{level}>\n'

    def footnote(self, name: str) -> str:
        """Return a reference to a footnote, '' if there is none of this name."""
        if name not in self.definitions.footnotes:
            return ""
        count = self.notes[name] = self.notes.get(name, 0) + 1
        number = list(self.notes).index(name) + 1 if count == 1 else self._number(name)
        mark = f'id="{_reference(number, count)}"' if count <= _BACKREFERENCES else ""
        self.spend(120)
        return f'<sup{" " if mark else ""}{mark}><a class="footnote-ref" href="#fn:{number}">{number}</a></sup>'

    def _number(self, name: str) -> int:
        return next(number for number, other in enumerate(self.notes, 1) if other == name)

    def back(self, name: str) -> str:
        """Return the links from a footnote back to where it is referred to."""
        number = self._number(name)
        return " ".join(
            f'<a class="footnote-backref" href="#{_reference(number, count)}">↩</a>'
            for count in range(1, min(self.notes[name], _BACKREFERENCES) + 1)
        )


def _reference(number: int, count: int) -> str:
    return f"fnref:{number}" if count == 1 else f"fnref{count}:{number}"


def _invalid(inner: str) -> str:
    return f'<span class="invalid">{inner}</span>'
