"""The bundle on rented hosts: unpacked, opened, set up, written in, updated; and what it says where something is wrong."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wiki import codefile

from .hosts import PASSWORD, Host, bundling, host, in_front

pytestmark = [pytest.mark.gateway, pytest.mark.slow, pytest.mark.xdist_group("bundle")]

PAGE = "Café/日本語"


@contextmanager
def place() -> Iterator[Path]:
    """A folder that other users may enter."""
    os.umask(0o022)
    folder = Path(tempfile.mkdtemp(prefix="anywiki-host-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def closed(made: Host) -> None:
    """Let nobody but root make anything in the home folder."""
    if os.geteuid() != 0:
        pytest.skip("only root makes a host whose programs run as another user")
    os.chown(made.home, 0, 0)


def set_up(made: Host) -> None:
    """Become administrator as the owner does: by the file that the screen names."""
    owner = made.visitor()
    first = owner.ask("/")
    assert (first.status, first.headers["location"]) == (303, f"{made.path}/-/first"), first.text
    screen = owner.ask("/-/first")
    file = made.data / codefile.FILE
    assert str(file) in screen.text
    assert file.stat().st_mode & 0o777 == 0o600
    fields = owner.form(screen, "code")
    fields |= {"code": "guessed", "name": "Owner", "password": PASSWORD, "again": PASSWORD}
    assert owner.submit("/-/first", fields).status == 400
    answer = owner.submit("/-/first", {**fields, "code": file.read_text().strip()})
    assert answer.status == 303, answer.text
    assert not file.exists()
    assert "Owner" in owner.ask("/").text
    again = made.visitor()
    assert again.ask("/-/first").status == 403


def converse(made: Host) -> None:
    """Write the first page, read it as a stranger, come again and log in."""
    writer = made.visitor()
    form = writer.form(writer.ask("/-/login"), "password")
    assert writer.submit("/-/login", {**form, "name": "Owner", "password": PASSWORD}).status == 303
    answer = writer.save(PAGE, "The first page.")
    assert answer.status == 303, answer.text
    assert answer.headers["location"].startswith(f"{made.path}/Caf%C3%A9/")
    for _ in range(2):
        page = made.visitor().page(PAGE)
        assert page.status == 200
        assert "The first page." in page.text
    assert "wiki.cgi" not in page.text
    assert len(list((made.data / "cache/pages").rglob("*.head"))) == 1


def static_url(made: Host, text: str) -> str:
    """Return the URL below the wiki of a page's style sheet."""
    found = re.search(rf'href="{made.path}(/-/static/[^"]+/wiki\.css)"', text)
    assert found is not None
    return found[1]


def nothing_else_is_served(made: Host) -> None:
    """Ask for each file and folder that is not meant for visitors."""
    visitor = made.visitor()
    asked = 0
    for path in sorted(made.root.rglob("*")):
        name = path.relative_to(made.root).as_posix()
        if name in ("wiki.cgi", "-") or (name.startswith("-/static") and not path.name.startswith(".ht")):
            continue
        for url in (name, name + "/") if path.is_dir() else (name,):
            answer = visitor.page(url)
            assert answer.status in (403, 404), (url, answer.status)
        asked += 1
    assert asked > 800
    assert visitor.ask("/-/static/").status in (403, 404)
    assert b"exec" not in visitor.ask("/wiki.cgi").body


@pytest.fixture(scope="module")
def outside(bundle: Path) -> Iterator[Host]:
    """A wiki in public_html itself, set up, with its data beside public_html."""
    with place() as folder, host(folder) as made:
        made.unpack(bundle)
        set_up(made)
        yield made


@pytest.fixture(scope="module")
def inside(bundle: Path) -> Iterator[Host]:
    """A wiki in a folder of the web space, set up, on a host where nothing can be made beside public_html."""
    with place() as folder, host(folder, "/notes") as made:
        closed(made)
        made.unpack(bundle)
        set_up(made)
        yield made


