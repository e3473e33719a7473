"""What a request costs under CGI, by the entry file that deploy/cgi/wiki.cgi is, in starts of a bare interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from .instances import BUILD, ROOT, pages_wiki, session
from .report import Report

PAGE = "docker-doc/docker-doc/reference/commandline/node_update"


def entry(data: Path) -> str:
    """Return the path of a copy of wiki.cgi with this checkout's folder and a data folder in it."""
    text = (ROOT / "deploy" / "cgi" / "wiki.cgi").read_text()
    text = text.replace("/srv/wiki/program", str(ROOT)).replace("/srv/wiki/data", str(data))
    path = BUILD / "wiki.cgi"
    path.write_text(text)
    return str(path)


def cost(command: list[str], environ: dict[str, str]) -> tuple[float, float, bytes]:
    """Run a command; return its user + system seconds, its seconds by the clock, and its output."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=environ, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    spent = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, spent, output


def measure(report: Report, rounds: int) -> None:
    """Run all in turns, in pairs that a busy machine slows alike, and report the medians of the pairs' ratios."""
    data = pages_wiki()
    token = session(data)
    script = entry(data)
    plain = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    request = {
        **plain,
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "GET",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/{PAGE}",
        "REQUEST_URI": f"/{PAGE}",
        "QUERY_STRING": "",
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT_ENCODING": "gzip",
    }
    cookie = {**request, "HTTP_COOKIE": f"wiki_session={token}"}
    info = {**cookie, "QUERY_STRING": "action=info", "REQUEST_URI": f"/{PAGE}?action=info"}
    python = sys.executable
    runs = {
        "bare interpreter": ([python, "-c", "pass"], plain),
        "cached hit": ([python, script], request),
        "import flask": ([python, "-c", "import flask"], plain),
        "logged-in view": ([python, script], cookie),
        "history": ([python, script], info),
    }
    for key, wanted in (("cached hit", b""), ("logged-in view", b"node update"), ("history", b"?action=diff")):
        for _ in range(2):
            output = cost(runs[key][0], {**runs[key][1], "HTTP_ACCEPT_ENCODING": ""})[2]
        if not output.startswith(b"Status: 200 OK\r\n") or (wanted and b"Status: 200" not in output):
            raise RuntimeError(f"{key}: {output[:300]!r}")
    if b"\r\nETag: " not in cost(*runs["cached hit"])[2]:
        raise RuntimeError("the cached hit was none")
    found: dict[str, list[tuple[float, float]]] = {key: [] for key in runs}
    for turn in range(rounds):
        order = list(runs) if turn % 2 else list(runs)[::-1]
        for key in order:
            found[key].append(cost(*runs[key])[:2])
    for key, times in found.items():
        cpu, wall = (median(each[at] for each in times) * 1000 for at in (0, 1))
        report.note(f"{key}: {cpu:.1f} ms user + system, {wall:.1f} ms by the clock")
    for key, base, goal in (
        ("cached hit", "bare interpreter", 1.15),
        ("logged-in view", "import flask", 1.35),
        ("history", "import flask", 1.35),
    ):
        for at, clock in ((0, "user + system"), (1, "clock")):
            ratio = median(one[at] / other[at] for one, other in zip(found[key], found[base], strict=True))
            report.most(f"CGI: {key} / {base}, {clock}", ratio, goal)
