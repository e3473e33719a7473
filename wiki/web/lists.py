"""Lists of pages: the tree, the index by letter, what is wanted, orphaned or deleted, and one at random."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from .. import names
from ..model import Branch, Change
from .find import ROWS, offset

if TYPE_CHECKING:
    from flask import Response

    from .exchange import Exchange

INDEX = 500
"""Pages that one part of the index shows."""

BRANCHES = 200
OPEN = 25
"""Branches of a tree that are shown opened; each costs a query."""

BELOW = 50
"""A branch with more pages right below it stays closed."""

DELETED = 50

Node = tuple[Branch, list["Node"]]


def tree(exchange: Exchange, name: str) -> Response:
    """Show the pages below `at` or the page of `?action=LocalSiteMap`, else all: two levels, the rest by links."""
    at = exchange.name
    if not at and (written := exchange.request.args.get("at", "").strip("/ ")):
        at = exchange.name = names.normal(written)
    found = exchange.visit.branches(at, exchange.request.args.get("after", ""), BRANCHES + 1)
    shown = found[:BRANCHES]
    older = exchange.urls.special("tree", at=at, after=shown[-1].name) if len(found) > BRANCHES else ""
    title = exchange.gettext("Pages below “%(name)s”") % {"name": at} if at else exchange.gettext("Page tree")
    return exchange.render("tree.html", title=title, nodes=_opened(exchange, shown), at=at, older=older)


def _opened(exchange: Exchange, branches: list[Branch]) -> list[Node]:
    nodes: list[Node] = []
    left = OPEN
    for branch in branches:
        below: list[Branch] = []
        if branch.children and left:
            left -= 1
            below = exchange.visit.branches(branch.name, limit=BELOW + 1)
        nodes.append((branch, [(child, []) for child in below] if len(below) <= BELOW else []))
    return nodes


def index(exchange: Exchange, path: str) -> Response:
    """List all pages by the first letter of their names."""
    args = exchange.request.args
    found = exchange.visit.pages(args.get("after", ""), limit=INDEX + 1)
    shown = found[:INDEX]
    letters: dict[str, list[str]] = {}
    for page in shown:
        letters.setdefault(_letter(page.name), []).append(page.name)
    return exchange.render(
        "index.html",
        title=exchange.gettext("All pages"),
        letters=[(letter, letters[letter]) for letter in sorted(letters)],
        total=exchange.visit.count(),
        newer="",
        older=exchange.urls.special("index", after=shown[-1].name) if len(found) > INDEX else "",
    )


def _letter(name: str) -> str:
    """Return the capital under which a name is listed: É and e stand under E, digits and signs under their own."""
    return unicodedata.normalize("NFD", name)[0].upper()[0]


def wanted(exchange: Exchange, path: str) -> Response:
    """List pages that are linked to but not there, most wanted first."""
    start = offset(exchange)
    found = exchange.visit.wanted(ROWS + 1, start)
    url = exchange.urls.special
    items = [
        (
            name,
            exchange.ngettext("%(count)s page links here", "%(count)s pages link here", count) % {"count": count},
            False,
        )
        for name, count in found[:ROWS]
    ]
    return exchange.render(
        "names.html",
        title=exchange.gettext("Wanted pages"),
        intro=exchange.gettext("Other pages link to these, but nobody has written them yet."),
        items=items,
        empty=exchange.gettext("Every link leads to a page."),
        newer=url("wanted", start=max(0, start - ROWS) or None) if start else "",
        older=url("wanted", start=start + ROWS) if len(found) > ROWS else "",
    )


def orphans(exchange: Exchange, path: str) -> Response:
    """List pages that nothing links to."""
    found = exchange.visit.orphans(exchange.request.args.get("after", ""), ROWS + 1)
    return exchange.render(
        "names.html",
        title=exchange.gettext("Orphaned pages"),
        intro=exchange.gettext("No other page links to these."),
        items=[(name, "", True) for name in found[:ROWS]],
        empty=exchange.gettext("Every page is linked to from another."),
        newer="",
        older=exchange.urls.special("orphans", after=found[ROWS - 1]) if len(found) > ROWS else "",
    )


def random(exchange: Exchange, path: str) -> Response:
    """Lead to any page; to the front page if there is none."""
    found = exchange.visit.random(1)
    response = exchange.redirect(exchange.urls.page(found[0]) if found else exchange.urls.root(), 302)
    response.headers["Cache-Control"] = "no-store"
    return response


def deleted(exchange: Exchange, path: str) -> Response:
    """List deleted pages by name, with a button that restores each."""
    visit = exchange.visit
    found = visit.pages(exchange.request.args.get("after", ""), limit=DELETED + 1, deleted=True)
    shown = found[:DELETED]
    return exchange.render(
        "deleted.html",
        title=exchange.gettext("Deleted pages"),
        deletions=[
            (
                _deletion(visit.history(page.name, limit=5)),
                visit.may("revert", page.name) and visit.may("write", page.name),
            )
            for page in shown
        ],
        newer="",
        older=exchange.urls.special("deleted", after=shown[-1].name) if len(found) > DELETED else "",
    )


def _deletion(changes: list[Change]) -> Change:
    """Return the change that deleted a page; files may have been removed since."""
    return next((change for change in changes if change.kind == "delete"), changes[0])
