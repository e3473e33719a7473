"""The data folder: whether the server's user can write all of it, and whether it lies where a database may lie."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from shlex import quote

from .. import archive
from ..model import WikiError
from . import Case, Finding, eyes

MOUNTS = "/proc/self/mountinfo"
NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "ncp", "davfs", "gfs", "ocfs", "fuse.")
"""How the types of file systems begin on which SQLite's locks cannot be relied on. `fuse.` is most often sshfs."""

LOCAL_FUSE = ("fuse.ext", "fuse.ntfs", "fuse.fuse-overlayfs", "fuse.lxcfs")
ROOM = 20 << 20
"""Bytes that have to be free: a save needs its journal, a new index several times its size."""


def examine(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with the data folder, or that nothing is."""
    if not case.data:
        return
    faults = list(_missing(case)) if not os.path.isdir(case.data) else [*_writable(case), *_place(case)]
    yield from faults
    if not faults:
        yield Finding(f"The data folder {case.data} can be written by {case.user}.")


def _missing(case: Case) -> Iterator[Finding]:
    parent = os.path.dirname(case.data)
    if not eyes.may(case.user, parent, os.W_OK | os.X_OK):
        user = quote(case.user)
        yield Finding(
            f"There is no data folder {case.data}, and the user {case.user} cannot make it.",
            f"install -d -m 700 -o {user} -g $(id -gn {user}) {quote(case.data)}",
        )


def _writable(case: Case) -> Iterator[Finding]:
    data, user = quote(case.data), quote(case.user)
    if folder := eyes.closed(case.user, os.path.join(case.data, "x")):
        if folder != case.data:
            yield Finding(
                f"The user {case.user} cannot enter {folder}, below which the data folder lies.",
                f"chmod a+x {quote(folder)}",
            )
            return
        unwritable = case.data
    else:
        unwritable = _unwritable(case)
    if unwritable:
        yield Finding(
            f"The user {case.user} cannot write {unwritable}, so that nothing can be saved.",
            f"chown -R {user}: {data} && chmod -R u+rwX {data}",
        )
    elif why := _refused(case):
        number, sentence = why
        mend = {
            errno.EROFS: f"mount -o remount,rw $(df --output=target {data} | tail -n 1)",
            errno.EDQUOT: f"quota -u {user}",
        }
        yield Finding(sentence, mend.get(number, f"df -h {data} && df -i {data}"))


def _unwritable(case: Case) -> str:
    """Return the first file or folder of the data folder that the server's user cannot write, '' if he can all."""
    with eyes.acting(case.user):
        for folder, folders, files in os.walk(case.data):
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
                return folder
            for name in (*files, *folders):
                path = os.path.join(folder, name)
                wanted = os.R_OK if name == ".htaccess" else os.R_OK | os.W_OK
                if not os.path.islink(path) and not os.access(path, wanted, effective_ids=True):
                    return path
            if folder == case.data:
                # What lies deeper in there is made and left by the wiki itself, and may be much.
                folders[:] = [name for name in folders if name not in ("cache", "anywiki-cache", "bytecode", "pages")]
    return ""


def _refused(case: Case) -> tuple[int, str] | None:
    """Try to write as the server's user; return the error's number and sentence if that fails."""
    path = os.path.join(case.data, f"doctor-{os.urandom(8).hex()}")
    try:
        with eyes.acting(case.user):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                os.write(descriptor, bytes(1 << 16))
                os.fsync(descriptor)
                room = os.fstatvfs(descriptor)
            finally:
                os.close(descriptor)
                os.unlink(path)
    except OSError as error:
        words = {
            errno.ENOSPC: f"The disk with {case.data} is full.",
            errno.EDQUOT: f"The user {case.user} has used up his quota on the disk with {case.data}.",
            errno.EROFS: f"The disk with {case.data} is mounted read-only.",
        }
        said = words.get(error.errno or 0, f"Writing in {case.data} fails: {error.strerror}.")
        return error.errno or 0, said
    if room.f_bavail * room.f_frsize < ROOM:
        return errno.ENOSPC, f"The disk with {case.data} has less than {ROOM >> 20} MB left."
    return None


def _place(case: Case) -> Iterator[Finding]:
    try:
        database = archive.database_path(case.settings.storage, case.data)
    except WikiError:
        return
    kind = file_system(database)
    if kind.startswith(NETWORK) and not kind.startswith(LOCAL_FUSE):
        local = "/var/lib/wiki"
        yield Finding(
            f"The database lies on a network file system ({kind}), where SQLite's locks cannot be relied on: it can be "
            "damaged.",
            f"cp -a {quote(case.data)} {local} && sed -i {quote(f's|{case.data}|{local}|')} "
            f"{quote(case.entry) if case.entry else 'ENTRY'}",
        )


def file_system(path: str) -> str:
    """Return the type of the file system that a file lies on, as the kernel names it, '' if that is not known."""
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return ""
    path = os.path.realpath(path)
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), before.split(" ")[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind
