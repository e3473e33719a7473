"""A wiki as a folder of Markdown files, and back: page `A/B` is `A/B.md`, its attachments lie in the folder `A/B/`.

What cannot be a file name is percent-encoded (`What?` is `What%3F.md`); of two names that differ in case only, one gets
`%~1`; a part that is too long for a file name goes on in a folder whose name ends with `%-`. README.md and index.md are
the page of their folder where it has no other file. Importing, exporting and importing again changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import stat
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import quote, unquote

from . import names
from .markdown_links import rewritten
from .markdown_paths import FolderError, Paths, Target, decoded, folder_page, found, is_page, layout
from .markup import targets
from .model import Attachment, BadName, NoSuchPage, Revision, WikiError

if TYPE_CHECKING:
    from .storage import Progress
    from .visit import Saved

LIST = ".anywiki-export"
"""What an export wrote, a path a line: so that the next one may remove what is no longer there."""

_OUTSIDE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/|#|\Z")

_SAFE = "/,;@+=!"


class Writer(Protocol):
    """What importing needs of a Visit."""

    def read(self, name: str) -> Revision: ...
    def save(self, name: str, text: str, base: int | None = None, comment: str = "") -> Saved: ...
    def attachments(self, page: str) -> list[Attachment]: ...
    def attach(self, page: str, name: str, content: BinaryIO, comment: str = "") -> Attachment: ...


class Reader(Protocol):
    """What exporting needs of a Visit."""

    def read(self, name: str) -> Revision: ...
    def all_names(self) -> list[str]: ...
    def attachments(self, page: str) -> list[Attachment]: ...
    def content(self, attachment: Attachment) -> Iterator[bytes]: ...


@dataclass
class Result:
    """What an import or export did: what was written, what was so already, and what was left out and why."""

    pages: int = 0
    files: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: list[str] = field(default_factory=list)


# -- links ------------------------------------------------------------------------------------------------------------


def _split(url: str) -> tuple[str, str]:
    """Return a relative URL's path, '' if it leads outside, and the rest from `#` on."""
    if _OUTSIDE.match(url) or "?" in url:
        return "", url
    path, sign, anchor = url.partition("#")
    return path, sign + anchor


def _joined(folder: str, path: str) -> str:
    """Return where a relative path leads from a folder, '' if out of the tree."""
    result = posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")
    depth = posixpath.normpath(posixpath.join(folder, path))
    return "" if depth == ".." or depth.startswith("../") or result == "." else result


def _url(path: str) -> str:
    """Return a path as people write it into Markdown: letters of every script as they are, the rest quoted."""
    return "".join(sign if sign > "\x7f" and sign.isprintable() else quote(sign, safe=_SAFE) for sign in path)


def _relative(path: str, folder: str) -> str:
    """Return the URL that leads from a folder to a path."""
    return _url(posixpath.relpath("/" + path, "/" + folder))


def meant(url: str, page: str) -> Target | None:
    """Return the page or attachment that a URL means in the wiki's own text, None if it leads outside."""
    if not _split(url)[0] and not url.startswith("attachment:"):
        return None
    try:
        target = targets.markdown(url, page, {})
    except BadName:
        return None
    return None if target.kind == "url" else (target.name, target.detail if target.kind == "file" else "")


def _canonical(target: Target, page: str) -> str:
    """Return the URL by which a page's text refers to a page or attachment, '' if there is none."""
    name, file = target
    urls = [_relative(f"{name}/{file}" if file else f"{name}.md", names.parent(page))]
    if file:
        urls.append("attachment:" + _url(file if name == page else f"{name}/{file}"))
    if file and name == page:
        urls.insert(0, _url(file))
    return next((url for url in urls if meant(url, page) == target), "")


def to_wiki(text: str, page: str, path: str, paths: Paths, folders: dict[str, str]) -> str:
    """Return a file's text with its links as the wiki has them; `folders` are those that have a page, by path."""
    folder = posixpath.dirname(path)

    def change(url: str) -> str:
        way, rest = _split(url)
        place = _joined(folder, unquote(way)) if way else ""
        target = paths.at.get(place)
        if target is None and place in folders:
            return _canonical((folders[place], ""), page) + rest
        if target is None:
            return url
        own = target[0] == page and target[1]
        if not own and meant(url, page) == target:
            return url
        new = _canonical(target, page)
        if new.startswith("attachment:"):
            return new  # an anchor cannot follow
        return new + rest if new else url

    return rewritten(text, change)


def to_file(text: str, page: str, paths: Paths) -> str:
    """Return a page's text with its links as they work between the files."""
    folder = posixpath.dirname(paths.of[page, ""])

    def change(url: str) -> str:
        target = meant(url, page)
        if target is None or target not in paths.of:
            return url
        way, _ = _split(url)
        if way and paths.at.get(_joined(folder, unquote(way))) == target:
            return url
        return _relative(paths.of[target], folder) + url[len(url.partition("#")[0]) :]

    return rewritten(text, change)


