"""A page as one visitor sees it: the holes of a rendering filled through his Visit."""

from __future__ import annotations

import html
import logging
import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .markup import Heading, Hole, Rendered, wanted
from .model import Attachment, Forbidden, NoSuchPage, WikiError
from .pictures import SHOWN_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .macros import Macro
    from .urls import Urls
    from .visit import Visit

DEPTH = 5
"""How deep pages may include pages."""

HOLES = 5000
"""The most holes that are filled for one page, with all that it includes: an Include bomb stops here."""

PATIENCE = 1000
"""How much work the macros of one page, with all that it includes, may do: see `View.spend`."""

LIST = 20
"""What a macro costs that looks through the set of pages."""

INCLUDED = 4
"""What it costs to include a page."""

CHARACTERS = 10_000_000
"""The most characters of HTML that pages included in one page may have together."""


_HEADING = re.compile(r'<h([1-6]) id="([^"]+)"[^>]*>(.*?)</h\1>', re.DOTALL)
_HEADING_ID = re.compile(r'(<h[1-6] id=")([^"]+)(?=")')
_TAG = re.compile(r"<[^>]*>")

log = logging.getLogger("wiki")


class TooMuch(WikiError):
    """The page asks for more work than one view may do."""

    message = "This page holds too much to be shown completely."


@dataclass
class Shared:
    """What a page and all that it includes have in common while being viewed."""

    depends: set[str] = field(default_factory=set)
    footnotes: list[str] = field(default_factory=list)
    notes: int = 0
    contents: list[int] = field(default_factory=list)
    mark: str = field(default_factory=lambda: os.urandom(12).hex())
    ids: dict[str, int] = field(default_factory=dict)
    holes: int = 0
    spent: int = 0
    characters: int = 0
    failed: str = ""


