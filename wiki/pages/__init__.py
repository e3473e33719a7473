"""What a new wiki starts with: a front page, help and templates, each a Markdown file whose path is the page's name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def start_pages() -> Iterator[tuple[str, str]]:
    """Yield the name and text of each page, parents before their subpages."""
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.md")):
        yield path.relative_to(folder).with_suffix("").as_posix(), path.read_text("utf-8")
