"""`wiki render`: text in, HTML out, as a page without a wiki around it."""

from __future__ import annotations

import argparse
import html
import sys

from ..markup import Context, Hole, Rendered
from ..model import WikiError
from ..urls import Urls


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `render` takes."""
    parser.description = (
        "Read a text from standard input and write it as safe HTML. No wiki is needed: every page that is linked "
        "counts as existing, and macros stay as they are written."
    )
    parser.add_argument("--format", metavar="F", help="the markup, where the text has no #format line (markdown)")
    parser.add_argument("--page", metavar="NAME", default="Page", help="the page that relative links start from")


def run(options: argparse.Namespace) -> int:
    """Render standard input."""
    from .. import markup, names
    from ..markup.head import head

    name = names.normal(options.page)
    wanted = options.format or "markdown"
    if markup.ALIASES.get(wanted, wanted) not in markup.MARKUPS:
        raise WikiError("There is no markup “%(name)s”: use %(all)s.", name=wanted, all=", ".join(markup.MARKUPS))
    text = sys.stdin.buffer.read().decode("utf-8-sig", "replace").replace("\r\n", "\n")
    parsed = head(text)
    rendered = markup.render(parsed.format or wanted, text[parsed.length :], Context(page=name))
    sys.stdout.buffer.write(filled(rendered).encode())
    if rendered.failed:
        print(f"wiki: shown as plain text: {rendered.failed}", file=sys.stderr)
    return 0


def filled(rendered: Rendered) -> str:
    """Return a rendering with its holes filled as if every page and file were there."""
    urls = Urls()
    result = "".join(part if isinstance(part, str) else _filled(part, urls) for part in rendered.parts)
    return result if result.endswith("\n") else result + "\n"


def _filled(hole: Hole, urls: Urls) -> str:
    if hole.kind == "page":
        return _tag("a", ("href", urls.page(hole.target, anchor=hole.detail) + hole.suffix), *hole.attributes)
    if hole.kind == "file":
        return _tag("a", ("href", urls.file(hole.target, hole.detail)), *hole.attributes)
    if hole.kind == "image":
        attributes = hole.attributes if "alt" in dict(hole.attributes) else (*hole.attributes, ("alt", ""))
        return _tag("img", ("src", urls.file(hole.target, hole.detail)), *attributes)
    if hole.kind == "embed":
        return f"{_tag('a', ('href', urls.file(hole.target, hole.detail)))}{html.escape(hole.detail)}</a>"
    return html.escape(f"<<{hole.target}({hole.detail})>>" if hole.detail else f"<<{hole.target}>>")


def _tag(tag: str, *attributes: tuple[str, str]) -> str:
    inner = "".join(f' {key}="{html.escape(value)}"' for key, value in attributes)
    return f"<{tag}{inner}>"
