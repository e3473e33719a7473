"""The slow and right answers of the storage contract, made of nothing but its abstract methods."""

from __future__ import annotations

import math
import random as chance
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..model import Branch, Hit, Hits, NoSuchPage, NoSuchUser, User
from ..query import And, ByAuthor, Category, LinkTo, Node, Not, Or, Phrase, Regex, Title, Word
from . import may_read, words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from . import Readable, Storage

REFERRING = ("link", "include", "redirect", "category")
NAME_BONUS = 100.0
"""What a match in the name weighs in a score, against a few points at most for one in the body."""


def acls(storage: Storage) -> list[str | None]:
    found = {page.acl for deleted in (False, True) for page in storage.pages(deleted=deleted)}
    return sorted(found, key=lambda acl: (acl is not None, acl or ""))


def existing(storage: Storage, names: Iterable[str], readable: Readable) -> set[str]:
    result = set()
    for name in set(names):
        try:
            page = storage.page(name)
        except NoSuchPage:
            continue
        if not page.deleted and may_read(page, readable):
            result.add(name)
    return result


def branches(storage: Storage, parent: str, after: str, limit: int, readable: Readable) -> list[Branch]:
    prefix = f"{parent}/" if parent else ""
    found: dict[str, Branch] = {}
    for page in storage.pages(prefix=prefix, readable=readable):
        first, slash, _ = page.name[len(prefix) :].partition("/")
        name = prefix + first
        was = found.get(name, Branch(name, False, False))
        found[name] = Branch(name, was.page or not slash, was.children or bool(slash))
    return [found[name] for name in sorted(found) if name > after][:limit]


def backlinks(
    storage: Storage,
    target: str,
    kinds: Collection[str],
    detail: str | None,
    after: str,
    limit: int | None,
    readable: Readable,
) -> list[str]:
    return [
        page.name
        for page in storage.pages(after=after, readable=readable)
        if any(
            link.target == target and link.kind in kinds and (detail is None or link.detail == detail)
            for link in storage.links(page.name)
        )
    ][:limit]


def wanted(storage: Storage, limit: int, offset: int, readable: Readable) -> list[tuple[str, int]]:
    there = {page.name for page in storage.pages()}
    count: Counter[str] = Counter()
    for page in storage.pages(readable=readable):
        count.update({link.target for link in storage.links(page.name) if link.kind in ("link", "include")} - there)
    return sorted(count.items(), key=lambda item: (-item[1], item[0]))[offset : offset + limit]


def orphans(storage: Storage, after: str, limit: int, readable: Readable) -> list[str]:
    pages = [page.name for page in storage.pages(readable=readable)]
    linked = {
        link.target
        for name in pages
        for link in storage.links(name)
        if link.kind in ("link", "include", "redirect") and link.target != name
    }
    return [name for name in pages if name > after and name not in linked][:limit]


def caseless(storage: Storage, name: str, readable: Readable) -> list[str]:
    folded = name.casefold()
    pages = storage.pages(readable=readable)
    return [page.name for page in pages if page.name != name and page.name.casefold() == folded]


def random(storage: Storage, count: int, readable: Readable) -> list[str]:
    names = [page.name for page in storage.pages(readable=readable)]
    return chance.sample(names, min(count, len(names)))


def titles(storage: Storage, part: str, limit: int, readable: Readable) -> list[str]:
    return words.ranked((page.name for page in storage.pages(readable=readable)), part)[:limit]


def user_named(storage: Storage, name: str) -> User:
    key = words.user_key(name)
    users = storage.users()
    for field in ("name", "email"):
        for user in users:
            if key and words.user_key(getattr(user, field)) == key:
                return user
    raise NoSuchUser(name=name)


@dataclass(frozen=True, slots=True)
class Document:
    """A page as a query looks at it."""

    name: str
    title: list[str]
    body: list[str]
    text: str


Leaf = Word | Phrase | Title


