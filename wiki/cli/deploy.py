"""`wiki deploy`: what a web server needs to find this wiki, written for this installation, and what to do with it."""

from __future__ import annotations

import argparse
import os
import pwd
import subprocess
import sys

from .. import deployed, deploying, instance, resources
from ..model import WikiError
from . import setup

USERS = ("www-data", "apache", "http", "nginx", "www", "_www")
"""Whom web servers run programs as on Debian, Fedora, Arch, Alpine, FreeBSD and macOS."""


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `deploy` takes."""
    parser.description = (
        "Write the files with which a web server serves this wiki: entry file, server configuration and units, with "
        "this interpreter, this data folder and the right modes; then say what to do next. Without GATEWAY, list what "
        "there is. Files that somebody has changed are left alone unless --force is given."
    )
    parser.add_argument("gateway", metavar="GATEWAY", nargs="?", help="how the wiki is to be served, such as cgi")
    parser.add_argument("--to", metavar="DIR", help="the folder for the files, made if it is not there")
    parser.add_argument("--mount", metavar="PATH", help="path below which the wiki lies (the setting mount, else none)")
    parser.add_argument("--user", metavar="NAME", help="whom the server runs programs as (who owns the data folder)")
    parser.add_argument("--socket", metavar="FILE", default="/run/wiki/wiki.sock", help="where the wiki listens")
    parser.add_argument("--address", metavar="HOST:PORT", default="127.0.0.1:8000", help="the same by TCP")
    parser.add_argument("--force", action="store_true", help="write over files that somebody has changed")


def run(options: argparse.Namespace) -> int:
    """Write a gateway's files, or list the gateways."""
    if not options.gateway:
        known = deploying.gateways()
        width = max(map(len, known))
        for name, title in known.items():
            print(f"{name.ljust(width)}  {title}")
        print("\nwiki deploy GATEWAY --to DIR writes the files for one of them.")
        return 0
    if not options.to:
        raise WikiError("Say where the files are to be written: wiki deploy %(name)s --to DIR", name=options.gateway)
    data = setup.existing(options)
    place = _place(options, data)
    files = deploying.rendered(options.gateway, place)
    changed = _write(files, place, data.folder, options.force)
    made = deployed.Deployed(
        options.gateway, place.folder, place.mount, place.user,
        {name: deployed.digest(os.path.join(place.folder, name)) for name in files},
    )  # fmt: skip
    deployed.remember(data.folder, made)
    print(f"{place.folder}: " + (f"{', '.join(changed)} written." if changed else "nothing had to be changed."))
    print("\nWhat to do next\n")
    before = _before(place, data)
    if before:
        print("In the data folder:\n")
        print("".join(f"{number}. {each}\n" for number, each in enumerate(before, 1)))
    print(deploying.steps(options.gateway, place))
    return 0


def _place(options: argparse.Namespace, data: instance.Instance) -> deploying.Place:
    mount = data.settings().mount if options.mount is None else "/" + options.mount.strip("/")
    return deploying.Place(
        folder=os.path.abspath(options.to),
        data=data.folder,
        python=os.path.abspath(sys.executable),
        program="" if _installed() else os.path.dirname(resources.PACKAGE),
        environment=sys.prefix,
        socket=os.path.abspath(options.socket),
        address=options.address,
        mount=mount.rstrip("/"),
        user=options.user or user_of(data.folder),
    )


def _installed() -> bool:
    """Say whether this interpreter finds this package by itself, without PYTHONPATH and wherever it is started."""
    command = [sys.executable, "-I", "-c", "import wiki; print(wiki.__path__[0])"]
    found = subprocess.run(command, cwd="/", capture_output=True, text=True).stdout.strip()
    return bool(found) and os.path.realpath(found) == os.path.realpath(resources.PACKAGE)


def user_of(folder: str) -> str:
    """Return who owns a data folder if that is a server's user or one's own, else the first server's user there is."""
    owner = os.stat(folder).st_uid
    try:
        if owner:
            return pwd.getpwuid(owner).pw_name
    except KeyError:
        pass
    known = {each.pw_name for each in pwd.getpwall()}
    return next((name for name in USERS if name in known), USERS[0])


def _write(files: dict[str, tuple[str, int]], place: deploying.Place, data: str, force: bool) -> list[str]:
    """Write files into the installation's folder and return which of them were not so already; all or none.

    Raises WikiError if somebody else's work would be lost.
    """
    records = {each.folder: each for each in deployed.load(data)}
    before = records.get(place.folder)
    changed, foreign = [], []
    for name, (text, _) in files.items():
        path = os.path.join(place.folder, name)
        if _content(path) == text.encode():
            continue
        changed.append(name)
        if os.path.lexists(path) and not (before and before.is_ours(name)):
            foreign.append(name)
    if foreign and not force:
        raise WikiError(
            "%(files)s in %(folder)s would be changed, and was not written by wiki deploy or was changed since. "
            "Nothing was written; --force writes over it.", files=", ".join(foreign), folder=place.folder,
        )  # fmt: skip
    os.umask(0o022)
    for name, (text, mode) in files.items():
        path = os.path.join(place.folder, name)
        if name in changed:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            temporary = f"{path}.{os.getpid()}"
            with open(temporary, "x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(temporary, mode)
            os.replace(temporary, path)
        else:
            os.chmod(path, mode)
    return changed


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _before(place: deploying.Place, data: instance.Instance) -> list[str]:
    """Return what is missing in the data folder, whatever the gateway."""
    result = []
    if pwd.getpwuid(os.stat(data.folder).st_uid).pw_name != place.user:
        result.append(f"It has to belong to {place.user}: `chown -R {place.user}: {data.folder}`")
    if data.settings().mount != place.mount:
        result.append(f'In {data.folder}/wiki.toml, say `mount = "{place.mount}"`.')
    return result
