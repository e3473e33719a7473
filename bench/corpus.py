"""Real Markdown to try the wiki on: the documentation in some of Debian's packages, fetched, never committed.

`python bench/corpus.py FOLDER` leaves there some 700 pages with links and pictures. Running it again does nothing.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = {
    "docker-doc": "usr/share/doc",
    "iredis": "usr/lib/python3/dist-packages/iredis/data",
    "lxd": "usr/share/doc",
    "nodejs-doc": "usr/share/doc",
}
"""Where each package's Markdown lies."""

PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"}
LEAST = 500


def fetch(folder: Path) -> int:
    """Fill a folder with the packages' Markdown and pictures, unless that is done; return how many pages there are."""
    done = folder / ".complete"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            _download(Path(scratch))
            for package in sorted(Path(scratch).glob("*.deb")):
                name = package.name.partition("_")[0]
                content = Path(scratch, name)
                subprocess.run(["dpkg-deb", "-x", package, content], check=True)
                _take(content / PACKAGES[name], folder / name)
        done.touch()
    return sum(1 for _ in folder.rglob("*.md"))


def _download(scratch: Path) -> None:
    if os.geteuid() == 0:
        # apt's sandbox user may not write into a private folder, and says so on standard error.
        scratch.chmod(0o755)
        subprocess.run(["chown", "_apt", scratch], check=False)
    for package in PACKAGES:
        subprocess.run(["apt-get", "download", "-q", package], cwd=scratch, check=True, stdout=subprocess.DEVNULL)


def _take(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        relative = path.relative_to(source)
        if path.name.endswith(".md.gz"):
            place = target / relative.with_suffix("")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(gzip.decompress(path.read_bytes()))
        elif path.suffix == ".md" or path.suffix.lower() in PICTURES:
            place = target / relative
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)


if __name__ == "__main__":
    count = fetch(Path(sys.argv[1]))
    print(f"{count} pages")
    sys.exit(count < LEAST)
