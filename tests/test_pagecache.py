"""What the page cache answers, to whom, and what a hit loads."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from dataclasses import dataclass, field
from typing import Any

import pytest

from wiki import keeper, pagecache
from wiki.filling import Filling, finished
from wiki.model import Unavailable
from wiki.pagecache import Known, PageCache, key, names_etag, stamp, takes_gzip

NAME = "Café/日本語"
TEXT = "<p>The old <em>page</em>.</p>\n" * 40


@dataclass
class Answer:
    status: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stand:
    """A stand-in wiki with a page cache, and what the wiki was asked."""

    folder: str
    pages: dict[str, str] = field(default_factory=lambda: {NAME: TEXT, "Front": "<p>front</p>"})
    asked: list[str] = field(default_factory=list)
    extra: list[tuple[str, str]] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    keep: bool = True

    def __post_init__(self) -> None:
        self.cache = keeper.Cache(self.folder)
        self.restart()

    def restart(self, **settings: Any) -> None:
        self.settings.update(settings)
        given = {"fingerprint": "1", "front_page": "Front", **self.settings}

        def factory() -> tuple[Any, Known]:
            return self.app, keeper.describe(self.folder, **given)

        self.middleware = PageCache(factory, self.folder)

    def app(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        name = environ["PATH_INFO"][1:].encode("latin-1").decode() or "Front"
        self.asked.append(name)
        if name not in self.pages:
            start_response("404 Not Found", [("Content-Type", "text/html")])
            return [b"none"]
        if "wiki.keep" in environ and self.keep:
            environ["wiki.keep"]["name"] = name
            environ["wiki.keep"]["stamps"] = self.stamps
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "private"), *self.extra]
        start_response("200 OK", headers)
        return [self.pages[name].encode()]

    def ask(self, name: str = NAME, method: str = "GET", **environ: Any) -> Answer:
        asked = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "/wiki",
            "PATH_INFO": "/" + name.encode().decode("latin-1"),
            "QUERY_STRING": "",
            "HTTP_HOST": "wiki.example",
            "wsgi.url_scheme": "http",
            **environ,
        }
        answers: list[Any] = []
        body = b"".join(
            self.middleware(asked, lambda status, headers, exc_info=None: answers.append((status, headers)))
        )
        ((status, headers),) = answers
        assert len({name.lower() for name, _ in headers}) == len(headers), "a header is sent twice"
        return Answer(status, dict(headers), body)

    def save(self, name: str, text: str, stale: set[str] | None = None) -> None:
        with self.cache.writing() as evicting:
            evicting.evict(stale or {name})
            self.pages[name] = text

    def is_hit(self, *args: Any, **environ: Any) -> bool:
        before = len(self.asked)
        self.ask(*args, **environ)
        return len(self.asked) == before


@pytest.fixture
def stand(tmp_path: Any) -> Stand:
    return Stand(str(tmp_path / "cache"))


def test_second_view_is_the_same_and_does_not_ask_the_wiki(stand: Stand) -> None:
    first, second = stand.ask(), stand.ask()
    assert stand.asked == [NAME]
    assert first == second
    assert second.body.decode() == TEXT
    assert second.headers["Cache-Control"] == "no-cache"
    assert second.headers["Vary"] == "Cookie, Accept-Encoding"
    assert second.headers["Content-Length"] == str(len(second.body))


def test_another_process_finds_what_this_one_kept(stand: Stand) -> None:
    first = stand.ask()
    stand.restart()
    assert stand.ask() == first
    assert stand.asked == [NAME]


def test_head_has_the_headers_of_get_and_no_body(stand: Stand) -> None:
    page = stand.ask()
    for _ in range(2):
        head = stand.ask(method="HEAD")
        assert (head.status, head.headers, head.body) == (page.status, page.headers, b"")
        stand.restart()
    assert stand.asked == [NAME]


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "x-gzip", "deflate , gzip ; q=1.0"])
def test_gzip_is_sent_to_whom_takes_it(stand: Stand, accepted: str) -> None:
    for _ in range(2):
        page = stand.ask(HTTP_ACCEPT_ENCODING=accepted)
        assert page.headers["Content-Encoding"] == "gzip"
        assert zlib.decompress(page.body, 31).decode() == TEXT
        assert page.headers["ETag"].endswith('-gz"')
        assert page.headers["Content-Length"] == str(len(page.body))
    assert stand.asked == [NAME]


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.000", "x-gzipped", "identity"])
def test_gzip_is_not_sent_to_others(stand: Stand, accepted: str) -> None:
    assert not takes_gzip(accepted)
    stand.ask()
    assert stand.ask(HTTP_ACCEPT_ENCODING=accepted).body.decode() == TEXT


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_version_the_visitor_has_is_not_sent_again(stand: Stand, form: str) -> None:
    etag = stand.ask().headers["ETag"]
    same = stand.ask(HTTP_IF_NONE_MATCH=form.format(etag), HTTP_ACCEPT_ENCODING="gzip")
    assert (same.status, same.body) == ("304 Not Modified", b"")
    assert "Content-Length" not in same.headers
    assert stand.asked == [NAME]
    assert not names_etag('"other"', etag.strip('"'))


def test_a_conditional_first_view_is_answered_and_kept(stand: Stand) -> None:
    etag = stand.ask().headers["ETag"]
    stand.save(NAME, TEXT)
    assert stand.ask(HTTP_IF_NONE_MATCH=etag).status == "304 Not Modified"
    assert stand.is_hit()


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_COOKIE": "wiki_session=1"},
        {"HTTP_COOKIE": "a=b; __Host-wiki_session=1"},
        {"HTTP_COOKIE": "wiki_theme=dark"},
        {"HTTP_COOKIE": "a=1;wiki_language=de"},
        {"HTTP_AUTHORIZATION": "Bearer x"},
        {"REMOTE_USER": "ann"},
        {"QUERY_STRING": "action=raw"},
        {"REQUEST_METHOD": "POST"},
    ],
)
def test_who_may_not_be_anonymous_is_answered_by_the_wiki(stand: Stand, environ: dict[str, str]) -> None:
    stand.ask()
    assert not stand.is_hit(**environ)
    stand.save(NAME, "new")
    stand.ask(**environ)
    assert not stand.is_hit(), "his page was kept"


def test_a_cookie_of_others_does_not_matter(stand: Stand) -> None:
    stand.ask()
    assert stand.is_hit(HTTP_COOKIE="wiki_form=1; analytics=x")


def test_the_root_is_the_front_page(stand: Stand) -> None:
    assert stand.ask("").body == b"<p>front</p>"
    assert stand.is_hit("Front")
    stand.save("Front", "<p>new</p>")
    assert stand.ask("").body == b"<p>new</p>"


def test_an_evicted_page_is_new(stand: Stand) -> None:
    stand.ask(HTTP_ACCEPT_ENCODING="gzip")
    stand.save(NAME, "new")
    assert stand.ask().body == b"new"
    assert stand.ask(HTTP_ACCEPT_ENCODING="gzip").body == b"new"
    assert stand.asked == [NAME, NAME]


def test_everything_is_evicted_at_once(stand: Stand) -> None:
    stand.ask(), stand.ask("Front")
    with stand.cache.writing() as evicting:
        evicting.evict_all()
    assert not stand.is_hit()
    assert not stand.is_hit("Front")
    assert len(os.listdir(stand.folder + "/pages")) == 1, "the former epoch's entries were not removed"


@pytest.mark.parametrize(
    "change",
    [
        {"fingerprint": "2"},
        {"mount": "/wiki"},
        {"front_page": "Other"},
        {"hosts": ["wiki.example"]},
        {"remote_user": True},
    ],
)
def test_a_changed_setting_leaves_nothing_stale(stand: Stand, change: dict[str, Any]) -> None:
    stand.ask()
    old = stand.middleware
    stand.restart(**change)
    keeper.describe(stand.folder, **{"fingerprint": "1", "front_page": "Front", **stand.settings})
    assert not stand.is_hit()
    if "fingerprint" in change:
        stand.middleware = old
        assert not stand.is_hit(), "a process with former settings uses the cache"


def test_a_changed_settings_file_is_noticed_by_the_next_hit(stand: Stand, tmp_path: Any) -> None:
    settings = tmp_path / "wiki.toml"
    stand.restart(stamps=[stamp(str(settings))])
    stand.ask()
    assert stand.is_hit()
    settings.write_text("acl_default = ''")
    assert not stand.is_hit()
    assert not stand.is_hit(), "a process with former settings kept a page"


def test_another_version_beside_this_one_leaves_nothing_stale(
    stand: Stand, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.ask()
    assert stand.is_hit()
    version = tmp_path / "__init__.py"
    version.write_text("another")
    monkeypatch.setattr(pagecache, "PROGRAM", str(version))
    assert not stand.is_hit()
    assert not stand.is_hit(), "a process of the former version kept a page"
    stand.restart()
    assert not stand.is_hit()
    assert stand.is_hit()


def test_the_cache_can_be_off_and_on_again(stand: Stand) -> None:
    stand.ask()
    stand.restart(on=False)
    stand.middleware.factory()
    assert not stand.is_hit()
    assert not stand.is_hit()
    stand.restart(on=True)
    stand.middleware.factory()
    assert not stand.is_hit()
    assert stand.is_hit()


def test_a_file_that_others_write_is_compared(stand: Stand, tmp_path: Any) -> None:
    current = tmp_path / "current"
    current.write_text("00000001\n")
    stand.stamps = [stamp(str(current))]
    stand.ask()
    assert stand.is_hit()
    (tmp_path / "new").write_text("00000002\n")
    os.replace(tmp_path / "new", current)
    assert not stand.is_hit()


def test_the_cache_folder_may_vanish_at_any_moment(stand: Stand) -> None:
    stand.ask()
    subprocess.run(["rm", "-rf", stand.folder], check=True)
    assert stand.ask().body.decode() == TEXT
    assert stand.is_hit()


@pytest.mark.parametrize("suffix", [pagecache.HEAD, pagecache.BODY, pagecache.GZIP])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut"])
def test_a_damaged_entry_is_no_entry(stand: Stand, suffix: bytes, damage: str) -> None:
    stand.ask()
    stand.restart()
    for folder, _, files in os.walk(os.fsencode(stand.folder)):
        for name in files:
            if name.endswith(b"\xaa\x9e" + suffix):
                path = folder + b"/" + name
                if damage == "gone":
                    os.unlink(path)
                else:
                    os.truncate(path, 0 if damage == "empty" else os.stat(path).st_size // 2)
    encoding = "gzip" if suffix == pagecache.GZIP else ""
    assert stand.ask(HTTP_ACCEPT_ENCODING=encoding).status == "200 OK"
    assert len(stand.asked) == 2


def test_only_finished_pages_without_cookies_are_kept(stand: Stand) -> None:
    stand.extra = [("Set-Cookie", "x=1")]
    stand.ask()
    assert not stand.is_hit()
    stand.extra = []
    stand.keep = False
    stand.ask()
    assert not stand.is_hit()
    assert not stand.is_hit("Missing")
    assert not stand.is_hit("Missing")


def test_one_site_is_kept_apart_from_another(stand: Stand) -> None:
    stand.ask()
    assert stand.is_hit(HTTP_HOST="any.example")
    assert not stand.is_hit(**{"wsgi.url_scheme": "https"})
    assert not stand.is_hit(SCRIPT_NAME="")
    stand.restart(hosts=["Wiki.example", "b.example:8080"])
    stand.middleware.factory()
    assert not stand.is_hit()
    assert stand.is_hit(HTTP_HOST="WIKI.example")
    assert not stand.is_hit(HTTP_HOST="b.example:8080")
    assert stand.is_hit(HTTP_HOST="b.example:8080")
    for _ in range(2):
        assert not stand.is_hit(HTTP_HOST="evil.example")
    assert not stand.is_hit(HTTP_HOST="wiki.example:81", SERVER_PORT="81")
    assert stand.is_hit(HTTP_HOST="wiki.example:81", SERVER_PORT="81")
    for _ in range(2):
        assert not stand.is_hit(HTTP_HOST="wiki.example:82", SERVER_PORT="81")
    stand.save(NAME, "new")
    assert stand.ask(HTTP_HOST="b.example:8080").body == b"new"


NAMES = ["A", "A/B", "A.html", "A.html/B", "=", "=/41", ".htaccess", "100%", "what?", "a#b", 'q"q', "b\\c", "x" * 250]
NAMES += ["A.head", "ü" * 120, "a b", "a+b&c;d", "*", "!", "日" * 80, "\u202fx"]


@pytest.mark.parametrize("name", NAMES)
def test_every_page_name_is_kept_under_a_path_of_its_own(stand: Stand, name: str) -> None:
    stand.pages = {each: f"<p>{number}</p>" for number, each in enumerate(NAMES)}
    for each in NAMES:
        stand.ask(each)
    assert stand.is_hit(name)
    assert stand.ask(name).body.decode() == stand.pages[name]
    stand.save(name, "new")
    assert stand.ask(name).body == b"new"
    assert all(stand.is_hit(each) for each in NAMES)


@pytest.mark.parametrize("name", ["", "/", "A//B", "A/", "/A", "./A", "A/../B", "..", "-", "-/search", "-/-/x"])
def test_what_is_no_normal_name_has_no_entry(name: str) -> None:
    assert key(name.encode()) is None


def test_files_are_private_and_none_is_left_over(stand: Stand) -> None:
    old = os.umask(0)
    try:
        stand.ask(), stand.ask("Front")
        stand.save("Front", "new")
    finally:
        os.umask(old)
    found = []
    for folder, folders, files in os.walk(os.path.dirname(stand.folder)):
        for name in folders + files:
            path = os.path.join(folder, name)
            found.append(name)
            if path != stand.folder:
                assert os.stat(path).st_mode & 0o077 == 0, path
    assert "cache.info" in found
    assert not [name for name in found if name.startswith("new-")]


def test_a_folder_that_cannot_be_written_only_costs_time(stand: Stand, tmp_path: Any) -> None:
    (tmp_path / "file").write_text("")
    stand = Stand(str(tmp_path / "file" / "cache"))
    assert stand.ask().body.decode() == TEXT
    assert not stand.is_hit()


def test_the_log_is_bounded_and_a_filling_across_its_end_is_not_kept(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOG_LIMIT", 500)
    stand.ask("Front")
    filling = stand_filling(stand, "Front")
    for number in range(200):
        stand.save(f"Page{number}", "x")
    assert os.stat(stand.folder + ".log").st_size < 600
    assert not placed(filling)
    assert placed(stand_filling(stand, "Front"))


def stand_filling(stand: Stand, name: str) -> Filling:
    known = stand.middleware.known()
    assert known
    environ = {"wsgi.url_scheme": "http", "SCRIPT_NAME": "/wiki"}
    path = stand.middleware.path(environ, known, name.encode())
    assert path
    filling = Filling.started(stand.folder, known, path, name.encode())
    assert filling
    return filling


def placed(filling: Filling) -> bool:
    filling.write(finished([], b"<p>x</p>", []))
    try:
        return filling.place()
    finally:
        filling.discard()


def test_a_save_of_another_page_does_not_hinder_a_filling(stand: Stand) -> None:
    stand.ask("Front")
    filling = stand_filling(stand, NAME)
    stand.save("Front", "new")
    assert placed(filling)
    filling = stand_filling(stand, NAME)
    stand.save(NAME, "new")
    assert not placed(filling)


HIT = """
import os, sys
before = set(sys.modules)
os.environ["WIKI_DATA"] = sys.argv[1]
from wiki.wsgi import application
environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/Page", "QUERY_STRING": "", "HTTP_HOST": "h",
           "wsgi.url_scheme": "http", "REQUEST_URI": "/Page", "HTTP_ACCEPT_ENCODING": "gzip"}
