"""Many people saving the same page at once: every acknowledged line is in the history exactly once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from wiki import accounts
from wiki.app import open_wiki
from wiki.instance import Instance

from .contending import PAGE

PROCESSES, THREADS, SAVES = 2, 8, 50
ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_two_processes_of_eight_threads_lose_no_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    instance = Instance(str(data))
    instance.prepare()
    wiki = open_wiki(str(data))
    # Between two sections lies a line that nobody touches, so that neighbours' changes never overlap.
    sections = [f"section {p}-{t}\n----\n" for p in range(PROCESSES) for t in range(THREADS)]
    visit = wiki.visit_system("Setup")
    visit.save(PAGE, "#format plain\n" + "".join(sections), base=0)
    user = accounts.new_user(wiki.storage, "Ann", "seven green teapots")
    session = accounts.begin_session(wiki.storage, user, time.time(), 1)
    command = [sys.executable, "-m", "tests.contending", str(data), session]
    running = [
        subprocess.Popen(
            [*command, str(number), str(THREADS), str(SAVES)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    outputs = [process.communicate(timeout=300) for process in running]
    said = [line for out, _ in outputs for line in out.splitlines()]
    errors = "".join(err for _, err in outputs)
    assert "database is locked" not in errors and "Traceback" not in errors, errors[-3000:]
    assert [line for line in said if not line.startswith("saved ")] == []
    acknowledged = [line.removeprefix("saved ") for line in said]
    assert len(acknowledged) == PROCESSES * THREADS * SAVES
    newest = visit.read(PAGE)
    assert newest.number == 1 + len(acknowledged)
    lines = Counter((newest.text or "").splitlines())
    assert all(lines[line] == 1 for line in acknowledged)
    assert list(wiki.storage.check()) == []
    wiki.storage.close()
