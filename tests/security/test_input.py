"""Whatever is sent is answered: never with a failure of the program, and never by reading or keeping more than is allowed."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest

from wiki.names import normal
from wiki.web.dispatch import ACTIONS, SPECIALS

from . import parameters, routes
from .client import BOUNDARY, Answer, Client
from .reading import wrong
from .world import World

HUGE = "a" * 100_000
VALUES = (
    "", "-1", "0", "1e99", "99999999999999999999", "%00", "%FF%FE", "%ED%A0%80", "%F0%9F%98%80", "..", "../" * 20, "%2e%2e%2f",
    "%E2%80%AE", "%D9%A1", "%C2%B2", "[" * 2000, "(" * 500, "%25s%25(a)s", "%27%22%3B--", "%0D%0A", "%20", "*", "%5C", "NaN", "true", "1-2", "9" * 5000,
)  # fmt: skip


def unpacked(answer: Answer) -> Answer:
    """Return an answer with its body unpacked."""
    return replace(answer, body=gzip.decompress(answer.body))


def failures(answers: list[Answer]) -> list[tuple[str, int]]:
    """Return the targets, shortened, of answers that are failures of the program."""
    return [(answer.target[:120], answer.status) for answer in answers if answer.status >= 500]


def test_every_parameter_that_the_program_reads_is_tried(world: World) -> None:
    found = set().union(*parameters.read(world, world.client("admin")).values())
    assert parameters.named() - parameters.NOT_VARIED <= found
    assert len(parameters.named()) > 20


@pytest.mark.parametrize("role", ["anonymous", "admin"])
def test_no_value_of_any_parameter_makes_a_route_fail(world: World, role: str) -> None:
    client = world.client(role)
    values = VALUES if role == "admin" else VALUES[::9]
    answers = [client.open(target, keep=False) for target in parameters.combined(world, client, [*values])]
    assert len(answers) > 300
    assert not failures(answers)
    client.answers.clear()
    answers = [client.open(target, keep=False) for target in parameters.combined(world, client, [HUGE])]
    assert not failures(answers)


def test_no_path_makes_the_wiki_fail(world: World) -> None:
    client = world.client("admin")
    paths = ["%00", "%FF", "%ED%A0%80", "%F0%9F%98%80", "..", "../..", "%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc", "%252e%252e", "a" * 300, "a" * 9000,
             "/" * 500, "%20", "%0a", ".", "...", "CON", "a%00b", "%C0%AE%C0%AE", "\\..\\..\\x", "*", "?", "-", "-/", "-/-", "-/-/", "-/-/-", "a?b=%",
             "%", "%zz", "%u0041", "a;b", "a%3Fb", "a%23b", "%E2%80%8B", "e%CC%81", "%EF%BC%8E%EF%BC%8E/", "(28)", "(2e2e)", "a//b", "%2F", "%2F%2F"]  # fmt: skip
    prefixes = [
        "/",
        "/-/static/",
        "/-/static/0/",
        "/-/p/",
        "/-/feed/",
        "/-/admin/",
        "/-/",
        "/-/-/",
        "/Public/",
        "/-/search/",
        "/-/tree/",
        "/-/login/",
    ]
    answers = [client.get(prefix + path) for prefix in prefixes for path in paths]
    answers += [client.get(f"/{path}?action={action}") for path in paths[:16] for action in ACTIONS if "?" not in path]
    assert not failures(answers)
    assert not [answer.target for answer in answers if b"root:x:" in answer.body or b"[project]" in answer.body]


def test_no_file_outside_the_static_folders_is_sent(world: World) -> None:
    client = world.client()
    (world.folder / "wiki.secret").write_text("outside")
    for way in ("../wiki.secret", "..%2fwiki.secret", "%2e%2e/wiki.secret", "..\\wiki.secret", "..%5cwiki.secret", "/wiki.secret", "%2Fetc%2Fpasswd",
                "x/../../wiki.secret", "....//wiki.secret", "%00/../wiki.secret", str(world.folder / "wiki.secret"), "../wiki.toml", "../wiki.db"):  # fmt: skip
        for prefix in (
            "/-/static/",
            "/-/static/0/",
            "/",
            "/-/",
            "/Public?action=AttachFile&do=get&target=",
            "/-/p/",
            "/-/new?template=",
        ):
            answer = client.get(prefix + way)
            assert b"outside" not in answer.body, (prefix, way)
            assert not answer.body.startswith((b"SQLite", b"root:")), (prefix, way)


@pytest.mark.parametrize(
    "target",
    [
        "/.git/HEAD",
        "/wiki.db",
        "/wiki.toml",
        "/data/wiki.db",
        "/.env",
        "/console",
        "/?__debugger__=yes",
        "/secret",
        "/key",
    ],
)
def test_nothing_of_the_installation_lies_at_a_guessable_address(world: World, target: str) -> None:
    assert world.client().get(target).status in ((404,) if "?" not in target else (200,))


def test_repeated_and_odd_parameters_are_no_failure(world: World) -> None:
    client = world.client("admin")
    queries = ["action=show&action=edit", "action=edit&action=edit", "rev=1&rev=x", "&&&", "=", "=x", "a", "action", "%", "action=%", "a=1;b=2",
               "&".join(f"p{i}=x" for i in range(2000)), "rev=1&" * 500, "action=info&before=1-1&before=x", "\xe9=\xe9", "+", "action=edit%00"]  # fmt: skip
    assert not failures([client.get(f"/Public?{query}") for query in queries])


def test_odd_headers_are_no_failure(world: World) -> None:
    values = ["", "x" * 100_000, "\xff\xfe", "\u00e9", ",", ";;;", "*", "bytes=-1", "bytes=9-1", "bytes=0-0,1-1,x", "bytes=99999999999999999999-", '"',
              'W/"', "0", "-1", "Thu, 99 Foo", "gzip;q=x", "%00", "a=b; c", "Basic !!!", "Bearer x", "null", "http://[", "multipart/x"]  # fmt: skip
    names = ["Range", "If-None-Match", "If-Match", "If-Modified-Since", "If-Range", "Accept-Encoding", "Accept-Language", "Accept", "Referer", "Origin",
             "User-Agent", "Authorization", "Cookie", "X-CSRF-Token", "Host", "X-Forwarded-For", "Content-Encoding", "Transfer-Encoding", "Expect"]  # fmt: skip
    client = world.client()
    answers = []
    for target in ("/Public", "/-/login", "/Public?action=AttachFile&do=get&target=note.txt", "/-/feed/recent.atom"):
        for name in names:
            for value in values:
                answer = client.open(target, headers={name: value}, keep=False)
                answers.append(answer if answer.header("Content-Encoding") != "gzip" else unpacked(answer))
    assert not failures(answers)
    assert not [answer.target for answer in answers if wrong(answer)]
    client.cookies = {"wiki_session": "x" * 50_000, **{f"c{i}": "y" for i in range(500)}}
    assert not failures([client.open("/Public", keep=False), client.open("/-/preferences", keep=False)])


def _part(number: int, name: bytes = b"f", head: bytes = b"") -> bytes:
    return b'--%s\r\nContent-Disposition: form-data; name="%s%d"\r\n%s\r\nx\r\n' % (
        BOUNDARY.encode(),
        name,
        number,
        head,
    )


def test_bodies_that_are_no_form_are_refused(world: World) -> None:
    client = world.client("admin")
    before = world.dump()
    form = f"multipart/form-data; boundary={BOUNDARY}"
    end = b"--%s--\r\n" % BOUNDARY.encode()
    token = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{client.token}\r\n'.encode()
    bodies = [
        (b"".join(_part(i) for i in range(10_000)) + end, form),
        (token + b"".join(_part(i) for i in range(1_000)) + end, form),
        (token + _part(0, head=b"X: " + b"y" * 1_000_000 + b"\r\n") + end, form),
        (token + _part(0, name=b"n" * 1_000_000) + end, form),
        (token + b"\r" * 1_000_000 + end, form),
        (token, form), (b"", form), (b"x", form), (b"--" * 1000, form), (token + end, "multipart/form-data"),
        (token + end, "multipart/form-data; boundary="), (token + end, f"multipart/form-data; boundary={'b' * 10_000}"),
        (token + end, "multipart/form-data; boundary=\xff"), (b"{}", "application/json"), (b"<x/>", "text/xml"), (b"\xff\xfe=\xff", ""),
        (b"a=%ED%A0%80&b=%00&csrf_token=%FF", "application/x-www-form-urlencoded"), (b"&" * 100_000, "application/x-www-form-urlencoded"),
        (b"a=1&" * 10_000, "application/x-www-form-urlencoded"), (b"x" * 100, "\xff/\xff"), (b"x", "text/html; charset=nonsense"),
    ]  # fmt: skip
    answers = []
    for target in (
        "/Public?action=edit",
        "/Public?action=AttachFile",
        "/-/login",
        "/-/none",
        "/Public",
        "/-/admin/users",
    ):
        for body, type in bodies:
            answers.append(client.open(target, "POST", body, type, keep=False))
            assert 400 <= answers[-1].status < 500 or target == "/Public", (target, type, body[:50], answers[-1].status)
    assert not failures(answers)
    assert not [answer.target for answer in answers if wrong(answer)]
    assert world.dump() == before


def test_what_is_larger_than_allowed_is_refused_and_not_kept(make: Callable[..., World]) -> None:
    world = make(upload_limit=10_000, page_limit=10_000)
    client = world.client("admin")
    before = world.dump()
    assert client.send("/FrontPage?action=AttachFile", True, do="upload", file=b"x.bin\0" + b"x" * 10_001).status == 413
    assert (
        client.send("/FrontPage?action=AttachFile", True, do="upload", file=b"x.bin\0" + b"x" * 3_000_000).status == 413
    )
    assert client.send("/New?action=edit", text="x" * 10_001, base="0").status == 413
    assert client.send("/New?action=edit", text="x" * 3_000_000, base="0").status == 413
    for length, status in {
        "1000000000000": 413,
        "9" * 30: 413,
        "-1": 403,
        "x": 403,
        "": 403,
        "1 ": 403,
        "0x10": 403,
        "3": 403,
    }.items():
        answer = client.open("/New?action=edit", "POST", b"text=x", "application/x-www-form-urlencoded", length=length)
        assert answer.status == status, length
    assert world.dump() == before


FIELDS = ("text", "comment", "base", "minor", "do", "new", "rewrite", "with_subpages", "target", "file", "version", "rename", "name", "password", "again",
          "email", "began", "website", "next", "code", "old", "theme", "language", "timezone", "quicklinks", "id", "key", "others", "remember")  # fmt: skip
ODD = (
    "",
    "-1",
    "1e99",
    "9" * 100,
    "\x00",
    "\ud800",
    "\U0001f600",
    "..",
    "../" * 50,
    "[" * 2000,
    "%s%(a)s",
    "\u0661",
    "\u00b2",
    "a" * 20_000,
    "\r\n\r\n",
    "'\";--",
)


def test_no_value_of_any_field_makes_a_form_fail(make: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    world = make(registration="open")
    monkeypatch.setattr(world.storage, "tally", lambda *_: 1)
    chosen = random.Random(7)
    deeds = {"edit": ("save", "preview", "changes", ""), "AttachFile": ("upload", "del", "revert", ""), "preferences": ("settings", "email", "password"),
             "admin": ("approve", "recover", "x")}  # fmt: skip
    answers: list[Answer] = []
    targets = [f"/Page?action={action}&rev=1" for action in ACTIONS]
    targets += [f"/-/{route}{'/users' if route == 'admin' else ''}" for route in SPECIALS if route != "logout"]
    for target in targets:
        key = target.partition("action=")[2].partition("&")[0] or target.split("/")[2]
        world.write("Page", f"for {target}\n")
        for do in deeds.get(key, ("x",)):
            client = world.client("admin" if key not in ("login", "register", "first", "invite") else "anonymous")
            token = client.token
            for value in ODD:
                fields = {name: value if chosen.random() < 0.6 else "x" for name in FIELDS if chosen.random() < 0.8}
                answers.append(client.post(target, {**fields, "do": do, "csrf_token": token}))
    assert not failures(answers)
    assert not [(answer.target, found) for answer in answers if (found := wrong(answer))]
    assert len({answer.status for answer in answers}) > 3, "some were done, some refused"


WRITTEN = ("\U0001f600", "e\u0301", "a b", "%41", "a%2Fb", "a+b", "a&b=c", "a?b", "a#b", "a;b", "{{7*7}}", "%2541", "-/-", "~",
           "--", "'\"<>")  # fmt: skip


def test_a_name_is_decoded_once(make: Callable[..., World]) -> None:
    world = make()
    client = world.client("admin")
    for page in WRITTEN:
        target = routes.target("-/" + page if page.startswith("-/") else page)
        answer = client.send(f"{target}?action=edit", text=f"here {WRITTEN.index(page)}\n", base="0")
        if answer.status == 301:
            target = answer.header("Location").removeprefix("/wiki")
            answer = client.send(target, text=f"here {WRITTEN.index(page)}\n", base="0")
        assert answer.status == 303, page
        assert world.storage.revision(normal(page)).text == f"here {WRITTEN.index(page)}\n"
        assert f"here {WRITTEN.index(page)}" in client.get(answer.header("Location").removeprefix("/wiki")).text


def test_a_client_that_only_asks_makes_no_counter_or_file(world: World) -> None:
    before = sorted(path.name for path in world.folder.iterdir())
    for client in (Client(world.door, address=f"192.0.2.{i}") for i in range(20)):
        client.get("/Nowhere")
        client.get(f"/-/search?q={quote('x' * 50)}")
    assert sorted(path.name for path in world.folder.iterdir()) == before
