"""The search index in SQLite: FTS5 over words, and trigrams over the distinct words only, for parts of words.

The text is folded and split by `words`, so that every engine finds the same; FTS5 keeps no copy of it. A word of the
query is first made into the indexed words that it stands for: its beginnings and parts. So FTS5 walks plain lists of
rows, newest first, and stops at CAP, whatever the word; a prefix query of its own would first merge all lists.
"""

# ruff: noqa: S608 - what is put into SQL here is our own text; all values are bound
from __future__ import annotations

import math
from dataclasses import dataclass

from ...model import Hit, Hits, StorageError
from ...query import And, ByAuthor, Category, LinkTo, Node, Not, Phrase, Regex, Title, Word
from .. import Readable, defaults, words
from .database import Database

CAP = 500
"""The most matches that are counted and ranked; beyond, the newest pages and those that match in the name."""

EXPANSIONS = 40
"""The most indexed words that a beginning of a word, or a part of one, stands for: the shortest."""

_PARTS_SEEN = 2000
_LEAVES = 8
_RANKED = 100


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a query: what FTS5 must match, what it must not, and a condition on `page p`; '' = nothing asked."""

    match: str = ""
    never: str = ""
    where: str = ""
    values: tuple[object, ...] = ()

    @property
    def condition(self) -> tuple[str, tuple[object, ...]]:
        """All of it as a condition on `page p`."""
        said: list[str] = []
        values: list[object] = []
        for expression, verb in ((self.match, "in"), (self.never, "not in")):
            if expression:
                said.append(f"p.id {verb} (select rowid from search where search match ?)")
                values.append(expression)
        if self.where:
            said.append(self.where)
        return " and ".join(said) or "1", (*values, *self.values)


_NOTHING = _Part(where="0")
_NEWEST = f"select rowid from search where search match ? order by rowid desc limit {CAP}"


class Searching(Database):
    """The part of the engine that searches and keeps the index for it."""

    def _may(self, readable: Readable, page: str = "p") -> str:
        """Return the condition that a page is readable."""
        if readable is None:
            return ""
        numbers = [0] if None in readable else []
        texts = [text for text in readable if text is not None]
        for at in range(0, len(texts), 500):
            part = texts[at : at + 500]
            rows = self._rows(f"select id from acl where text in ({', '.join('?' * len(part))})", *part)
            numbers += [row[0] for row in rows]
        return f"and {page}.acl in ({', '.join(map(str, numbers))})"

    # -- the index ---------------------------------------------------------------------------------------------------

    def _set_meta(self, key: str, value: str) -> None:
        self._run("insert or replace into meta (key, value) values (?, ?)", key, value)

    def _mode(self) -> str:
        """Return what index there is: fts5, fts5+gram, plain, or stale, which must be made anew before it is used."""
        meta: dict[str, str] = dict(self._rows("select key, value from meta where key in ('search', 'words')"))
        mode = meta.get("search", "stale")
        if meta.get("words") != str(words.VERSION):
            return "stale"
        if mode.startswith("fts5") and not self._row("select 1 from pragma_module_list where name = 'fts5'"):
            return "stale"
        return mode

    def _index(
        self, page: int, old_name: str | None, old_body: str | None, new_name: str | None, new_body: str
    ) -> None:
        """Replace a page's words: a name of None = was not, or is no longer, there."""
        mode = self._mode()
        if mode == "stale":
            self._set_meta("search", "stale")
            return
        old = (words.terms(old_name or ""), words.terms(old_body or ""))
        new = (words.terms(new_name or ""), words.terms(new_body if new_name is not None else ""))
        if old == new and (old_name is None) == (new_name is None):
            return
        if mode == "plain":
            self._index_plain(page, new)
            return
        try:
            if old_name is not None and old_body is not None:
                self._run(
                    "insert into search (search, rowid, title, body) values ('delete', ?, ?, ?)",
                    page,
                    *map(indexed, old),
                )
            if new_name is not None:
                self._run("insert into search (rowid, title, body) values (?, ?, ?)", page, *map(indexed, new))
            self._add_words(set(new[0]).union(new[1]).difference(old[0], old[1]), grams=mode == "fts5+gram")
        except StorageError:
            # A damaged index must not stop a save.
            self._set_meta("search", "stale")

    def _index_plain(self, page: int, new: tuple[list[str], list[str]]) -> None:
        self._run("delete from occurrence where page = ?", page)
        title, body = ({*found, *words.singles(found)} for found in new)
        self._run_many(
            "insert into occurrence (word, page, title) values (?, ?, ?)",
            [(word, page, word in title) for word in sorted(title | body)],
        )

    def _add_words(self, found: set[str], grams: bool) -> None:
        new = [(word,) for word in sorted(found) if word.isascii() or not words.is_unspaced(word)]
        row = self._row("select max(id) from word")
        self._run_many("insert or ignore into word (word) values (?)", new)
        if grams:
            self._run(
                f"insert into gram (rowid, word) select id, word from word where id > ? and length(word) > {words.PART}",
                (row and row[0]) or 0,
            )

    # -- queries -----------------------------------------------------------------------------------------------------

    def search(self, query: Node, limit: int = 20, offset: int = 0, readable: Readable = None) -> Hits:
        mode = self._mode()
        if mode == "stale":
            return defaults.search(self, query, limit, offset, readable)
        plan = _Planner(self, mode)
        part = plan.part(query)
        may = self._may(readable)
        found = self._found(part, may)
        more = plan.cut or len(found) > CAP
        if len(found) > CAP:
            found = found[:CAP]
            if part.match:
                leaves = [
                    plan.match(leaf) for leaf in list(defaults.leaves(query))[:_LEAVES] if not isinstance(leaf, Title)
                ]
                named = " OR ".join(f"({leaf})" for leaf in leaves if leaf)
                if named:
                    narrowed = _Part(f"({part.match}) AND ({{title}} : ({named}))", part.never, part.where, part.values)
                    found = list(dict(self._found(narrowed, may)[:CAP] + found).items())
        scored = self._scored(query, plan, part, found)
        hits = tuple(Hit(name, score, named) for score, named, name in scored[offset : offset + limit])
        return Hits(hits, min(len(found), CAP), more)

    def _found(self, part: _Part, may: str) -> list[tuple[int, str]]:
        where = f"and {part.where}" if part.where else ""
        if part.match:
            expression = f"({part.match}) NOT ({part.never})" if part.never else part.match
            return self._rows(
                "select p.id, p.name from search cross join page p on p.id = search.rowid "
                f"where search match ? and p.deleted = 0 {may} {where} order by search.rowid desc limit {CAP + 1}",
                expression,
                *part.values,
            )
        condition, values = part.condition
        return self._rows(
            f"select p.id, p.name from page p where p.deleted = 0 {may} and {condition} order by p.id desc limit {CAP + 1}",
            *values,
        )

    def _scored(
        self, query: Node, plan: _Planner, part: _Part, found: list[tuple[int, str]]
    ) -> list[tuple[float, bool, str]]:
        """Return score, whether the name matches, and name of each page found, best first."""
        score = {page: 0.0 for page, _ in found}
        named: set[int] = set()
        terms = {page: words.terms(name) for page, name in found}
        last = self._row("select max(id) from page")
        pages = last[0] if last and last[0] else 1
        leaves = list(defaults.leaves(query))[:_LEAVES]
        rare = bool(part.match)
        for leaf in leaves:
            having: list[int] = []
            expression = "" if isinstance(leaf, Title) else plan.match(leaf)
            if expression and expression == part.match:
                having = [page for page, _ in found]
                rare = len(found) < CAP
            elif expression:
                having = [row[0] for row in self._rows(_NEWEST, expression)]
                rare = rare and len(having) < CAP
            rarity = math.log(1 + pages / (1 + len(having)))
            for page in having:
                if page in score:
                    score[page] += rarity
            needle = () if isinstance(leaf, Title) else words.wanted(leaf.text)
            folded = words.fold(leaf.text)
            for page, name in found:
                if words.occurrences(needle, terms[page], isinstance(leaf, Word)) or (
                    isinstance(leaf, Title) and folded in words.fold(name)
                ):
                    score[page] += defaults.NAME_BONUS
                    named.add(page)
        if rare and part.match.count('"') <= 2 * _RANKED:
            # Only where no list is long, and there are few: bm25 counts all rows of each word before it gives the first.
            for page, rank in self._rows(
                f"select rowid, bm25(search, 1.0, 1.0) from search where search match ? limit {CAP + 1}", part.match
            ):
                if page in score:
                    score[page] -= rank
        best = sorted(found, key=lambda item: (-score[item[0]], len(item[1]), item[1]))
        return [(score[page], page in named, name) for page, name in best]

    def _expanded(self, term: str, mode: str, parts: bool) -> tuple[list[str], bool]:
        """Return the indexed words that begin with a term or contain it, and whether there are more than EXPANSIONS."""
        within, values = between("word", term)
        rows = self._rows(
            f"select word from word where 1 {within} order by length(word), word limit {EXPANSIONS + 1}", *values
        )
        found = dict.fromkeys(row[0] for row in rows[:EXPANSIONS])
        cut = len(rows) > EXPANSIONS
        if parts and len(term) >= words.PART:
            source, values = "word", ()
            if mode == "fts5+gram":
                source = f"(select rowid as id from gram where gram match ? limit {_PARTS_SEEN}) join word using (id)"
                grams = {term[at : at + 3] for at in range(len(term) - 2)}
                values = (" AND ".join(f'"{gram}"' for gram in sorted(grams)),)
            rows = self._rows(
                f"select word from {source} where instr(word, ?) > 1 order by length(word), word limit {EXPANSIONS + 1}",
                *values,
                term,
            )
            found.update(dict.fromkeys(row[0] for row in rows[:EXPANSIONS]))
            cut = cut or len(rows) > EXPANSIONS
        return list(found), cut


