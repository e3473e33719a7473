"""Markups: text in, `Rendered` out. `render` finds one by name, and imports the module that it lives in only then."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..model import Link
from .anchors import wanted as wanted  # part of the contract: the id that `#text` in a link means


@dataclass(frozen=True, slots=True)
class Hole:
    """A place in rendered HTML that is filled anew for every visitor.

    kind and what it is filled with:
    `page`   the start tag `<a …>` of a link to the page `target` (red if it is not there); `detail` is the anchor
    `file`   the start tag `<a …>` of a link to the attachment `detail` of the page `target`
    `image`  the whole element that shows the attachment `detail` of the page `target`
    `embed`  the content of the attachment `detail` of the page `target`, a text, as a block
    `macro`  the result of the macro `target` with the raw arguments `detail`
    `attributes` are further HTML attributes, already allowed: alt, title, width, height, class ...
    `block` says that the hole stands where a block element may stand.
    `suffix` follows the URL of a page as it is: `?query#anchor`, quoted already. `detail` is '' then.
    """

    kind: str
    target: str
    detail: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    block: bool = False
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: level 1-6, the id that its anchor has, and its text without markup."""

    level: int
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text made into HTML as nobody: safe pieces of HTML with holes between them. Serialised by `dump` and `load`."""

    parts: tuple[str | Hole, ...] = ()
    headings: tuple[Heading, ...] = ()
    links: tuple[Link, ...] = ()
    failed: str = ""
    """Why the source is shown instead ('' = it is not): over budget, nested too deeply ..."""


@dataclass(frozen=True)
class Context:
    """What a markup may know: the page's name, the macros there are, and what each refers to.

    `macros` maps a macro's name to a function of (raw arguments, page name) that returns the Links it depends on.
    `interwiki` maps a prefix to a URL in which `$PAGE` (else the end) takes the page. `seconds` is the render budget.
    `arguments` and `pragmas` are what the text's head said after #format's name, and with #pragma.
    """

    page: str = ""
    macros: Mapping[str, Callable[[str, str], tuple[Link, ...]]] = field(default_factory=dict)
    interwiki: Mapping[str, str] = field(default_factory=dict)
    category: str = r"Category\S+"
    seconds: float = 2.0
    arguments: str = ""
    pragmas: tuple[tuple[str, str], ...] = ()


MARKUPS = {
    "creole": "wiki.markup.creole",
    "csv": "wiki.markup.columns",
    "html": "wiki.markup.hypertext",
    "markdown": "wiki.markup.markdown",
    "moin": "wiki.markup.moin",
    "plain": "wiki.markup.plain",
    "rst": "wiki.markup.restructured",
}
"""Where each markup lives: a module with `render(text, context) -> Rendered`. `#format` names the key."""

ALIASES = {
    "md": "markdown",
    "text": "plain",
    "txt": "plain",
    "wiki": "moin",
    "moin-wiki": "moin",
    "docbook": "xml",
    "restructuredtext": "rst",
}


def named(markup: str) -> str:
    """Return the name of the markup that `#format` means: aliases and MIME types (`text/x-rst`) have one of MARKUPS."""
    name = markup.removeprefix("text/").removeprefix("x-")
    return ALIASES.get(name, name)


def render(markup: str, text: str, context: Context) -> Rendered:
    """Return a text (without its head) rendered by the named markup.

    Any language that Pygments knows is one: the text is code then. An unknown markup is shown as plain text.

    Never raises for any text: over budget, or on an error in a library, the source is shown and `failed` says why.
    """
    from importlib import import_module

    from .budget import OverBudget, limited

    name = named(markup)
    if name == "highlight":
        name = context.arguments.partition(" ")[0].lower()

    def work() -> Rendered:
        if name not in MARKUPS:
            from .code import render as code

            if (shown := code(text, name)) is not None:
                return shown
        module = import_module(MARKUPS.get(name, MARKUPS["plain"]))
        result: Rendered = module.render(text, context)
        return result

    try:
        return limited(context.seconds, work)
    except OverBudget as error:
        failed = str(error)
    except RecursionError:
        failed = "This text is nested too deeply."
    except Exception:
        # Whatever a library makes of a hostile text, the page stays readable and can be edited.
        from logging import getLogger

        getLogger("wiki").exception("rendering the page %s as %s", context.page, name)
        failed = "This text could not be rendered."
    return Rendered((as_written(text),), failed=failed)


def as_written(text: str) -> str:
    """Return a text as it was written, as HTML."""
    from html import escape

    return f'<pre class="source">\n{escape(text, quote=False)}</pre>\n'


def dump(rendered: Rendered) -> str:
    """Return a Rendered as JSON text."""
    parts = [
        part
        if isinstance(part, str)
        else [part.kind, part.target, part.detail, part.attributes, int(part.block), part.suffix]
        for part in rendered.parts
    ]
    headings = [[heading.level, heading.id, heading.text] for heading in rendered.headings]
    links = [[link.kind, link.target, link.detail] for link in rendered.links]
    return json.dumps([parts, headings, links, rendered.failed], ensure_ascii=False, separators=(",", ":"))


def load(text: str) -> Rendered:
    """Return the Rendered that `dump` wrote; raise ValueError or TypeError for anything else."""
    parts, headings, links, failed = json.loads(text)
    return Rendered(
        tuple(part if isinstance(part, str) else _hole(*part) for part in parts),
        tuple(Heading(*heading) for heading in headings),
        tuple(Link(*link) for link in links),
        failed,
    )


def _hole(kind: str, target: str, detail: str, attributes: list[list[str]], block: int, suffix: str) -> Hole:
    return Hole(kind, target, detail, tuple((name, value) for name, value in attributes), bool(block), suffix)
