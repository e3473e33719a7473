"""The one table of HTML tags and attributes that a page may have, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import styles
from .targets import is_safe

TAGS = frozenset(
    "a abbr b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em "
    "figcaption figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark ol p pre q rp rt ruby s samp "
    "section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
)
"""Never add script, style, svg, math, iframe, object, form, textarea, title, noscript, xmp: tags can hide in them."""

VOID = frozenset({"br", "col", "hr", "img", "input", "wbr"})

ADMONITIONS = frozenset(
    "abstract attention bug caution danger error example failure hint important info note question quote seealso "
    "success tip todo warning".split()
)

CLASSES = frozenset(
    "admonition admonition-title anchor black blue center codehilite comment dashed dotted external footnote "
    "footnote-backref footnote-ref footnotes gap green highlight hr1 hr2 hr3 hr4 hr5 hr6 interwiki invalid justify "
    "left math orange plain red right smiley solid task tasks yellow".split()
)

# An id with a prefix of ours cannot stand for a property of `window` or `document` (DOM clobbering).
_ID = re.compile(r"(?:fn|fnref\d{0,6}|h|toc|r|line|head)[:_-][^\s\"'<>&`=\x00-\x20\x7f-\x9f]{1,120}\Z")
_LANGUAGE = re.compile(
    r"(?:language-[\w+#.-]{1,30}|level-[1-6]|[a-z][a-z0-9]{0,1}|smiley-[a-z-]{1,20}|user-[\w-]{1,40})\Z", re.ASCII
)
_LANG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}\Z")
_SIZE = re.compile(r"[0-9]{1,4}%?\Z")
_COUNT = re.compile(r"[1-9][0-9]{0,2}\Z")
_INTEGER = re.compile(r"-?[0-9]{1,9}\Z")
_TIME = re.compile(r"[0-9A-Za-z:+. -]{1,40}\Z")
_ALIGN = frozenset({"left", "right", "center", "justify"})
_RELATIONS = frozenset({"nofollow", "nofollow noopener", "noopener", "footnote"})

Test = Callable[[str], bool]


def is_class(value: str) -> bool:
    """Say whether all words of a class attribute are ours: what our own markups emit, nothing of the page's frame."""
    return len(value) < 200 and all(
        word in CLASSES or word in ADMONITIONS or _LANGUAGE.match(word) is not None for word in value.split()
    )


def is_relation(value: str) -> bool:
    """Say whether a link may have this `rel`."""
    return value in _RELATIONS


def _matches(pattern: re.Pattern[str]) -> Test:
    return lambda value: pattern.match(value) is not None


def _one_of(*values: str) -> Test:
    return frozenset(values).__contains__


def _any(value: str) -> bool:
    return True


def _is_image(value: str) -> bool:
    return is_safe(value) and not re.match(r"\s*(?!https?:)[A-Za-z][A-Za-z0-9+.\-]*:", value, re.I)


_CELL: dict[str, Test] = {"colspan": _matches(_COUNT), "rowspan": _matches(_COUNT), "align": _ALIGN.__contains__}

_COMMON: dict[str, Test] = {
    "title": _any,
    "lang": _matches(_LANG),
    "dir": _one_of("ltr", "rtl", "auto"),
    "id": _matches(_ID),
    "class": is_class,
    "style": styles.is_safe,
}

_OWN: dict[str, dict[str, Test]] = {
    "a": {"href": is_safe, "rel": _RELATIONS.__contains__},
    "img": {
        "src": _is_image,
        "alt": _any,
        "width": _matches(_SIZE),
        "height": _matches(_SIZE),
        "loading": _one_of("lazy"),
    },
    "input": {"type": _one_of("checkbox"), "checked": _any, "disabled": _any},
    "td": _CELL,
    "th": _CELL | {"scope": _one_of("row", "col", "rowgroup", "colgroup")},
    "p": {"align": _ALIGN.__contains__},
    "div": {"align": _ALIGN.__contains__},
    "ol": {"start": _matches(_INTEGER), "type": _one_of("1", "a", "A", "i", "I"), "reversed": _any},
    "li": {"value": _matches(_INTEGER)},
    "details": {"open": _any},
    "time": {"datetime": _matches(_TIME)},
}

BARE = frozenset({"checked", "disabled", "open", "reversed"})
"""Attributes that have no value."""

_TESTS = {tag: _COMMON | _OWN.get(tag, {}) for tag in TAGS}
_TESTS["input"] = _OWN["input"]
_TESTS["label"] = {}


def is_allowed(tag: str, name: str, value: str) -> bool:
    """Say whether a tag may have an attribute of this value (with its entities decoded)."""
    test = _TESTS[tag].get(name) if tag in _TESTS else None
    return test is not None and test(value)
