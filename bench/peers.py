"""Another wiki with the same pages on the same server: An Otter Wiki, in a virtual environment of its own.

It keeps its pages in a Git repository. Both run under gunicorn with as many workers; nothing else of it is changed but
that page names keep their case and a visitor may register without a mail.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from subprocess import DEVNULL
from urllib.parse import quote, quote_plus, urlencode

from wiki.app import open_wiki
from wiki.urls import quoted

from .client import Client
from .instances import BUILD, ROOT, pages_wiki, session
from .load import LOG, rate
from .report import Report
from .servers import gunicorn
from .starts import PAGE

PACKAGE = "otterwiki"
ENVIRONMENT = ROOT / "build" / "peers"
PASSWORD = "correct horse battery"
VIEWS = 200
_TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
_BASE = re.compile(rb'name="base"[^>]*value="(\d+)"')
_COOKIE = re.compile(rb"\r\nset-cookie: ([^;\r]+)", re.IGNORECASE)
QUERIES = ("container", "unsubscribe", "xautoclaim", "filesystem")


def _python() -> str:
    """Return the interpreter of the peer's virtual environment, made if it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / ".done").exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PACKAGE, "gunicorn"], check=True)
        (ENVIRONMENT / ".done").touch()
    return str(python)


def _repository(data: Path, target: Path) -> list[str]:
    """Write every page of our wiki into a Git repository of one commit, and return their names."""
    shutil.rmtree(target, ignore_errors=True)
    wiki = open_wiki(str(data))
    names = [page.name for page in wiki.storage.pages() if "/" in page.name]
    for name in names:
        path = target / "repository" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wiki.storage.revision(name).text or "", "utf-8")
    wiki.storage.close()
    git = ["git", "-C", str(target / "repository"), "-c", "user.name=Bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all pages"]):
        subprocess.run([*git, *command], check=True, stdout=subprocess.DEVNULL)
    return names


def _account(client: Client) -> None:
    """Register the first account, which is the administrator's, and stay logged in."""
    address = "bench@example.org"
    form = {"email": address, "name": "Bench Bench", "password1": PASSWORD, "password2": PASSWORD}
    _send(client, "/-/register", form)
    _send(client, "/-/login", {"email": address, "password": PASSWORD})
    if b"/-/logout" not in client.get("/-/about").body:
        raise RuntimeError("the peer did not log us in")


def _send(client: Client, path: str, form: dict[str, str]) -> None:
    """Fill in and send a form, keeping the session that comes with it and the one that comes back."""
    page = client.get(path)
    _keep_cookie(client, page.head)
    token = _TOKEN.search(page.body)
    if not token:
        raise RuntimeError(f"{path} has no form: {page.status}")
    _keep_cookie(client, client.post(path, urlencode({**form, "csrf_token": token[1].decode()}).encode()).head)


def _keep_cookie(client: Client, head: bytes) -> None:
    kept = dict(pair.split("=", 1) for pair in client.cookie.split("; ") if pair)
    kept.update(pair.decode().split("=", 1) for pair in _COOKIE.findall(head))
    client.cookie = "; ".join(f"{key}={value}" for key, value in kept.items())


