"""The macro that shows other pages, or parts of them, in this one."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from markupsafe import Markup

from .. import names
from ..markup import wanted
from ..markup.head import head
from ..model import WikiError
from ..view import LIST, TooMuch
from .html import link, made
from .listing import LIMIT, SECONDS, entries, matching
from .numbers import number

if TYPE_CHECKING:
    from ..markup import Rendered
    from . import Call

CUT = 16
"""What it costs to include a part of a page: it is rendered anew at every view."""


def Include(call: Call) -> Markup:
    """Return a page, or those whose names match `^…`, as part of this one. The arguments are MoinMoin's.

    The page; then, if given, the text of a heading before it ('' for its name) and the heading's level; from= and to=
    cut its source between two regular expressions; sort=, items= and skipitems= choose among several pages;
    `titlesonly` lists them, `editlink` adds a link to edit each.
    """
    positional, named = call.arguments
    target, *rest = positional or [""]
    if not target:
        raise WikiError("Include needs the name of a page.")
    options = {"titlesonly", "editlink"}.intersection(rest)
    rest = [text for text in rest if text not in options]
    heading = rest[0] if rest else None
    level = rest[1] if len(rest) > 1 else ""
    found = _found(call, target, named)
    if "titlesonly" in options:
        there = call.view.visit.existing(set(found))
        return entries(call, [link(call, name, there=name in there) for name in found])
    pieces: list[Markup] = []
    for name in found:
        try:
            pieces.append(_piece(call, name, heading, level, named, "editlink" in options))
        except WikiError as error:
            pieces.append(made(call.view.failure(error)))
            if isinstance(error, TooMuch):
                break
    return Markup("").join(pieces)


def _found(call: Call, target: str, named: dict[str, str]) -> list[str]:
    """Return the pages to include: the one named, or those that an expression finds, in order, within bounds."""
    if not target.startswith("^"):
        return [names.resolve(target, call.page)]
    call.view.depends.add("pages")
    call.view.spend(LIST)
    shown = {*call.view.above, call.view.name}
    found = [name for name in matching(call.view.visit.all_names(), target, exact=True) if name not in shown]
    if named.get("sort", "").lower() == "descending":
        found.reverse()
    skipped = number((), named.get("skipitems", ""), 0, 0, 10**9)
    return found[skipped : skipped + number((), named.get("items", ""), LIMIT, 0, LIMIT)]


def _piece(call: Call, name: str, heading: str | None, level: str, named: dict[str, str], editlink: bool) -> Markup:
    """Return one page, with its heading before and its link after it."""
    view = call.view
    body = made(view.include(name, lambda rendered: _part(call, name, rendered, named)))
    before = after = Markup("")
    if heading is not None:
        text = heading or name
        rank = number([level], "", 1, 1, 6)
        before = Markup('<h{0} id="{1}">{2}</h{0}>').format(rank, wanted(text), text)
    if editlink and view.visit.may("write", name):
        view.depends.add("user")
        label = view.gettext("Edit “%(name)s”") % {"name": name}
        url = view.urls.page(name, "edit")
        after = Markup('<p class="include-edit"><a rel="nofollow" href="{}">{}</a></p>').format(url, label)
    return Markup('<div class="include">{}{}{}</div>').format(before, body, after)


def _part(call: Call, name: str, rendered: Rendered, named: dict[str, str]) -> Rendered:
    """Return the rendering, or that of the text between what from= and to= find."""
    first, last = named.get("from", ""), named.get("to", "")
    if not first and not last:
        return rendered
    call.view.spend(CUT)
    text = call.view.visit.read(name).text or ""
    length = head(text).length
    start = _place(text, length, first, name)[1] if first else length
    end = _place(text, start, last, name)[0] if last else len(text)
    return call.view.visit.rendered_text(name, text[:length] + text[start:end])


def _place(text: str, start: int, pattern: str, name: str) -> tuple[int, int]:
    """Return where in the text, from start on, a regular expression is first found in a line; raise WikiError."""
    from ..patterns import LINE, compiled

    expression = re.compile(compiled(pattern).pattern)
    end = time.monotonic() + SECONDS
    while start < len(text) and time.monotonic() < end:
        after = text.find("\n", start) + 1 or len(text) + 1
        match = expression.search(text[start : min(after - 1, start + LINE)])
        if match:
            return start + match.start(), start + match.end()
        start = after
    raise WikiError("“%(pattern)s” is not found on “%(name)s”.", pattern=pattern, name=name)
