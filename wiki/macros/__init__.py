"""Macros: what `<<Name(arguments)>>` computes when a page is viewed. A function per macro, named as pages call it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import names
from ..model import BadName, Link

if TYPE_CHECKING:
    from ..view import View

PAGES = Link("pages", "")

_ITEM = re.compile(
    r"""\s*(?:([A-Za-z_][\w-]*)\s*=\s*)?
        (?: "((?:[^"]|"")*)" \s* (?=,|\Z) | '((?:[^']|'')*)' \s* (?=,|\Z) | ([^,]*) )""",
    re.VERBOSE,
)

Links = Callable[[str, str], tuple[Link, ...]]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a macro on a page being viewed. All that it may know comes through `view`, and so from a Visit."""

    name: str
    raw: str
    page: str
    block: bool
    view: View

    @property
    def arguments(self) -> tuple[list[str], dict[str, str]]:
        """Return positional and named arguments: separated by commas, quoted with ' or " where they hold one."""
        return parsed(self.raw)

    @property
    def text(self) -> str:
        """Return all of the arguments as one text, without the quotes that may stand around it."""
        return unquoted(self.raw)


@dataclass(frozen=True, slots=True)
class Macro:
    """A registered macro: its function, what its output depends on, and the links that its arguments make.

    The function returns a string, which is escaped, or Markup. `depends` holds what is certain before the call
    (`pages`, `user`, `time`, `request`); the function adds to `call.view.depends` what its arguments bring about.
    `links` gets the raw arguments and the page's name when the page is saved; it should be cheap.
    """

    function: Callable[[Call], Any]
    depends: frozenset[str] = frozenset()
    links: Links = lambda raw, page: ()


def parsed(raw: str) -> tuple[list[str], dict[str, str]]:
    """Return the positional and named arguments of a macro call, as MoinMoin 1.9 reads them.

    Separated by commas; `name=value` is named; a value in ' or " may hold commas, and its own quotes doubled. An
    argument left empty between commas is ''.
    """
    positional: list[str] = []
    named: dict[str, str] = {}
    place = 0
    if not raw.strip():
        return positional, named
    while place <= len(raw):
        match = _ITEM.match(raw, place)
        assert match is not None  # every part of the pattern may be empty
        name, double, single, plain = match.groups()
        if double is not None:
            value = double.replace('""', '"')
        elif single is not None:
            value = single.replace("''", "'")
        else:
            value = plain.strip()
        if name:
            named[name] = value
        else:
            positional.append(value)
        place = match.end() + 1
    return positional, named


def unquoted(raw: str) -> str:
    """Return the arguments as one text, without blanks and one pair of quotes around it."""
    text = raw.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


def _included(raw: str, page: str) -> tuple[Link, ...]:
    """Return what Include's arguments refer to: a page, or with a regular expression the set of all."""
    target = next(iter(parsed(raw)[0]), "")
    if target.startswith("^"):
        return (PAGES,)
    try:
        return (Link("include", names.resolve(target, page)),)
    except BadName:
        return ()


def _quoted(raw: str, page: str) -> tuple[Link, ...]:
    """Return what RandomQuote's argument refers to."""
    return _included(raw.strip() or "FortuneCookies", page)


def _nothing(raw: str, page: str) -> tuple[Link, ...]:
    return ()


def _lazy(place: str, *depends: str, links: Links = _nothing) -> Macro:
    """Return the macro that `module:function` in this package computes; its first call imports the module."""
    module, _, name = place.partition(":")

    def function(call: Call) -> Any:
        return getattr(import_module(f"{__name__}.{module}"), name)(call)

    return Macro(function, frozenset(depends), links)


REGISTRY: dict[str, Macro] = {
    "AbandonedPages": _lazy("lists:AbandonedPages", "pages"),
    "Action": _lazy("text:Action"),
    "AdvancedSearch": _lazy("search:AdvancedSearch"),
    "Anchor": _lazy("text:Anchor"),
    "AttachInfo": _lazy("files:AttachInfo", "pages"),
    "AttachList": _lazy("files:AttachList", "pages"),
    "BackLinks": _lazy("lists:BackLinks", "pages"),
    "BR": _lazy("text:BR"),
    "Date": _lazy("dates:Date"),
    "DateTime": _lazy("dates:DateTime"),
    "EditedSystemPages": _lazy("about:EditedSystemPages", "pages"),
    "EditTemplates": _lazy("lists:EditTemplates", "pages"),
    "EmbedObject": _lazy("files:EmbedObject", "pages"),
    "FootNote": _lazy("text:FootNote"),
    "FullSearch": _lazy("search:FullSearch", "pages", "user"),
    "FullSearchCached": _lazy("search:FullSearch", "pages", "user"),
    "GetText": _lazy("text:GetText"),
    "GetText2": _lazy("text:GetText"),
    "GetVal": _lazy("quoted:GetVal", links=_included),
    "GoTo": _lazy("search:GoTo"),
    "HighlighterList": _lazy("about:HighlighterList"),
    "Hits": _lazy("about:Hits"),
    "Include": _lazy("include:Include", links=_included),
    "InterWiki": _lazy("about:InterWiki"),
    "LikePages": _lazy("lists:LikePages", "pages"),
    "MailTo": _lazy("text:MailTo", "user"),
    "MonthCalendar": _lazy("calendar:MonthCalendar", "pages"),
    "Navigation": _lazy("navigation:Navigation", "pages"),
    "NewPage": _lazy("forms:NewPage"),
    "OrphanedPages": _lazy("lists:OrphanedPages", "pages"),
    "PageCount": _lazy("about:PageCount", "pages"),
    "PageHits": _lazy("about:Hits"),
    "PageList": _lazy("lists:PageList", "pages"),
    "PageSize": _lazy("about:PageSize", "pages"),
    "RandomPage": _lazy("lists:RandomPage", "time"),
    "RandomQuote": _lazy("quoted:RandomQuote", "time", links=_quoted),
    "RecentChanges": _lazy("changes:RecentChanges", "pages"),
    "StatsChart": _lazy("about:Hits"),
    "SystemAdmin": _lazy("about:SystemAdmin", "user"),
    "SystemInfo": _lazy("about:SystemInfo", "pages"),
    "TableOfContents": _lazy("text:TableOfContents"),
    "TemplateList": _lazy("lists:TemplateList", "pages"),
    "TitleIndex": _lazy("lists:TitleIndex", "pages"),
    "TitleSearch": _lazy("search:TitleSearch"),
    "Verbatim": _lazy("text:Verbatim"),
    "WantedPages": _lazy("lists:WantedPages", "pages"),
    "WikiConfig": _lazy("about:WikiConfig", "user"),
    "WordIndex": _lazy("lists:WordIndex", "pages"),
}
"""Every macro by its name. Those of a plugin are put in here too."""


def find(name: str) -> Macro | None:
    """Return the macro of this name, or None."""
    return REGISTRY.get(name)


def links() -> Mapping[str, Links]:
    """Return for each macro the function that says what a call of it refers to. Imports no macro's module."""
    return {name: _links(macro) for name, macro in REGISTRY.items()}


def _links(macro: Macro) -> Links:
    if "pages" not in macro.depends:
        return macro.links
    return lambda raw, page: (*macro.links(raw, page), PAGES)
