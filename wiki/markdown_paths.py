"""Where pages and attachments lie in a folder of Markdown files: names as paths, and back."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from . import names
from .model import BadName, WikiError

PIECE = 200
"""Bytes after which an encoded name goes on in a folder of its own."""

_UNSAFE = frozenset('<>:"\\|?*/\x7f')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.I)
_ESCAPE = re.compile(r"%(?=[0-9A-Fa-f]{2}|[~-]|$)")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_CLASH = re.compile(r"%~\d+(?=\.[^.]*$|$)")
_INDEX = re.compile(r"(?:readme|index)\Z", re.I)

Target = tuple[str, str]
"""A page and '' for the page itself, or the name of one of its attachments."""


class FolderError(WikiError):
    """The folder cannot be read or written."""

    message = "The folder %(folder)s cannot be used: %(why)s."


def encoded(part: str) -> str:
    """Return one part of a page's name, or a file's name, as a file name that every usual system can have."""
    result = _ESCAPE.sub("%25", part)
    result = "".join(_percent(sign) if sign in _UNSAFE or sign < " " else sign for sign in result)
    if result[-1:] in (".", " "):
        result = result[:-1] + _percent(result[-1])
    if result[:1] in (".", " ") or _DEVICE.match(result):
        result = _percent(result[0]) + result[1:]
    return result


def decoded(part: str) -> str:
    """Return what a file name stands for; an escape that is no UTF-8 is left as it is."""

    def text(found: re.Match[str]) -> str:
        try:
            return bytes.fromhex(found[0].replace("%", "")).decode()
        except ValueError:
            return found[0]

    return _ESCAPED.sub(text, _CLASH.sub("", part))


def _percent(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode())


def _pieces(stem: str, extension: str) -> str:
    """Return an encoded name cut where it is too long: `aaa%-/aaa.md`."""
    if len((stem + extension).encode()) <= PIECE:
        return stem + extension
    pieces = [""]
    for sign in stem:
        if len((pieces[-1] + sign).encode()) > PIECE:
            pieces.append("")
            sign = _percent(sign) if sign in ". " else sign  # a hidden file would not be read again
        pieces[-1] += sign
    return "%-/".join(pieces) + extension


def is_page(path: str) -> bool:
    return path.lower().endswith((".md", ".markdown"))


class Paths:
    """Where each page and attachment of a wiki lies in a folder, and what lies at a path."""

    def __init__(self) -> None:
        self.of: dict[Target, str] = {}
        self.at: dict[str, Target] = {}

    def add(self, target: Target, path: str) -> None:
        """Note that a target lies at a path."""
        self.of[target] = path
        self.at[path] = target


def layout(pages: Iterable[str], files: Iterable[Target], front: str) -> Paths:
    """Return where pages and their attachments lie in an exported folder; no two paths differ in case only."""
    there = set(pages)
    paths = Paths()
    taken: dict[str, set[str]] = defaultdict(set)
    folders: dict[str, str] = {"": ""}

    def free(folder: str, stem: str, extension: str) -> str:
        """Return a name that nothing in the folder has."""
        for count in range(10_000):
            name = f"{stem}%~{count}" if count else stem
            key = unicodedata.normalize("NFC", name + extension).casefold()
            if key not in taken[folder]:
                taken[folder].add(key)
                return folder + _pieces(name, extension)
        raise FolderError(folder=folder, why=f"too many files are called {stem}{extension}")

    def folder_of(name: str) -> str:
        if name not in folders:
            above = folder_of(names.parent(name))
            folders[name] = free(above, encoded(names.last(name)), "") + "/"
        return folders[name]

    for name in sorted(there):
        above, last = names.parent(name), names.last(name)
        stem = encoded(last)
        if _INDEX.match(stem) and (above or front) not in there:
            stem = _percent(stem[0]) + stem[1:]  # else it would be read as the page of its folder
        paths.add((name, ""), free(folder_of(above), stem, ".md"))
    for name in sorted(there):
        folder_of(names.parent(name))
    for page, file in sorted(files):
        stem, extension = posixpath.splitext(encoded(file))
        if is_page(file):
            stem, extension = f"{stem}%2E{extension[1:]}", ""  # else it would be read as a page
        elif len(extension) > 20:
            stem, extension = stem + extension, ""  # it has to be cut
        paths.add((page, file), free(folder_of(page), stem, extension))
    return paths


def found(paths: Iterable[str], front: str, under: str, skipped: list[str]) -> tuple[Paths, dict[str, str], set[str]]:
    """Return the pages at these paths, the other files with the page of their folder ('' = none), and natural folders.

    A natural folder is the name of a page that has a file of its own beside the folder: what lies in it is that
    page's. `skipped` gets a sentence for each path that cannot be taken.
    """
    pages = Paths()
    indexes: list[tuple[str, str]] = []
    rest: dict[str, str] = {}
    natural: set[str] = set()

    def page(name: str, path: str) -> bool:
        try:
            name = names.normal(f"{under}/{name}" if under and name else name or under or front)
        except BadName as error:
            skipped.append(f"{path}: {error}")
            return False
        if (name, "") in pages.of:
            skipped.append(f"{path}: {pages.of[name, '']} is the page “{name}” already")
            return False
        pages.add((name, ""), path)
        natural.add(name)
        return True

    for path in sorted(paths):
        parts = path.replace("%-/", "").split("/")
        folder = "/".join(decoded(part) for part in parts[:-1])
        if not is_page(parts[-1]):
            rest[path] = folder
            continue
        stem = posixpath.splitext(parts[-1])[0]
        if _INDEX.match(_CLASH.sub("", stem)):
            indexes.append((folder, path))
        else:
            page(f"{folder}/{decoded(stem)}" if folder else decoded(stem), path)
    indexes.sort(key=lambda each: (each[0], "readme" not in each[1].lower().rpartition("/")[2], each[1]))
    for folder, path in indexes:
        name = folder_page(folder, under) or front
        if (name, "") not in pages.of:
            if page(folder, path):
                natural.discard(name)
        else:
            stem = decoded(posixpath.splitext(path.replace("%-/", "").rpartition("/")[2])[0])
            page(f"{folder}/{stem}" if folder else stem, path)
    return pages, {path: folder_page(folder, under) for path, folder in rest.items()}, natural


def folder_page(folder: str, under: str) -> str:
    """Return the name of a folder's page, '' for the top or what cannot be a name."""
    if not folder:
        return under
    try:
        return names.normal(f"{under}/{folder}" if under else folder)
    except BadName:
        return ""