answer = []
body = b"".join(application(environ, lambda *given: answer.append(given)))
assert answer[0][0] == "200 OK" and environ["wiki.hit"], answer
import wiki.gateway.cgi
print(*sorted(set(sys.modules) - before))
"""


def test_a_hit_loads_these_modules_and_no_others(tmp_path: Any) -> None:
    keeper.describe(str(tmp_path / "cache"), fingerprint="1")
    middleware = PageCache(lambda: (lambda environ, start: [], None), str(tmp_path / "cache"))
    known = middleware.known()
    assert known
    path = middleware.path({"wsgi.url_scheme": "http", "SCRIPT_NAME": ""}, known, b"Page")
    assert path
    filling = Filling.started(str(tmp_path / "cache"), known, path, b"Page")
    assert filling
    filling.keep({}, [("Content-Type", "text/html")], TEXT.encode())
    # -S: what `site` loads differs between installations, and must not hide what a hit would load otherwise.
    result = subprocess.run(
        [sys.executable, "-S", "-c", HIT, str(tmp_path)], capture_output=True, text=True, check=True, cwd=os.getcwd()
    )
    assert result.stdout.split() == [
        "wiki", "wiki.gateway", "wiki.gateway.cgi", "wiki.gateway.environ", "wiki.pagecache", "wiki.wsgi",
    ]  # fmt: skip


class Transaction:
    """A transaction that notes whether the cache's lock is held when it begins and when it ends, and how it ended."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.seen: list[Any] = []

    def __enter__(self) -> None:
        self.seen.append(self._locked())

    def __exit__(self, error: type[BaseException] | None, *_: Any) -> None:
        self.seen += [self._locked(), error]

    def _locked(self) -> bool:
        lock = keeper.Lock(self.folder)
        try:
            return not lock.take(exclusive=True)
        finally:
            lock.release()


