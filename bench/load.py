"""How many requests two workers answer: cached views beside a hello-world, other views, and people who edit at once."""

from __future__ import annotations

import json
import multiprocessing
import re
import shutil
import subprocess
import time
from multiprocessing.queues import Queue
from pathlib import Path
from statistics import median
from urllib.parse import quote_plus

from wiki.app import open_wiki
from wiki.urls import quoted

from .client import Client
from .instances import BUILD, pages_wiki, session
from .report import Report
from .servers import Server, gunicorn
from .starts import PAGE

LOG = BUILD / "servers.log"
TEXT = 8000
WRITERS, READERS, READ_PAGES = 4, 2, 50
_TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
_BASE = re.compile(rb'name="base"[^>]*value="(\d+)"')


# -- views ------------------------------------------------------------------------------------------------------------


def views(report: Report, rounds: int) -> None:
    """Report cached views beside a hello-world that sends as much, other views, and a worker's size."""
    data = pages_wiki()
    token = session(data)
    path = "/" + quoted(PAGE)
    wiki_environ = {"WIKI_DATA": str(data)}
    with gunicorn("wiki.wsgi:application", wiki_environ, LOG) as wiki:
        client = Client(wiki.port)
        for _ in range(4):
            answer = client.get(path)
        sent = [line.partition(": ")[::2] for line in answer.head.decode("latin-1").split("\r\n")[1:]]
        headers = [pair for pair in sent if pair[0].lower() not in ("server", "date", "connection")]
        hello_environ = {"HELLO_BYTES": str(len(answer.body)), "HELLO_HEADERS": json.dumps(headers)}
        with gunicorn("bench.apps:hello", hello_environ, LOG) as hello:
            runs = {
                "hello": (hello, path, ""),
                "cached": (wiki, path, ""),
                # A query of no meaning: the page cache answers plain page addresses only.
                "uncached": (wiki, path + "?x=1", ""),
                "logged in": (wiki, path, f"wiki_session={token}"),
            }
            found: dict[str, list[float]] = {key: [] for key in runs}
            for turn in range(rounds):
                for key in list(runs) if turn % 2 else list(runs)[::-1]:
                    # The pair whose ratio counts is short and often repeated: other programs come and go.
                    if key in ("hello", "cached") or turn < 3:
                        found[key].append(rate(*runs[key]))
        for key, rates in found.items():
            report.note(f"{key}: {median(rates):.0f} requests/s, {len(answer.body)} bytes each")
        ratio = median(a / b for a, b in zip(found["cached"], found["hello"], strict=True))
        report.least("cached view / hello-world", ratio, 0.7)
    _memory(report, data, token)


def rate(server: Server, path: str, cookie: str, seconds: int = 1, failing: bool = False) -> float:
    """Return requests answered per second: by wrk where that is installed, else by our own client in processes.

    Raises RuntimeError if one failed; a `failing` server's failed ones are not counted.
    """
    if shutil.which("wrk"):
        command = ["wrk", "-t1", "-c8", f"-d{seconds}s", server.url + path]
        command += ["-H", f"Cookie: {cookie}"] if cookie else []
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = re.search(r"Requests/sec:\s+([\d.]+)", output)
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
        answered = re.search(r"(\d+) requests in", output)
        if not found or not answered or (refused and not failing):
            raise RuntimeError(output)
        return float(found[1]) * (1 - int(refused[1]) / int(answered[1]) if refused else 1)
    rates: Queue[float] = multiprocessing.Queue()
    clients = [multiprocessing.Process(target=_ask, args=(server.port, path, cookie, seconds, rates)) for _ in range(2)]
    for each in clients:
        each.start()
    total = sum(rates.get(timeout=60) for _ in clients)
    for each in clients:
        each.join()
    return total


def _ask(port: int, path: str, cookie: str, seconds: float, rates: Queue[float]) -> None:
    client = Client(port, cookie)
    count, begun = 0, time.monotonic()
    while time.monotonic() < begun + seconds:
        if client.get(path).status != 200:
            raise RuntimeError(path)
        count += 1
    rates.put(count / (time.monotonic() - begun))


def _memory(report: Report, data: Path, token: str) -> None:
    """Report a worker's size after 200 views of different pages, half of them logged in, and the database's."""
    wiki = open_wiki(str(data))
    names = [page.name for page in wiki.storage.pages() if "/" in page.name]
    text = sum(len((wiki.storage.revision(name).text or "").encode()) for name in names)
    wiki.storage.close()
    size = (data / "wiki.db").stat().st_size
    with gunicorn("wiki.wsgi:application", {"WIKI_DATA": str(data)}, LOG) as server:
        clients = [Client(server.port), Client(server.port, f"wiki_session={token}")] * 2
        for at, name in enumerate(names[::3][:200]):
            clients[at % 4].get("/" + quoted(name))
        report.note(f"a worker after 200 views: {server.resident():.0f} MB resident")
    report.note(f"database {size / 1e6:.1f} MB, its {len(names)} texts {text / 1e6:.1f} MB: {size / text:.2f} x")


# -- edits ------------------------------------------------------------------------------------------------------------


