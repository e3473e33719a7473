"""A whole wiki in one zip file: written while the wiki runs, verified, and unpacked again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing

from . import __version__
from .instance import KEY, Instance
from .model import WikiError
from .settings import FILE, load
from .storage import Progress, Storage

MANIFEST = "anywiki-backup.json"
FOLDERS = ("templates", "static", "plugins")
"""What a site adds to the wiki, beside its settings."""

STEP = 500
"""Database pages copied before a save may come in between: 2 MB, some 10 ms."""

RESTARTS = 20
"""A save begins the copy anew; after so many it is finished in one go, which makes savers wait."""

KEPT = frozenset({"README.md", ".htaccess", "index.html", "log", "tmp", ".gitignore"})
"""What an empty data folder may hold already, beside the key and the cache."""


class ArchiveError(WikiError):
    """The backup cannot be written or read; the message says why."""

    message = "The backup %(file)s cannot be used: %(why)s."


def write(place: Instance, path: str, with_key: bool = False, progress: Progress | None = None) -> str:
    """Write a backup and return its path, which nobody else may read; raise ArchiveError.

    If `path` is a folder, the file in it is named after the time. It is unpacked and checked before it gets its name.
    """
    settings = place.settings()
    database = database_path(settings.storage, place.folder)
    if not os.path.isfile(database):
        raise ArchiveError("There is no wiki in %(folder)s yet.", folder=place.folder)
    if os.path.isdir(path):
        path = os.path.join(path, time.strftime("wiki-%Y-%m-%dT%H%M%SZ.zip", time.gmtime()))
    if os.path.lexists(path):
        raise ArchiveError("%(file)s is there already: give another name, or a folder.", file=path)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=os.path.dirname(os.path.abspath(path))) as scratch:
        copy = os.path.join(scratch, "wiki.db")
        copy_database(database, copy, progress)
        files = {"wiki.db": copy, **_extras(place.folder, with_key)}
        archive = os.path.join(scratch, "backup.zip")
        _pack(files, archive, settings.storage)
        os.unlink(copy)
        _verify(archive, os.path.join(scratch, "restored"), progress)
        try:
            os.link(archive, path)
        except FileExistsError:
            raise ArchiveError("%(file)s is there already: give another name, or a folder.", file=path) from None
        except OSError:
            os.rename(archive, path)  # a file system without hard links
    _sync(os.path.dirname(os.path.abspath(path)))
    return path


def restore(place: Instance, path: str, force: bool = False, progress: Progress | None = None) -> str:
    """Unpack a backup into a data folder and return where what it replaced was put, '' if there was nothing.

    Nothing is changed unless the whole backup is sound. Raises ArchiveError, also if the folder holds a wiki and
    `force` is not given.
    """
    place.prepare()
    old = sorted(
        each
        for each in os.listdir(place.folder)
        if each not in KEPT and not each.startswith((".restore-", "replaced-", "cache", KEY))
    )
    if old and not force:
        raise ArchiveError(
            "%(folder)s holds a wiki already (%(found)s). Choose an empty folder with --data, or put it aside: --force",
            folder=place.folder,
            found=", ".join(old[:3]),
        )
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=place.folder) as scratch:
        _verify(path, scratch, progress)
        _rename_database(scratch)
        new = sorted(os.listdir(scratch))
        aside = ""
        if old:
            aside = os.path.join(place.folder, time.strftime("replaced-%Y-%m-%dT%H%M%SZ", time.gmtime()))
            os.mkdir(aside, 0o700)
            # The database goes with its journal: beside another database that would destroy it.
            for each in [*old, *([KEY] if KEY in new else [])]:
                if os.path.lexists(os.path.join(place.folder, each)):
                    os.rename(os.path.join(place.folder, each), os.path.join(aside, each))
        for each in new:
            os.replace(os.path.join(scratch, each), os.path.join(place.folder, each))
        _sync(place.folder)
    return aside


def _rename_database(folder: str) -> None:
    """Give the restored database the name that the restored settings have for it, if it lies in the data folder."""
    wanted = database_path(load(folder, {}).storage, "")
    if wanted != "wiki.db" and wanted == os.path.basename(wanted):
        os.rename(os.path.join(folder, "wiki.db"), os.path.join(folder, wanted))


def database_path(url: str, folder: str) -> str:
    """Return the file of an SQLite storage's URL; raise ArchiveError for any other storage."""
    scheme, _, rest = url.partition(":")
    if scheme != "sqlite":
        raise ArchiveError(
            "Only SQLite wikis are backed up like this. First: wiki copy %(url)s sqlite:copy.db", url=url
        )
    return os.path.join(folder, rest or "wiki.db")


