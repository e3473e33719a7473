"""What stands in `{{…}}`: a picture, a file or another page shown in this one."""

from __future__ import annotations

import re

from ...model import BadName
from .. import Hole
from ..escaping import escaped
from ..styles import safe
from . import links
from .emitter import Emitter
from .nesting import attributes

TEXTS = frozenset(
    "bash bat c cc cfg conf cpp css csv diff go h hpp html ini java js json log lua patch php pl py rb rs rst sh sql "
    "tex text toml ts txt xml yaml yml".split()
)
"""The ends of names of files whose text is shown in the page."""

_SIZE = re.compile(r"([0-9]{1,4})(?:px)?\Z")
_PERCENT = re.compile(r"[0-9]{1,3}(?:\.[0-9]+)?(?:%|em|ex)\Z")
_ALIGN = {
    "left": "float: left",
    "right": "float: right",
    "top": "vertical-align: top",
    "middle": "vertical-align: middle",
    "center": "vertical-align: middle",
    "bottom": "vertical-align: bottom",
}


def embedded(emitter: Emitter, inside: str, within_link: bool = False) -> tuple[str, str] | None:
    """Return the HTML for what stands between braces and its kind; None if it is no transclusion.

    The kind is `text`, `hole` for a token in text, or `block` for one that stands where a block may stand.
    """
    found = links.divided(inside)
    if found is None or "{" in found[0]:
        return None
    target, description, wish = found
    wishes = links.parameters(wish)
    alt = description or links.default_label(target, emitter.context)
    if links.is_url(target):
        return _picture(emitter, target, alt, wishes), "text"
    try:
        meant = links.understood(target, emitter.context)
    except BadName:
        return links.invalid(escaped(alt)), "text"
    if meant.kind == "url":
        return links.link(emitter, target, escaped(alt)), "text"
    if meant.kind == "file":
        if "tdraw" in meant.detail and target.startswith("drawing:"):
            meant_file = meant.detail
            return f"{emitter.start(Hole('file', meant.name, meant_file))}{escaped(alt)}</a>", "text"
        if meant.detail.rpartition(".")[2].lower() in TEXTS and not within_link:
            return emitter.embed(meant.name, meant.detail, alt, f"{{{{{inside}}}}}"), "block"
        return emitter.start(Hole("image", meant.name, meant.detail, _wanted(alt, wishes))), "text"
    if within_link or "Include" not in emitter.context.macros:
        return escaped(alt), "text"
    quoted = '"' + meant.name.replace('"', '""') + '"'
    return emitter.macro("Include", quoted, f"{{{{{inside}}}}}", block=True), "block"


def _picture(emitter: Emitter, url: str, alt: str, wishes: dict[str, str]) -> str:
    if not url.lower().startswith(("http://", "https://")):
        return links.link(emitter, url, escaped(alt))
    try:
        links.understood(url, emitter.context)
    except BadName:
        return links.invalid(escaped(alt))
    emitter.spend(len(url) + len(alt))
    return f'<img src="{escaped(url)}"{attributes(_wanted(alt, wishes))} loading="lazy">'


def _wanted(alt: str, wishes: dict[str, str]) -> tuple[tuple[str, str], ...]:
    found = [("alt", alt), ("title", wishes.get("title") or alt)]
    style = []
    for name in ("width", "height"):
        value = wishes.get(name, "").strip()
        if match := _SIZE.match(value):
            found.append((name, match[1]))
        elif _PERCENT.match(value):
            style.append(f"{name}: {value}")
    if wishes.get("align", "").lower() in _ALIGN:
        style.append(_ALIGN[wishes["align"].lower()])
    if kept := safe("; ".join([*style, wishes.get("style", "")])):
        found.append(("style", kept))
    if kept := links.classes(wishes.get("class", "")):
        found.append(("class", kept))
    return tuple((name, value) for name, value in found if value)