# -- import -----------------------------------------------------------------------------------------------------------


def import_folder(
    visit: Writer, folder: str, front: str, under: str = "", comment: str = "", progress: Progress | None = None
) -> Result:
    """Save each Markdown file below a folder as a page, keep each other file as an attachment; return what was done.

    Hidden files and symbolic links are left out. A file belongs to the page of its own folder if that page has a file
    beside it; else to the page that links it; else, of several, to the page of the folder or the first of them.
    """
    result = Result()
    under = names.normal(under) if under else ""
    texts, everything = _read(folder, result.skipped)
    pages, rest, natural = found([*texts, *everything], front, under, result.skipped)
    folders = _folders(pages, [*texts, *everything], front, under)
    paths = _placed(pages, rest, natural, {path: texts[path] for path in pages.at if path in texts}, front, result)
    done = 0
    for path, (name, _) in sorted(pages.at.items()):
        done += 1
        if progress:
            progress("pages", done, len(pages.at))
        if path not in texts:
            continue
        if not texts[path].strip():
            result.skipped.append(f"{path}: empty")
            continue
        try:
            _save(visit, name, path, texts[path], paths, folders, comment, result)
        except WikiError as error:
            result.skipped.append(f"{path}: {error}")
    done = 0
    for (name, file), path in sorted(paths.of.items()):
        if not file:
            continue
        done += 1
        if progress:
            progress("files", done, len(paths.of) - len(pages.of))
        try:
            _attach(visit, name, file, os.path.join(folder, path), comment, result)
        except WikiError as error:
            result.skipped.append(f"{path}: {error}")
    return result


