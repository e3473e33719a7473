"""The macro that shows where a page stands among its subpages and neighbours."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from .. import names
from ..model import WikiError
from .html import link
from .listing import LIMIT, entries
from .numbers import number

if TYPE_CHECKING:
    from . import Call

DEPTH = 10


def Navigation(call: Call) -> Markup:
    """Return the pages below this one (`children`), or those beside it (`siblings`), as a tree of so many levels."""
    positional, named = call.arguments
    what = next(iter(positional), "")
    if what not in ("children", "siblings"):
        raise WikiError("Navigation needs “children” or “siblings”.")
    below = call.page if what == "children" else names.parent(call.page)
    depth = number(positional[1:], named.get("depth", ""), DEPTH if what == "children" else 1, 1, DEPTH)
    tree = _Tree(call)
    branches = tree.branches(below, depth)
    if not branches:
        return entries(call, ())
    more = Markup("")
    if tree.cut:
        url = call.view.urls.special("tree")
        more = Markup('<p><a href="{}">{}</a></p>').format(url, call.view.gettext("… and more"))
    label = call.view.gettext("Subpages") if what == "children" else call.view.gettext("Neighbouring pages")
    return Markup('<nav class="page-tree" aria-label="{}">{}{}</nav>').format(label, branches, more)


class _Tree:
    """The branches of a tree of pages, at most LIMIT of them."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.left = LIMIT
        self.cut = False

    def branches(self, parent: str, depth: int) -> Markup:
        """Return the children of a page as a list, each with its own children."""
        items = []
        for branch in self.call.view.visit.branches(parent, limit=self.left + 1):
            if self.left == 0:
                self.cut = True
                break
            self.left -= 1
            below = self.branches(branch.name, depth - 1) if branch.children and depth > 1 else Markup("")
            items.append(Markup("<li>{}{}</li>").format(self._entry(branch.name, branch.page), below))
        return Markup("<ul>{}</ul>").format(Markup("").join(items)) if items else Markup("")

    def _entry(self, name: str, there: bool) -> Markup:
        label = names.last(name)
        if name == self.call.page:
            return Markup('<strong aria-current="page">{}</strong>').format(label)
        return link(self.call, name, label) if there else escape(label)