@dataclass
class View:
    """Fills renderings for one visitor. `gettext`, `ngettext`, `when`, `day` and `size` speak his language.

    `macros` finds a macro by name. `when` shows a time and `day` its date (microseconds), `size` a number of bytes.
    After `page`, `depends` says on what beside texts the result depends (`pages`, `user`, `time`, `request`).
    """

    visit: Visit
    urls: Urls
    name: str
    macros: Callable[[str], Macro | None]
    gettext: Callable[[str], str] = lambda text: text
    ngettext: Callable[[str, str, int], str] = lambda one, many, n: one if n == 1 else many
    when: Callable[[int], str] = str
    query: Mapping[str, str] = field(default_factory=dict)
    preview: bool = False
    above: tuple[str, ...] = ()
    shared: Shared = field(default_factory=Shared)
    day: Callable[[int], str] = lambda time: _date(time)
    size: Callable[[int], str] = lambda number: _size(number)

    @property
    def depends(self) -> set[str]:
        """On what beside the texts the result depends."""
        return self.shared.depends

    def page(self, rendered: Rendered) -> tuple[str, tuple[Heading, ...]]:
        """Return the HTML of a whole page and its headings, those of included pages too."""
        body = self.fill(rendered) + self.footnotes()
        if self.shared.spent:
            body = _with_unique_ids(body)
        headings = self._headings(body)
        for index, depth in enumerate(self.shared.contents):
            body = body.replace(self._mark(index), self._contents(headings, depth))
        return body, headings

    def fill(self, rendered: Rendered) -> str:
        """Return the HTML of a rendering for this visitor."""
        if rendered.failed:
            self.shared.failed = rendered.failed
        holes = [part for part in rendered.parts if isinstance(part, Hole)]
        self.shared.holes += len(holes)
        there = self.visit.existing({hole.target for hole in holes if hole.kind == "page"} - {self.name})
        there.add(self.name)
        files: dict[str, dict[str, Attachment]] = {}
        result: list[str] = []
        for part in rendered.parts:
            if isinstance(part, str):
                result.append(part)
            elif part.kind == "page":
                result.append(self._page_link(part, part.target in there))
            elif part.kind == "file":
                result.append(self._file_link(part, self._files(files, part.target)))
            elif part.kind == "image":
                result.append(self._image(part, self._files(files, part.target)))
            elif part.kind == "embed":
                result.append(self._embed(part, self._files(files, part.target)))
            else:
                result.append(self._macro(part))
        return "".join(result)

    def include(self, name: str, select: Callable[[Rendered], Rendered] = lambda rendered: rendered) -> str:
        """Return another page's HTML, or what `select` leaves of it.

        Raises NoSuchPage, Forbidden, or WikiError (too deep, too much, a cycle).
        """
        above = (*self.above, self.name)
        if name in above:
            raise WikiError("“%(name)s” includes itself.", name=name)
        if len(above) > DEPTH:
            raise WikiError("Pages include each other too deeply here.")
        self.spend(INCLUDED)
        rendered = select(self.visit.rendered(self.visit.read(name)))
        self.shared.characters += sum(len(part) for part in rendered.parts if isinstance(part, str))
        if self.shared.characters > CHARACTERS:
            raise TooMuch()
        return replace(self, name=name, above=above).fill(rendered)

    def spend(self, work: int) -> None:
        """Note that a macro does so much work; raise TooMuch when the page's macros have done more than PATIENCE."""
        self.shared.spent += work
        if self.shared.spent > PATIENCE:
            raise TooMuch()

    def unique(self, wanted: str) -> str:
        """Return an id for an element that no other call got: the one wanted, else with a number."""
        count = self.shared.ids[wanted] = self.shared.ids.get(wanted, 0) + 1
        return wanted if count == 1 else f"{wanted}-{count}"

    def footnote(self, note: str) -> str:
        """Return the raised number that leads to a footnote; `note` is its HTML."""
        self.shared.notes += 1
        self.shared.footnotes.append(note)
        number = self.shared.notes
        return f'<sup id="noteref-{number}" class="footnote-ref"><a href="#note-{number}">{number}</a></sup>'

    def footnotes(self) -> str:
        """Return the list of the footnotes so far, and begin a new one."""
        notes, self.shared.footnotes = self.shared.footnotes, []
        if not notes:
            return ""
        first = self.shared.notes - len(notes) + 1
        back = html.escape(self.gettext("Back to the text"))
        items = "".join(
            f'<li id="note-{number}">{note} '
            f'<a class="footnote-back" href="#noteref-{number}" aria-label="{back}">↩</a></li>'
            for number, note in enumerate(notes, first)
        )
        label = html.escape(self.gettext("Footnotes"))
        return f'<section class="footnotes" aria-label="{label}"><ol start="{first}">{items}</ol></section>'

    def contents(self, depth: int = 6) -> str:
        """Return a mark that becomes the table of contents when the page is complete: so many levels of headings."""
        self.shared.contents.append(depth)
        return self._mark(len(self.shared.contents) - 1)

    def _mark(self, index: int) -> str:
        # Nothing in a page can know the mark, so nothing else is replaced by contents.
        return f"<!--{self.shared.mark}-{index}-->"

    def notice(self, text: str) -> str:
        """Return a message shown in the page in place of something."""
        return f'<span class="macro-notice">{html.escape(text)}</span>'

    def failure(self, error: WikiError) -> str:
        """Return what is shown in place of something: a red link for a missing page, nothing for one not to be read."""
        if isinstance(error, Forbidden):
            return ""
        if isinstance(error, NoSuchPage) and "name" in error.params:
            return self.link(str(error.params["name"]), there=False)
        message = self.gettext(error.message)
        return self.notice(message % error.params if error.params else message)

    def link(self, name: str, label: str = "", there: bool = True) -> str:
        """Return a link to a page."""
        missing = "" if there else ' class="missing"'
        return f'<a href="{html.escape(self.urls.page(name))}"{missing}>{html.escape(label or name)}</a>'

    def _page_link(self, hole: Hole, there: bool) -> str:
        attributes = dict(hole.attributes)
        if not there:
            attributes["class"] = f"{attributes.get('class', '')} missing".strip()
            attributes.setdefault("title", self.gettext("This page does not exist yet"))
            attributes.setdefault("rel", "nofollow")
        # What is no heading of the page itself may be one of an included page, or a macro's anchor.
        url = f"#{wanted(hole.detail)}" if hole.target == self.name and hole.detail and not self.above else ""
        url = url or self.urls.page(hole.target, anchor=hole.detail) + hole.suffix
        return _start("a", {"href": url, **attributes})

    def _file_link(self, hole: Hole, files: dict[str, Attachment]) -> str:
        attributes = dict(hole.attributes)
        if hole.detail not in files:
            attributes["class"] = f"{attributes.get('class', '')} missing".strip()
            url = self.urls.page(hole.target, "AttachFile", rename=hole.detail)
            return _start("a", {"href": url, "rel": "nofollow", **attributes})
        return _start("a", {"href": self.urls.file(hole.target, hole.detail), **attributes})

    def _image(self, hole: Hole, files: dict[str, Attachment]) -> str:
        attributes = dict(hole.attributes)
        file = files.get(hole.detail)
        if file is None:
            url = self.urls.page(hole.target, "AttachFile", rename=hole.detail)
            label = self.gettext("Upload “%(name)s”") % {"name": hole.detail}
            return f'<a class="missing" rel="nofollow" href="{html.escape(url)}">{html.escape(label)}</a>'
        url = self.urls.file(hole.target, hole.detail)
        if file.type not in SHOWN_TYPES:
            return f"{_start('a', {'href': url})}{html.escape(attributes.get('alt') or hole.detail)}</a>"
        attributes.setdefault("alt", "")
        if file.width and "width" not in attributes and "height" not in attributes:
            attributes.update(width=str(file.width), height=str(file.height))
        return _start("img", {"src": url, "loading": "lazy", **attributes})

    def _embed(self, hole: Hole, files: dict[str, Attachment]) -> str:
        from .embedding import embedded

        file = files.get(hole.detail)
        if file is None or self.shared.holes > HOLES:
            return f"<p>{self._image(hole, files)}</p>"
        self.spend(INCLUDED)
        shown = embedded(self.visit, file)
        return f"<p>{self._image(hole, files)}</p>" if shown is None else shown

    def _files(self, known: dict[str, dict[str, Attachment]], page: str) -> dict[str, Attachment]:
        if page not in known:
            try:
                known[page] = {file.name: file for file in self.visit.attachments(page)}
            except Forbidden:
                known[page] = {}
        return known[page]

    def _macro(self, hole: Hole) -> str:
        from .macros import Call

        source = f"<<{hole.target}({hole.detail})>>" if hole.detail else f"<<{hole.target}>>"
        macro = self.macros(hole.target)
        if macro is None:
            return html.escape(source)
        self.shared.depends |= macro.depends
        call = Call(hole.target, hole.detail, self.name, hole.block, self)
        try:
            if self.shared.holes > HOLES:
                raise TooMuch()
            if "pages" in macro.depends:
                self.spend(LIST)
            result: Any = macro.function(call)
        except WikiError as error:
            return self.failure(error)
        except Exception:
            log.exception("macro %s on page %s", source, self.name)
            return self.notice(self.gettext("%(macro)s could not be computed.") % {"macro": source})
        return str(result) if hasattr(result, "__html__") else html.escape(str(result))

    def _headings(self, body: str) -> tuple[Heading, ...]:
        return tuple(
            Heading(int(level), html.unescape(anchor), html.unescape(_TAG.sub("", text)).strip())
            for level, anchor, text in _HEADING.findall(body)
        )

    def _contents(self, headings: tuple[Heading, ...], depth: int) -> str:
        top = min((heading.level for heading in headings), default=1)
        shown = [heading for heading in headings if heading.level - top < depth]
        if not shown:
            return ""
        label = html.escape(self.gettext("Contents"))
        return f'<nav class="toc" aria-label="{label}"><p class="toc-title">{label}</p>{_nested(shown)}</nav>'


