"""What a rendering of MoinMoin markup collects on its way: links, headings, anchors, and what it may still spend."""

from __future__ import annotations

from .. import Context, Heading, Hole, anchors
from ..budget import SIZE, Deadline, OverBudget
from ..emitter import HOLES, LIMIT
from ..escaping import escaped
from ..tokens import Tokens
from . import ids


class Emitter:
    """Gives the HTML for what links, headings and macros become."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.tokens = Tokens()
        self.deadline = Deadline(context.seconds)
        self.headings: list[Heading] = []
        self.notes: list[str] = []
        """The footnotes that are not listed yet, as HTML."""
        self.noted = 0
        """How many footnotes have been listed."""
        self.depth = 0
        """How many sections the text being read stands in."""
        self._taken: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._left = LIMIT
        self._steps = 0
        self._numbers: list[int] = []
        self._top = 0

    def spend(self, length: int) -> None:
        """Count characters of output; raise OverBudget if they become too many or the time is up."""
        self._left -= length
        if self._left < 0:
            raise OverBudget(SIZE)
        self._steps += 1
        if not self._steps & 1023:
            self.deadline.check()

    def start(self, hole: Hole) -> str:
        """Return the start tag, or the image, that stands for a hole."""
        self._count()
        return self.tokens.start(hole)

    def macro(self, name: str, arguments: str, source: str, block: bool = False) -> str:
        """Return the token for a macro's result."""
        self._count()
        return self.tokens.add(Hole("macro", name, arguments, block=block), source)

    def embed(self, page: str, file: str, alt: str, source: str) -> str:
        """Return the token for the content of a file."""
        self._count()
        return self.tokens.add(Hole("embed", page, file, (("alt", alt),), block=True), source)

    def _count(self) -> None:
        if len(self.tokens.fillings) > HOLES:
            raise OverBudget(SIZE)
        self.spend(100)

    def alone(self, text: str) -> None:
        """Tell the holes of a text that they stand where a block may stand."""
        self.tokens.alone(text)

    def trusted(self, html: str, source: str) -> str:
        """Return a token for HTML that is safe but could not pass the sanitiser's table."""
        self._count()
        return self.tokens.add(html, source)

    def anchor(self, id: str) -> str:
        """Return an invisible place with an id of the page's own choice, '' for one that the wiki's frame uses."""
        if ids.is_reserved(id):
            return ""
        return self.trusted(f'<span class="anchor" id="{escaped(id)}"></span>', "")

    def heading(self, level: int, text: str) -> str:
        """Return a heading with two anchors: the wiki's own id, and the one that MoinMoin 1.9 gave it."""
        old = ids.of_heading(text)
        count = self._old[old] = self._old.get(old, -1) + 1
        if count:
            old = f"{old}-{count}"
        number = self._number(level)
        shown = f"{number} {text}" if number else text
        heading = Heading(level, anchors.unique(text, self._taken), " ".join(shown.split()))
        self.headings.append(heading)
        alias = self.anchor(old) if old != heading.id else ""
        return f'<h{level} id="{escaped(heading.id)}">{alias}{escaped(shown)}</h{level}>\n'

    def _number(self, level: int) -> str:
        """Return a section's number, if `#pragma section-numbers` asks for them: `on`, or a digit for the first level.

        The first heading that has one is of the topmost kind, even if a higher one comes after it.
        """
        wish = dict(self.context.pragmas).get("section-numbers", "").lower()
        if wish != "on" and not (len(wish) == 1 and wish in "123456"):
            return ""
        if wish != "on" and level < int(wish):
            self._numbers = []
            return ""
        self._top = self._top or level
        depth = max(1, level - self._top + 1)
        self._numbers = [*self._numbers, *[0] * depth][:depth]
        self._numbers[-1] += 1
        return "".join(f"{number}." for number in self._numbers)
