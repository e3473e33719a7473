"""Code as HTML, with the classes of Pygments where the language is named and known."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import Any

LIMIT = 50_000
"""The longest code that is highlighted, in characters. Pygments is slow, and some of its lexers are quadratic."""

_SPACE = re.compile(r'<span class="w">(\s*)</span>')
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}\Z", re.ASCII)


def highlighted(code: str, language: str = "") -> str:
    """Return a `pre` element that shows code. The language stays as a class; it is never guessed."""
    known = language.lower() if _LANGUAGE.match(language) else ""
    inner = _coloured(code, known) if known and len(code) <= LIMIT else ""
    name = f' class="language-{escape(known)}"' if known else ""
    return f'<pre class="highlight"><code{name}>{inner or escape(code, quote=False)}</code></pre>'


def is_known(language: str) -> bool:
    """Say whether Pygments knows a language."""
    return _LANGUAGE.match(language) is not None and language.lower() in _aliases()


def _coloured(code: str, language: str) -> str:
    lexer = _lexer(language)
    if lexer is None:
        return ""
    from pygments import highlight

    # White space has a class too, which no style uses; and quotes need no escapes in text.
    coloured: str = highlight(code, lexer, _formatter())
    return _SPACE.sub(r"\1", coloured).replace("&quot;", '"').replace("&#39;", "'")


@cache
def _formatter() -> Any:
    from pygments.formatters.html import HtmlFormatter

    return HtmlFormatter(nowrap=True)


@cache
def _aliases() -> dict[str, tuple[str, str]]:
    # Pygments' own search would scan all installed packages for plug-ins at each unknown name.
    from pygments.lexers._mapping import LEXERS

    return {
        alias.lower(): (module, class_name)
        for class_name, (module, _name, aliases, _patterns, _types) in LEXERS.items()
        for alias in aliases
    }


def _lexer(language: str) -> Any:
    """Return a new lexer, None for an unknown language."""
    if language not in _aliases():
        return None
    from importlib import import_module

    module, class_name = _aliases()[language]
    return getattr(import_module(module), class_name)(stripnl=False, ensurenl=False)