def edits(report: Report, seconds: float) -> None:
    """Report how often four people at once get an editor and save, and what readers of other pages meet meanwhile."""
    data = BUILD / "edits"
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(pages_wiki(), data)
    names = _prepare(data)
    tokens = [session(data, f"Writer{at}") for at in range(WRITERS)]
    with gunicorn("bench.apps:counted", {"WIKI_DATA": str(data)}, LOG) as server:
        for at in range(WRITERS):
            _cycle(Client(server.port, f"wiki_session={tokens[at]}"), f"/Edited{at}", b"warm", 0)
        alone = _together(server, tokens, [], seconds)
        report.note(
            f"the slowest cycle took {alone['slowest'] * 1000:.0f} ms, half of them {alone['middle'] * 1000:.0f} ms"
        )
        report.least("edit cycles/s, 4 writers", alone["cycles"] / alone["seconds"], 40)
        read = _together(server, tokens, names, seconds)
        shown = f"{read['cycles'] / read['seconds']:.0f} cycles/s and {read['views'] / read['seconds']:.0f} views/s"
        report.note(f"with {READERS} readers of {READ_PAGES} other pages: {shown}")
        report.least("cache hits of readers meanwhile", read["hits"] / max(1, read["views"]) * 100, 50, " %")
        report.most("failed edits and views", alone["failed"] + read["failed"], 0)


def _prepare(data: Path) -> list[str]:
    """Make the pages that are edited and return those that are read."""
    wiki = open_wiki(str(data))
    names = [page.name for page in wiki.storage.pages() if "/" in page.name]
    texts = (wiki.storage.revision(name).text or "" for name in names)
    prose = "\n\n".join(text for text in texts if len(text) < 4000)
    visit = wiki.visit_system("Bench")
    for at in range(WRITERS):
        visit.save(f"Edited{at}", prose[at * TEXT : (at + 1) * TEXT])
    wiki.storage.close()
    return names[:: len(names) // READ_PAGES][:READ_PAGES]


def _cycle(client: Client, path: str, sent: bytes, turn: int) -> bool:
    """Get the editor and save its text with another last line; return whether it was saved."""
    form = client.get(path + "?action=edit")
    token, base = _TOKEN.search(form.body), _BASE.search(form.body)
    if form.status != 200 or not token or not base:
        return False
    text = sent + f"%0Aline+{turn}%0A".encode()
    body = b"do=save&comment=&csrf_token=%b&base=%b&text=%b" % (token[1], base[1], text)
    return client.post(path + "?action=edit", body).status == 303


def _together(server: Server, tokens: list[str], names: list[str], seconds: float) -> dict[str, float]:
    """Have everybody at work for so long, and return what came of it."""
    results: Queue[dict[str, float]] = multiprocessing.Queue()
    start = time.monotonic() + 0.5
    every = [
        multiprocessing.Process(target=_write, args=(server.port, token, f"/Edited{at}", start, seconds, results))
        for at, token in enumerate(tokens)
    ]
    every += [
        multiprocessing.Process(target=_read, args=(server.port, names[at::READERS], start, seconds, results))
        for at in range(READERS if names else 0)
    ]
    for each in every:
        each.start()
    found = [results.get(timeout=seconds + 120) for _ in every]
    for each in every:
        each.join()
    total = {key: sum(one.get(key, 0) for one in found) for key in ("cycles", "failed", "views", "hits")}
    writers = [one for one in found if "slowest" in one]
    total["slowest"] = max(one["slowest"] for one in writers)
    total["middle"] = median(one["middle"] for one in writers)
    return {**total, "seconds": seconds}


def _write(port: int, token: str, path: str, start: float, seconds: float, results: Queue[dict[str, float]]) -> None:
    client = Client(port, f"wiki_session={token}")
    form = client.get(path + "?action=raw")
    lines = [line for line in form.body.decode().rstrip("\n").split("\n") if not line.startswith("line ")]
    sent = quote_plus("\n".join(lines)).encode()
    times: list[float] = []
    failed = 0
    while time.monotonic() < start:
        time.sleep(0.01)
    while (begun := time.monotonic()) < start + seconds:
        try:
            saved = _cycle(client, path, sent, len(times))
        except OSError:
            client.close()
            saved = False
        failed += not saved
        times.append(time.monotonic() - begun)
    times.sort()
    results.put(
        {"cycles": len(times) - failed, "failed": failed, "slowest": times[-1], "middle": times[len(times) // 2]}
    )


def _read(port: int, names: list[str], start: float, seconds: float, results: Queue[dict[str, float]]) -> None:
    client = Client(port)
    views = hits = failed = 0
    while time.monotonic() < start:
        time.sleep(0.01)
    while time.monotonic() < start + seconds:
        try:
            answer = client.get("/" + quoted(names[views % len(names)]))
            failed += answer.status != 200
            hits += b"\r\nx-hit: 1" in answer.head.lower()
        except OSError:
            client.close()
            failed += 1
        views += 1
        # A reader who never waits would only show how two processors are shared.
        time.sleep(0.02)
    results.put({"views": views, "hits": hits, "failed": failed})
