"""What a rendering refers to, for storage to keep: pages, files, and what its macros depend on."""

from __future__ import annotations

import re

from ..model import Link
from . import Context, Hole


def references(parts: tuple[str | Hole, ...], context: Context) -> tuple[Link, ...]:
    """Return what a rendering refers to: only what is really shown, not what stood in code or in another link."""
    category = re.compile(context.category)
    links: dict[Link, None] = {}
    for part in parts:
        if isinstance(part, str):
            continue
        if part.kind == "macro":
            links |= dict.fromkeys(context.macros[part.target](part.detail, context.page))
        elif part.kind != "page":
            links[Link("file", part.target, part.detail)] = None
        elif part.target != context.page or not (part.detail or part.suffix):
            links[Link("category" if category.fullmatch(part.target) else "link", part.target)] = None
    return tuple(links)
