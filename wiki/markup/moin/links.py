"""What stands in `[[…]]`: a target, a label, parameters; and what MoinMoin means by a target."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlencode

from ... import names
from ...model import BadName
from .. import Context, Hole
from ..allowed import is_class, is_relation
from ..escaping import escaped
from ..targets import SCHEMES, Target, elsewhere, is_safe
from . import ids
from .emitter import Emitter

FOREIGN = frozenset(
    "http https ftp file mailto nntp news ssh telnet irc ircs xmpp mumble webcal ed2k apt rootz gopher notes rtp rtsp "
    "rtcp tel".split()
)
"""The schemes that MoinMoin 1.9 knows. Those that are not in `targets.SCHEMES` are shown as text."""

_URL = re.compile(rf"(?:{'|'.join(sorted(FOREIGN))}):")
_WIKI = re.compile(r"([A-Za-z0-9]+):(.*)", re.S)
_PARAMETER = re.compile(r"""(&?[\w-]+)\s*=\s*("[^"]*"|'[^']*'|[^,\s]*)""")


def parameters(text: str) -> dict[str, str]:
    """Return parameters `key=value, key="value"`, in a link or a transclusion; blanks may separate them as well."""
    return {key: value[1:-1] if value[:1] in ("'", '"') else value for key, value in _PARAMETER.findall(text)}


def divided(inside: str) -> tuple[str, str, str] | None:
    """Return target, label and parameters of what stands between brackets; None if it is no link."""
    target, _, rest = inside.partition("|")
    target, rest = target.strip(), rest.strip()
    if not target:
        return None
    if rest.startswith("{{") and (end := rest.find("}}") + 2) > 1:
        label, more = rest[:end], rest[end:].strip()
        if more and not more.startswith("|"):
            label, _, more = rest.partition("|")
        return None if "|" in more[1:] else (target, label.strip(), more.removeprefix("|"))
    label, _, more = rest.partition("|")
    return None if "|" in more else (target, label.strip(), more.strip())


def is_url(target: str) -> bool:
    """Say whether a target begins with a scheme that MoinMoin 1.9 knows."""
    return _URL.match(target) is not None


def understood(target: str, context: Context) -> Target:
    """Return what a target means on a page; raise BadName.

    A URL; `attachment:` or `drawing:` and a file; another wiki and its page; else a page with the anchor after its
    last `#`, so that a `#` at the end keeps those before it in the name.
    """
    if is_url(target):
        if target.partition(":")[0] not in SCHEMES or not is_safe(target):
            raise BadName(name=target)
        return Target("url", target)
    scheme, colon, rest = target.partition(":")
    if colon and scheme in ("attachment", "drawing"):
        folder, _, file = unquote(rest).rpartition("/")
        if scheme == "drawing":
            file += ".tdraw"
        page = names.resolve(folder, context.page) if folder.strip() else context.page
        return Target("file", page, names.file_normal(file))
    wiki = _WIKI.match(target)
    if wiki and wiki[1] in context.interwiki:
        return Target("url", elsewhere(context.interwiki[wiki[1]], wiki[2]), wiki[1], interwiki=True)
    if wiki and wiki[1] == "Self":
        target = wiki[2]
    name, sign, anchor = target.rpartition("#")
    if not sign:
        name, anchor = target, ""
    page = names.resolve(name, context.page) if name.strip() else context.page
    return Target("page", page, ids.anchor(anchor))


def default_label(target: str, context: Context) -> str:
    """Return what is shown for a target without a label: as it is written, of other wikis the page's name only."""
    scheme, colon, rest = target.partition(":")
    if colon and scheme in ("attachment", "drawing"):
        return unquote(rest)
    if colon and (scheme in context.interwiki or scheme == "Self") and not is_url(target):
        return rest.rpartition("#")[0] if "#" in rest else rest
    return target


def link(emitter: Emitter, target: str, inner: str, wishes: dict[str, str] | None = None) -> str:
    """Return a link to a target around `inner`, which is HTML; just `inner`, marked, if it leads nowhere."""
    try:
        found = understood(target, emitter.context)
    except BadName:
        return invalid(inner)
    wishes = wishes or {}
    more = _attributes(wishes)
    if found.kind == "url":
        return _outward(emitter, found, inner, dict(more))
    if found.kind == "file":
        return f"{emitter.start(Hole('file', found.name, found.detail, more))}{inner}</a>"
    query = urlencode([(key[1:], value) for key, value in wishes.items() if key.startswith("&")])
    return f"{emitter.start(to_page(found, more, query))}{inner}</a>"


def to_page(target: Target, attributes: tuple[tuple[str, str], ...] = (), query: str = "") -> Hole:
    """Return the hole for a link to a page: with MoinMoin's anchor, not that of this wiki's headings."""
    suffix = f"?{query}" if query else ""
    if target.detail:
        suffix += f"#{quote(target.detail, safe=':.-_')}"
    return Hole("page", target.name, attributes=attributes, suffix=suffix)


def _attributes(wishes: dict[str, str]) -> tuple[tuple[str, str], ...]:
    found = []
    if "class" in wishes and (kept := classes(wishes["class"])):
        found.append(("class", kept))
    if wishes.get("title"):
        found.append(("title", wishes["title"]))
    if is_relation(wishes.get("rel", "")):
        found.append(("rel", wishes["rel"]))
    return tuple(found)


def _outward(emitter: Emitter, target: Target, inner: str, more: dict[str, str]) -> str:
    emitter.spend(len(target.name) + 60)
    own = more.pop("class", "")
    if target.interwiki:
        attributes = {"class": f"interwiki {own}".strip(), "title": target.detail} | more
    elif target.name.startswith(("http", "ftp")):
        attributes = {"class": f"external {own}".strip(), "rel": "nofollow"} | more
    else:
        attributes = ({"class": own} if own else {}) | more
    written = "".join(f' {name}="{escaped(value)}"' for name, value in attributes.items())
    return f'<a href="{escaped(target.name)}"{written}>{inner}</a>'


def invalid(inner: str) -> str:
    """Return the label of a link that leads nowhere."""
    return f'<span class="invalid">{inner}</span>'


_WORD = re.compile(r"[\w-]{1,40}\Z", re.ASCII)


def classes(text: str) -> str:
    """Return the classes that a page asks for: MoinMoin's as they are, others with `user-` before them."""
    found = []
    for word in re.split(r"[\s/]+", text.strip()):
        if is_class(word) and word:
            found.append(word)
        elif _WORD.match(word):
            found.append(f"user-{word}")
    return " ".join(found[:8])