class _Planner:
    """Makes one query into pieces for FTS5 and SQL."""

    def __init__(self, storage: Searching, mode: str) -> None:
        self.storage = storage
        self.mode = mode
        self.cut = False
        self._matches: dict[Word | Phrase, str] = {}

    def part(self, node: Node) -> _Part:
        """Return what a node asks for."""
        if isinstance(node, Word | Phrase):
            if self.mode == "plain":
                return self._plain(words.wanted(node.text), isinstance(node, Word))
            match = self.match(node)
            return _Part(match) if match else _NOTHING
        if isinstance(node, Title):
            return _Part(where="instr(p.folded, ?)", values=(words.fold(node.text),))
        if isinstance(node, LinkTo | Category):
            targets = defaults.targets(node)
            kinds = defaults.REFERRING if isinstance(node, LinkTo) else ("category",)
            marks = [", ".join("?" * len(each)) for each in (targets, kinds)]
            inner = f"select page from link where target in ({marks[0]}) and kind in ({marks[1]})"
            return _Part(where=f"p.id in ({inner})", values=(*targets, *kinds))
        if isinstance(node, ByAuthor):
            key = defaults.user_key(node.name)
            inner = (
                "select page from change where number > 0 and author in (select id from author where folded = ? "
                "union select id from author where account in (select user from user_key where key = ?))"
            )
            return _Part(where=f"p.id in ({inner})", values=(key, key))
        if isinstance(node, Regex):
            return self._candidates(node)
        if isinstance(node, Not):
            inside = self.part(node.node)
            if inside.match and not inside.never and not inside.where:
                return _Part(never=inside.match)
            condition, values = inside.condition
            return _Part(where=f"not ({condition})", values=values)
        parts = [self.part(each) for each in node.nodes]
        return _all(parts) if isinstance(node, And) else _any(parts)

    def match(self, leaf: Word | Phrase) -> str:
        """Return what FTS5 is asked for a word or phrase, '' if it has no letter or digit, or there is no FTS5."""
        if leaf not in self._matches:
            self._matches[leaf] = "" if self.mode == "plain" else self._match(leaf)
        return self._matches[leaf]

    def _match(self, leaf: Word | Phrase) -> str:
        needle = words.wanted(leaf.text)
        if not needle:
            return ""
        *head, last = needle
        begun = " ".join([*head, ""])
        if words.is_unspaced(last):
            if len(last) == 2:
                return f'"{begun}{last}"'
            return f'"{begun}{last}" *' if head else f'"¦{last}"'
        endings = [last]
        if isinstance(leaf, Word):
            found, cut = self.storage._expanded(last, self.mode, parts=not head)
            self.cut = self.cut or cut
            endings = list(dict.fromkeys([last, *found]))
        return " OR ".join(f'"{begun}{ending}"' for ending in endings)

    def _candidates(self, regex: Regex) -> _Part:
        parts = []
        for literal in regex.literals:
            for term in words.wanted(literal):
                unspaced = words.is_unspaced(term)
                if self.mode == "plain" or (len(term) < 2 if unspaced else len(term) < words.PART):
                    continue
                found, cut = ([term], False) if unspaced else self.storage._expanded(term, self.mode, parts=True)
                if not cut:
                    parts.append(_Part(" OR ".join(f'"{word}"' for word in found)) if found else _NOTHING)
        return _all(parts)

    def _plain(self, needle: tuple[str, ...], open_end: bool) -> _Part:
        """Without FTS5: all words somewhere on the page, of which the last may go on."""
        parts = []
        for at, term in enumerate(needle):
            if open_end and at == len(needle) - 1:
                within, values = between("word", term)
            else:
                within, values = "and word = ?", (term,)
            parts.append(_Part(where=f"p.id in (select page from occurrence where 1 {within})", values=values))
        return _all(parts) if parts else _NOTHING


