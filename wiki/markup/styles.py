"""Which CSS a page may say in `style` attributes: sizes, colours, borders and alignment. No URLs, no positions."""

from __future__ import annotations

import re
from collections.abc import Callable

_LENGTH = r"(?:0|[0-9]{1,4}(?:\.[0-9]{1,3})?(?:px|em|rem|ex|ch|pt|pc|mm|cm|in|%))"
_COLOUR = (
    r"(?:#[0-9a-f]{3,8}|[a-z]{3,24}"
    r"|(?:rgb|hsl)a?\([0-9]{1,3}%?(?:[ ,/]{1,3}[0-9]{1,3}(?:\.[0-9]{1,3})?%?){2,3}\))"
)
_LINE = r"(?:none|hidden|dotted|dashed|solid|double|groove|ridge|inset|outset)"
_BORDER = rf"(?:{_LENGTH}|thin|medium|thick|{_LINE}|{_COLOUR})"
_FONT = r"(?:[a-z][a-z -]{0,40}|'[a-z0-9 -]{1,40}')"


def _one(pattern: str) -> Callable[[str], object]:
    return re.compile(rf"{pattern}\Z", re.I).match


def _some(pattern: str) -> Callable[[str], object]:
    return re.compile(rf"{pattern}(?: {pattern}){{0,3}}\Z", re.I).match


def _words(words: str) -> Callable[[str], object]:
    return _one(f"(?:{words})")


_PROPERTIES: dict[str, Callable[[str], object]] = {
    "background": _one(_COLOUR),
    "background-color": _one(_COLOUR),
    "border-collapse": _words("collapse|separate"),
    "border-color": _some(_COLOUR),
    "border-radius": _some(_LENGTH),
    "border-spacing": _some(_LENGTH),
    "border-style": _some(_LINE),
    "border-width": _some(f"(?:{_LENGTH}|thin|medium|thick)"),
    "clear": _words("none|left|right|both"),
    "color": _one(_COLOUR),
    "float": _words("none|left|right"),
    "font-family": _one(f"{_FONT}(?:, ?{_FONT}){{0,6}}"),
    "font-size": _one(f"(?:{_LENGTH}|(?:xx?-)?(?:small|large)|medium|smaller|larger)"),
    "font-style": _words("normal|italic|oblique"),
    "font-variant": _words("normal|small-caps"),
    "font-weight": _words("normal|bold|bolder|lighter|[1-9]00"),
    "line-height": _one(f"(?:normal|[0-9](?:\\.[0-9]{{1,2}})?|{_LENGTH})"),
    "list-style-type": _words("none|disc|circle|square|decimal|(?:lower|upper)-(?:alpha|latin|roman|greek)"),
    "margin": _some(f"(?:auto|{_LENGTH})"),
    "max-height": _one(_LENGTH),
    "max-width": _one(_LENGTH),
    "min-width": _one(_LENGTH),
    "padding": _some(_LENGTH),
    "text-align": _words("left|right|center|justify|start|end"),
    "text-decoration": _words("none|underline|overline|line-through"),
    "text-indent": _one(_LENGTH),
    "text-transform": _words("none|capitalize|uppercase|lowercase"),
    "vertical-align": _one(f"(?:baseline|sub|super|top|text-top|middle|bottom|text-bottom|{_LENGTH})"),
    "height": _one(f"(?:auto|{_LENGTH})"),
    "white-space": _words("normal|nowrap|pre|pre-wrap|pre-line"),
    "width": _one(f"(?:auto|{_LENGTH})"),
}
for _side in ("top", "right", "bottom", "left"):
    _PROPERTIES[f"margin-{_side}"] = _one(f"(?:auto|{_LENGTH})")
    _PROPERTIES[f"padding-{_side}"] = _one(_LENGTH)
    _PROPERTIES[f"border-{_side}"] = _some(_BORDER)
_PROPERTIES["border"] = _some(_BORDER)

LIMIT = 600
"""The longest style that is read, in characters."""

_BLANKS = re.compile(r"\s+")
_BARE = re.compile(r"[0-9]{1,4}\Z")
_PIXELS = frozenset({"width", "height", "max-width", "max-height", "min-width", "border-width", "border-spacing"})


def safe(style: str) -> str:
    """Return what is allowed of a style, in one form: `color: red; width: 50%`; '' if nothing is.

    A bare number as a width or height counts pixels, as it does in HTML's own attributes.
    """
    if len(style) > LIMIT:
        return ""
    kept: dict[str, str] = {}
    for declaration in style.split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip().lower()
        test = _PROPERTIES.get(name)
        if test is None or not colon:
            continue
        value = _BLANKS.sub(" ", value.strip().replace('"', "'"))
        if name in _PIXELS and value != "0" and _BARE.match(value):
            value += "px"
        if test(value):
            kept.pop(name, None)
            kept[name] = value
    return "; ".join(f"{name}: {value}" for name, value in kept.items())


def is_safe(style: str) -> bool:
    """Say whether a style is in the form that `safe` returns."""
    return style != "" and safe(style) == style
