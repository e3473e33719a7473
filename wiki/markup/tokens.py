"""Places in HTML under construction that are filled after sanitising: unforgeable tokens, and what they stand for."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html import escape

from . import Hole

OPEN, CLOSE = "\ue000", "\ue001"
"""What stands around a token: private-use characters that no markup has a rule for."""


class Tokens:
    """The tokens of one rendering. A token in text is `OPEN nonce number CLOSE`; on a start tag it is its URL.

    A token counts only as element text, outside code, or as the only attribute of a start tag that `start` returned.
    Anywhere else (in an attribute, a comment, code) it becomes the source that it was made from again.
    """

    def __init__(self) -> None:
        self.nonce = os.urandom(16).hex()
        self.fillings: list[str | Hole] = []
        self._sources: list[str] = []
        self._token = re.compile(f"{OPEN}{self.nonce}([0-9]+){CLOSE}")
        self._only = re.compile(rf"\s*(?:{OPEN}{self.nonce}[0-9]+{CLOSE}\s*)+\Z")

    def add(self, filling: str | Hole, source: str) -> str:
        """Return a token in text for trusted HTML or a hole, which was written as `source`."""
        return f"{OPEN}{self.nonce}{self._append(filling, source)}{CLOSE}"

    def start(self, hole: Hole) -> str:
        """Return the start tag that stands for a `page` or `file` hole (write `</a>` after it), or an `image` hole."""
        number = self._append(hole, "")
        return f'<img src="{self.nonce}{number}">' if hole.kind == "image" else f'<a href="{self.nonce}{number}">'

    def _append(self, filling: str | Hole, source: str) -> int:
        self.fillings.append(filling)
        self._sources.append(source)
        return len(self.fillings) - 1

    def restored(self, text: str) -> str:
        """Return a text with its tokens replaced by their sources."""
        if OPEN not in text:
            return text
        return self._token.sub(lambda match: self._sources[int(match[1])], text)

    def without(self, text: str) -> str:
        """Return a text without its tokens."""
        return self._token.sub("", text) if OPEN in text else text

    def alone(self, text: str) -> bool:
        """Say whether a text is nothing but tokens; if so, they are told that they stand where a block may stand."""
        if OPEN not in text or not self._only.match(text):
            return False
        for match in self._token.finditer(text):
            filling = self.fillings[int(match[1])]
            if isinstance(filling, Hole):
                self.fillings[int(match[1])] = replace(filling, block=True)
        return True

    def cut(self, html: str) -> tuple[str | Hole, ...]:
        """Return sanitised HTML in pieces, with what its tokens stand for between them."""
        if self.nonce not in html:
            return (html,) if html else ()
        pieces: list[str] = []
        parts: list[str | Hole] = []

        def put(filling: str | Hole) -> None:
            if isinstance(filling, str):
                pieces.append(filling)
                return
            if pieces:
                parts.append("".join(pieces))
                pieces.clear()
            parts.append(filling)

        # Attribute values are in double quotes in sanitised HTML, and may hold a `>`.
        scan = re.compile(
            rf'<(?:a href|img src)="{self.nonce}(?P<start>[0-9]+)">|{OPEN}{self.nonce}(?P<text>[0-9]+){CLOSE}'
            r'|<(?P<name>/?[a-z][a-z0-9]*)(?:[^"<>]|"[^"]*")*>'
        )
        end = 0
        code = 0
        for match in scan.finditer(html):
            kind = match.lastgroup
            if kind == "name" and self.nonce not in match[0]:
                name = match["name"]
                if name in ("code", "pre"):
                    code += 1
                elif name in ("/code", "/pre"):
                    code = max(0, code - 1)
                continue
            pieces.append(html[end : match.start()])
            end = match.end()
            if kind == "start":
                put(self.fillings[int(match["start"])])
            elif kind == "text" and not code:
                put(self.fillings[int(match["text"])])
            elif kind == "text":
                pieces.append(escape(self._sources[int(match["text"])]))
            else:
                pieces.append(self._escaped(match[0]))
        pieces.append(html[end:])
        if tail := "".join(pieces):
            parts.append(tail)
        return tuple(self._clean(part) for part in parts)

    def _escaped(self, text: str) -> str:
        escaped = self._token.sub(lambda match: escape(self._sources[int(match[1])]), text)
        return escaped.replace(self.nonce, "")

    def _clean(self, part: str | Hole) -> str | Hole:
        # Nothing should be left; if a library mangled a token, no visitor sees its remains.
        if isinstance(part, str) and self.nonce in part:
            return self._escaped(part).replace(OPEN, "").replace(CLOSE, "")
        return part
