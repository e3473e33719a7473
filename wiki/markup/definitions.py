"""What a Markdown text defines for use elsewhere in it: the targets of links, abbreviations, footnotes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LINK = re.compile(r" {0,3}\[(?!\^)((?:[^\[\]\\]|\\.){1,999})\]: *(?:<([^<>]*)>|(\S+))(.*)\Z")
_TITLE = re.compile(r"""\s+(?:"([^"]*)"|'([^']*)'|\(([^()]*)\))\s*\Z""")
_ABBREVIATION = re.compile(r" {0,3}\*\[([^\]]{1,100})\]: *(\S.{0,400})\Z")
_BLANKS = re.compile(r"\s+")


@dataclass
class Definitions:
    """The definitions of one text. `raw` is HTML that goes over blank lines; the text refers to it by number."""

    links: dict[str, tuple[str, str]] = field(default_factory=dict)
    abbreviations: dict[str, str] = field(default_factory=dict)
    footnotes: dict[str, list[str]] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)

    def read(self, line: str, following: str) -> int:
        """Take in the definition of a link or an abbreviation; return how many lines it has, 0 if there is none."""
        if abbreviation := _ABBREVIATION.match(line):
            self.abbreviations[abbreviation[1].strip()] = abbreviation[2].strip()
            return 1
        link = _LINK.match(line)
        if link is None:
            return 0
        lines = 1
        title = ""
        if link[4].strip():
            found = _TITLE.match(link[4])
            if found is None:
                return 0
            title = found[1] or found[2] or found[3] or ""
        elif (found := _TITLE.match(" " + following)) is not None and found[3] is None:
            title = found[1] or found[2] or ""
            lines = 2
        self.links.setdefault(label(link[1]), (link[2] if link[2] is not None else link[3], title))
        return lines


def label(text: str) -> str:
    """Return the form under which a link's definition is found: case and white space do not matter."""
    return _BLANKS.sub(" ", text).strip().casefold()
