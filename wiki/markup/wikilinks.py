"""Changes the links in a text when the page that they lead to has moved."""

from __future__ import annotations

from importlib import import_module

from . import ALIASES

REWRITERS = {"markdown": "wiki.markup.relinking", "moin": "wiki.markup.moin.relinking"}
"""Where each markup's links are rewritten: a module with `rewritten(text, page, old, new) -> str`."""


def rewritten(text: str, markup: str, page: str, old: str, new: str) -> str:
    """Return a page's text (with its head) in which links to the page `old`, and to its files, lead to `new`.

    Only real links change, with includes; never code. Labels and anchors stay. A link that could not be written in the
    same form (`[[C#]]`) stays as it is. A text in a markup without links is returned as it is. Never raises.
    """
    from .head import head

    module = REWRITERS.get(ALIASES.get(markup, markup))
    if module is None or old == new:
        return text
    length = head(text).length
    result: str = import_module(module).rewritten(text[length:], page, old, new)
    return text[:length] + result
