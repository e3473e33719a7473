"""Writes HTML in which every element is closed where it must be, whatever order the markup comes in.

MoinMoin's emphasis is a state: it may go on over paragraphs and list items, and two kinds may cross. So what is
switched on is remembered here, and its tags are opened anew wherever text begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..escaping import escaped
from .emitter import Emitter

FORMATS = {
    "em": "<em>",
    "strong": "<strong>",
    "u": "<u>",
    "s": "<s>",
    "small": "<small>",
    "big": "<big>",
    "comment": '<span class="comment">',
}
"""What can be switched on and off, and its start tag."""

_ENDS = {name: "</span>" if name == "comment" else f"</{name}>" for name in FORMATS}
_FLOWING = frozenset({"", "div"})


class Nesting:
    """HTML being written. `stack` has the block elements that are open, `formats` what is switched on."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter
        self.out: list[str] = []
        self.stack: list[str] = []
        self.formats: list[str] = []
        self._shown: list[str] = []
        """Those of the formats that can be seen here: not those that were switched on outside of a table's cell."""
        self._opened: list[str] = []
        self._ready = False
        self._running = False
        """Whether text stands before this place in the same block."""
        self._begin = -1
        self._solid = False
        self._outside: list[list[str]] = []
        self.interrupted: Callable[[], None] = self.end
        """What ends the lists and tables of the text being read."""

    def html(self) -> str:
        """Close all that is open and return the whole."""
        self.close_to(0)
        return "".join(self.out)

    def put(self, html: str) -> None:
        """Write a piece of HTML as it is, where a block may stand."""
        self.end()
        self.emitter.spend(len(html))
        self.out.append(html)

    # -- text --------------------------------------------------------------------------------------------------------

    def text(self, html: str) -> None:
        """Write text, or an element that may stand in text."""
        if not self._ready:
            self._prepare()
        self._solid = True
        self.emitter.spend(len(html))
        self.out.append(html)

    def blank(self, text: str = "\n") -> None:
        """Write white space; there is none at the beginning of a block."""
        if self._running:
            self.out.append(text)

    def hole(self, token: str) -> None:
        """Write a token in text. A paragraph of nothing else is none: what fills it may be a block."""
        if not self._ready:
            self._prepare()
        if self._opened:
            self._solid = True
        self.out.append(token)

    def _prepare(self) -> None:
        top = self.stack[-1] if self.stack else ""
        if top in _FLOWING:
            self._begin = len(self.out)
            self._solid = False
            self.out.append("<p>")
            self.stack.append("p")
        for name in self._shown[len(self._opened) :]:
            self.out.append(FORMATS[name])
        self._opened = self._shown.copy()
        self._ready = self._running = True

    def end(self) -> None:
        """End the paragraph, or the run of text between blocks."""
        if self._opened:
            self._close_formats(0)
        if self.stack and self.stack[-1] == "p":
            self.stack.pop()
            if self._solid:
                self.out.append("</p>\n")
            else:
                self.out[self._begin] = ""
                self.emitter.alone("".join(self.out[self._begin :]))
                self.out.append("\n")
        self._ready = self._running = False

    # -- formats -----------------------------------------------------------------------------------------------------

    def is_on(self, name: str) -> bool:
        """Say whether a format is switched on."""
        return name in self.formats

    def switch(self, name: str) -> None:
        """Switch a format on or off."""
        if name not in self.formats:
            self.formats.append(name)
            self._shown.append(name)
            self._ready = False
            return
        self.formats.remove(name)
        if name in self._shown:
            place = self._shown.index(name)
            self._shown.remove(name)
            if place < len(self._opened):
                self._close_formats(place)

    def reset(self) -> None:
        """Switch all formats off."""
        if self._opened:
            self._close_formats(0)
        self.formats, self._shown = [], []

    def _close_formats(self, first: int) -> None:
        while len(self._opened) > first:
            self.out.append(_ENDS[self._opened.pop()])
        self._ready = False

    # -- blocks ------------------------------------------------------------------------------------------------------

    def open(self, tag: str, attributes: str = "") -> None:
        """Open a block element."""
        self.end()
        if tag in ("td", "th"):
            self._outside.append(self._shown)
            self._shown = []
        self.emitter.spend(len(attributes) + 8)
        self.out.append(f"<{tag}{attributes}>")
        self.stack.append(tag)

    def paragraph(self) -> None:
        """Begin a paragraph, also where text may stand without one."""
        self.end()
        self._begin = len(self.out)
        self._solid = True
        self.out.append("<p>")
        self.stack.append("p")

    def close(self) -> None:
        """Close the innermost block element."""
        self.end()
        tag = self.stack.pop()
        if tag in ("td", "th"):
            # As browsers do it: what was begun in a cell ends there, what was begun before it goes on after it.
            self._shown = [name for name in self._outside.pop() if name in self.formats]
        self.out.append(f"</{tag}>\n")

    def close_to(self, depth: int) -> None:
        """Close block elements until so many are open."""
        self.end()
        while len(self.stack) > depth:
            self.close()

    def apart(self) -> tuple[list[str], list[str]]:
        """Begin a part in which nothing is switched on; return what `together` needs to go on after it."""
        self.end()
        kept = (self.formats, self._shown)
        self.formats, self._shown = [], []
        return kept

    def together(self, kept: tuple[list[str], list[str]]) -> None:
        """End such a part."""
        self.end()
        self.formats, self._shown = kept

    def rule(self, length: int) -> None:
        """Write a rule of so many dashes: it ends all that is open, the lists too."""
        self.interrupted()
        kind = f' class="hr{min(length - 4, 6)}"' if length > 4 else ""
        self.put(f"<hr{kind}>\n")


def attributes(pairs: Sequence[tuple[str, str]]) -> str:
    """Return attributes as they stand in a start tag."""
    return "".join(f' {name}="{escaped(value)}"' for name, value in pairs if value)
