"""Plain text: shown as it is, with its URLs as links."""

from __future__ import annotations

import re
from html import escape

from . import Context, Rendered
from .targets import is_safe

_URL = re.compile(r"(?<![\w/])(?:https?://|mailto:(?=[^\s@]*@))[^\s<>\"'`]*[^\s<>\"'`.,:;!?)\]}*_~|]", re.I)


def render(text: str, context: Context) -> Rendered:
    """Return a text as it is."""
    pieces = []
    end = 0
    for match in _URL.finditer(text):
        if is_safe(match[0]):
            url = escape(match[0])
            pieces.append(escape(text[end : match.start()], quote=False))
            pieces.append(f'<a class="external" href="{url}" rel="nofollow">{url}</a>')
            end = match.end()
    pieces.append(escape(text[end:], quote=False))
    return Rendered((f'<pre class="plain">\n{"".join(pieces)}</pre>\n',))
