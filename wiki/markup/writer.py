"""Writes a tree of Markdown blocks as HTML, in the form that the sanitiser recognises at once."""

from __future__ import annotations

import re
from html import unescape
from xml.etree.ElementTree import Element

from .allowed import ADMONITIONS
from .blocks import Blocks
from .budget import NESTING, OverBudget
from .emitter import Emitter
from .escaping import escaped
from .inline import Inline
from .raw import raw
from .source import GAP

DEPTH = 60

_TASK = re.compile(r"\s*\[([ xX])\](?=\s|\Z)\s*")
_ALERT = re.compile(r"\[!([A-Za-z]+)\]([^\n]*)(?:\n|\Z)")
_ALERTS = frozenset({"note", "tip", "important", "warning", "caution"})
_GAP = re.compile(rf"{GAP}(?:([0-9]+){GAP})?\Z")


class Writer:
    """Writes one rendering."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter
        self.inline = Inline(emitter)
        self.out: list[str] = []
        self.depth = 0

    def html(self, blocks: Blocks, lines: list[str]) -> str:
        """Return the HTML of some lines and of the footnotes that they refer to."""
        self._inside(blocks.tree(lines, self.emitter.deadline))
        self._footnotes(blocks)
        return "".join(self.out)

    def _put(self, html: str) -> None:
        self.emitter.spend(len(html))
        self.out.append(html)

    def _inside(self, element: Element) -> None:
        """Write what an element holds: text, blocks, and text between blocks."""
        self.depth += 1
        if self.depth > DEPTH:
            raise OverBudget(NESTING)
        if element.text and not element.text.isspace():
            self._put(self._flow(element.text))
        for child in element:
            self._block(child)
            if child.tail and not child.tail.isspace():
                self._put(self._flow(child.tail))
        self.depth -= 1

    def _flow(self, text: str) -> str:
        """Return text that stands where a block could stand."""
        text = text.strip()
        if text == GAP:
            return ""
        if self.emitter.tokens.alone(text):
            return text
        return self.inline.html(text)

    def _block(self, element: Element) -> None:
        self.emitter.deadline.check()
        tag = element.tag
        if tag == "p":
            self._paragraph(element)
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._put(self.emitter.heading(int(tag[1]), self.inline.html((element.text or "").strip())))
        elif tag in ("ul", "ol"):
            self._list(element)
        elif tag == "pre":
            code = unescape(element[0].text or "") if len(element) else ""
            self._put(f"<pre><code>{escaped(self.emitter.tokens.restored(code.rstrip()))}\n</code></pre>\n")
        elif tag == "blockquote":
            self._quote(element)
        elif tag == "div":
            self._admonition(element)
        elif tag == "table":
            self._table(element)
        elif tag == "raw":
            self._put(raw(element.text or "", self.emitter.tokens) + "\n")
        elif tag == "hr":
            self._put("<hr>\n")
        else:
            self._around(tag if tag in ("dl", "dt", "dd") else "div", element)

    def _around(self, tag: str, element: Element, attributes: str = "") -> None:
        self._put(f"<{tag}{attributes}>" if tag in ("dt", "dd", "li") else f"<{tag}{attributes}>\n")
        self._inside(element)
        self._put(f"</{tag}>\n")

    def _paragraph(self, element: Element) -> None:
        text = (element.text or "").strip()
        if gap := _GAP.match(text):
            kept = self.emitter.definitions.raw
            if gap[1] and int(gap[1]) < len(kept):
                self._put(raw(kept[int(gap[1])], self.emitter.tokens) + "\n")
        elif self.emitter.tokens.alone(text):
            self._put(text + "\n")
        else:
            inner = self._task(text) if element.get("class") == "task" else self.inline.html(text)
            self._put(f"<p>{inner}</p>\n")

    # -- lists -------------------------------------------------------------------------------------------------------

    def _list(self, element: Element) -> None:
        start = element.get("start", "")
        attributes = f' start="{int(start[:9])}"' if start.isdecimal() else ""
        if any(_is_task(item) for item in element):
            attributes += ' class="tasks"'
        self._put(f"<{element.tag}{attributes}>\n")
        for item in element:
            if not _is_task(item):
                self._around("li", item)
                continue
            self.depth += 1
            self._put('<li class="task">')
            if item.text and _TASK.match(item.text):
                self._put(self._task(item.text))
                item.text = None
            else:
                item[0].set("class", "task")
            self._inside(item)
            self._put("</li>\n")
            self.depth -= 1
        self._put(f"</{element.tag}>\n")

    def _task(self, text: str) -> str:
        match = _TASK.match(text)
        assert match is not None
        checked = "" if match[1] == " " else " checked"
        inner = self.inline.html(text[match.end() :].strip())
        return f'<label><input type="checkbox" disabled{checked}> {inner}</label>'

    # -- quotes and admonitions --------------------------------------------------------------------------------------

    def _quote(self, element: Element) -> None:
        first = element[0] if len(element) and element[0].tag == "p" else None
        alert = _ALERT.match((first.text or "").lstrip()) if first is not None else None
        if first is None or alert is None or alert[1].lower() not in _ALERTS:
            self._around("blockquote", element)
            return
        rest = (first.text or "").lstrip()[alert.end() :]
        if rest.strip():
            first.text = rest
        else:
            element.remove(first)
        kind = alert[1].lower()
        title = self.inline.html(alert[2].strip()) if alert[2].strip() else kind.capitalize()
        self._titled(kind, title, element)

    def _admonition(self, element: Element) -> None:
        words = [word for word in element.get("class", "").split() if word in ADMONITIONS]
        title = ""
        if len(element) and element[0].get("class") == "admonition-title":
            title = self.inline.html((element[0].text or "").strip())
            element.remove(element[0])
        self._titled(" ".join(words), title, element)

    def _titled(self, kind: str, title: str, element: Element) -> None:
        self._put(f'<div class="{f"admonition {kind}".strip()}">\n')
        if title:
            self._put(f'<p class="admonition-title">{title}</p>\n')
        self._inside(element)
        self._put("</div>\n")

    # -- tables ------------------------------------------------------------------------------------------------------

    def _table(self, element: Element) -> None:
        self._put("<table>\n")
        for part in element:
            self._put(f"<{part.tag}>\n")
            for row in part:
                self._put("<tr>\n")
                for cell in row:
                    align = f' align="{cell.get("align")}"' if cell.get("align") else ""
                    scope = ' scope="col"' if cell.tag == "th" else ""
                    text = (cell.text or "").replace("\\|", "|")
                    self._put(f"<{cell.tag}{align}{scope}>{self._flow(text)}</{cell.tag}>\n")
                self._put("</tr>\n")
            self._put(f"</{part.tag}>\n")
            self.emitter.deadline.check()
        self._put("</table>\n")

    # -- footnotes ---------------------------------------------------------------------------------------------------

    def _footnotes(self, blocks: Blocks) -> None:
        """Write the footnotes that were referred to; they may refer to further ones."""
        if not self.emitter.notes:
            return
        trees: list[tuple[str, str]] = []
        body, self.out = self.out, []
        written = 0
        while written < len(self.emitter.notes):
            name = list(self.emitter.notes)[written]
            written += 1
            self._inside(blocks.tree(self.emitter.definitions.footnotes[name], self.emitter.deadline))
            trees.append((name, "".join(self.out)))
            self.out = []
        self.out = body
        self._put('<section class="footnotes">\n<ol>\n')
        for number, (name, html) in enumerate(trees, 1):
            back = self.emitter.back(name)
            if html.endswith("</p>\n"):
                html = f"{html[:-5]} {back}</p>\n"
            else:
                html += f"<p>{back}</p>\n"
            self._put(f'<li id="fn:{number}">{html}</li>\n')
        self._put("</ol>\n</section>\n")


def _is_task(item: Element) -> bool:
    text = item.text
    if (not text or text.isspace()) and len(item) and item[0].tag == "p":
        text = item[0].text
    return bool(text and _TASK.match(text))
