"""Real processes read and save at once, writers are killed at random, and no page is older than a finished save."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from wiki import keeper

SECONDS = 2.5
PROCESS = '''
"""One process: `writer` or `reader`, in a folder, as this or that number, with or without the protocol."""
import os, sqlite3, sys, time
from contextlib import contextmanager
from wiki import keeper
from wiki.pagecache import PageCache

role, folder, number, protocol = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
PAGES, SLOTS = 3, 64
connection = sqlite3.connect(folder + "/wiki.db", timeout=10, isolation_level=None)
acknowledged = os.open(folder + "/acknowledged", os.O_RDWR)


def version(page):
    return connection.execute("select version from page where name = ?", (f"P{page}",)).fetchone()[0]


def app(environ, start_response):
    name = environ["PATH_INFO"][1:]
    body = b"%d" % version(int(name[1:]))
    if number % 2:
        time.sleep(0.001)
    environ.get("wiki.keep", {})["name"] = name
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]


@contextmanager
def transaction():
    connection.execute("begin immediate")
    yield
    connection.execute("commit")


if role == "writer":
    cache = keeper.Cache(folder + "/cache")
    turn = number
    while True:
        turn += 1
        page = turn % PAGES
        with cache.writing(transaction()) as evicting:
            new = version(page) + 1
            connection.execute("update page set version = ? where name = ?", (new, f"P{page}"))
            if protocol == "yes":
                evicting.evict_all() if turn % 20 == 0 else evicting.evict([f"P{page}"])
        # A place per writer and page: what is in it only grows.
        os.pwrite(acknowledged, new.to_bytes(8, "big"), 8 * (number * PAGES + page))
        time.sleep(0.002)
else:
    known = lambda: (app, keeper.describe(folder + "/cache", fingerprint="1"))
    middleware = PageCache(known, folder + "/cache")
    hits = misses = stale = turn = 0
    end = time.monotonic() + float(sys.argv[5])
    while time.monotonic() < end:
        turn += 1
        page = turn * 7 // 5 % PAGES
        places = os.pread(acknowledged, 8 * SLOTS * PAGES, 0)
        least = max(int.from_bytes(places[8 * (slot * PAGES + page):][:8], "big") for slot in range(SLOTS))
        environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": f"/P{page}", "wsgi.url_scheme": "http",
                   "wiki.keep": {}}
        body = b"".join(middleware(environ, lambda *given: None))
        hits += "wiki.hit" in environ
        misses += "wiki.hit" not in environ
        stale += int(body) < least
    print(hits, misses, stale)
'''


def stress(folder: Path, protocol: bool, seconds: float) -> tuple[int, int, int, int]:
    """Run three readers and two writers, killing writers at random; return hits, misses, stale answers and kills."""
    import sqlite3

    keeper.describe(str(folder / "cache"), fingerprint="1")
    connection = sqlite3.connect(folder / "wiki.db", isolation_level=None)
    connection.execute("create table page (name text primary key, version integer)")
    connection.executemany("insert into page values (?, 1)", [("P0",), ("P1",), ("P2",)])
    connection.execute("pragma synchronous = off")
    connection.close()
    (folder / "acknowledged").write_bytes(bytes(8 * 64 * 3))
    script = folder / "process.py"
    script.write_text(PROCESS)

    def started(role: str, number: int) -> subprocess.Popen[str]:
        told = [role, str(folder), str(number), "yes" if protocol else "no", str(seconds)]
        command = [sys.executable, str(script), *told]
        environ = {**os.environ, "PYTHONPATH": os.getcwd()}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)

    chance = random.Random()
    readers = [started("reader", number) for number in range(3)]
    writers = [started("writer", number) for number in range(2)]
    kills, number = 0, len(writers)
    try:
        while any(reader.poll() is None for reader in readers):
            time.sleep(chance.uniform(0.1, 0.3))
            if number < 60:
                victim = chance.randrange(len(writers))
                assert writers[victim].poll() is None, writers[victim].communicate()[1]
                writers[victim].send_signal(signal.SIGKILL)
                writers[victim].communicate()
                writers[victim] = started("writer", number)
                kills, number = kills + 1, number + 1
        results = []
        for reader in readers:
            output, errors = reader.communicate()
            assert reader.returncode == 0, errors
            results.append([int(each) for each in output.split()])
    finally:
        for process in writers + readers:
            process.kill()
            process.communicate()
    hits, misses, stale = (sum(each) for each in zip(*results, strict=True))
    return hits, misses, stale, kills


def test_no_answer_is_older_than_a_finished_save(tmp_path: Path) -> None:
    hits, misses, stale, kills = stress(tmp_path, True, SECONDS)
    print(f"{hits} hits, {misses} misses, {stale} stale, {kills} writers killed")
    assert stale == 0
    assert hits > 100
    assert misses > 100
    assert kills > 3


def test_the_stress_finds_a_writer_that_does_not_evict(tmp_path: Path) -> None:
    assert stress(tmp_path, False, 1.0)[2] > 0


def test_threads_exclude_each_other_too(tmp_path: Path) -> None:
    first, second = keeper.Lock(str(tmp_path / "cache")), keeper.Lock(str(tmp_path / "cache"))
    assert first.take(exclusive=True)
    assert not second.take(exclusive=False)
    first.release()
    assert second.take(exclusive=False)
    second.release()
