"""WikiCreole 1.0, with MoinMoin's links and macros, as MoinMoin 1.9 reads it."""

from __future__ import annotations

import re
from bisect import bisect_left

from . import Context, Rendered
from .escaping import escaped
from .highlight import highlighted
from .moin import embeds, links, macros, rendered, words
from .moin.emitter import Emitter
from .moin.nesting import Nesting

_HEADING = re.compile(r"\s*(={1,6})\s*(.*?)\s*=*\s*\Z")
_RULE = re.compile(r"-{4}\s*\Z")
_ITEM = re.compile(r"\s*([*#]+)\s*")
_FIRST = re.compile(r"\s*(?:\*(?![*#])|\#(?![*#]))")
_PARSER = re.compile(r"\#!(\w+)(?:\s+.*)?\Z")
_AFTER_URL = "\"'}]|:,.)?!"
DEPTH = 20
"""How deep lists may stand in each other."""


def _scanner(text: str) -> re.Pattern[str]:
    schemes = "|".join(sorted(links.FOREIGN, key=len, reverse=True))
    return re.compile(
        rf"""(?P<code>\{{\{{\{{) | (?P<bracket>\[\[) | (?P<embed>\{{\{{) | (?P<strong>\*\*)
        | (?P<url>(?<!\w)(?:{schemes}):(?=\S)) | (?P<em>//) | (?P<break>\\\\) | (?P<escape>~(?=\S))
        | (?P<macro><<\w+(?:\(|>>)) | (?P<bar>\|) | (?P<word>{words.pattern(text)})
        """,
        re.X,
    )


def render(text: str, context: Context) -> Rendered:
    """Return Creole rendered. Raises OverBudget."""
    return rendered(write, text, context)


def write(emitter: Emitter, nesting: Nesting, body: list[str]) -> None:
    """Write lines of Creole; what they opened is closed."""
    _Creole(emitter, nesting, "\n".join(body)).blocks(body)


class _Creole:
    def __init__(self, emitter: Emitter, nesting: Nesting, text: str) -> None:
        self.emitter = emitter
        self.nesting = nesting
        self.base = len(nesting.stack)
        self._search = _scanner(text).search
        self._kinds = ""
        """The marks of the lists that are open: `*#` is an ordered list in a plain one."""
        self._row = False
        self._absent: set[str] = set()

    def blocks(self, body: list[str]) -> None:
        place = 0
        ends = [number for number, line in enumerate(body) if line.strip() == "}}}"]
        while place < len(body):
            line = body[place]
            place += 1
            if line.strip() == "{{{":
                after = bisect_left(ends, place)
                if after < len(ends):
                    end = ends[after]
                    self._end()
                    self._verbatim(body[place:end])
                    place = end + 1
                    continue
            self._line(line)
        self._end()

    def _verbatim(self, body: list[str]) -> None:
        parser = _PARSER.match(body[0]) if body else None
        language = parser[1] if parser else ""
        self.nesting.put(highlighted("\n".join(body[1:] if parser else body), language) + "\n")

    def _line(self, line: str) -> None:
        nesting = self.nesting
        if not line.strip():
            self._end()
            return
        heading = _HEADING.match(line)
        if heading and heading[2]:
            self._end()
            nesting.put(self.emitter.heading(len(heading[1]), heading[2]))
        elif _RULE.match(line):
            self._end()
            nesting.put("<hr>\n")
        elif _FIRST.match(line) or (self._kinds and _ITEM.match(line)):
            self._item(line)
        elif line.lstrip().startswith("|"):
            self._cells(line.strip())
        else:
            if "table" in nesting.stack[self.base :]:
                self._end()
            nesting.blank()
            self._spans(line.lstrip())

    def _end(self) -> None:
        """End the paragraph, table and lists, and all emphasis."""
        self.nesting.reset()
        self.nesting.close_to(self.base)
        self._kinds = ""

    # -- lists and tables --------------------------------------------------------------------------------------------

    def _item(self, line: str) -> None:
        nesting = self.nesting
        match = _ITEM.match(line)
        assert match is not None
        if not self._kinds:
            self._end()
        depth = min(len(match[1]), len(self._kinds) + 1, DEPTH)
        mark = match[1][len(match[1]) - 1]
        nesting.reset()
        nesting.end()
        if depth <= len(self._kinds):
            self._kinds = self._kinds[:depth]
            nesting.close_to(self.base + 2 * depth - 1)
            if self._kinds[-1] != mark:
                nesting.close_to(self.base + 2 * depth - 2)
                self._kinds = self._kinds[:-1]
        if depth > len(self._kinds):
            nesting.open("ol" if mark == "#" else "ul")
            self._kinds += mark
        nesting.open("li")
        self._spans(line[match.end() :])

    def _cells(self, line: str) -> None:
        nesting = self.nesting
        if "table" not in nesting.stack[self.base :]:
            self._end()
            nesting.open("table")
            nesting.open("tbody")
        nesting.open("tr")
        self._row = True
        place = 0
        while place < len(line):
            head = line.startswith("=", place + 1)
            place += 2 if head else 1
            if place >= len(line):
                break
            nesting.open("td" if not head else "th")
            while place < len(line) and line[place].isspace():
                place += 1
            place = self._spans(line, place)
            nesting.reset()
            nesting.close()
        self._row = False
        nesting.close_to(self.base + 2)

    # -- within a line -----------------------------------------------------------------------------------------------

    def _spans(self, text: str, start: int = 0) -> int:
        """Write a line from a place on; return where it ends: within a row, at the next bar."""
        nesting = self.nesting
        self._absent.clear()
        place = done = start
        while (match := self._search(text, place)) is not None:
            kind = match.lastgroup or ""
            if kind == "bar" and self._row:
                self._plain(text[done : match.start()])
                return match.start()
            html, end = self._span(kind, text, match)
            if not end:
                place = match.end()
                continue
            begin = match.start()
            self._plain(text[done:begin])
            if html:
                nesting.text(html)
            elif kind in ("strong", "em"):
                nesting.switch(kind)
            elif kind == "macro":
                self._macro(text[begin:end])
            elif kind == "escape":
                self._plain(text[begin + 1 : end])
            done = place = end
        self._plain(text[done:])
        return len(text)

    def _plain(self, text: str) -> None:
        if text.isspace():
            self.nesting.blank(text)
        elif text:
            self.nesting.text(escaped(text))

    def _span(self, kind: str, text: str, match: re.Match[str]) -> tuple[str, int]:
        """Return the HTML of what begins here ('' if it is no text) and where it ends, 0 if it is nothing."""
        begin, end = match.span()
        emitter = self.emitter
        if kind in ("strong", "em"):
            return "", end
        if kind == "break":
            return "<br>\n", end
        if kind == "escape":
            word = self._search(text, end)
            return "", word.end() if word and word.start() == end and word.lastgroup in ("word", "strong") else end + 1
        if kind == "code":
            close = self._find(text, "}}}", end)
            return (f"<code>{escaped(text[end:close])}</code>", close + 3) if close > end else ("", 0)
        if kind == "bracket":
            close = self._find(text, "]]", end)
            found = links.divided(text[end:close]) if 0 < close - end < 4000 else None
            return (self._link(found[0], found[1]), close + 2) if found else ("", 0)
        if kind == "embed":
            close = self._find(text, "}}", end)
            shown = self._embedded(text[end:close]) if 0 < close - end < 4000 else ""
            return (shown, close + 2) if shown else ("", 0)
        if kind == "url":
            close = end
            while close < len(text) and not text[close].isspace() and not (self._row and text[close] == "|"):
                close += 1
            url = text[begin:close].removesuffix("//").rstrip(_AFTER_URL)
            return (links.link(emitter, url, escaped(url)), begin + len(url)) if begin + len(url) > end else ("", 0)
        if kind == "word":
            return (self._link(match[0], ""), end) if match[0] != emitter.context.page else ("", 0)
        if match[0].endswith(">>"):
            return "", end
        close = self._find(text, ")>>", end)
        return "", close + 3 if close >= 0 else 0

    def _find(self, text: str, sign: str, start: int) -> int:
        if sign in self._absent:
            return -1
        place = text.find(sign, start)
        if place < 0:
            self._absent.add(sign)
        return place

    def _link(self, target: str, label: str) -> str:
        inner = ""
        if label.startswith("{{") and label.endswith("}}"):
            inner = self._embedded(label[2:-2], within_link=True)
        default = links.default_label(target, self.emitter.context) if not target.startswith("attachment:") else target
        return links.link(self.emitter, target, inner or escaped(label or default))

    def _embedded(self, inside: str, within_link: bool = False) -> str:
        target, bar, rest = inside.partition("|")
        target = target.strip()
        if not target:
            return ""
        if not links.is_url(target) and not target.startswith("attachment:"):
            rest = rest if bar else target
            target = f"attachment:{target}"
        found = embeds.embedded(self.emitter, f"{target}|{rest.partition('|')[0]}", within_link)
        return found[0] if found else ""

    def _macro(self, source: str) -> None:
        name, _, arguments = source[2:-2].partition("(")
        if macros.is_known(self.emitter, name):
            macros.write(self.emitter, self.nesting, name, arguments.removesuffix(")"), source)
        else:
            self._plain(source)
