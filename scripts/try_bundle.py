"""Unpacks the bundle in a fresh Debian 12 by the words of docs/shared-hosting.md, and says how long that took.

The system is made with debootstrap below /var/tmp, from where apt of this machine has its packages, and removed
afterwards. Apache listens on a free port of 127.0.0.1. Needs root, and a few minutes that are not counted.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.gateways.visitor import Visitor  # noqa: E402

INCLUDED = "apache2,python3"
PASSWORD = "correct horse battery"


def main() -> None:
    """Make the system, do what the documentation says, become administrator, write a page, and print the seconds."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("This needs root and debootstrap.")
    bundle = max((ROOT / "dist").glob("anywiki-*-bundle.zip"), key=os.path.getmtime)
    system = Path(tempfile.mkdtemp(prefix="anywiki-debian-", dir="/var/tmp"))
    system.chmod(0o755)  # it is the root folder of all its users
    try:
        began = time.monotonic()
        debian(system)
        port = listening(system)
        shutil.copy(bundle, system / "root")
        print(f"Debian 12 with Apache and Python: {time.monotonic() - began:.0f} s, not counted")
        began = time.monotonic()
        for command in commands():
            start = time.monotonic()
            inside(system, command)
            print(f"{time.monotonic() - start:6.1f} s  {command}")
        start = time.monotonic()
        write_first_page(system, port)
        print(f"{time.monotonic() - start:6.1f} s  from the first visit to the first page, as seen by a stranger")
        print(f"{time.monotonic() - began:6.1f} s  in all")
    finally:
        with suppress(SystemExit):
            inside(system, "apachectl stop; sleep 2")
        subprocess.run(["umount", str(system / "proc")], capture_output=True)
        if os.path.ismount(system / "proc"):
            sys.exit(f"{system} could not be removed: something in it still runs.")
        shutil.rmtree(system)


def debian(system: Path) -> None:
    """Make a Debian 12 in a folder."""
    told = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)"]
    sites = subprocess.run(told, capture_output=True, text=True, check=True).stdout.splitlines()
    mirror = next(line.split()[0] for line in sites if line.endswith(" bookworm"))
    command = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", "bookworm", str(system), mirror]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        sys.exit(f"debootstrap failed:\n{made.stdout[-2000:]}{made.stderr[-2000:]}")
    shutil.copy("/etc/resolv.conf", system / "etc/resolv.conf")
    subprocess.run(["mount", "-t", "proc", "proc", str(system / "proc")], check=True)
    inside(system, "apt-get update -qq")


def listening(system: Path) -> int:
    """Have the system's Apache listen on a free port of this machine only, and return it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    (system / "etc/apache2/ports.conf").write_text(f"Listen 127.0.0.1:{port}\nServerName localhost\n")
    site = system / "etc/apache2/sites-available/000-default.conf"
    site.write_text(site.read_text().replace("*:80", f"*:{port}"))
    return port


def commands() -> list[str]:
    """Return the lines of the documentation's block."""
    text = (ROOT / "docs/shared-hosting.md").read_text("utf-8")
    found = re.search(r"^## On a Debian of your own\n.*?^```sh\n(.*?)^```", text, re.M | re.S)
    assert found is not None
    return found[1].splitlines()


def inside(system: Path, command: str) -> None:
    """Run a line in the system as root; exit with what it said if it fails."""
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
    chroot = ["chroot", str(system), "sh", "-euc", f"cd /root; {command}"]
    done = subprocess.run(chroot, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")


def write_first_page(system: Path, port: int) -> None:
    """Do what the first visitor does, until a stranger sees what was written."""
    owner = Visitor(port, "")
    opened = owner.ask("/")
    _require(opened.status == 303, f"the first visit leads to the form: {opened.status} {opened.text}")
    screen = owner.ask("/-/first")
    file = re.search(r"<code[^>]*>(/[^<]+)</code>", screen.text)
    _require(file is not None, "the form names the file with the code")
    assert file is not None
    code = (system / file[1].lstrip("/")).read_text().strip()
    fields = {**owner.form(screen, "code"), "code": code, "name": "Owner", "password": PASSWORD, "again": PASSWORD}
    _require(owner.submit("/-/first", fields).status == 303, "the code makes the administrator")
    _require(owner.save("FrontPage", "The first page of this wiki.").status == 303, "the page is saved")
    _require("The first page of this wiki." in Visitor(port, "").ask("/").text, "a stranger sees it")


def _require(fact: bool, what: str) -> None:
    if not fact:
        sys.exit(f"not true: {what}")


if __name__ == "__main__":
    main()
