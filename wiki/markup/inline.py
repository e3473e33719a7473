"""The text within a block of Markdown: emphasis, code, links, formulas. Read once, from left to right, in linear time.

The rules are CommonMark's, with its algorithm for emphasis, and GitHub's for strikethrough and bare URLs.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from html import unescape

from .definitions import label
from .destinations import destination, trimmed
from .emitter import Emitter
from .escaping import escaped
from .mathml import formula
from .raw import tag

_SCAN = re.compile(r"\\|`+|\*+|_+|~{2,}|={2,}|\$+|<|&|!\[|\[|\]| {2,}\n|(?<![\w/])(?i:https?://|mailto:)")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_TICKS = re.compile("`+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.\-]{1,31}:[^\s<>]*+)>")
_MAIL = re.compile(r"<(?:mailto:)?([^\s<>@:/]{1,100}@[^\s<>@:/]{1,200})>")
_URL = re.compile(r"(?:https?://|mailto:)[^\s<>\[\]\"`\ue000\ue001]+", re.I)
_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,100})\]")
_FORMULA = re.compile(r"(\$\$?)(?=\S)((?:[^$\\]++|\\.)++)\1(?![\w$])", re.S)
_TAGS = re.compile(r"<[^>]*>")

_STYLES = {("*", 1): "em", ("*", 2): "strong", ("_", 1): "em", ("_", 2): "strong", ("~", 2): "del", ("=", 2): "mark"}


@dataclass(slots=True)
class _Run:
    """A run of signs that may open or close emphasis, and where it stands among the pieces."""

    sign: str
    count: int
    opens: bool
    closes: bool
    piece: int
    length: int
    before: str = ""
    after: str = ""


class Inline:
    """Turns texts into HTML, links and all. One for a rendering; what it finds goes to the emitter."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter

    def html(self, text: str) -> str:
        """Return a text as HTML: canonical, except where the text itself has HTML of another form."""
        if _SCAN.search(text) is None:
            return self.emitter.words(text)
        return _Text(self, text).html()


