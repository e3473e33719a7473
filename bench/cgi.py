"""What a request costs under CGI, in starts of a bare interpreter: a cached hit, Flask alone, and a miss.

Usage: python bench/cgi.py [DATA [PAGE]]. Without a data folder, one is made with a stand-in page. All are run in turns
and the medians of user + system time and of wall time are compared, so that a busy machine slows all alike.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ROUNDS = int(os.environ.get("ROUNDS", "40"))
ENTRY = "from wiki.wsgi import application\nfrom wiki.gateway.cgi import run\nrun(application)\n"


def stand_in(data: Path) -> None:
    """Put a finished page of 20 KB into a cache."""
    from wiki import keeper, pagecache
    from wiki.filling import Filling

    folder = pagecache.folder(str(data))
    keeper.describe(folder, fingerprint="1")
    cache = pagecache.PageCache(lambda: (lambda environ, start: [], None), folder)
    known = cache.known()
    assert known
    path = cache.path({"wsgi.url_scheme": "http", "SCRIPT_NAME": ""}, known, b"Page")
    assert path
    filling = Filling.started(folder, known, path, b"Page")
    assert filling
    filling.keep({}, [("Content-Type", "text/html; charset=utf-8")], b"<p>Some text of a page.</p>\n" * 700)


def cost(command: list[str], environ: dict[str, str]) -> tuple[float, float, bytes]:
    """Run a command; return its CPU and wall seconds and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    output = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, output


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        given = len(sys.argv) > 1
        data = Path(sys.argv[1]).resolve() if given else Path(temporary, "data")
        page = sys.argv[2] if len(sys.argv) > 2 else "FrontPage" if given else "Page"
        if not given:
            data.mkdir()
            stand_in(data)
        script = Path(temporary, "wiki.cgi")
        script.write_text(ENTRY)
        empty = Path(temporary, "empty.py")
        empty.write_text("pass\n")
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "WIKI_DATA": str(data),
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/{page}",
            "REQUEST_URI": f"/{page}",
            "QUERY_STRING": "",
            "HTTP_HOST": "localhost",
            "HTTP_ACCEPT_ENCODING": "gzip",
        }
        python = sys.executable
        runs = {
            "bare interpreter": ([python, str(empty)], environ),
            "cached hit": ([python, str(script)], environ),
            "import flask": ([python, "-c", "import flask"], environ),
        }
        if given:
            runs["miss"] = ([python, str(script)], {**environ, "HTTP_COOKIE": "wiki_theme=light"})
        output = cost(*runs["cached hit"])[2]
        output = cost(*runs["cached hit"])[2]
        assert output.startswith(b"Status: 200 OK\r\n"), output[:200]
        assert b"Content-Encoding: gzip" in output, "this was no hit"
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for round in range(ROUNDS):
            names = list(runs) if round % 2 else list(runs)[::-1]
            for name in names:
                if round % 4 == 0 or name in ("bare interpreter", "cached hit"):
                    times[name].append(cost(*runs[name])[:2])
        base = [median(each[index] for each in times["bare interpreter"]) for index in (0, 1)]
        for name, found in times.items():
            cpu, wall = (median(each[index] for each in found) for index in (0, 1))
            shown = f"cpu {cpu * 1000:6.1f} ms ({cpu / base[0]:5.2f} x)  wall {wall * 1000:6.1f} ms"
            print(f"{name:18} {shown} ({wall / base[1]:5.2f} x)")
        paired = zip(times["cached hit"], times["bare interpreter"], strict=True)
        pairs = [hit[1] / bare[1] for hit, bare in paired]
        print(f"A cached hit takes {median(pairs):.2f} x a bare interpreter ({len(pairs)} pairs; to reach: 1.15).")


if __name__ == "__main__":
    main()
