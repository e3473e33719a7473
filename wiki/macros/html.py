"""HTML that the view has made, as macros return it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from . import Call


def made(html: str) -> Markup:
    """Return HTML that a method of View returned: it is escaped already."""
    return Markup(html)


def link(call: Call, name: str, label: str = "", there: bool = True) -> Markup:
    """Return a link to a page, red unless it is there."""
    return made(call.view.link(name, label, there))