def _nested(headings: list[Heading]) -> str:
    """Return links to headings as lists within lists; a skipped level opens one list only, so that none is empty."""
    result: list[str] = []
    levels: list[int] = []
    for heading in headings:
        while len(levels) > 1 and heading.level <= levels[-2]:
            result.append("</li></ol>")
            levels.pop()
        if not levels or heading.level > levels[-1]:
            result.append("<ol>")
            levels.append(heading.level)
        else:
            result.append("</li>")
            levels[-1] = heading.level
        result.append(f'<li><a href="#{html.escape(heading.id)}">{html.escape(heading.text)}</a>')
    return "".join(result) + "</li></ol>" * len(levels)


def _with_unique_ids(body: str) -> str:
    """Return the HTML with a number added to the id of each heading whose id an earlier one has."""
    given = {id for _, id in _HEADING_ID.findall(body)}
    used: dict[str, int] = {}

    def unique(match: re.Match[str]) -> str:
        id = match[2]
        count = used.get(id, -1) + 1
        while count and f"{id}-{count}" in given:
            count += 1
        used[id] = count
        return f"{match[1]}{id}-{count}" if count else match[0]

    return _HEADING_ID.sub(unique, body)


def _date(time: int) -> str:
    from .i18n import formatted

    return formatted(time, style="date")


def _size(number: int) -> str:
    from .i18n import size

    return size(number)


def _start(tag: str, attributes: Mapping[str, str]) -> str:
    return f"<{tag}{''.join(f' {key}={chr(34)}{html.escape(value)}{chr(34)}' for key, value in attributes.items())}>"