def measure(report: Report, rounds: int) -> None:
    """Report how many times faster the usual things are here than there."""
    python = _python()
    data = BUILD / "peer-ours"
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(pages_wiki(), data)
    peer_data = BUILD / "peer"
    names = _repository(data, peer_data)
    environ = {
        "REPOSITORY": str(peer_data / "repository"),
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{peer_data / 'db.sqlite'}",
        "SECRET_KEY": "0123456789abcdef0123456789abcdef",
        "EMAIL_NEEDS_CONFIRMATION": "False",
        "RETAIN_PAGE_NAME_CASE": "True",
        "LOG_LEVEL": "WARNING",
    }
    # Two workers that make the database at once get in each other's way.
    subprocess.run([python, "-c", "import otterwiki.server"], env={**os.environ, **environ}, check=True, stderr=DEVNULL)
    ours_environ = {"WIKI_DATA": str(data)}
    with (
        gunicorn("wiki.wsgi:application", ours_environ, LOG) as ours,
        gunicorn("otterwiki.server:app", environ, LOG, python, "/-/healthz") as theirs,
    ):
        path = "/" + quoted(PAGE)
        client, peer = Client(ours.port, f"wiki_session={session(data)}"), Client(theirs.port)
        _account(peer)
        anonymous = [Client(ours.port), Client(theirs.port)]
        # The peer takes a name with a dot for a file's.
        same = [name for name in names if "." not in name]
        for at, name in enumerate(same[::3][:VIEWS]):
            for each in (anonymous, (client, peer))[at % 2]:
                if each.get("/" + quoted(name)).status != 200:
                    raise RuntimeError(f"{name} is not the same page in both")
        sizes = ours.resident(), theirs.resident()
        report.note(f"a worker after {VIEWS} views: {sizes[0]:.0f} MB here, {sizes[1]:.0f} MB there")
        report.most("memory of a worker / the peer's", sizes[0] / sizes[1], 0.4)
        # Before the others: under load the peer was seen to stop answering.
        text = quote_plus(client.get(path + "?action=raw").body.decode())
        _compare(report, "save", 6, rounds, _saving(client, path, text), _saving_there(peer, path, text))
        _compare(report, "search", 40, rounds, _search(client, "/-/search?q={}"), _search(peer, "/-/search/{}"))
        for label, cookies, goal in (
            ("cached view", ("", ""), 100),
            ("logged-in view", (client.cookie, peer.cookie), 20),
        ):
            # Not in turns: the peer still works for a while on what was asked last.
            here = median(rate(ours, path, cookies[0]) for _ in range(5))
            # Its threads get in each other's way now and then: its templates share a variable.
            there = median(rate(theirs, path, cookies[1], failing=True) for _ in range(3))
            time.sleep(2)
            report.note(f"{label}: {here:.0f} requests/s here, {there:.1f} there")
            report.least(f"{label}, times the peer's rate", here / there, goal)


Deed = Callable[[int], float]


def _compare(report: Report, label: str, goal: float, rounds: int, here: Deed, there: Deed) -> None:
    pairs = [(here(turn), there(turn)) for turn in range(rounds + 1)][1:]
    ours, theirs = (median(pair[at] for pair in pairs) * 1000 for at in (0, 1))
    report.note(f"{label}: {ours:.1f} ms here, {theirs:.1f} ms there")
    report.least(f"{label}, times faster than the peer", theirs / ours, goal)


def _saving(client: Client, path: str, text: str) -> Deed:
    def deed(turn: int) -> float:
        form = client.get(path + "?action=edit").body
        token, base = _TOKEN.search(form), _BASE.search(form)
        assert token and base
        body = b"do=save&comment=bench&csrf_token=%b&base=%b&text=" % (token[1], base[1])
        return _posted(client, path + "?action=edit", body + f"{text}line+{turn}".encode(), 303)

    return deed


def _saving_there(peer: Client, path: str, text: str) -> Deed:
    # Its editor takes seconds after each save, in each worker: it reads all pages for a list. Only saving is compared.
    token = _TOKEN.search(peer.get(path + "/edit").body)
    assert token

    def deed(turn: int) -> float:
        assert token
        body = b"commit=bench&csrf_token=%b&content=" % token[1]
        return _posted(peer, path + "/save", body + f"{text}line+{turn}".encode(), 302)

    return deed


def _posted(client: Client, path: str, body: bytes, status: int) -> float:
    begun = time.perf_counter()
    answer = client.post(path, body)
    spent = time.perf_counter() - begun
    if answer.status != status:
        raise RuntimeError(f"{path}: {answer.status}")
    return spent


def _search(client: Client, path: str) -> Deed:
    def deed(turn: int) -> float:
        asked = QUERIES[turn % len(QUERIES)]
        begun = time.perf_counter()
        answer = client.get(path.format(quote(asked)))
        spent = time.perf_counter() - begun
        if answer.status != 200 or asked.encode() not in answer.body:
            raise RuntimeError(f"{path}: {answer.status}")
        return spent

    return deed