def search(storage: Storage, query: Node, limit: int, offset: int, readable: Readable) -> Hits:
    matches = _matcher(storage, query)
    found = [document for document in _documents(storage, readable) if matches(document)]
    score = dict.fromkeys((document.name for document in found), 0.0)
    named = set()
    for leaf in leaves(query):
        weights = {document.name: _weight(leaf, document) for document in found}
        having = sum(weight > 0 for weight in weights.values())
        rarity = math.log(1 + len(found) / having) if having else 0.0
        for name, weight in weights.items():
            score[name] += weight if weight >= NAME_BONUS else weight * rarity
            if weight >= NAME_BONUS:
                named.add(name)
    best = sorted((document.name for document in found), key=lambda name: (-score[name], len(name), name))
    hits = tuple(Hit(name, score[name], name in named) for name in best[offset : offset + limit])
    return Hits(hits, len(found))


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield the parts of a query that text can match, those that are negated left out."""
    if isinstance(node, And | Or):
        for inner in node.nodes:
            yield from leaves(inner)
    elif isinstance(node, Word | Phrase | Title):
        yield node


def _documents(storage: Storage, readable: Readable) -> Iterator[Document]:
    for page in storage.pages(readable=readable):
        body = storage.body(page.name)
        yield Document(page.name, words.terms(page.name), words.terms(body), body)


def _weight(leaf: Leaf, document: Document) -> float:
    if isinstance(leaf, Title):
        return NAME_BONUS if words.fold(leaf.text) in words.fold(document.name) else 0.0
    needle = words.wanted(leaf.text)
    open_end = isinstance(leaf, Word)
    count = words.occurrences(needle, document.body, open_end)
    named = words.occurrences(needle, document.title, open_end)
    return (NAME_BONUS if named else 0.0) + count / (count + 1 + len(document.body) / 1000)


def _matcher(storage: Storage, node: Node) -> Callable[[Document], bool]:
    """Return a function that says whether a page matches. A word without a letter or digit matches nothing."""
    if isinstance(node, Word | Phrase):
        needle = words.wanted(node.text)
        open_end = isinstance(node, Word)
        return lambda document: any(
            words.occurrences(needle, part, open_end) for part in (document.title, document.body)
        )
    if isinstance(node, Title):
        part = words.fold(node.text)
        return lambda document: part in words.fold(document.name)
    if isinstance(node, LinkTo | Category):
        kinds = REFERRING if isinstance(node, LinkTo) else ("category",)
        found = {name for target in targets(node) for name in storage.backlinks(target, kinds)}
        return lambda document: document.name in found
    if isinstance(node, ByAuthor):
        author = node
        return lambda document: _wrote(storage, author.name, document.name)
    if isinstance(node, Regex):
        literals = [words.fold(literal) for literal in node.literals]
        return lambda document: all(literal in words.fold(document.text) for literal in literals)
    if isinstance(node, Not):
        inner = _matcher(storage, node.node)
        return lambda document: not inner(document)
    matchers = [_matcher(storage, each) for each in node.nodes]
    if isinstance(node, And):
        return lambda document: all(matcher(document) for matcher in matchers)
    return lambda document: any(matcher(document) for matcher in matchers)


def targets(node: LinkTo | Category) -> tuple[str, ...]:
    """Return the names of the pages that are meant: `category:X` is CategoryX, or X itself if written in full."""
    return (node.name,) if isinstance(node, LinkTo) else (node.name, f"Category{node.name}")


def accounts(storage: Storage, name: str) -> set[str]:
    """Return the id of the account of this name, as a set."""
    key = words.user_key(name)
    return {user.id for user in storage.users() if words.user_key(user.name) == key}


def _wrote(storage: Storage, author: str, name: str) -> bool:
    ids = accounts(storage, author)
    key = words.user_key(author)
    return any(
        change.number and (words.user_key(change.author.name) == key or change.author.id in ids)
        for change in storage.history(name, limit=1_000_000_000)
    )