def test_the_data_is_beside_the_web_space(outside: Host) -> None:
    assert outside.data.parent == outside.home / "anywiki-data"
    assert outside.data.stat().st_mode & 0o777 == 0o700
    assert (outside.root / "-/data/folder.txt").read_text().strip() == f"../../../anywiki-data/{outside.data.name}"
    converse(outside)
    nothing_else_is_served(outside)


def test_data_that_must_be_in_the_web_space_is_kept_from_it(inside: Host) -> None:
    assert inside.data.parent == inside.root / "-/data"
    assert re.fullmatch("[0-9a-f]{16}", inside.data.name)
    assert not list((inside.root / "-/data").glob("canary*"))
    converse(inside)
    nothing_else_is_served(inside)


def test_the_web_server_sends_the_static_files(outside: Host) -> None:
    visitor = outside.visitor()
    url = static_url(outside, visitor.page("Help").text)
    answer = visitor.ask(url)
    (file,) = (outside.root / "-/static").glob("*/wiki.css")
    assert answer.body == file.read_bytes()
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert "last-modified" in answer.headers, "the program sent it"
    assert visitor.ask(url.replace("wiki.css", "wiki.js")).headers["content-type"].startswith("text/javascript")
    # An administrator's own file goes before the wiki's: it comes from the program, under another URL.
    own = outside.data / "static"
    own.mkdir()
    (own / "wiki.css").write_text("/* mine */")
    outside.give(own)
    changed = static_url(outside, visitor.page("Help", "action=info").text)
    assert changed != url
    assert visitor.ask(changed).body == b"/* mine */"
    shutil.rmtree(own)


def test_what_else_lies_in_the_web_space_stays_reachable(outside: Host) -> None:
    challenge = outside.root / ".well-known/acme-challenge/x1"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("a proof")
    (outside.root / "shop").mkdir()
    (outside.root / "shop/index.html").write_text("a shop")
    (outside.root / "index.html").write_text("the host's own first page")
    visitor = outside.visitor()
    assert visitor.ask("/.well-known/acme-challenge/x1").body == b"a proof"
    assert visitor.ask("/shop/").body == b"a shop"
    for path in ("/", "/?x=1"):
        assert b"the host's own" not in visitor.ask(path).body
    assert visitor.ask("/.well-known/acme-challenge/x2").status == 404


@pytest.mark.parametrize(
    "name", ["100% sure", "What is this?", "C# and F#", "a+b & c", "static/x", "data", "wiki", "wiki.cgi/x"]
)
def test_odd_names_arrive_as_they_are(outside: Host, name: str) -> None:
    answer = outside.visitor().page(name)
    assert answer.status == 404
    assert "apache" not in answer.text.lower()


def test_byte_code_is_kept_beside_the_program(outside: Host) -> None:
    (program,) = (outside.root / "-/program").glob("*/start.py")
    kept = {path.parent.parent.name for path in program.parent.rglob("*.pyc")}
    assert {"wiki", "flask", "werkzeug", "jinja2"} <= kept
    assert not (outside.data / "bytecode").exists()


def test_a_new_version_is_unpacked_over_the_old_one(outside: Host, tmp_path: Path) -> None:
    visitor = outside.visitor()
    before = visitor.page("Help").text
    assert visitor.page("Help").text == before
    made = bundling()
    program = made.program

    def changed() -> dict[str, bytes]:
        files = program()
        files["wiki/templates/layout.html"] = files["wiki/templates/layout.html"].replace(b"<body", b"<!--new--><body")
        return files

    made.program = changed
    made.packed(made.contents(), tmp_path / "new.zip")
    outside.unpack(tmp_path / "new.zip")
    after = visitor.page("Help").text
    assert "<!--new-->" in after, "an old page was shown"
    assert static_url(outside, after) != static_url(outside, before)
    for text in (before, after):
        assert visitor.ask(static_url(outside, text)).status == 200
    assert visitor.page(PAGE).status == 200
    writer = outside.visitor()
    form = writer.form(writer.ask("/-/login"), "password")
    assert writer.submit("/-/login", {**form, "name": "Owner", "password": PASSWORD}).status == 303


