"""Makes any HTML harmless: only the tags and attributes of one table are left, everything else becomes text."""

from __future__ import annotations

import re
import threading
from html import unescape
from typing import Any

from . import styles
from .allowed import TAGS, VOID, is_allowed
from .budget import NESTING, SIZE, OverBudget
from .canonical import is_canonical
from .targets import SCHEMES

LIMIT = 5_000_000
"""The longest HTML that is sanitised, in characters."""

DEPTH = 100
"""How deep elements may be nested: bleach takes quadratic time for deeper ones."""

# A start tag of an input other than the ones that task lists have would be a text box.
_INPUT = re.compile(r'<(?=/?input)(?!input type="checkbox" disabled(?: checked)?>)', re.I)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_IMPLIED = frozenset("p li dt dd td th tr thead tbody tfoot option colgroup rt rp".split())

_local = threading.local()


def sanitise(html: str) -> str:
    """Return HTML in which nothing can be executed, submitted or mistaken for a part of the wiki's own pages.

    What is not allowed is shown as text; comments vanish. Every tag is closed. Raises OverBudget if it is too large or
    nested too deeply.
    """
    if len(html) > LIMIT:
        raise OverBudget(SIZE)
    if is_canonical(html):
        return html
    return cleaned(html)


def cleaned(html: str) -> str:
    """Return what bleach makes of HTML, by the same table; raise OverBudget if it is nested too deeply."""
    if _depth(html) > DEPTH:
        raise OverBudget(NESTING)
    cleaner = getattr(_local, "cleaner", None)
    # Taken out while it works, so that an interrupted one is never used again.
    _local.cleaner = None
    if cleaner is None:
        cleaner = _cleaner()
    result: str = cleaner.clean(_INPUT.sub("&lt;", html))
    _local.cleaner = cleaner
    return result


def _cleaner() -> Any:
    from bleach.sanitizer import Cleaner

    def test(tag: str, name: str, value: str) -> bool:
        return is_allowed(tag, name, unescape(value))

    return Cleaner(
        tags=TAGS,
        attributes=dict.fromkeys(TAGS, test),
        protocols=SCHEMES,
        strip=False,
        strip_comments=True,
        css_sanitizer=_Styles(),
    )


class _Styles:
    """What bleach asks about a style that the table has allowed already."""

    def sanitize_css(self, style: str) -> str:
        return styles.safe(unescape(style))


def _depth(html: str) -> int:
    depth = deepest = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in VOID or name in _IMPLIED:
            continue
        if match[1]:
            depth = max(0, depth - 1)
        else:
            depth += 1
            deepest = max(deepest, depth)
    return deepest
