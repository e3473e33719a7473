"""Where data may lie, on hosts of several kinds; and what proves that a folder is kept from visitors."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from wiki.bundle import places, proof, settling

from .hosts import bundling


@pytest.mark.parametrize(
    ("root", "documents", "home", "found"),
    [
        # cPanel; a folder in it; a further domain in a folder of the first one, and beside it
        ("/home/u/public_html", "/home/u/public_html", "/home/u", ["/home/u"]),
        ("/home/u/public_html/notes", "/home/u/public_html", "/home/u", ["/home/u"]),
        ("/home/u/public_html/b.org", "/home/u/public_html/b.org", "/home/u", ["/home/u", "/home/u/public_html"]),
        ("/home/u/b.org", "/home/u/b.org", "/home/u", ["/home/u"]),
        # Plesk
        ("/var/www/vhosts/b.org/httpdocs", "/var/www/vhosts/b.org/httpdocs", "/var/www/vhosts/b.org", ["/var/www/vhosts/b.org", "/var"]),
        # one's own Debian, with programs that run as www-data
        ("/var/www/html", "/var/www/html", "/var/www", ["/var/www", "/var"]),
        # ~user, whose folder is not below the document root
        ("/home/u/public_html", "/var/www/html", "/home/u", ["/home/u"]),
        # the home is what is shown; there is none; it is elsewhere
        ("/home/u", "/home/u", "/home/u", ["/home"]),
        ("/kunden/1/d2/htdocs/w", "/kunden/1/d2/htdocs/w", "", ["/kunden/1/d2", "/kunden/1/d2/htdocs"]),
        ("/srv/w", "/srv/w", "/nonexistent", ["/srv"]),
        ("/htdocs", "/htdocs", "", []),
        ("/home/u/public_html", "", "/home/u", ["/home/u"]),
    ],
)  # fmt: skip
def test_data_goes_where_no_site_shows_it(root: str, documents: str, home: str, found: list[str]) -> None:
    assert places.outside(root, documents, home) == found


def test_each_wiki_of_a_user_has_its_own_folder(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("public_html", "public_html/notes", "public_html/a/notes", "b.org/notes")]
    for root in roots:
        root.mkdir(parents=True)
    made = [places.made(str(root), [str(tmp_path)]) for root in roots]
    assert len(set(made)) == len(roots)
    for root, data in zip(roots, made, strict=True):
        assert os.path.dirname(data) == str(tmp_path / "anywiki-data")
        assert os.stat(data).st_mode & 0o777 == 0o700
        assert places.existing(str(root), [str(tmp_path)]) == data
        assert places.made(str(root), [str(tmp_path)]) == data


def test_a_folder_that_is_shown_gets_no_data_unless_somebody_made_the_place(tmp_path: Path) -> None:
    shown = tmp_path / "public_html"
    root = shown / "b.org"
    root.mkdir(parents=True)
    assert places.made(str(root), [str(shown)]) == ""
    assert not (shown / "anywiki-data").exists()
    (shown / "anywiki-data").mkdir()
    assert places.made(str(root), [str(shown)]).startswith(str(shown / "anywiki-data/b.org-"))


def test_a_folder_of_somebody_else_is_not_taken(tmp_path: Path) -> None:
    root = tmp_path / "web"
    root.mkdir()
    ((_, data),) = places.candidates(str(root), [str(tmp_path)])
    (tmp_path / "planted").mkdir()
    (tmp_path / "anywiki-data").mkdir()
    os.symlink(tmp_path / "planted", data)
    assert places.existing(str(root), [str(tmp_path)]) == ""
    assert places.made(str(root), [str(tmp_path)]) == ""


# -- the proof ---------------------------------------------------------------------------------------------------------


@contextmanager
def served(answers: dict[str, bytes]) -> Iterator[int]:
    """Serve these contents by their paths, and 403 for all else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path)
            self.send_response(200 if found is not None else 403)
            self.end_headers()
            self.wfile.write(found or b"no")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


CONTROL = ("-/static/1/wiki.css", b"css")
STYLE = {"/Caf%C3%A9/-/static/1/wiki.css": b"css"}


def environ(direct: int, public: int) -> dict[str, Any]:
    return {
        "SCRIPT_NAME": "/Café".encode().decode("latin-1"), "SERVER_ADDR": "127.0.0.1", "SERVER_PORT": str(direct),
        "HTTP_HOST": f"127.0.0.1:{public}", "wsgi.url_scheme": "http",
    }  # fmt: skip


def verdict(direct: dict[str, bytes], public: dict[str, bytes]) -> str:
    with served(direct) as one, served(public) as other:
        return proof.verdict(environ(one, other), CONTROL, "-/data", "canary-x")


def test_a_folder_is_kept_if_no_way_leads_into_it() -> None:
    assert verdict(STYLE, STYLE) == proof.KEPT
    assert verdict(STYLE, {}) == proof.KEPT
    assert verdict({}, STYLE) == proof.KEPT


@pytest.mark.parametrize("ending", proof.ENDINGS)
def test_one_canary_that_comes_by_one_way_is_enough(ending: str) -> None:
    shown = {**STYLE, f"/Caf%C3%A9/-/data/canary.{ending}": b"canary-x\nWho reads this"}
    assert verdict(shown, STYLE) == proof.SERVED
    assert verdict(STYLE, shown) == proof.SERVED


def test_a_list_of_the_files_is_noticed() -> None:
    assert verdict(STYLE, {**STYLE, "/Caf%C3%A9/-/data/": b"<a>canary.txt</a>"}) == proof.SERVED


def test_who_does_not_reach_himself_knows_nothing() -> None:
    assert verdict({}, {}) == proof.UNKNOWN
    with served(STYLE) as port:
        pass
    assert proof.verdict(environ(port, port), CONTROL, "-/data", "canary-x") == proof.UNKNOWN
    other = {"/Caf%C3%A9/-/static/1/wiki.css": b"somebody else's"}
    assert verdict(other, other) == proof.UNKNOWN


@pytest.mark.parametrize("host", ["", "a b", "evil.example/x", "a:b", "x@y", "a\r\nb", "[::1", "a:999999"])
def test_a_host_that_is_none_is_not_asked(host: str) -> None:
    assert list(proof.ways({**environ(1, 2), "HTTP_HOST": host, "SERVER_NAME": ""})) == []


def test_where_it_cannot_be_known_the_owner_looks_himself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "web"
    for path, content in bundling().contents().items():
        if "/program/" not in path:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
    monkeypatch.setattr(places, "outside", lambda *given: [])
    with served({}) as port:
        pass
    asked = {**environ(port, port), settling.RULES: "on", "PATH_INFO": "/", "wiki.raw_path": "/"}
    with pytest.raises(settling.NotYet, match="Please look whether") as caught:
        settling.settled(str(root), asked)  # type: ignore[arg-type]
    assert "/-/data/canary.txt" in caught.value.page().decode()
    assert {path.name for path in (root / "-/data").iterdir() if path.is_dir()} == set()
    (root / "-/data/checked.txt").touch()
    data = Path(settling.settled(str(root), asked))  # type: ignore[arg-type]
    assert data.parent == root / "-/data"
    assert (data / "first-code.txt").exists()
    assert not list((root / "-/data").glob("canary*"))
    assert settling.settled(str(root), asked) == str(data)  # type: ignore[arg-type]
