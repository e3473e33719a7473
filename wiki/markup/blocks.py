"""Python-Markdown's block parser, set up for this wiki: lines in, a tree of blocks with unparsed text out."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.blockprocessors import BlockProcessor, HashHeaderProcessor
from markdown.extensions.admonition import AdmonitionExtension
from markdown.extensions.def_list import DefListExtension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.tables import TableExtension, TableProcessor

from .budget import TANGLE, Deadline, OverBudget

_RAW = re.compile(
    r" {0,3}</?(?:address|article|aside|blockquote|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|"
    r"footer|form|h[1-6]|header|hr|iframe|li|main|menu|nav|ol|p|section|summary|table|tbody|td|tfoot|th|thead|tr|ul)"
    r"(?=[\s/>]|\Z)",
    re.I,
)
_TICKS = 500
_SEPARATOR = frozenset("|:- ")
_WIKI_LINK = re.compile(r"\[\[[^\[\]\n]*\]\]")
_BAR = "\ue003"


class _Clock(BlockProcessor):  # type: ignore[misc]
    """Matches nothing, but sees every block: where the time is checked."""

    deadline: Deadline | None = None

    def test(self, parent: Element, block: str) -> bool:
        if self.deadline is not None:
            self.deadline.check()
        return False

    def run(self, parent: Element, blocks: list[str]) -> bool:
        return False


class _Raw(BlockProcessor):  # type: ignore[misc]
    """HTML blocks as in CommonMark: from a line that begins with a block's tag to the next blank line."""

    def test(self, parent: Element, block: str) -> bool:
        return _RAW.match(block) is not None

    def run(self, parent: Element, blocks: list[str]) -> None:
        SubElement(parent, "raw").text = blocks.pop(0)


class _Heading(HashHeaderProcessor):  # type: ignore[misc]
    """Headings need a blank after their signs: `#tag` and `#1` are text."""

    RE = re.compile(r"(?:^|\n)(?P<level>#{1,6})(?:[ ]+(?P<header>[^\n]*?))??(?:[ ]+#+)?[ ]*(?:\n|$)")

    def run(self, parent: Element, blocks: list[str]) -> None:
        match = self.RE.search(blocks[0])
        if match and match["header"] is None:
            block = blocks.pop(0)
            if before := block[: match.start()]:
                self.parser.parseBlocks(parent, [before])
            SubElement(parent, f"h{len(match['level'])}").text = ""
            if after := block[match.end() :]:
                blocks.insert(0, after)
            return
        super().run(parent, blocks)


class _Table(TableProcessor):  # type: ignore[misc]
    """Tables, with a cheap test first, and in linear time."""

    def test(self, parent: Element, block: str) -> bool:
        first, _, rest = block.partition("\n")
        second = rest.partition("\n")[0]
        if "-" not in second or not _SEPARATOR.issuperset(second) or "|" not in first:
            return False
        return bool(super().test(parent, block))

    def _split(self, row: str) -> list[str]:
        if "[[" in row:
            # The bar of `[[page|label]]` does not end a cell.
            row = _WIKI_LINK.sub(lambda match: match[0].replace("|", _BAR), row)
        ticks = row.count("`")
        if ticks > _TICKS:
            raise OverBudget(TANGLE)
        cells: list[str] = super()._split(row) if ticks or "\\" in row else row.split("|")
        return [cell.replace(_BAR, "|") for cell in cells] if "[[" in row else cells


class Blocks:
    """A block parser that can be used again and again, by one thread at a time."""

    def __init__(self) -> None:
        # Given as instances: Python-Markdown would search all installed packages for names.
        markdown = Markdown(
            extensions=[TableExtension(), DefListExtension(), AdmonitionExtension(), SaneListExtension()],
        )
        self._parser: Any = markdown.parser
        processors = self._parser.blockprocessors
        self._clock = _Clock(self._parser)
        processors.register(self._clock, "clock", 200)
        processors.register(_Raw(self._parser), "raw", 72)
        processors.register(_Heading(self._parser), "hashheader", 70)
        processors.register(_Table(self._parser, {"use_align_attribute": True}), "table", 75)
        processors.deregister("reference")

    def tree(self, lines: list[str], deadline: Deadline) -> Element:
        """Return the tree of some lines; raise OverBudget or RecursionError: then this parser is of no more use."""
        self._clock.deadline = deadline
        root = Element("div")
        self._parser.parseChunk(root, "\n".join(lines).strip("\n"))
        return root
