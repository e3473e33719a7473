"""A whole page of code, in the colours of its language."""

from __future__ import annotations

from . import Rendered
from .highlight import highlighted, is_known


def render(text: str, language: str) -> Rendered | None:
    """Return a text as code in a language, None if there is no such language."""
    return Rendered((f"{highlighted(text, language)}\n",)) if is_known(language) else None
