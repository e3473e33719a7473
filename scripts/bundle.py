"""Makes dist/anywiki-VERSION-bundle.zip: the wiki and all it needs, to be unpacked into a shared host's public_html.

The same checkout and packages give the same bytes. All but `.htaccess` and `wiki.cgi` lies below `-/` in the zip:

    -/program/NAME/   the program and its packages; NAME changes with each byte of them, so that a new version never
                      mixes with the one that it is unpacked over
    -/static/NAME/    what the web server sends itself
    -/data/           remembers where the wiki is kept, and keeps it where it has no better place
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from wiki.instance import DENY

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "scripts/bundle"

LEFT_OUT = {
    "pip": "sqlite-utils only needs it for its command “install”",
    "tzdata": "600 files that each system has in /usr/share/zoneinfo",
}
"""Packages that others ask for and the wiki does not need, with the reason."""

PRUNED = re.compile(
    r"\.(so|pyd|c|pyi|pyc|po|pot)$|(^|/)__pycache__/|^\.\.|\.dist-info/(RECORD|INSTALLER|REQUESTED|WHEEL)$"
)
"""Files of packages that a bundle leaves out: whatever was compiled or is for compilers, programs, pip's own notes."""


def packages() -> list[metadata.Distribution]:
    """Return the packages that the wiki needs, as they are installed for this Python, by name."""
    found: dict[str, metadata.Distribution] = {}
    wanted = ["anywiki"]
    while wanted:
        distribution = metadata.distribution(wanted.pop())
        for line in distribution.requires or []:
            requirement = Requirement(line)
            name = requirement.name.lower()
            if name in found or name in LEFT_OUT:
                continue
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                found[name] = metadata.distribution(name)
                wanted.append(name)
    return [found[name] for name in sorted(found)]


def program() -> dict[str, bytes]:
    """Return the program's files by their path: what a wheel holds, and what starts it."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    files = {"start.py": (SOURCES / "start.py").read_bytes()}
    for folder in wheel["only-include"]:
        place = wheel["sources"].get(folder, folder)
        for path in (ROOT / folder).rglob("*"):
            name = f"{place}/{path.relative_to(ROOT / folder).as_posix()}"
            if path.is_file() and folder != "deploy" and not PRUNED.search(name):
                files[name] = path.read_bytes()
    return files


def library(distributions: list[metadata.Distribution]) -> dict[str, bytes]:
    """Return the files of packages by their path, licences included, and a list of the packages."""
    files: dict[str, bytes] = {}
    rows = []
    for distribution in distributions:
        licences = []
        for path in distribution.files or []:
            name = path.as_posix()
            if PRUNED.search(name):
                continue
            files[name] = Path(str(distribution.locate_file(path))).read_bytes()
            if re.search(r"\.dist-info/.*(licen[cs]e|copying|notice|authors)", name, re.I):
                licences.append(name)
        about = distribution.metadata
        where = " ".join(sorted(licences)) or "no file of its own; see its METADATA"
        rows.append(f"{about['Name']} {distribution.version}: {_licence(about)}\n    {where}\n")
    text = "This bundle brings along, unchanged except that compiled files are left out:\n\n" + "\n".join(rows)
    files["PACKAGES.txt"] = text.encode()
    return files


LICENCES = {"docutils": "Public Domain, BSD-2-Clause, BSD-3-Clause"}
"""Where classifiers say more than a wheel holds: docutils' GPL is that of an Emacs mode, which is in no wheel."""


def _licence(about: metadata.PackageMetadata) -> str:
    """Return what a package says about its licence, in a few words."""
    if about["Name"] in LICENCES:
        return LICENCES[about["Name"]]
    said = about.get("License-Expression") or (about.get("License") or "").partition("\n")[0]
    classes = [
        each.rpartition(" :: ")[2] for each in about.get_all("Classifier") or [] if each.startswith("License ::")
    ]
    return said or ", ".join(classes) or "see its files"


def contents() -> dict[str, bytes]:
    """Return all files of the bundle by their path."""
    inside = {**library(packages()), **program(), "LICENSE": (ROOT / "LICENSE").read_bytes()}
    digest = hashlib.sha256()
    for path, content in sorted(inside.items()):
        digest.update(f"{path} {len(content)}\n".encode() + content)
    name = f"{version()}-{digest.hexdigest()[:8]}"
    files = {f"-/program/{name}/{path}": content for path, content in inside.items()}
    for path, content in inside.items():
        if path.startswith("wiki/static/"):
            files[f"-/static/{name}/{path.removeprefix('wiki/static/')}"] = content
    files["-/static/.htaccess"] = (SOURCES / "static.htaccess").read_bytes()
    files["-/program/.htaccess"] = files["-/data/.htaccess"] = DENY.encode()
    files[".htaccess"] = (SOURCES / ".htaccess").read_bytes()
    files["wiki.cgi"] = (SOURCES / "wiki.cgi").read_bytes().replace(b"@NAME@", name.encode())
    return files


def version() -> str:
    """Return the program's version."""
    found = re.search(r'__version__ = "([^"]+)"', (ROOT / "wiki/__init__.py").read_text("utf-8"))
    assert found is not None
    return found[1]


def date() -> tuple[int, int, int, int, int, int]:
    """Return the files' date: SOURCE_DATE_EPOCH's, else of the last commit, else of the newest source."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not seconds:
        asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
        try:
            seconds = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            seconds = str(max(int(path.stat().st_mtime) for path in (ROOT / "wiki").rglob("*.py")))
    found = time.gmtime(max(int(seconds), 315532800))  # a zip's first year is 1980
    return (found.tm_year, found.tm_mon, found.tm_mday, found.tm_hour, found.tm_min, found.tm_sec // 2 * 2)


def packed(files: dict[str, bytes], target: Path) -> None:
    """Write a zip of these files: sorted, of one date, with modes, `wiki.cgi` executable."""
    target.parent.mkdir(exist_ok=True, parents=True)
    when = date()
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, when)
            entry.create_system = 3  # Unix, so that the modes count
            entry.external_attr = (0o100755 if path == "wiki.cgi" else 0o100644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)


def main() -> None:
    """Write the bundle, and say how large it has become."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / f"dist/anywiki-{version()}-bundle.zip"
    files = contents()
    packed(files, target)
    unpacked = sum(map(len, files.values()))
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, {len(files)} files, unpacked {unpacked / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
