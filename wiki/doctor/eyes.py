"""What another user of this machine may read, enter and start: seen as that user, where we are root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


def can_act(user: str) -> bool:
    """Say whether we can see with a user's eyes: he is there, and we are he or root."""
    try:
        there = pwd.getpwnam(user)
    except KeyError:
        return False
    return os.geteuid() in (0, there.pw_uid)


@contextmanager
def acting(user: str) -> Iterator[None]:
    """Be a user inside the block if we can act as him, else remain who we are."""
    there = pwd.getpwnam(user) if can_act(user) else None
    if there is None or os.geteuid() == there.pw_uid:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.initgroups(user, there.pw_gid)
    os.setegid(there.pw_gid)
    os.seteuid(there.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def may(user: str, path: str, mode: int) -> bool:
    """Say whether a user may do this with a file: any of os.R_OK, os.W_OK, os.X_OK together."""
    with acting(user):
        return os.access(path, mode, effective_ids=True)


def closed(user: str, path: str) -> str:
    """Return the first folder on the way to a file, and to what it links to, that a user cannot enter; '' if none."""
    for _ in range(40):
        folder = os.path.dirname(path)
        ways = [folder]
        while os.path.dirname(ways[0]) != ways[0]:
            ways.insert(0, os.path.dirname(ways[0]))
        for way in ways:
            if os.path.isdir(way) and not may(user, way, os.X_OK):
                return way
        if not os.path.islink(path):
            break
        path = os.path.join(folder, os.readlink(path))
    return ""


def run(
    user: str, command: list[str], environ: dict[str, str], folder: str = "/", seconds: float = 60
) -> subprocess.CompletedProcess[bytes]:
    """Run a program as a user, as far as we can act as him, and return how it ended; raises OSError, TimeoutExpired."""
    if os.geteuid() == 0 and can_act(user) and user != "root":
        there = pwd.getpwnam(user)
        groups = os.getgrouplist(user, there.pw_gid)
        return subprocess.run(
            command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds,
            user=there.pw_uid, group=there.pw_gid, extra_groups=groups,
        )  # fmt: skip
    return subprocess.run(
        command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds
    )
