"""What stands within a line of MoinMoin markup: emphasis, links, macros, code. Read once, from left to right.

Whatever begins first counts; of two that begin at the same place, the one that stands first in `_scan`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING

from ..escaping import escaped
from . import macros, smileys, words
from .embeds import embedded
from .emitter import Emitter
from .links import FOREIGN, default_label, divided, link, parameters
from .nesting import Nesting

if TYPE_CHECKING:
    from .tables import Table

LIMIT = 4000
"""The longest link or transclusion, in characters."""

_TOGGLES = {
    "__": ("u", True, True),
    "~-": ("small", True, False),
    "-~": ("small", False, True),
    "~+": ("big", True, False),
    "+~": ("big", False, True),
    "--(": ("s", True, False),
    ")--": ("s", False, True),
    "/*": ("comment", True, False),
    "*/": ("comment", False, True),
}
"""What switches which format, and whether it can switch it on, and off."""

_OPENING = re.compile(r"(\{{3,}+)(?:(\w+)|\#!(\w*)(?:[^\S\n]+(\S.*))?)?\s*\Z")
_QUOTES = re.compile("'{2,}")
_SCHEME = re.compile(rf"(?:{'|'.join(sorted(FOREIGN, key=len, reverse=True))})\Z")
_AFTER_URL = "\"'}]|:,.)?!"
_WORDLESS = re.compile(r"\W")
_LOCAL = re.compile(r"[-\w.+]+\Z")
_DOMAIN = re.compile(r"@[\w-]+(?:\.[\w-]+)+")
_UNTIL_BLANK = re.compile(r":\S+")


@lru_cache(maxsize=16)
def _scan(word: str) -> re.Pattern[str]:
    return re.compile(
        r"""(?P<quotes>'{2,})
        | (?P<toggle>__|~-|-~|~\+|\+~|--\(|\)--|(?<!\S)(?:/\*|\*/)(?!\S))
        | (?P<sup>\^) | (?P<sub>,,) | (?P<braces>\{{3,}+) | (?P<tick>`)
        | (?P<interwiki>(?<!\w)[A-Z][a-zA-Z]++:[^\s.,:!?)\]}|'"]+)
        | (?P<bang>!WORD) | (?P<word>WORD)
        | (?P<bracket>\[\[) | (?P<embed>\{\{)
        | (?P<colon>(?<=[a-z2]):(?=\S)) | (?P<at>(?<=[\w.+-])@(?=\w))
        | (?P<smiley>SMILEY)
        | (?P<macro><<\w+(?:\(|>>))
        | (?P<cell>(?:\|\|)+(?:<(?!<)[^>]{0,400}>)?)
        | (?P<rule>-{4,})
        | (?P<entity>&(?:[a-zA-Z]\w*+|\#[0-9]{1,5}|\#x[0-9a-fA-F]{1,6});)
        """.replace("WORD", word).replace("SMILEY", smileys.PATTERN),
        re.X,
    )


@dataclass(frozen=True, slots=True)
class Opening:
    """The beginning of a section: the mark that ends it, the parser's name and arguments (None if none is named)."""

    end: str
    parser: str | None = None
    arguments: str = ""


class Spans:
    """Reads lines of one text and writes them through a Nesting."""

    def __init__(self, emitter: Emitter, nesting: Nesting, text: str) -> None:
        self.emitter = emitter
        self.nesting = nesting
        self.table: Table | None = None
        """The table in whose row the line stands."""
        self._search = _scan(words.pattern(text)).search
        self._text = ""
        self._done = 0
        """All before this place is written."""
        self._absent: set[str] = set()
        """What does not come any more in this line."""
        self.opening: Opening | None = None
        """The section that the line just read begins."""
        self._deeds = {
            name: getattr(self, f"_{name}")
            for name in (
                "quotes toggle sup sub braces tick interwiki bang word bracket embed colon at smiley macro cell rule "
                "entity"
            ).split()
        }

    def line(self, text: str, start: int = 0) -> Opening | None:
        """Write a line from a place on; return the section that begins at its end, if one does."""
        self._text = text
        self._done = start
        self._absent.clear()
        self.opening = None
        place = start
        search = self._search
        while (match := search(text, place)) is not None:
            # Each returns where it ends, 0 if it is just text.
            end = self._deeds[match.lastgroup or ""](match)
            if end:
                self._done = place = end
            else:
                place = match.end()
        self._plain(len(text))
        return self.opening

    def _plain(self, end: int) -> None:
        """Write as text what is not written yet, up to a place."""
        if end > self._done:
            text = self._text[self._done : end]
            if text.isspace():
                self.nesting.blank(text)
            else:
                self.nesting.text(escaped(text))

    def _put(self, start: int, html: str) -> None:
        self._plain(start)
        self.nesting.text(html)

    def _find(self, sign: str, start: int) -> int:
        """Return where a sign comes next in the line, -1 if nowhere; without looking twice in vain."""
        if sign in self._absent:
            return -1
        place = self._text.find(sign, start)
        if place < 0:
            self._absent.add(sign)
        return place

    # -- emphasis ----------------------------------------------------------------------------------------------------

    def _quotes(self, match: re.Match[str]) -> int:
        self._plain(match.start())
        count = match.end() - match.start()
        nesting = self.nesting
        if count > 11:
            count -= (count - 6) // 6 * 6
        while count > 5:
            nesting.switch("strong")
            count -= 3
        if count == 5:
            self._both(match.end())
        else:
            nesting.switch("em" if count == 2 else "strong")
            if count == 4:
                nesting.text("'")
        return match.end()

    def _both(self, end: int) -> None:
        """Switch strong and em; what is closed first is inside."""
        nesting = self.nesting
        if nesting.is_on("strong") or (not nesting.is_on("em") and self._em_closes_first(end)):
            nesting.switch("strong")
            nesting.switch("em")
        else:
            nesting.switch("em")
            nesting.switch("strong")

    def _em_closes_first(self, end: int) -> bool:
        match = _QUOTES.search(self._text, end)
        return match is not None and len(match[0]) == 2

    def _toggle(self, match: re.Match[str]) -> int:
        name, opens, closes = _TOGGLES[match[0]]
        if not (closes if self.nesting.is_on(name) else opens):
            return 0
        self._plain(match.start())
        self.nesting.switch(name)
        return match.end()

    def _raised(self, match: re.Match[str], tag: str) -> int:
        end = self._find(match[0], match.end())
        if end < 0:
            return 0
        self._put(match.start(), f"<{tag}>{escaped(self._text[match.end() : end])}</{tag}>")
        return end + len(match[0])

    def _sup(self, match: re.Match[str]) -> int:
        return self._raised(match, "sup")

    def _sub(self, match: re.Match[str]) -> int:
        return self._raised(match, "sub")

    # -- code --------------------------------------------------------------------------------------------------------

    def _tick(self, match: re.Match[str]) -> int:
        end = self._find("`", match.end())
        if end < 0:
            return 0
        # Two of them hold nothing: they only divide a word from what follows it.
        self._plain(match.start())
        if end > match.end():
            self.nesting.text(f"<code>{escaped(self._text[match.end() : end])}</code>")
        return end + 1

    def _braces(self, match: re.Match[str]) -> int:
        start = match.start()
        end = self._find("}}}", start + 3)
        if end >= 0:
            self._plain(start)
            if end > start + 3:
                self.nesting.text(f"<code>{escaped(self._text[start + 3 : end])}</code>")
            return end + 3
        opening = _OPENING.match(self._text, start)
        if opening is not None:
            self._plain(start)
            braces, word, parser, arguments = opening.groups()
            self.opening = Opening((word or "") + "}" * len(braces), parser, (arguments or "").strip())
            return len(self._text)
        # The last two may begin a transclusion.
        self._plain(match.end() - 2)
        return match.end() - 2

    # -- links -------------------------------------------------------------------------------------------------------

    def _interwiki(self, match: re.Match[str]) -> int:
        name = match[0].partition(":")[0]
        if name == "Self" or name in self.emitter.context.interwiki:
            self._link(match.start(), match[0])
            return match.end()
        return 0

    def _link(self, start: int, target: str) -> None:
        self._put(start, link(self.emitter, target, escaped(default_label(target, self.emitter.context))))

    def _bang(self, match: re.Match[str]) -> int:
        if match.start() and self._text[match.start() - 1].isalnum():
            self._plain(match.start() + 1)
            return match.start() + 1
        self._plain(match.start())
        self._done = match.start() + 1
        self._plain(match.end())
        return match.end()

    def _word(self, match: re.Match[str]) -> int:
        if match[0] == self.emitter.context.page:
            return 0
        self._link(match.start(), match[0])
        return match.end()

    def _bracket(self, match: re.Match[str]) -> int:
        end = self._find("]]", match.end())
        if end < 0 or end - match.end() > LIMIT:
            return 0
        found = divided(self._text[match.end() : end])
        if found is None:
            return 0
        target, label, wishes = found
        self._put(match.start(), link(self.emitter, target, self._label(target, label), parameters(wishes)))
        return end + 2

    def _label(self, target: str, label: str) -> str:
        if label.startswith("{{") and label.endswith("}}"):
            inside = label[2:-2]
            shown = embedded(self.emitter, inside if "|" in inside else f"{inside}|{target}", within_link=True)
            if shown is not None:
                return shown[0]
        return escaped(label or default_label(target, self.emitter.context))

    def _embed(self, match: re.Match[str]) -> int:
        end = self._find("}}", match.end())
        if end < 0 or end - match.end() > LIMIT:
            return 0
        found = embedded(self.emitter, self._text[match.end() : end])
        if found is None:
            return 0
        html, kind = found
        self._plain(match.start())
        if kind == "block":
            self.nesting.put(html)
        else:
            self.nesting.text(html)
        return end + 2

    def _colon(self, match: re.Match[str]) -> int:
        """A URL: what stands before a colon is a scheme."""
        text, colon = self._text, match.start()
        before = _SCHEME.search(text, max(self._done, colon - 8), colon)
        if before is None or (before.start() and not _WORDLESS.match(text, before.start() - 1)):
            return 0
        rest = _UNTIL_BLANK.match(text, colon)
        assert rest is not None
        end = max(colon + 2, colon + len(rest[0].rstrip(_AFTER_URL)))
        url = text[before.start() : end]
        self._put(before.start(), link(self.emitter, url, escaped(url)))
        return end

    def _at(self, match: re.Match[str]) -> int:
        """A mail address: what stands before an @ is a name, behind it a domain with a dot."""
        text, at = self._text, match.start()
        local = _LOCAL.search(text, max(self._done, at - 80), at)
        domain = _DOMAIN.match(text, at)
        if local is None or domain is None:
            return 0
        address = text[local.start() : domain.end()]
        self._put(local.start(), link(self.emitter, f"mailto:{address}", escaped(address)))
        return domain.end()

    # -- the rest ----------------------------------------------------------------------------------------------------

    def _smiley(self, match: re.Match[str]) -> int:
        self._put(match.start(), smileys.shown(match[0]))
        return match.end()

    def _macro(self, match: re.Match[str]) -> int:
        text = self._text
        name = match[0][2:].rstrip("(>")
        end = match.end()
        arguments = ""
        if match[0].endswith("("):
            close = self._find(")>>", end)
            if close < 0:
                return 0
            arguments, end = text[end:close], close + 3
        if not macros.is_known(self.emitter, name):
            self._plain(end)
            return end
        self._plain(match.start())
        macros.write(self.emitter, self.nesting, name, arguments, text[match.start() : end])
        return end

    def _cell(self, match: re.Match[str]) -> int:
        if self.table is None:
            return 0
        self._plain(match.start())
        mark = match[0]
        if match.end() < len(self._text) or mark.endswith(">"):
            self.table.cell(mark)
            return match.end()
        if len(mark) > 2:
            self.table.cell(mark[:-2])
        self.table.end_row()
        return match.end()

    def _rule(self, match: re.Match[str]) -> int:
        self._plain(match.start())
        self.nesting.rule(match.end() - match.start())
        return match.end()

    def _entity(self, match: re.Match[str]) -> int:
        self._put(match.start(), escaped(unescape(match[0])))
        return match.end()