def copy_database(source: str, target: str, progress: Progress | None = None) -> None:
    """Copy an SQLite database as it is at one moment, letting saves in between the steps."""
    state = {"left": 0, "restarts": 0}

    def seen(_status: int, remaining: int, total: int) -> None:
        if remaining > state["left"] and state["left"]:
            state["restarts"] += 1
            if state["restarts"] > RESTARTS:
                raise _Restless
        state["left"] = remaining
        if progress:
            progress("database", total - remaining, total)

    with (
        closing(sqlite3.connect(f"file:{_quoted(source)}?mode=ro", uri=True, timeout=30)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        try:
            old.backup(new, pages=STEP, progress=seen, sleep=0.001)
        except _Restless:
            old.backup(new)


class _Restless(Exception):
    """Somebody saves so often that copying in steps never ends."""


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))


def _extras(folder: str, with_key: bool) -> dict[str, str]:
    """Return the site's own files by their name in the backup."""
    files: dict[str, str] = {}
    for name in (FILE, *([KEY] if with_key else [])):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and not os.path.islink(path):
            files[name] = path
    for top in FOLDERS:
        for place, _inner, names in os.walk(os.path.join(folder, top)):
            for name in sorted(names):
                path = os.path.join(place, name)
                if os.path.isfile(path) and not os.path.islink(path) and "__pycache__" not in path:
                    files[os.path.relpath(path, folder).replace(os.sep, "/")] = path
    return files


def _pack(files: dict[str, str], archive: str, storage: str) -> None:
    manifest: dict[str, object] = {"version": __version__, "made": int(time.time()), "storage": storage}
    sums: dict[str, dict[str, object]] = {}
    descriptor = os.open(archive, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as pack:
            for name, path in files.items():
                digest = hashlib.sha256()
                size = 0
                info = zipfile.ZipInfo(name, time.gmtime()[:6])
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o600 << 16
                with open(path, "rb") as source, pack.open(info, "w", force_zip64=True) as packed:
                    while piece := source.read(1 << 20):
                        digest.update(piece)
                        size += len(piece)
                        packed.write(piece)
                sums[name] = {"sha256": digest.hexdigest(), "size": size}
            manifest["files"] = sums
            pack.writestr(MANIFEST, json.dumps(manifest, indent=1))
        out.flush()
        os.fsync(out.fileno())


def _verify(path: str, folder: str, progress: Progress | None) -> None:
    """Unpack a backup into an empty folder and check that the wiki in it is sound; raise ArchiveError."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as pack:
            _unpack(pack, path, folder)
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, NotImplementedError, EOFError) as error:
        raise ArchiveError(file=path, why=f"it is damaged or no backup of this program ({error})") from None
    from .storage import open_storage

    storage: Storage = open_storage("sqlite:wiki.db", folder)
    try:
        problem = next(iter(storage.check(progress)), None)
        storage.count()
    finally:
        storage.close()
    if problem:
        raise ArchiveError(file=path, why=f"the wiki in it is damaged: {problem.where}: {problem.what}; see wiki check")
    for each in ("wiki.db-journal", "wiki.db-wal", "wiki.db-shm"):
        if os.path.exists(os.path.join(folder, each)):
            os.unlink(os.path.join(folder, each))


def _unpack(pack: zipfile.ZipFile, path: str, folder: str) -> None:
    """Write the files that the manifest names, each exactly as it says, and nothing else."""
    if MANIFEST not in pack.namelist():
        raise ArchiveError(file=path, why="it is no backup of this program")
    if pack.getinfo(MANIFEST).file_size > 10_000_000:
        raise ValueError("its list of files is too long")
    files = json.loads(pack.read(MANIFEST))["files"]
    if "wiki.db" not in files:
        raise ValueError("it holds no wiki.db")
    for name, expected in files.items():
        if not _is_ours(name):
            raise ArchiveError(file=path, why=f"it holds a file that does not belong there: {name!r}")
        size = int(expected["size"])
        if size > shutil.disk_usage(folder).free:
            raise ArchiveError(file=path, why=f"there is not enough room on the disk for {name}")
        target = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        digest = hashlib.sha256()
        with os.fdopen(descriptor, "wb") as out:
            for piece in _pieces(pack, name, size):
                digest.update(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        if os.path.getsize(target) != size or digest.hexdigest() != expected["sha256"]:
            raise ValueError(f"{name} is not what was put in")


def _pieces(pack: zipfile.ZipFile, name: str, size: int) -> Iterator[bytes]:
    """Yield a member's bytes, at most one more than it should have."""
    left = size + 1
    with pack.open(name) as member:
        while left > 0 and (piece := member.read(min(left, 1 << 20))):
            left -= len(piece)
            yield piece


def _is_ours(name: str) -> bool:
    """Say whether a backup may hold a file of this name: nothing absolute, nothing that climbs, nothing unexpected."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part or ":" in part for part in parts):
        return False
    return name in ("wiki.db", FILE, KEY) or (len(parts) > 1 and parts[0] in FOLDERS)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
