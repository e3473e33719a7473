"""Access control lists as MoinMoin 1.9 has them: parse them, decide by them, and say which entry decided."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from . import names

if TYPE_CHECKING:
    from collections.abc import Callable

RIGHTS = ("read", "write", "delete", "revert", "admin")
SPECIAL = ("All", "Known", "Trusted", "Default")
"""Names that an ACL gives a meaning of its own; no account or group of such a name is ever looked at."""

_RESERVED = frozenset(name.casefold() for name in (*SPECIAL, "anonymous"))
_DEFAULT = re.compile(r"Default(?!\S)")
_ENTRY = re.compile(r"([+-]?)([^:]*):(\S*)")
_MEMBER = re.compile(r"(?: ?\*|-)[ \t]+(.*\S)")
_LINK = re.compile(r"\[\[([^\[\]|]+)(?:\|[^\[\]]*)?\]\]")
_USER_NAME = re.compile(r"(?:[^\W_]|['@.\-_ ]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u109f\u1780-\u17d3])+")
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks that show nothing (Unicode's Default_Ignorable_Code_Point)."""

_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


@dataclass(frozen=True)
class Who:
    """Whom a decision is about. `name` is '' for an anonymous visitor; `admin` may do everything.

    `groups` says of a group's name whether this visitor is in it, also by way of other groups.
    """

    name: str = ""
    known: bool = False
    trusted: bool = False
    admin: bool = False
    groups: Callable[[str], bool] = lambda group: False


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an ACL: sign ('', '+' or '-'), whom it is about, which rights it lists, and its text."""

    sign: str
    names: tuple[str, ...]
    rights: frozenset[str]
    text: str


DEFAULT = Entry("", (), frozenset(), "Default")
"""Stands where an ACL has the word `Default`."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, the text of the entry that made it ('' = none did), and where that entry stands.

    `where` is `before`, `page`, `default` or `after`; `superuser` or '' where no entry was asked or none matched.
    """

    allowed: bool
    entry: str = ""
    where: str = ""


@lru_cache(maxsize=1024)
def parse(acl: str) -> tuple[Entry, ...]:
    """Return the entries of an ACL. Unknown rights are left out, as is what has no colon at the end; never raises."""
    entries = []
    at = 0
    while at < len(acl):
        if acl[at].isspace():
            at += 1
            continue
        word = _DEFAULT.match(acl, at)
        if word:
            entries.append(DEFAULT)
            at = word.end()
            continue
        match = _ENTRY.match(acl, at)
        if match is None:
            break
        about = tuple(name for name in (part.strip() for part in match[2].split(",")) if name)
        rights = frozenset(right for right in match[3].split(",") if right in RIGHTS)
        entries.append(Entry(match[1], about, rights, match[0]))
        at = match.end()
    return tuple(entries)


@dataclass(frozen=True)
class Policy:
    """The ACLs of the whole wiki: what comes before every page's own, instead of a missing one, and after."""

    before: str = ""
    default: str = ""
    after: str = ""

    def allows(self, acl: str | None, who: Who, right: str) -> bool:
        """Return whether somebody has a right on a page with this ACL (None: it has none)."""
        return self.explain(acl, who, right).allowed

    def explain(self, acl: str | None, who: Who, right: str) -> Explanation:
        """Return the decision and what made it: the first entry that matches.

        An entry without a sign decides all rights of whom it names; one with + or - only those it lists. An ACL that
        is there but empty is an ACL: the default does not count then. What nothing decides is not allowed.
        """
        if who.admin:
            return Explanation(True, where="superuser")
        own = ("default", self.default) if acl is None else ("page", acl)
        for where, text in (("before", self.before), own, ("after", self.after)):
            for entry in parse(text):
                inner = parse(self.default) if entry is DEFAULT and where != "default" else (entry,)
                for each in inner:
                    if _decides(each, who, right):
                        allowed = each.sign != "-" and right in each.rights
                        return Explanation(allowed, each.text, "default" if entry is DEFAULT else where)
        return Explanation(False)


def _decides(entry: Entry, who: Who, right: str) -> bool:
    if entry.sign and right not in entry.rights:
        return False
    return any(_means(name, who) for name in entry.names)


def _means(name: str, who: Who) -> bool:
    if name in SPECIAL:
        return name == "All" or (name == "Known" and who.known) or (name == "Trusted" and who.trusted)
    return name == who.name or who.groups(name)


def members(text: str) -> tuple[str, ...]:
    """Return whom a group page names: its bullets of the first level (`* x`, `- x`, ` * x`), links without brackets.

    A bullet that holds more than a link is taken as it stands, and so matches nobody by accident.
    """
    found: dict[str, None] = {}
    for line in text.split("\n"):
        match = _MEMBER.fullmatch(line.rstrip())
        if match:
            link = _LINK.fullmatch(match[1])
            found[(link[1] if link else match[1]).strip()] = None
    return tuple(found)


def valid_user_name(name: str) -> bool:
    """Return whether an account may have this name.

    Letters, digits, single blanks inside, and `'@.-_` as in MoinMoin 1.9, so nothing that an ACL or a page name takes
    apart; no `-` and no word `Default` at its beginning, for the same reason; in NFC; short enough for a page; not what
    an ACL means by itself, nor what looks like a group's page; and no letters of Latin, Cyrillic and Greek together,
    which could look like another's name.
    """
    if name != unicodedata.normalize("NFC", name) or not _USER_NAME.fullmatch(name) or _UNSEEN & set(name):
        return False
    if name != " ".join(name.split()) or not any(char.isalnum() for char in name):
        return False
    plain = unicodedata.normalize("NFKC", name).casefold()
    if name.startswith("-") or name.split()[0] == "Default":
        return False
    if plain in _RESERVED or name.endswith("Group") or len(names.quote(name)) > names.LIMIT:
        return False
    return len({script for script in map(_script, name) if script}) <= 1


def _script(char: str) -> str:
    return "" if char.isascii() and not char.isalpha() else _named_script(unicodedata.name(char, ""))


def _named_script(name: str) -> str:
    return next((script for script in _SCRIPTS if script in name.split()), "")
