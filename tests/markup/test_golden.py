"""Golden pairs: what each Markdown text in `golden/` becomes. `WIKI_GOLDEN=write` writes them anew: read the diff."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wiki.markup import Context, Hole, Rendered, render
from wiki.markup.canonical import is_canonical
from wiki.markup.sanitise import cleaned
from wiki.model import Link

from .checker import dangers, filled, tree

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.md"))
CONTEXT = Context(
    "Café/日本語",
    {"Macro": lambda raw, page: (Link("include", raw),) if raw else ()},
    {"Wikipedia": "https://wiki.example/$PAGE"},
    seconds=20,
)


def shown(rendered: Rendered) -> str:
    """Return a rendering as text: holes in double braces, then links and headings."""
    pieces = []
    for part in rendered.parts:
        if isinstance(part, Hole):
            block = " block" if part.block else ""
            more = "".join(f" {name}={value!r}" for name, value in part.attributes)
            pieces.append(f"{{{{{part.kind}{block} {part.target} | {part.detail}{part.suffix}{more}}}}}")
        else:
            pieces.append(part)
    pieces += [f"\n-- {link.kind} {link.target} | {link.detail}" for link in rendered.links]
    pieces += [f"\n-- h{heading.level} {heading.id} | {heading.text}" for heading in rendered.headings]
    return "".join(pieces) + "\n"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_markdown_becomes_what_it_should(path: Path) -> None:
    result = shown(render("markdown", path.read_text("utf-8"), CONTEXT))
    expected = path.with_suffix(".html")
    if os.environ.get("WIKI_GOLDEN") == "write":
        expected.write_text(result, "utf-8")
    assert result == expected.read_text("utf-8")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_texts_are_harmless_and_recognised(path: Path) -> None:
    rendered = render("markdown", path.read_text("utf-8"), CONTEXT)
    html = filled(rendered)
    assert not rendered.failed
    assert not dangers(html)
    # Pictures and formulas come after sanitising; HTML that the writer of the page got wrong is for bleach.
    if path.stem not in ("math", "tables", "html"):
        assert is_canonical(html)
        assert tree(cleaned(html)) == tree(html)