def _read(folder: str, skipped: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the text of every Markdown file and the paths of all others."""
    texts: dict[str, str] = {}
    others: list[str] = []
    if not os.path.isdir(folder):
        raise FolderError(folder=folder, why="there is no such folder")

    def failed(error: OSError) -> None:
        skipped.append(f"{error.filename}: {error.strerror}")

    for place, inner, files in os.walk(folder, onerror=failed):
        inner[:] = sorted(each for each in inner if not each.startswith("."))
        for file in sorted(files):
            if file.startswith("."):
                continue
            full = os.path.join(place, file)
            path = os.path.relpath(full, folder).replace(os.sep, "/")
            if not path.isascii() and not _is_unicode(path):
                skipped.append(f"{path.encode(errors='replace').decode()}: the name is not UTF-8")
            elif not stat.S_ISREG(os.lstat(full).st_mode):
                skipped.append(f"{path}: not a regular file")
            elif not is_page(file):
                others.append(path)
            else:
                try:
                    with open(full, "rb") as content:
                        texts[path] = content.read().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
                except UnicodeDecodeError:
                    skipped.append(f"{path}: not UTF-8 text; convert it and import again")
                except OSError as error:
                    skipped.append(f"{path}: {error.strerror}")
    return texts, others


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _folders(pages: Paths, paths: list[str], front: str, under: str) -> dict[str, str]:
    """Return the folders that have a page, so that a link to the folder leads there."""
    result: dict[str, str] = {}
    for path in paths:
        folder = posixpath.dirname(path)
        while folder and folder not in result:
            name = folder_page("/".join(decoded(part) for part in folder.replace("%-/", "").split("/")), under)
            if (name, "") in pages.of:
                result[folder] = name
            folder = posixpath.dirname(folder)
    return result


def _placed(
    pages: Paths, rest: dict[str, str], natural: set[str], texts: dict[str, str], front: str, result: Result
) -> Paths:
    """Return the paths of pages, and of files as attachments of the pages they are to belong to."""
    linking: dict[str, list[str]] = defaultdict(list)
    for path, text in texts.items():
        page = pages.at[path][0]
        for place in _linked(text, posixpath.dirname(path)):
            if place in rest and page not in linking[place]:
                linking[place].append(page)
    paths = Paths()
    for target, path in pages.of.items():
        paths.add(target, path)
    # Those that lie where an export puts them keep their names; others of the same name give way.
    for path in sorted(rest, key=lambda each: (rest[each] not in natural, each)):
        own, linkers = rest[path], sorted(linking[path])
        if own in natural:
            page = own
        elif len(linkers) == 1:
            page = linkers[0]
        elif (own or front, "") in pages.of:
            page = own or front
        else:
            page = linkers[0] if linkers else _nearest(own, pages, front)
        try:
            name = names.file_normal(decoded(path.replace("%-/", "").rpartition("/")[2]))
        except BadName as error:
            result.skipped.append(f"{path}: {error}")
            continue
        if not page:
            result.skipped.append(f"{path}: there is no page that it could be attached to")
            continue
        paths.add((page, _free_file(page, name, path, paths)), path)
    return paths


def _nearest(name: str, pages: Paths, front: str) -> str:
    """Return the nearest page above, or the front page; '' if there is none."""
    while name:
        if (name, "") in pages.of:
            return name
        name = names.parent(name)
    return front if (front, "") in pages.of else ""


def _free_file(page: str, name: str, path: str, paths: Paths) -> str:
    """Return a name that no other attachment of the page has: with the folder's name, then a number, before it."""
    if (page, name) not in paths.of:
        return name
    folder = decoded(posixpath.dirname(path).rpartition("/")[2])
    candidates = [f"{folder}-{name}"] if folder else []
    candidates += [f"{count}-{name}" for count in range(2, 10_000)]
    return next(each for each in candidates if (page, each) not in paths.of)


def _linked(text: str, folder: str) -> list[str]:
    """Return the paths that a file's text links to."""
    places: list[str] = []

    def note(url: str) -> str:
        way, _ = _split(url)
        if way:
            places.append(_joined(folder, unquote(way)))
        return url

    rewritten(text, note)
    return places


def _save(
    visit: Writer, name: str, path: str, text: str, paths: Paths, folders: dict[str, str], comment: str, result: Result
) -> None:
    new = to_wiki(text, name, path, paths, folders)
    base = 0
    try:
        current = visit.read(name)
    except NoSuchPage:
        pass
    else:
        base = current.number
        stored = current.text or ""
        if _same(stored, new) or _same(to_file(stored, name, paths), text):
            result.unchanged += 1
            return
    saved = visit.save(name, new, base=base or None, comment=comment)
    if saved.unchanged:
        result.unchanged += 1
    else:
        result.pages += 1


def _same(one: str, other: str) -> bool:
    return one.replace("\0", "").rstrip("\n") == other.replace("\0", "").rstrip("\n")


def _attach(visit: Writer, page: str, name: str, full: str, comment: str, result: Result) -> None:
    with open(full, "rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        if any(file.name == name and file.sha256 == digest for file in visit.attachments(page)):
            result.unchanged += 1
            return
        content.seek(0)
        visit.attach(page, name, content, comment=comment)
        result.files += 1


# -- export -----------------------------------------------------------------------------------------------------------


def export_folder(visit: Reader, folder: str, front: str, progress: Progress | None = None) -> Result:
    """Write every page and attachment into a folder, and remove what an earlier export wrote and is gone.

    The folder must be empty (hidden files apart), or an earlier export; else FolderError.
    """
    before = _earlier(folder)
    result = Result()
    pages = visit.all_names()
    files = {(page, file.name): file for page in pages for file in visit.attachments(page)}
    paths = layout(pages, files, front)
    for path in sorted(before - set(paths.at), reverse=True):
        result.removed += _remove(folder, path)
    for count, name in enumerate(pages, 1):
        if progress:
            progress("pages", count, len(pages))
        text = to_file(visit.read(name).text or "", name, paths)
        result.pages += _write(folder, paths.of[name, ""], iter([text.encode()]), result)
    for count, (target, file) in enumerate(sorted(files.items()), 1):
        if progress:
            progress("files", count, len(files))
        result.files += _write(folder, paths.of[target], visit.content(file), result)
    _write(folder, LIST, iter(["".join(f"{path}\n" for path in sorted(paths.at)).encode()]), Result())
    return result


def _earlier(folder: str) -> set[str]:
    """Return what an earlier export wrote; raise FolderError if the folder holds anything else."""
    try:
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, LIST), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        if any(not each.startswith(".") for each in os.listdir(folder)):
            raise FolderError(
                "%(folder)s is neither empty nor an earlier export: choose an empty folder.", folder=folder
            ) from None
        return set()
    except (OSError, ValueError) as error:
        raise FolderError(folder=folder, why=str(error)) from None
    return {line for line in lines if line and _joined("", line) == line and not line.startswith(".")}


def _write(folder: str, path: str, content: Iterator[bytes], result: Result) -> int:
    """Write a file unless it has this content already; return how many were written."""
    full = os.path.join(folder, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    temporary = f"{full[: -len(os.path.basename(full))]}.{os.getpid()}.tmp"
    digest = hashlib.sha256()
    with open(temporary, "wb") as file:
        for piece in content:
            digest.update(piece)
            file.write(piece)
    if _digest(full) == digest.digest():
        os.unlink(temporary)
        result.unchanged += 1
        return 0
    os.replace(temporary, full)
    return 1


def _digest(path: str) -> bytes:
    try:
        if os.path.islink(path):
            return b""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b""


def _remove(folder: str, path: str) -> int:
    full = os.path.join(folder, path)
    try:
        if os.path.realpath(os.path.dirname(full)) != os.path.join(
            os.path.realpath(folder), os.path.dirname(path)
        ).rstrip("/"):
            return 0  # a symbolic link on the way leads out of the export
        os.unlink(full)
        while path := os.path.dirname(path):
            os.rmdir(os.path.join(folder, path))
    except OSError:
        return 0 if os.path.lexists(full) else 1
    return 1