def test_the_lock_is_taken_after_the_transaction_begins_and_held_until_it_ends(stand: Stand) -> None:
    stand.ask()
    transaction = Transaction(stand.folder)
    with stand.cache.writing(transaction) as evicting:
        evicting.evict({NAME})
    assert transaction.seen == [False, True, None]
    assert not transaction._locked()


def test_who_cannot_lock_does_not_commit(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "WAIT", 0.01)
    stand.ask()
    other = keeper.Lock(stand.folder)
    assert other.take(exclusive=True)
    transaction = Transaction(stand.folder)
    with pytest.raises(Unavailable), stand.cache.writing(transaction):
        pass
    assert transaction.seen[2] is Unavailable
    other.release()
    assert stand.is_hit()


def test_who_cannot_note_what_he_evicts_does_not_commit(stand: Stand) -> None:
    stand.ask()
    os.unlink(stand.folder + ".log")
    os.mkdir(stand.folder + ".log")
    transaction = Transaction(stand.folder)
    with pytest.raises(Unavailable), stand.cache.writing(transaction) as evicting:
        evicting.evict({NAME})
    assert transaction.seen[2] is Unavailable
    assert not transaction._locked()


def test_where_there_is_no_flock_nothing_is_kept_or_committed(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def none(descriptor: int, mode: int) -> None:
        raise OSError(95, "Operation not supported")

    stand.middleware.factory()
    monkeypatch.setattr(fcntl, "flock", none)
    assert stand.ask().status == "200 OK"
    assert not stand.is_hit()
    with pytest.raises(Unavailable, match="not supported"), stand.cache.writing():
        pass


def test_an_entry_that_cannot_be_removed_is_left_behind_with_its_epoch(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.ask()

    def forbidden(path: bytes, **_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(keeper.os, "unlink", forbidden)
        stand.save(NAME, "new")
    assert stand.ask().body == b"new"


def test_no_cache_has_the_same_interface(stand: Stand) -> None:
    transaction = Transaction(stand.folder)
    with keeper.NoCache().writing(transaction) as evicting:
        evicting.evict({NAME})
        evicting.evict_all()
    assert transaction.seen == [False, False, None]