def _all(parts: list[_Part]) -> _Part:
    return _Part(
        " AND ".join(f"({part.match})" for part in parts if part.match),
        " OR ".join(f"({part.never})" for part in parts if part.never),
        " and ".join(f"({part.where})" for part in parts if part.where),
        tuple(value for part in parts for value in part.values),
    )


def _any(parts: list[_Part]) -> _Part:
    if not parts:
        return _NOTHING
    if all(part.match and not part.never and not part.where for part in parts):
        return _Part(" OR ".join(f"({part.match})" for part in parts))
    conditions = [part.condition for part in parts]
    said = " or ".join(f"({condition})" for condition, _ in conditions)
    return _Part(where=f"({said})", values=tuple(value for _, values in conditions for value in values))


def indexed(found: list[str]) -> str:
    """Return terms as they are given to FTS5; single characters once more by themselves, where no phrase meets them."""
    single = [f"¦{letter}" for letter in sorted(words.singles(found))]
    return " ".join([*found, *single])


def between(column: str, prefix: str) -> tuple[str, tuple[str, ...]]:
    """Return the condition that a column begins with a prefix, as a range that an index serves."""
    end = above(prefix)
    if not prefix:
        return "", ()
    return (f"and {column} >= ? and {column} < ?", (prefix, end)) if end else (f"and {column} >= ?", (prefix,))


def above(prefix: str) -> str:
    """Return the first text, by code points, that sorts after all that begin with a prefix; '' if there is none."""
    while prefix:
        code = ord(prefix[-1]) + 1
        prefix = prefix[:-1]
        if code <= 0x10FFFF:
            return prefix + chr(0xE000 if 0xD800 <= code < 0xE000 else code)
    return ""
