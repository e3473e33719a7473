"""A process killed, or a disk failing, at any file operation: what was acknowledged is there, and all is readable."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from wiki.app import open_wiki
from wiki.core import Wiki
from wiki.instance import Instance
from wiki.model import NoSuchPage
from wiki.settings import FILE

from .crashing import TEXT

OPERATIONS = (
    "write,pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,flock"
)
"""The system calls by which a save changes files. Reads and opens change nothing."""

ROOT = Path(__file__).parent.parent

strace = pytest.mark.skipif(
    shutil.which("strace") is None and not os.environ.get("CI"),
    reason="strace is not installed (apt-get install strace)",
)
pytestmark = [strace, pytest.mark.slow]


@pytest.fixture(scope="module", params=["sqlite:wiki.db", "files:."], ids=["sqlite", "files"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one page of one revision, in each engine that keeps things on a disk."""
    data = tmp_path_factory.mktemp("prepared") / "data"
    Instance(str(data)).prepare()
    (data / FILE).write_text(f'storage = "{request.param}"\n')
    wiki = open_wiki(str(data))
    wiki.visit_system("Setup").save("Page", TEXT + "first\n", base=0)
    wiki.storage.close()
    return data


def run(prepared: Path, folder: Path, injection: str, only: str = "") -> tuple[Path, list[str], int]:
    """Let the writer run with a fault injected; return its data folder, what it noted, and its exit status."""
    data, notes = folder / "data", folder / "notes"
    shutil.copytree(prepared, data)
    notes.touch()
    operations = only or OPERATIONS
    if not only and "files:" in (prepared / FILE).read_text():
        # SQLite's pages, which are met when it keeps everything: here they are but an index.
        operations = operations.replace("pwrite64,", "") + ",rmdir"
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={operations}"]
    command += ["-e", f"inject={operations}:{injection}"] if injection else []
    command += [sys.executable, "-B", "-m", "tests.crashing", str(data), str(notes)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    return data, notes.read_text().splitlines(), done.returncode


def verify(data: Path, notes: list[str]) -> None:
    """Fail unless the store is whole and holds everything that was noted."""
    wiki = open_wiki(str(data))
    try:
        assert list(wiki.storage.check()) == []
        visit = wiki.visit_system("Reader")
        for page in visit.pages() + visit.pages(deleted=True):
            for change in visit.history(page.name):
                if change.number and change.kind != "delete":
                    assert (visit.read(page.name, change.number).text or "").startswith((TEXT, "#redirect"))
        for note in notes:
            _there(wiki, *note.split(" "))
        visit.save("Page after", "works again", base=0)
    finally:
        wiki.storage.close()


def _there(wiki: Wiki, what: str, name: str, detail: str) -> None:
    storage = wiki.storage
    place = "Moved" if name == "Page" and _moved(wiki) else name
    if what == "saved":
        assert (storage.revision(place, int(detail)).text or "").startswith(TEXT)
    elif what == "attached":
        file = storage.attachment(place, detail)
        assert b"".join(storage.content(file)) == b"x" * 600_000
    elif what == "renamed":
        assert storage.page(detail).number >= 2
        assert storage.page(name).redirect == detail
    elif what == "deleted":
        assert storage.page(name).deleted


def _moved(wiki: Wiki) -> bool:
    try:
        return bool(wiki.storage.page("Moved"))
    except NoSuchPage:
        return False


def points(injection: str) -> Iterator[str]:
    """Yield injections at the first, second, … operation."""
    for number in count(1):
        yield injection.format(number)


@pytest.mark.parametrize("part", range(4))
def test_a_kill_at_any_file_operation_loses_nothing_acknowledged(part: int, prepared: Path, tmp_path: Path) -> None:
    unharmed = killed = 0
    for number, injection in enumerate(points("signal=SIGKILL:when={}"), 1):
        if number % 4 != part:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        data, notes, status = run(prepared, folder, injection)
        verify(data, notes)
        shutil.rmtree(folder)
        if status == 0:
            unharmed = number
            break
        killed += 1
    assert unharmed and killed > 10


@pytest.mark.parametrize("call", ["link", "rename", "unlink", "fsync", "mkdir", "write"])
def test_a_kill_at_any_call_of_one_kind_loses_nothing_acknowledged(call: str, prepared: Path, tmp_path: Path) -> None:
    # Counted together, the calls that are rare are never met: strace counts each kind by itself.
    killed = 0
    for number, injection in enumerate(points("signal=SIGKILL:when={}"), 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        data, notes, status = run(prepared, folder, injection, only=call)
        verify(data, notes)
        shutil.rmtree(folder)
        if status == 0:
            break
        killed += 1
    assert killed or call in ("link", "fsync", "rename")


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_disk_that_fails_from_some_operation_on_never_acknowledges_what_is_lost(
    error: str, prepared: Path, tmp_path: Path
) -> None:
    # Every seventh operation: the places where SQLite, the log and the cache write are met with both errors.
    for number in range(2, 100, 7):
        folder = tmp_path / str(number)
        folder.mkdir()
        data, notes, _status = run(prepared, folder, f"error={error}:when={number}+")
        verify(data, notes)
        shutil.rmtree(folder)


def test_the_writer_notes_everything_when_nothing_fails(prepared: Path, tmp_path: Path) -> None:
    data, notes, status = run(prepared, tmp_path, "")
    assert status == 0 and len(notes) == 5
    verify(data, notes)