def test_who_deletes_the_program_and_unpacks_it_anew_has_his_wiki(outside: Host, bundle: Path) -> None:
    shutil.rmtree(outside.root / "-")
    outside.unpack(bundle)
    data = outside.data
    assert outside.visitor().page("Help").status == 200
    assert outside.data == data
    assert outside.visitor().ask("/-/first").status == 403


def test_data_that_has_gone_is_not_replaced_by_an_empty_wiki(outside: Host) -> None:
    data = outside.data
    data.rename(data.with_name("elsewhere"))
    try:
        answer = outside.visitor().page("Help")
        assert answer.status == 503
        assert "The wiki’s data folder is not there" in answer.text
        assert str(data) in answer.text
        assert not data.exists()
    finally:
        data.with_name("elsewhere").rename(data)
    assert outside.visitor().page("Help").status == 200


def test_programs_that_run_as_another_user_find_what_was_made_for_them(bundle: Path) -> None:
    with place() as folder, host(folder) as made:
        closed(made)
        made.unpack(bundle, owned=False)
        answer = made.visitor().ask("/")
        assert answer.status == 503
        assert "The wiki may not write anywhere" in answer.text
        assert made.user in answer.text
        assert str(made.home / "anywiki-data") in answer.text
        (made.home / "anywiki-data").mkdir()
        (made.home / "anywiki-data").chmod(0o777)
        set_up(made)
        assert made.data.parent == made.home / "anywiki-data"
        assert not (made.root / "-/data/folder.txt").exists()
        assert list((made.data / "bytecode").rglob("app.cpython-*.pyc")), "it compiles with each request"
        assert not list(made.root.rglob("*.pyc"))


def test_where_rules_are_ignored_nothing_is_begun(bundle: Path) -> None:
    handler = "AddHandler cgi-script .cgi"
    with place() as folder, host(folder, "", "None", "ExecCGI", "wiki.cgi", handler) as made:
        closed(made)
        made.unpack(bundle)
        for path in ("/", "/wiki.cgi", "/wiki.cgi/-/first"):
            answer = made.visitor().ask(path)
            assert answer.status == 503, path
            assert "The file .htaccess does not count here" in answer.text
        assert {path.name for path in (made.root / "-/data").iterdir()} == {".htaccess"}
        assert not list(folder.rglob("wiki.db"))


def test_a_rules_file_that_was_not_uploaded_is_missed(bundle: Path) -> None:
    handler = "AddHandler cgi-script .cgi"
    with place() as folder, host(folder, "", "All", "ExecCGI", "wiki.cgi", handler) as made:
        made.unpack(bundle)
        (made.root / ".htaccess").rename(made.root / "hidden")
        assert "was not uploaded" in made.visitor().ask("/").text
        (made.root / "hidden").rename(made.root / ".htaccess")
        assert made.visitor().ask("/").status == 303


def test_a_server_in_front_that_shows_the_data_is_noticed(bundle: Path) -> None:
    with place() as folder, host(folder) as made, in_front(made) as port:
        closed(made)
        made.unpack(bundle)
        behind, made.port = made.port, port
        answer = made.visitor().ask("/")
        assert answer.status == 503
        assert "The wiki’s data would be shown to everybody" in answer.text
        assert "/-/data/canary.txt" in answer.text
        assert b"canary-" in made.visitor().ask("/-/data/canary.txt").body, "the test is none"
        assert not list(folder.rglob("wiki.db"))
        made.port = behind
        assert made.visitor().ask("/").status == 303, "not shown, and still refused"
