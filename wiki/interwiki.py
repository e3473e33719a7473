"""Interwiki links: the table of prefixes. `Wikipedia:Wiki` is the page Wiki of what the prefix stands for."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from .urls import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = {
    "Arxiv": "https://arxiv.org/abs/",
    "DOI": "https://doi.org/",
    "Debian": "https://wiki.debian.org/",
    "DebianBug": "https://bugs.debian.org/",
    "GitHub": "https://github.com/",
    "GitLab": "https://gitlab.com/",
    "MDN": "https://developer.mozilla.org/en-US/docs/",
    "MediaWiki": "https://www.mediawiki.org/wiki/",
    "MoinMoin": "https://moinmo.in/",
    "OpenStreetMap": "https://wiki.openstreetmap.org/wiki/",
    "PEP": "https://peps.python.org/pep-$PAGE/",
    "PythonWiki": "https://wiki.python.org/moin/",
    "RFC": "https://www.rfc-editor.org/rfc/rfc",
    "WikiData": "https://www.wikidata.org/wiki/",
    "WikiMedia": "https://commons.wikimedia.org/wiki/",
    "Wikipedia": "https://en.wikipedia.org/wiki/",
    "Wiktionary": "https://en.wiktionary.org/wiki/",
}
"""What a new wiki knows."""

_NAME = re.compile(r"[^\W\d_][\w.+-]*")
_URL = re.compile(r"(?:https?|ftp)://[^\s\x00-\x20\x7f\"'<>\\^`{|}]+", re.IGNORECASE)


FILE = "intermap.txt"
"""What a data folder may have: the same table in MoinMoin's form, which goes before ours."""


def table(folder: str) -> dict[str, str]:
    """Return the table of the wiki in this data folder."""
    try:
        with open(os.path.join(folder, FILE), encoding="utf-8", errors="replace") as file:
            return {**TABLE, **parse(file.read())}
    except OSError:
        return dict(TABLE)


def parse(text: str) -> dict[str, str]:
    """Return the table that lines `Name URL` make, as in MoinMoin's intermap.txt; the last of a name counts.

    Anything else is left out: comments (`#`), other text, and URLs that are not http, https or ftp, which on a page
    that people may edit could run scripts.
    """
    table = {}
    for line in text.split("\n"):
        name, url = (*line.split(None, 1), "", "")[:2]
        url = url.strip()
        if _NAME.fullmatch(name) and _URL.fullmatch(url):
            table[name] = url
    return table


def resolved(prefix: str, page: str, table: Mapping[str, str]) -> str:
    """Return the URL of a page of another wiki: in place of `$PAGE`, else at the end; '' for an unknown prefix."""
    url = table.get(prefix, "")
    path = quoted(page)
    if not url:
        return ""
    return url.replace("$PAGE", path) if "$PAGE" in url else url + path