class _Text:
    """One text while it is being parsed.

    `pieces` is HTML; `plain` has, for pieces that are links of their own, what is left of them within another link.
    """

    def __init__(self, inline: Inline, text: str) -> None:
        self.inline = inline
        self.emitter = inline.emitter
        self.text = text
        self.pieces: list[str] = []
        self.plain: dict[int, str] = {}
        self.runs: list[_Run] = []
        self.brackets: list[tuple[int, bool, int, int]] = []
        """Unclosed `[`: its piece, whether of an image, where its text begins, how many runs were before it."""
        self.inactive = 0
        """So many of the lowest brackets cannot become links: they hold one."""
        self.ticks: dict[int, list[int]] | None = None
        self.no_wiki_link = len(text)
        self.no_comment = False

    def html(self) -> str:
        """Return the HTML of the whole text."""
        text = self.text
        search = _SCAN.search
        end = 0
        steps = 0
        while (match := search(text, end)) is not None:
            start = match.start()
            if start > end:
                self.pieces.append(self.emitter.words(text[end:start]))
            end = self._step(match[0], start, match.end())
            steps += 1
            if not steps & 255:
                self.emitter.deadline.check()
        if end < len(text):
            self.pieces.append(self.emitter.words(text[end:]))
        self._emphasise(0)
        return "".join(self.pieces)

    def _step(self, sign: str, start: int, end: int) -> int:
        """Deal with what begins here; return where it ends."""
        first = sign[0]
        if first in "*_~=":
            return self._run(sign, start, end)
        if first == "[":
            return self._opening(start)
        if first == "]":
            return self._closing(start)
        if first == "`":
            return self._code(sign, start, end)
        if first == "\\":
            return self._escape(start)
        if first == "!":
            self._bracket("![", True, end)
            return end
        if first == "<":
            return self._angle(start)
        if first == "&":
            return self._entity(start)
        if first == "$":
            return self._formula(start, end)
        if first == " ":
            self.pieces.append("<br>\n")
            return end
        return self._url(start)

    # -- single signs ------------------------------------------------------------------------------------------------

    def _escape(self, start: int) -> int:
        after = self.text[start + 1 : start + 2]
        if after == "\n":
            self.pieces.append("<br>\n")
        elif after in _PUNCTUATION:
            self.pieces.append(escaped(after))
        else:
            self.pieces.append("\\")
            return start + 1
        return start + 2

    def _entity(self, start: int) -> int:
        match = _ENTITY.match(self.text, start)
        if match is None or (decoded := unescape(match[0])) == match[0]:
            self.pieces.append("&amp;")
            return start + 1
        self.pieces.append(escaped(decoded))
        return match.end()

    def _code(self, sign: str, start: int, end: int) -> int:
        if self.ticks is None:
            self.ticks = {}
            for match in _TICKS.finditer(self.text):
                self.ticks.setdefault(len(match[0]), []).append(match.start())
        places = self.ticks.get(len(sign), [])
        place = bisect_left(places, end)
        if place == len(places):
            self.pieces.append(sign)
            return end
        code = self.text[end : places[place]].replace("\n", " ")
        if code[:1] == " " == code[-1:] and not code.isspace():
            code = code[1:-1]
        self.pieces.append(f"<code>{escaped(self.emitter.tokens.restored(code))}</code>")
        return places[place] + len(sign)

    def _angle(self, start: int) -> int:
        text = self.text
        match = _AUTOLINK.match(text, start)
        if match:
            url = self.emitter.tokens.restored(match[1])
            self._link(self.emitter.external(url, escaped(url)), escaped(url))
            return match.end()
        match = _MAIL.match(text, start)
        if match:
            address = self.emitter.tokens.restored(match[1])
            self._link(self.emitter.external("mailto:" + address, escaped(address)), escaped(address))
            return match.end()
        if text.startswith("<!--", start) and self.no_comment:
            self.pieces.append("&lt;")
            return start + 1
        html, end = tag(text, start, self.emitter.tokens)
        if end == start + 1 and text.startswith("<!--", start):
            self.no_comment = True
        self.pieces.append(html)
        return end

    def _formula(self, start: int, end: int) -> int:
        before = self.text[start - 1] if start else " "
        match = _FORMULA.match(self.text, start) if end - start < 3 else None
        if match is None or match[1] != self.text[start:end] or before.isalnum() or match[2][-1].isspace():
            self.pieces.append(self.text[start:end])
            return end
        tex = self.emitter.tokens.restored(match[2])
        written = f"{match[1]}{tex}{match[1]}"
        self.pieces.append(self.emitter.tokens.add(formula(tex, match[1] == "$$"), written))
        return match.end()

    def _url(self, start: int) -> int:
        match = _URL.match(self.text, start)
        if match is None:
            self.pieces.append(self.text[start : start + 4])
            return start + 4
        url = trimmed(match[0])
        if url.endswith("/" * 2) or ("@" not in url and not url.lower().startswith(("http://", "https://"))):
            self.pieces.append(escaped(url))
        else:
            self._link(self.emitter.external(url, escaped(url)), escaped(url))
        return start + len(url)

    # -- emphasis ----------------------------------------------------------------------------------------------------

    def _run(self, sign: str, start: int, end: int) -> int:
        text = self.text
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        spaced_before, spaced_after = before.isspace(), after.isspace()
        marked_before = not spaced_before and not before.isalnum()
        marked_after = not spaced_after and not after.isalnum()
        left = not spaced_after and (not marked_after or spaced_before or marked_before)
        right = not spaced_before and (not marked_before or spaced_after or marked_after)
        first = sign[0]
        if first in "_=":
            left, right = left and (not right or marked_before), right and (not left or marked_after)
        if (left or right) and (first in "*_" or len(sign) == 2):
            self.runs.append(_Run(first, len(sign), left, right, len(self.pieces), len(sign)))
        self.pieces.append(sign)
        return end

    def _emphasise(self, bottom: int) -> None:
        """Pair the runs from `bottom` on, and forget them."""
        runs = self.runs
        # Per kind of closing run: no opening one was found before this piece.
        floors: dict[tuple[str, bool, int], int] = {}
        at = bottom
        while at < len(runs):
            closer = runs[at]
            if not closer.closes:
                at += 1
                continue
            key = (closer.sign, closer.opens, closer.length % 3)
            floor = floors.get(key, -1)
            before = at - 1
            while before >= bottom and runs[before].piece >= floor and not _pairs(runs[before], closer):
                before -= 1
            if before < bottom or runs[before].piece < floor:
                floors[key] = closer.piece
                if closer.opens:
                    at += 1
                else:
                    del runs[at]
                continue
            opener = runs[before]
            count = 2 if opener.count > 1 and closer.count > 1 else 1
            tag = _STYLES[closer.sign, count]
            opener.after = f"<{tag}>{opener.after}"
            closer.before = f"{closer.before}</{tag}>"
            for run in (opener, closer):
                run.count -= count
                self.pieces[run.piece] = run.before + run.sign * run.count + run.after
            del runs[before + 1 : at]
            at = before + 1
            if not opener.count:
                del runs[before]
                at -= 1
            if not closer.count:
                del runs[at]
        del runs[bottom:]

    # -- links and images --------------------------------------------------------------------------------------------

    def _link(self, html: str, plain: str) -> None:
        self.plain[len(self.pieces)] = plain
        self.pieces.append(html)

    def _bracket(self, sign: str, image: bool, end: int) -> None:
        self.brackets.append((len(self.pieces), image, end, len(self.runs)))
        self.pieces.append(sign)

    def _opening(self, start: int) -> int:
        text = self.text
        after = text[start + 1 : start + 2]
        if after == "[" and start < self.no_wiki_link:
            end = text.find("]]", start + 2)
            if end < 0:
                self.no_wiki_link = start
            elif (content := self._wiki_link(start + 2, end)) is not None:
                return content
        elif after == "^" and (match := _FOOTNOTE.match(text, start)):
            html = self.emitter.footnote(match[1])
            if html:
                self._link(html, escaped(match[0]))
                return match.end()
        self._bracket("[", False, start + 1)
        return start + 1

    def _wiki_link(self, start: int, end: int) -> int | None:
        text = self.text
        if text.find("[", start, end) >= 0 or text.find("\n", start, end) >= 0 or end == start:
            return None
        target, bar, shown = text[start:end].partition("|")
        if not target.strip():
            return None
        target = self.emitter.tokens.restored(target).strip()
        inner = _Text(self.inline, shown.strip()).within_link() if bar and shown.strip() else ""
        html, plain = self.emitter.wiki(target, inner)
        self._link(html, plain)
        return end + 2

    def within_link(self) -> str:
        """Return the HTML of the whole text without links of its own."""
        self.html()
        for piece, plain in self.plain.items():
            self.pieces[piece] = plain
        return "".join(self.pieces)

    def _closing(self, start: int) -> int:
        if not self.brackets:
            self.pieces.append("]")
            return start + 1
        piece, image, begin, runs = self.brackets.pop()
        active = image or len(self.brackets) >= self.inactive
        self.inactive = min(self.inactive, len(self.brackets))
        found = destination(self.text, start + 1) or self._reference(begin, start) if active else None
        if found is None:
            self.pieces.append("]")
            return start + 1
        url, title, end = found
        self._emphasise(runs)
        if not image:
            for number in range(piece + 1, len(self.pieces)):
                if number in self.plain:
                    self.pieces[number] = self.plain[number]
        for number in range(piece, len(self.pieces)):
            self.plain.pop(number, None)
        inner = "".join(self.pieces[piece + 1 :])
        del self.pieces[piece:]
        restored = self.emitter.tokens.restored
        if image:
            alt = restored(unescape(_TAGS.sub("", inner)))
            html, link = self.emitter.image(restored(url), restored(title), alt)
            if link:
                self._link(html, escaped(alt))
            else:
                self.pieces.append(html)
        else:
            self._link(self.emitter.relative(restored(url), restored(title), inner), inner)
            self.inactive = len(self.brackets)
        return end

    def _reference(self, begin: int, end: int) -> tuple[str, str, int] | None:
        """Return URL, title and end of `[text][label]`, `[label][]` or `[label]`."""
        links = self.emitter.definitions.links
        if not links:
            return None
        text = self.text
        if text.startswith("[", end + 1):
            close = text.find("]", end + 2, end + 1002)
            if close >= 0:
                name = text[end + 2 : close] if close > end + 2 else text[begin:end]
                found = links.get(label(name))
                return (*found, close + 1) if found else None
        if end - begin > 1000:
            return None
        found = links.get(label(text[begin:end]))
        return (*found, end + 1) if found else None


def _pairs(opener: _Run, closer: _Run) -> bool:
    """Say whether two runs belong together; by CommonMark's rule of three if one of them could be either."""
    if opener.sign != closer.sign or not opener.opens:
        return False
    if opener.closes or closer.opens:
        return (opener.length + closer.length) % 3 != 0 or (opener.length % 3 == 0 and closer.length % 3 == 0)
    return True
