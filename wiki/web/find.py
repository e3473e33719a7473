"""Finding pages: search, suggestions, backlinks, the tree, the index, and wanted, orphaned and deleted pages."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response
from markupsafe import Markup, escape

from .. import names
from ..markup.head import head
from ..model import BadName, BadRequest, Branch, Change, Forbidden, Hits, NoSuchPage, WikiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..query import Node
    from ..search import Pieces
    from .exchange import Exchange

RESULTS = 20
DEEPEST = 10_000
"""Results beyond this place are not shown: nobody turns so many leaves, and each costs as much as all before it."""

SUGGESTIONS = 10
ROWS = 100
ALIKE = 30

INDEX = 500
"""Pages that one part of the index shows."""

BRANCHES = 200
OPEN = 25
"""Branches of a tree that are shown opened; each costs a query."""

BELOW = 50
"""A branch with more pages right below it stays closed."""

DELETED = 50

Nodes = tuple[Branch, list["Nodes"]]


@dataclass(frozen=True, slots=True)
class Result:
    """A page found: its name and a piece of its text with the matches marked; when it was last changed, its bytes."""

    name: str
    title: Markup
    snippets: tuple[Markup, ...]
    time: int
    size: int


def search(exchange: Exchange, path: str) -> Response:
    """Show what a query finds, ranked; the page of that very name first; what to do if nothing is found."""
    from .. import query

    asked = exchange.request.args.get("q", "").strip()[: query.LENGTH]
    start = offset(exchange)
    node: Node | None = None
    error: WikiError | None = None
    hits = Hits()
    try:
        node = query.parse(asked)
        if node is not None:
            hits = exchange.visit.search(node, RESULTS, start)
    except (BadRequest, Forbidden) as refused:
        error = refused
    exact = "" if start else _exact(exchange, asked)
    create = "" if exact or error else _possible(exchange, asked, node)
    nothing = asked and not hits.hits and not exact and not error
    more = start + RESULTS < min(hits.total, DEEPEST) or (hits.more and len(hits.hits) == RESULTS and start < DEEPEST)
    url = exchange.urls.special
    return exchange.render(
        "search.html",
        error.status if error else 200,
        title=exchange.gettext("Search"),
        q=asked,
        results=_results(exchange, hits, node) if node else [],
        total=hits.total,
        more=hits.more,
        notice=exchange.said(error) if error else exchange.gettext(hits.notice) if hits.notice else "",
        refused=error is not None,
        exact=exact,
        create=create,
        similar=exchange.visit.similar(asked[: names.LIMIT]) if nothing else [],
        newer=url("search", q=asked, start=max(0, start - RESULTS) or None) if start else "",
        older=url("search", q=asked, start=start + RESULTS) if more else "",
    )


def offset(exchange: Exchange, key: str = "start") -> int:
    """Return how many rows of a list the query skips; raise BadRequest."""
    text = exchange.request.args.get(key, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > DEEPEST:
        raise BadRequest("“%(key)s” does not say where a list goes on.", key=key)
    return int(text)


def _results(exchange: Exchange, hits: Hits, node: Node) -> list[Result]:
    from .. import search as matching

    found = []
    for hit in hits.hits:
        try:
            revision = exchange.visit.read(hit.name)
        except (NoSuchPage, Forbidden):  # it changed since the index answered
            continue
        text = revision.text or ""
        snippet = _marked(matching.snippet(text[head(text).length :], node))
        title = _marked(matching.marked(hit.name, node))
        found.append(Result(hit.name, title, (snippet,) if snippet else (), revision.time, revision.size))
    return found


def _marked(pieces: Pieces) -> Markup:
    """Return pieces of a text as HTML."""
    mark = Markup("<mark>{}</mark>")
    return Markup("").join(mark.format(text) if matched else escape(text) for text, matched in pieces)


def _normal(text: str) -> str:
    try:
        return names.normal(text)
    except BadName:
        return ""


def _exact(exchange: Exchange, asked: str) -> str:
    """Return the page that is called what was asked for, '' if none is; one that differs in case only will do."""
    name = _normal(asked)
    if not name:
        return ""
    if exchange.visit.existing({name}):
        return name
    return next(iter(exchange.visit.caseless(name)), "")


def _possible(exchange: Exchange, asked: str, node: Node | None) -> str:
    """Return the name of a page that the visitor could create from a query of plain words, '' if there is none."""
    from ..query import And, Phrase, Word

    parts = node.nodes if isinstance(node, And) else (node,)
    if not all(isinstance(part, Word | Phrase) for part in parts):
        return ""
    name = _normal(asked.strip('"“”„'))
    if not name or not exchange.visit.may("write", name) or exchange.site.wiki.page_or_none(name) is not None:
        return ""
    return name


def suggest(exchange: Exchange, path: str) -> Response:
    """Send the names of pages that hold what is being typed, best first, with their URLs."""
    part = exchange.request.args.get("q", "").strip()[: names.LIMIT]
    found = exchange.visit.titles(part, SUGGESTIONS) if part else []
    rows = [{"name": name, "url": exchange.urls.page(name)} for name in found]
    response = Response(json.dumps(rows), mimetype="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def old_search(exchange: Exchange, name: str) -> Response:
    """Lead from MoinMoin 1.9's search URLs (`fullsearch` and `titlesearch` with `value`) to ours.

    `titlesearch` may be the action, or `1`, or the label of the form's button; `regex=1` made the whole value an
    expression. The fields of AdvancedSearch become words of the query. `context` and `case` have no meaning here.
    """
    args = exchange.request.args
    value = args.get("value", "").strip()
    if args.get("advancedsearch"):
        value = _advanced(args)
    titles = exchange.action == "titlesearch" or args.get("titlesearch", "0") not in ("", "0")
    prefix = "title:" if titles else ""
    if args.get("regex", "0") not in ("", "0") and value:
        value = f'{prefix}regex:"{value}"'
    elif titles and ":" not in value and '"' not in value:
        value = " ".join(prefix + word for word in value.split())
    return exchange.redirect(exchange.urls.special("search", q=value), 302)


def _advanced(args: Mapping[str, str]) -> str:
    """Return the query that the fields of MoinMoin's advanced search mean, as far as there are words for them."""
    either = args.get("or_terms", "").split()
    words = [
        *args.get("and_terms", "").split(),
        *([" OR ".join(either) if len(either) < 2 else f"({' OR '.join(either)})"] if either else []),
        *(f"-{word}" for word in args.get("not_terms", "").split()),
        *(f"category:{name.strip()}" for name in args.get("categories", "").split(",") if name.strip()),
    ]
    return " ".join(words)


def backlinks(exchange: Exchange, name: str) -> Response:
    """List the pages that link to this one, there or not."""
    exchange.visit.require("read", name)
    found = exchange.visit.backlinks(name, exchange.request.args.get("after", ""), ROWS + 1)
    _ = exchange.gettext
    return exchange.render(
        "names.html",
        title=_("What links to “%(name)s”") % {"name": name},
        intro="",
        items=[(linking, "", True) for linking in found[:ROWS]],
        empty=_("No page links here."),
        newer="",
        older=exchange.urls.page(name, "backlinks", after=found[ROWS - 1]) if len(found) > ROWS else "",
    )


def like(exchange: Exchange, name: str) -> Response:
    """List pages with names like this one."""
    exchange.visit.require("read", name)
    _ = exchange.gettext
    return exchange.render(
        "names.html",
        title=_("Pages called like “%(name)s”") % {"name": name},
        intro="",
        items=[(similar, "", True) for similar in exchange.visit.similar(name, ALIKE)],
        empty=_("No page has a name like this one."),
        newer="",
        older="",
    )


# -- lists of pages ----------------------------------------------------------------------------------------------------


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


def _opened(exchange: Exchange, branches: list[Branch]) -> list[Nodes]:
    nodes: list[Nodes] = []
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
