"""What a link leads to, by the rules of wiki links and of Markdown: a page, a file kept with a page, or a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from urllib.parse import quote, unquote

from .. import names
from ..model import BadName

SCHEMES = frozenset({"http", "https", "mailto", "ftp", "tel", "irc", "xmpp", "news"})
"""The URL schemes that a page may link to."""

LIMIT = 4000
"""The longest URL, in characters."""

# What browsers drop or take for a blank within a scheme, and what makes one text look like another.
INVISIBLE = re.compile(
    "[\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    "\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffd]"
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_EXTENSION = re.compile(r"\.(?=[0-9]?[A-Za-z])[A-Za-z0-9]{1,5}\Z")
_PREFIX = re.compile(r"([^\s:/#?]+):(?!//)\s*(.+)", re.S)


@dataclass(frozen=True, slots=True)
class Target:
    """What a link leads to.

    kind is `page` (`detail` is the anchor), `file` (of the page `name`; `detail` is the file's name) or `url` (`name`).
    """

    kind: str
    name: str
    detail: str = ""
    interwiki: bool = False


def is_safe(url: str) -> bool:
    """Say whether a URL, as it stands in an attribute, has one of our schemes, or certainly none."""
    bare = INVISIBLE.sub("", unescape(url))
    if "\\" in bare or len(url) > LIMIT:
        return False
    match = _SCHEME.match(bare)
    if match:
        return match[1].lower() in SCHEMES
    return ":" not in re.split(r"[/?#]", bare, maxsplit=1)[0]


def wiki(text: str, page: str, interwiki: Mapping[str, str]) -> Target:
    """Return what `[[text]]` on a page means; raise BadName.

    A URL; `attachment:` and a file; a prefix of another wiki; else a page name for `names.resolve`, with `#anchor`.
    """
    text = text.strip()
    found = _foreign(text, interwiki)
    if found:
        return found
    if text.startswith("attachment:"):
        folder, _, file = text.removeprefix("attachment:").rpartition("/")
        return Target("file", names.resolve(folder, page) if folder.strip() else page, names.file_normal(file))
    name, _, anchor = text.partition("#")
    return Target("page", names.resolve(name, page) if name.strip() else page, anchor.strip())


def markdown(url: str, page: str, interwiki: Mapping[str, str]) -> Target:
    """Return what the URL of a Markdown link on a page means; raise BadName.

    The page `A/B` is taken for the file `A/B.md`, its files for a folder `A/B/`. So on `A/B` the URL `C` or `C.md` is
    the page `A/C`, `../D` the page `D`, `/E` the page `E`, and `B/x.png` the file x.png of `A/B`. A bare file name is a
    file of this page as well. What ends like a file name (`.png`, but not `.2` or `.md`) is a file.
    """
    url = url.strip()
    if url.startswith("attachment:"):
        return wiki(unquote(url), page, {})
    found = _foreign(url, interwiki)
    if found:
        return found
    if _SCHEME.match(INVISIBLE.sub("", url)):
        raise BadName(name=url)
    path, _, anchor = url.partition("#")
    try:
        path, anchor = unquote(path, errors="strict"), unquote(anchor, errors="strict")
    except UnicodeDecodeError:
        raise BadName(name=url) from None
    if not path:
        return Target("page", page, anchor)
    while path.startswith("./"):
        path = path[2:]
    if _EXTENSION.search(path) and not path.endswith(".md"):
        folder, slash, file = path.rpartition("/")
        return Target("file", _joined(folder + slash, page) if slash else page, names.file_normal(file))
    return Target("page", _joined(path.removesuffix(".md"), page), anchor)


def _joined(path: str, page: str) -> str:
    """Return the page at a path from the folder that a page lies in; raise BadName above the top."""
    parts = [] if path.startswith("/") else page.split("/")[:-1]
    for part in path.split("/"):
        if part.strip() == "..":
            if not parts:
                raise BadName(name=path)
            parts.pop()
        elif part.strip() != ".":
            parts.append(part)
    return names.normal("/".join(parts))


def _foreign(text: str, interwiki: Mapping[str, str]) -> Target | None:
    match = _SCHEME.match(text)
    if match and match[1].lower() in SCHEMES:
        rest = text[match.end() :]
        if rest.startswith("//") or (match[1].lower() in ("mailto", "tel", "news", "xmpp") and rest and rest[0] != " "):
            if not is_safe(text):
                raise BadName(name=text)
            return Target("url", text)
    prefixed = _PREFIX.match(text)
    if prefixed and prefixed[1] in interwiki:
        return Target("url", elsewhere(interwiki[prefixed[1]], prefixed[2]), interwiki=True)
    return None


def elsewhere(url: str, page: str) -> str:
    """Return the URL of a page, with its `#anchor`, in the wiki whose pages `url` stands for; raise BadName."""
    name, _, anchor = page.partition("#")
    path = quote(name.strip(), safe="/~!$'()*,;:@-._?=&%")
    full = url.replace("$PAGE", path) if "$PAGE" in url else url + path
    full += "#" + quote(anchor.strip(), safe="/~!$'()*,;:@-._%") if anchor else ""
    if not is_safe(full):
        raise BadName(name=page)
    return full
