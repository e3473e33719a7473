"""Reads Markdown line by line, before the blocks are parsed: sets aside what no later step may touch, and mends lists.

Set aside are fenced code, formulas in `$$`, macro calls, HTML that goes over blank lines, and the definitions of links,
footnotes and abbreviations. Lists are read by CommonMark's rules and indented by four blanks a level for the block
parser; so nested lists work with two blanks, and a list needs no blank line above it. All in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from . import Hole
from .budget import NESTING, OverBudget
from .definitions import Definitions
from .highlight import highlighted
from .mathml import formula
from .tokens import Tokens

DEPTH = 20
"""How deep quotes and lists may be nested."""

GAP = "\ue002"
"""A line that keeps the blocks around it apart and is not shown."""

_FENCE = re.compile(r"( *)(`{3,}|~{3,}) *([^`\n]*)\Z")
_RULE = re.compile(r" {0,3}([-*_])(?: *\1){2,} *\Z")
_HEADING = re.compile(r" {0,3}(#{1,6})(?= |\Z)")
_ITEM = re.compile(r"( *)([-+*]|[0-9]{1,9}[.)])(?:( +)(?=\S)| *\Z)")
_NESTED_ITEMS = re.compile(r" *(?:(?:[-+*]|[0-9]{1,9}[.)]) +){20}")
_QUOTE = re.compile(r" {0,3}> ?")
_UNDERLINE = re.compile(r"(?:=+|-+) *\Z")
_ADMONITION = re.compile(r" {0,3}!!! ?[\w-]")
_DEFINED = re.compile(r" {0,3}: ")
_RAW = re.compile(r" {0,3}<(pre|script|style|textarea)(?=[\s>]|\Z)", re.I)
_COMMENT = re.compile(r" {0,3}<!--")
_FOOTNOTE = re.compile(r" {0,3}\[\^([^\]\s]{1,100})\]: ?(.*)\Z")
_MACRO = re.compile(r"(?<!\\)<<([A-Za-z][A-Za-z0-9_]{0,60})(?:\(([^\n]{0,2000}?)\))?>>")


@dataclass
class _Level:
    """A list item, or something else with an indented body: where its content begins, and what began it."""

    content: int
    kind: str


class Source:
    """Reads one text. `macros` holds the names that can be called; other calls are text."""

    def __init__(self, tokens: Tokens, macros: Container[str]) -> None:
        self.tokens = tokens
        self.macros = macros
        self.definitions = Definitions()

    def lines(self, text: str) -> list[str]:
        """Return the lines for the block parser; `definitions` is filled."""
        return self.container([line.expandtabs(4) for line in text.removesuffix("\n").split("\n")], 0)

    def container(self, lines: list[str], depth: int) -> list[str]:
        """Return the lines of a container for the block parser."""
        if depth > DEPTH:
            raise OverBudget(NESTING)
        return _Reader(self, lines, depth).read()

    def called(self, line: str) -> str:
        """Return a line with its macro calls set aside."""
        if "<<" not in line:
            return line

        def token(match: re.Match[str]) -> str:
            if match[1] not in self.macros:
                return match[0]
            return self.tokens.add(Hole("macro", match[1], match[2] or ""), match[0])

        return _MACRO.sub(token, line)


class _Reader:
    """Reads the lines of one container: a text, a quote or a footnote."""

    def __init__(self, source: Source, lines: list[str], depth: int) -> None:
        self.source = source
        self.lines = lines
        self.depth = depth
        self.at = 0
        self.out: list[str] = []
        self.levels: list[_Level] = []
        self.paragraph = False
        """Whether the line before is text that the next line could continue."""
        self.leading = False
        """Whether that text began on the line of a list item's marker."""
        self.quoted = False
        """Whether the last block was a quote."""
        self.endless: set[str] = set()
        """The ends of HTML that do not occur in the rest of the lines."""

    def read(self) -> list[str]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if not line or line.isspace():
                self.out.append("")
                self.paragraph = False
            else:
                self._line(line)
        return self.out

    def _line(self, line: str) -> None:
        indent = len(line) - len(line.lstrip(" "))
        inner = self._inside(indent)
        stripped = line[indent:]
        first = stripped[0]
        if first in "`~" and inner is not None and (fence := _FENCE.match(line)):
            self._fence(fence)
            return
        if first == "$" and stripped.startswith("$$") and inner is not None and self._formula(stripped, indent):
            return
        if inner is not None and inner < 4 and self._starter(line, stripped, indent):
            return
        line = self.source.called(line)
        stripped = line[indent:]
        item = _ITEM.match(line)
        if item and self._item(item, line, indent):
            return
        self._text(line, stripped, indent)

    # -- where a line stands -----------------------------------------------------------------------------------------

    def _inside(self, indent: int) -> int | None:
        """Return the indentation relative to the innermost level that a line with this indentation could be in.

        None for an indented line that is code.
        """
        for level in reversed(self.levels):
            if indent >= level.content:
                relative = indent - level.content
                return relative if relative < 4 else None
        return indent if indent < 4 else None

    def _leave(self, indent: int) -> _Level | None:
        """End the levels that content with this indentation is not in; return the outermost of them."""
        left = None
        while self.levels and indent < self.levels[-1].content:
            left = self.levels.pop()
        return left

    def _placed(self, indent: int, text: str) -> str:
        inner = indent - self.levels[-1].content if self.levels else indent
        return " " * (4 * len(self.levels) + max(inner, 0)) + text

    def _alone(self, text: str) -> None:
        """Put a line out with blank lines around it."""
        self.out += ["", text, ""]
        self.paragraph = False

    # -- what a line is ----------------------------------------------------------------------------------------------

    def _starter(self, line: str, stripped: str, indent: int) -> bool:
        """Deal with a line that begins something and ends a paragraph; say whether it did."""
        first = stripped[0]
        if first == "#" and _HEADING.match(stripped):
            self._leave(indent)
            self.quoted = False
            text = self.source.called(stripped)
            self._alone(self._placed(indent, text) if self.levels else text)
            return True
        underline = self.paragraph and first == "-" and " " not in stripped.strip()
        if first in "-*_" and not underline and _RULE.match(stripped):
            self._leave(indent)
            self.quoted = False
            self._alone(self._placed(indent, stripped))
            return True
        if first == ">":
            self._leave(indent)
            self._quote(indent)
            return True
        if first == "<" and (_RAW.match(stripped) or _COMMENT.match(stripped)):
            return self._html(stripped, indent)
        top = not self.levels or indent < self.levels[0].content
        if first in "[*" and top and not self.paragraph and self._definition(line):
            self._leave(indent)
            return True
        if first == "!" and _ADMONITION.match(stripped):
            self._leave(indent)
            if not self.levels:
                self._body("", line)
                return True
        elif first == ":" and _DEFINED.match(stripped) and (not self.levels or self.levels[-1].kind == "body"):
            self._leave(indent)
            self._body(None, line)
            return True
        return False

    def _body(self, before: str | None, line: str) -> None:
        """Begin something whose body is indented by four blanks: an admonition, a definition."""
        if before is not None:
            self.out.append(before)
        self.out.append(self.source.called(line))
        self.levels.append(_Level(4, "body"))
        self.paragraph, self.leading, self.quoted = True, False, False

    def _text(self, line: str, stripped: str, indent: int) -> None:
        body = bool(self.levels) and self.levels[-1].kind == "body"
        if not self.paragraph or body:
            self._leave(indent)
        if body and not self.levels and self.at < len(self.lines) and _DEFINED.match(self.lines[self.at]):
            # The next term, not more of the last definition.
            self.out.append("")
        self.quoted = False
        if not self.paragraph and self._inside(indent) is None:
            # Indented code. What was set aside in it comes back when it is written.
            self.out.append(self._placed(indent, stripped))
            return
        if not self.paragraph:
            self.leading = False
        # A line with less indentation than its item continues the item's paragraph.
        lazy = self.levels and indent < self.levels[-1].content
        underline = self.paragraph and not lazy and stripped[0] in "=-" and _UNDERLINE.match(stripped)
        self.out.append(stripped if lazy else self._placed(indent, stripped))
        self.paragraph = True
        if underline and (len(self.out) < 3 or not self.out[-3]):
            # A heading of two lines: the block ends here.
            self.out.append("")
            self.paragraph = False

    def _item(self, item: re.Match[str], line: str, indent: int) -> bool:
        """Deal with a list item; say whether the line is one."""
        marker, space = item[2], item[3]
        inner = self._inside(indent)
        if inner is None:
            return False
        kind = marker[-1]
        depth = next((n for n in range(len(self.levels), 0, -1) if indent >= self.levels[n - 1].content), 0)
        sibling = self.levels[depth] if depth < len(self.levels) else None
        if sibling is not None and sibling.kind == "body":
            sibling = None
        if self.paragraph and "|" in line and not line.strip(" -|:"):
            # The second line of a table.
            return False
        if self.paragraph and sibling is None and (not space or (kind in ".)" and marker[:-1] != "1")):
            # Neither an empty item nor a year at the start of a line interrupts a paragraph.
            return False
        if _NESTED_ITEMS.match(line) or depth >= DEPTH:
            raise OverBudget(NESTING)
        self._leave(indent)
        self.quoted = False
        if sibling is None and self.paragraph and not self.leading:
            self.out.append("")
        elif sibling is not None and sibling.kind != kind:
            # Another sign begins another list.
            self._alone(self._placed(indent, GAP))
        gap = len(space) if space and len(space) < 5 else 1
        rest = line[item.end() :]
        placed = " " * (4 * len(self.levels)) + (marker[:-1] + "." if marker[-1] in ".)" else marker) + " "
        content = indent + len(marker) + gap
        self.levels.append(_Level(content, kind))
        fence = _FENCE.match(rest) if rest[:1] in ("`", "~") else None
        if fence:
            self.out.append(placed + self._fenced(fence[2], fence[3], content))
            self.paragraph = False
        else:
            self.out.append(placed + rest)
            self.paragraph = bool(rest)
        self.leading = True
        return True

    # -- what is set aside -------------------------------------------------------------------------------------------

    def _fence(self, fence: re.Match[str]) -> None:
        indent = len(fence[1])
        self._leave(indent)
        self.quoted = False
        token = self._fenced(fence[2], fence[3], indent)
        self._alone(self._placed(0, token))

    def _fenced(self, fence: str, info: str, indent: int) -> str:
        """Return the token for fenced code; it goes to the closing fence, or the end of what it stands in."""
        closing = re.compile(rf" *{re.escape(fence[0])}{{{len(fence)},}} *\Z")
        begin = self.at
        code: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if closing.match(line) and len(line) - len(line.lstrip(" ")) < indent + 4:
                self.at += 1
                break
            if not line[:indent].strip():
                line = line[indent:]
            elif self.levels:
                # The item that it stands in ends here.
                break
            else:
                line = line.lstrip(" ")
            code.append(line)
            self.at += 1
        source = "\n".join([fence + info, *self.lines[begin : self.at]])
        language = info.strip().strip("{}").strip().removeprefix(".").partition(" ")[0]
        body = "\n".join(code)
        if language == "math":
            html = formula(body.strip(), display=True)
        else:
            html = highlighted(body + "\n" if code else "", language)
        return self.source.tokens.add(html, source)

    def _formula(self, stripped: str, indent: int) -> bool:
        """Set a formula in `$$` aside that begins a line; say whether there is one."""
        lines = [stripped[2:]]
        at = self.at
        while "$$" not in lines[-1]:
            if at >= len(self.lines) or not self.lines[at].strip() or at - self.at > 100:
                return False
            lines.append(self.lines[at].strip())
            at += 1
        tex = "\n".join(lines)
        end = tex.index("$$")
        if tex[end + 2 :].strip() or not tex[:end].strip():
            return False
        self.at = at
        self._leave(indent)
        token = self.source.tokens.add(formula(tex[:end].strip(), display=True), "$$" + tex)
        self._alone(self._placed(indent, token))
        return True

    def _html(self, stripped: str, indent: int) -> bool:
        """Set HTML aside that goes on over blank lines; comments vanish. Say whether it ends anywhere."""
        raw = _RAW.match(stripped)
        end = f"</{raw[1].lower()}>" if raw else "-->"
        at = self.at
        lines = [stripped]
        while end not in lines[-1].lower():
            if at >= len(self.lines) or end in self.endless:
                # Remembered, so that not each of many searches the rest of the text.
                self.endless.add(end)
                return False
            lines.append(self.lines[at])
            at += 1
        self.at = at
        self._leave(indent)
        self.quoted = False
        if raw:
            self.source.definitions.raw.append("\n".join(lines))
            self._alone(self._placed(indent, f"{GAP}{len(self.source.definitions.raw) - 1}{GAP}"))
        else:
            rest = lines[-1][lines[-1].index("-->") + 3 :]
            self._alone(self._placed(indent, rest) if rest.strip() else "")
        return True

    def _quote(self, indent: int) -> None:
        inner: list[str] = []
        self.at -= 1
        while self.at < len(self.lines):
            line = self.lines[self.at]
            quote = _QUOTE.match(line.lstrip(" ") if self.levels else line)
            if not quote:
                break
            inner.append((line.lstrip(" ") if self.levels else line)[quote.end() :])
            self.at += 1
        if self.quoted:
            self.out += ["", self._placed(indent, GAP), ""]
        elif self.paragraph:
            self.out.append("")
        lines = self.source.container(inner, self.depth + 1)
        self.out += [self._placed(indent, f"> {line}".rstrip()) for line in lines]
        self.paragraph = self.quoted = True

    def _definition(self, line: str) -> bool:
        if footnote := _FOOTNOTE.match(line):
            self._footnote(footnote)
            return True
        following = self.lines[self.at] if self.at < len(self.lines) else ""
        read = self.source.definitions.read(line, following)
        self.at += max(read - 1, 0)
        return read > 0

    def _footnote(self, match: re.Match[str]) -> None:
        lines = [match[2]]
        while self.at < len(self.lines):
            line = self.lines[self.at]
            after = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
            if line.startswith("    "):
                lines.append(line[4:])
            elif not line.strip():
                if not after.startswith("    "):
                    break
                lines.append("")
            elif _FOOTNOTE.match(line) or not lines[-1].strip() or _ITEM.match(line) or line[0] in "#>`~":
                break
            else:
                lines.append(line)
            self.at += 1
        self.source.definitions.footnotes.setdefault(match[1], self.source.container(lines, self.depth + 1))
