"""The command line: every command does what its help says, and what goes wrong is a sentence."""

import io
import json
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile

import pytest

from wiki import accounts, archive, cli, copying, passwords
from wiki.app import open_wiki
from wiki.archive import ArchiveError
from wiki.instance import Instance
from wiki.model import NoSuchUser
from wiki.pages import start_pages
from wiki.storage import open_storage

PASSWORD = "a long enough pass phrase"
NAME = "Café/日本語"


pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture
def data(tmp_path):
    return str(tmp_path / "data")


@pytest.fixture
def run(data, capsys, monkeypatch):
    """Return a function that runs a command and returns its status, stdout and stderr."""

    def ran(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        status = cli.main(["--data", data, *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return ran


@pytest.fixture
def empty(data):
    """A data folder without pages."""
    Instance(data).key()


@pytest.fixture
def wiki(run, data):
    """A wiki with a page of three revisions, a deleted one, a file of two versions, and two accounts."""
    Instance(data).key()
    wiki = open_wiki(data)
    visit = wiki.visit_system("test")
    for text in ("one", "two [[Other]]", "#acl Known:read\nthree"):
        visit.save(NAME, text)
    visit.save("Gone", "soon")
    visit.delete("Gone")
    for version in (b"1", b"2" * 600_000):
        visit.attach(NAME, "bild é.png", io.BytesIO(version))
    accounts.new_user(wiki.storage, "Ann", PASSWORD, "ann@example.org", admin=True)
    accounts.new_user(wiki.storage, "Bob", PASSWORD)
    wiki.storage.close()
    return wiki


def content(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def everything(storage):
    """Return all that a storage holds, to be compared."""
    pages = [*storage.pages(), *storage.pages(deleted=True)]
    result = {"users": storage.users()}
    for page in pages:
        history = storage.history(page.name, limit=10_000)
        texts = [(r := storage.revision(page.name, c.number)).raw or r.text for c in history if c.number]
        files = {
            (f.name, f.version): (f, b"" if f.deleted else b"".join(storage.content(f)))
            for c in history
            if not c.number
            for f in storage.attachment_versions(page.name, c.source)
        }
        marks = [(c.number, c.time, c.kind, c.source, c.comment, c.author, c.page_id) for c in history]
        result[page.name] = (page, marks, texts, files, set(storage.links(page.name)))
    storage.close()
    return result


# -- help and errors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"usage: wiki {command}" in out
    assert "--data DIR" in out
    assert len(out.splitlines()) > 5


def test_the_help_lists_the_commands_and_imports_none_of_them():
    code = "import sys, wiki.cli\ntry: wiki.cli.main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for command, (_, summary) in cli.COMMANDS.items():
        assert re.search(rf"^ +{command} +{re.escape(summary[:20])}", out, re.M)
    loaded = set(out.splitlines()[-1].split())
    assert not {"flask", "sqlite3", "markdown", "wiki.cli.serve", "wiki.cli.setup", "wiki.storage", "tomllib"} & loaded


def test_an_error_is_a_sentence_and_a_status(run, data, empty):
    with open(os.path.join(data, "wiki.toml"), "a") as file:
        file.write("sitename = 'x'\n")
    status, out, err = run("check")
    assert (status, out) == (1, "")
    assert err == f"wiki: {data}/wiki.toml: there is no setting “sitename”. Did you mean “site_name”?\n"


def test_what_nobody_expected_is_logged_and_told_without_a_traceback(run, data, monkeypatch, empty):

    def broken(_options):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("wiki.cli.upkeep.run", broken)
    status, _, err = run("check")
    assert status == 1
    assert "Something unexpected happened (ZeroDivisionError: oh)" in err
    assert "Traceback" not in err
    number = re.search(r"under ([0-9a-f]{8})", err)[1]
    log = content(data, "log/error.log").decode()
    assert number in log
    assert "ZeroDivisionError" in log


def test_a_file_that_cannot_be_read_is_named(run, data, tmp_path, empty):
    (tmp_path / "file").touch()
    status, _, err = run("export", "markdown", str(tmp_path / "file/x"))
    assert status == 1
    assert "Traceback" not in err
    assert str(tmp_path / "file/x") in err


# -- init and settings ------------------------------------------------------------------------------------------------


def test_init_makes_a_private_wiki_and_a_second_one_changes_nothing(run, data):
    assert run("init")[0] == 0
    assert stat.S_IMODE(os.stat(data).st_mode) == 0o700
    before = {name: content(data, name) for name in ("wiki.toml", "secret.key")}
    assert b'# site_name = "Wiki"' in before["wiki.toml"]
    assert all(stat.S_IMODE(os.stat(os.path.join(data, name)).st_mode) == 0o600 for name in [*before, "wiki.db"])
    assert run("init")[0] == 0
    assert {name: content(data, name) for name in before} == before


def test_init_takes_another_storage(run, data):
    assert run("init", "--storage", "sqlite:other.db")[0] == 0
    assert os.path.exists(os.path.join(data, "other.db"))
    status, _, err = run("init", "--storage", "sqlite:third.db")
    assert status == 1
    assert "names another storage" in err
    assert run("init", data + "2", "--storage", "nonsense")[0] == 1
    assert run("init", data + "2")[0] == 0


def test_settings_are_shown_with_their_source(run, data, monkeypatch, empty):
    with open(os.path.join(data, "wiki.toml"), "a") as file:
        file.write('site_name = "Tèst"\n')
    monkeypatch.setenv("WIKI_LANGUAGE", "de")
    monkeypatch.setenv("WIKI_SITENAME", "typo")
    status, out, err = run("settings")
    assert status == 0
    assert 'site_name = "Tèst"\n' in out
    assert f"# site_name comes from {data}/wiki.toml\n" in out
    assert "# language comes from the environment (WIKI_LANGUAGE)\n" in out
    assert err == "wiki: the variable WIKI_SITENAME is no setting\n"


@pytest.mark.parametrize("command", ["check", "reindex", "user list", "backup x.zip", "export markdown x", "copy a b"])
def test_no_command_makes_a_wiki_where_there_is_none(run, data, command):
    status, _, err = run(*command.split())
    assert status == 1
    assert (
        err == f"wiki: There is no wiki in {data}. Name its folder with --data, or make one: wiki --data {data} init\n"
    )
    assert not os.path.exists(data)


def test_a_new_wiki_has_its_start_pages_once(run, data):
    run("init")
    storage = Instance(data).storage()
    names = [page.name for page in storage.pages()]
    assert names == sorted(name for name, _ in start_pages())
    open_wiki(data).visit_system("x").delete("FrontPage")
    run("init")
    assert storage.revision("FrontPage").number == 2


# -- accounts ---------------------------------------------------------------------------------------------------------


def test_accounts_are_made_mended_and_switched_off(run, data, empty):
    assert run("user", "add", "Zoë", "--email", "z@example.org", "--password-stdin", stdin=PASSWORD + "\n")[0] == 0
    storage = Instance(data).storage()
    user = storage.user_named("Zoë")
    assert passwords.verify(PASSWORD, user.hash)
    assert not user.admin
    assert run("user", "admin", "z@example.org")[0] == 0
    assert run("user", "disable", "Zoë")[2] == (
        "wiki: “Zoë” is the only administrator. Make another one first: wiki user admin NAME\n"
    )
    assert run("user", "admin", "--no", "Zoë")[0] == 1
    token = accounts.begin_session(storage, user, time.time(), 1)
    assert run("user", "password", "Zoë", "--password-stdin", stdin="another long phrase 2\n")[0] == 0
    assert accounts.session_user(storage, token, time.time()) is None
    run("user", "add", "Bob", "--admin", "--password-stdin", stdin=PASSWORD + "\n")
    token = accounts.begin_session(storage, user, time.time(), 1)
    assert run("user", "disable", "Zoë")[0] == 0
    assert accounts.session_user(storage, token, time.time()) is None
    out = run("user", "list")[1]
    assert re.search(r"^Bob +admin +active +\d{4}-\d\d-\d\d$", out, re.M)
    assert re.search(r"^Zoë +admin +disabled +\d{4}-\d\d-\d\d  z@example.org$", out, re.M)
    assert run("user", "enable", "Zoë")[0] == 0
    assert storage.user_named("Zoë").state == "active"


@pytest.mark.parametrize("name", ["All", "known", "Ｔrusted", "AdminGroup", "a,b", "a:b", "+x", "a@b.c", "a/b", ""])
def test_an_account_is_not_called_what_means_something_else(run, name, empty):
    status, _, err = run("user", "add", "--password-stdin", "--", name, stdin=PASSWORD + "\n")
    assert status == 1
    assert err.startswith("wiki: ")


def test_weak_passwords_names_taken_and_unknown_accounts_are_sentences(run, empty):
    assert run("user", "add", "Ann", "--password-stdin", stdin="x\n")[0] == 1
    assert (
        run("user", "add", "Ann", "--password-stdin", stdin="")[2] == "wiki: There was no password on standard input.\n"
    )
    assert "--password-stdin" in run("user", "add", "Ann")[2]
    assert run("user", "list")[1] == ""
    run("user", "add", "Ann", "--password-stdin", stdin=PASSWORD + "\n")
    assert run("user", "add", "ann", "--password-stdin", stdin=PASSWORD + "\n")[0] == 1
    assert "Nobody" in run("user", "disable", "Nobody")[2]


def test_an_invitation_works_once_and_only_the_newest(run, data, empty):
    first = re.search(r"code=(\S+)", run("user", "invite", "Ann", "--admin", "--email", "a@example.org")[1])[1]
    second = re.search(r"code=(\S+)", run("user", "invite", "Ann")[1])[1]
    storage = Instance(data).storage()
    assert accounts.redeem_invite(storage, first) is None
    assert accounts.invited(storage, second).name == "Ann"
    assert accounts.redeem_invite(storage, second).admin
    assert accounts.redeem_invite(storage, second) is None
    assert second.encode() not in content(data, "wiki.db")
    accounts.change_state(storage, storage.user_named("Ann"), "disabled")
    assert "disabled" in run("user", "invite", "Ann")[2]


def test_the_first_code_works_once_and_not_beside_an_administrator(run, data, empty):
    storage = Instance(data).storage()
    old, code = accounts.first_code(storage), accounts.first_code(storage)
    assert not accounts.redeem_first(storage, old)
    assert accounts.redeem_first(storage, code)
    assert not accounts.redeem_first(storage, code)
    code = accounts.first_code(storage)
    accounts.new_user(storage, "Ann", PASSWORD, admin=True)
    assert not accounts.redeem_first(storage, code)


def test_a_code_survives_what_fails_after_it(run, data, empty):
    storage = Instance(data).storage()
    code = accounts.first_code(storage)

    def register():
        with storage.writing():
            assert accounts.redeem_first(storage, code)
            accounts.new_user(storage, "All", PASSWORD)

    with pytest.raises(accounts.BadAccount):
        register()
    assert accounts.redeem_first(storage, code)


def test_sessions_end_by_time_logout_state_and_all_at_once(run, data, empty):
    storage = Instance(data).storage()
    now = time.time()
    ann, bob = (accounts.new_user(storage, name, PASSWORD) for name in ("Ann", "Bob"))
    one, two, three = (accounts.begin_session(storage, ann, now, 30, "Firefox") for _ in range(3))
    other = accounts.begin_session(storage, bob, now, 30)
    assert len({one, two, three}) == 3
    user, session = accounts.session_user(storage, one, now)
    assert (user.name, session["agent"], session["created"]) == ("Ann", "Firefox", int(now))
    assert accounts.session_user(storage, one[:-1], now) is None
    assert accounts.session_user(storage, "", now) is None
    assert accounts.end_session(storage, one)
    assert not accounts.end_session(storage, one)
    assert accounts.end_sessions(storage, ann.id, except_token=two) == 1
    assert accounts.session_user(storage, three, now) is None
    assert accounts.session_user(storage, two, now) is not None
    accounts.change_state(storage, ann, "pending")
    assert accounts.session_user(storage, two, now) is None
    assert accounts.session_user(storage, other, now) is not None
    expired = accounts.begin_session(storage, bob, now - 31 * 86400, 30)
    assert accounts.session_user(storage, expired, now) is None
    storage.drop_user(bob.id)
    assert accounts.session_user(storage, other, now) is None


# -- import, export, render -------------------------------------------------------------------------------------------


def test_a_folder_is_imported_once_and_exported_again(run, data, tmp_path, empty):
    (tmp_path / "in/Café").mkdir(parents=True)
    (tmp_path / "in/README.md").write_text("front [x](Café/日本語.md)\n")
    (tmp_path / "in/Café/日本語.md").write_text("#acl Known:read\n![p](p.png)\n")
    (tmp_path / "in/Café/p.png").write_bytes(b"\x89PNG")
    status, out, err = run("import", "markdown", str(tmp_path / "in"))
    assert (status, out, err) == (0, "2 pages and 1 file written, 0 unchanged.\n", "")
    assert run("import", "markdown", str(tmp_path / "in"))[1] == "0 pages and 0 files written, 3 unchanged.\n"
    assert run("export", "markdown", str(tmp_path / "out"))[0] == 0
    assert (tmp_path / "out/Café/日本語.md").read_text() == "#acl Known:read\n![p](日本語/p.png)\n"
    assert (tmp_path / "out/Café/日本語/p.png").read_bytes() == b"\x89PNG"
    assert run("import", "markdown", str(tmp_path / "out"))[1] == "0 pages and 0 files written, 3 unchanged.\n"
    (tmp_path / "in/bad.md").write_bytes(b"\xff")
    status, _, err = run("import", "markdown", str(tmp_path / "in"))
    assert (status, err) == (1, "left out: bad.md: not UTF-8 text; convert it and import again\n")


def test_an_import_of_what_is_too_large_says_so_and_goes_on(run, data, tmp_path, monkeypatch, empty):
    monkeypatch.setenv("WIKI_PAGE_LIMIT", "100")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.md").write_text("x" * 200)
    (tmp_path / "in/b.md").write_text("fits")
    status, out, err = run("import", "markdown", str(tmp_path / "in"))
    assert status == 1
    assert "a.md: This text is too large" in err
    assert out == "1 page and 0 files written, 0 unchanged, 1 left out.\n"


def test_render_needs_no_wiki(data):
    ran = subprocess.run(
        [sys.executable, "-m", "wiki", "--data", data, "render", "--page", "A/B"],
        input=b"# Hi\n\n[c](C.md) [[Top]] <script>alert(1)</script> <<Nothing>>\n",
        capture_output=True,
        check=True,
    )
    out = ran.stdout.decode()
    assert re.search(r"<h1[^>]*>Hi</h1>", out)
    assert 'href="/A/C"' in out
    assert 'href="/Top"' in out
    assert "<script" not in out
    assert "&lt;&lt;Nothing&gt;&gt;" in out
    assert not os.path.exists(data)


def test_render_says_which_markups_there_are(run):
    status, _, err = run("render", "--format", "word", stdin="x")
    assert status == 1
    assert "markdown, moin" in err


# -- copy, check, reindex ---------------------------------------------------------------------------------------------


def test_copying_keeps_everything(run, data, wiki):
    status, out, _ = run("copy", "sqlite:wiki.db", "sqlite:copy.db")
    assert status == 0
    assert out == "2 pages with 5 revisions, 2 file versions and 2 accounts copied.\n"
    source, target = (everything(open_storage(url, data)) for url in ("sqlite:wiki.db", "sqlite:copy.db"))
    assert source == target
    assert run("check")[0] == 0


def test_copying_goes_through_memory_too(data, wiki):
    source = open_storage("sqlite:wiki.db", data)
    memory, back = open_storage("memory:", data), open_storage("sqlite:back.db", data)
    copying.copy(source, memory)
    copying.copy(memory, back)
    assert everything(back) == everything(source)


def test_copying_needs_an_empty_target(run, wiki):
    run("copy", "sqlite:wiki.db", "sqlite:copy.db")
    status, _, err = run("copy", "sqlite:wiki.db", "sqlite:copy.db")
    assert status == 1
    assert "is not empty" in err
    assert run("copy", "sqlite:wiki.db", "sqlite:wiki.db")[0] == 1
    assert run("copy", "sqlite:wiki.db", "ftp:x")[0] == 1


def test_check_finds_damage_and_reindex_works(run, data, wiki):
    assert run("check") == (0, "1 page: no damage found.\n", "")
    assert run("reindex")[1] == "1 page indexed.\n"
    assert run("check")[0] == 0
    with open(os.path.join(data, "wiki.db"), "r+b") as file:
        place = file.read().index(b"2" * 1000)
        file.seek(place + 500)
        file.write(b"3")
    status, out, _ = run("check")
    assert status == 1
    assert "bild é.png" in out


# -- backup and restore -----------------------------------------------------------------------------------------------


def test_a_backup_restores_to_the_same_wiki(run, data, wiki, tmp_path):
    with open(os.path.join(data, "wiki.toml"), "a") as file:
        file.write('site_name = "Tèst"\n')
    os.mkdir(os.path.join(data, "templates"))
    open(os.path.join(data, "templates/page.html"), "w").close()
    before = everything(open_storage("sqlite:wiki.db", data))
    status, out, _ = run("backup", str(tmp_path / "b.zip"))
    assert (status, f"{tmp_path}/b.zip written and checked" in out) == (0, True)
    assert stat.S_IMODE(os.stat(tmp_path / "b.zip").st_mode) == 0o600
    assert set(zipfile.ZipFile(tmp_path / "b.zip").namelist()) == {
        "wiki.db",
        "wiki.toml",
        "templates/page.html",
        "anywiki-backup.json",
    }
    assert sorted(os.listdir(tmp_path)) == ["b.zip", "data"]
    other = str(tmp_path / "other")
    assert cli.main(["--data", other, "restore", str(tmp_path / "b.zip")]) == 0
    assert everything(open_storage("sqlite:wiki.db", other)) == before
    assert Instance(other).settings().site_name == "Tèst"
    assert os.path.exists(os.path.join(other, "templates/page.html"))
    assert stat.S_IMODE(os.stat(os.path.join(other, "wiki.db")).st_mode) == 0o600
    assert not [name for name in os.listdir(other) if name.startswith(".restore")]


def test_a_backup_replaces_nothing_and_names_itself_in_a_folder(run, data, wiki, tmp_path):
    assert run("backup", str(tmp_path))[0] == 0
    (made,) = tmp_path.glob("wiki-*.zip")
    before = made.read_bytes()
    status, _, err = run("backup", str(made))
    assert status == 1
    assert "is there already" in err
    assert made.read_bytes() == before


def test_the_key_is_in_a_backup_only_if_asked(run, data, wiki, tmp_path):
    run("backup", str(tmp_path / "b.zip"), "--with-key")
    key = content(data, "secret.key")
    assert zipfile.ZipFile(tmp_path / "b.zip").read("secret.key") == key
    other = str(tmp_path / "other")
    assert cli.main(["--data", other, "restore", str(tmp_path / "b.zip")]) == 0
    assert content(other, "secret.key") == key


def test_a_damaged_wiki_or_backup_is_noticed(run, data, wiki, tmp_path):
    run("backup", str(tmp_path / "b.zip"))
    damaged = bytearray((tmp_path / "b.zip").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "flipped.zip").write_bytes(damaged)
    (tmp_path / "cut.zip").write_bytes(damaged[:-100])
    (tmp_path / "text.zip").write_text("no zip")
    for name in ("flipped", "cut", "text"):
        status, _, err = run("restore", "--force", str(tmp_path / f"{name}.zip"))
        assert status == 1
        assert "cannot be used: it is damaged or no backup" in err
    assert run("check")[0] == 0
    with open(os.path.join(data, "wiki.db"), "r+b") as file:
        place = file.read().index(b"2" * 1000)
        file.seek(place + 500)
        file.write(b"3")
    status, _, err = run("backup", str(tmp_path / "c.zip"))
    assert status == 1
    assert "is damaged" in err
    assert not (tmp_path / "c.zip").exists()


def test_a_restore_puts_a_wiki_aside_only_by_force(run, data, wiki, tmp_path):
    run("backup", str(tmp_path / "b.zip"))
    open_wiki(data).visit_system("x").save("New", "later")
    status, _, err = run("restore", str(tmp_path / "b.zip"))
    assert status == 1
    assert "holds a wiki already" in err
    os.makedirs(os.path.join(data, "cache/fragments/x"))
    status, out, _ = run("restore", "--force", str(tmp_path / "b.zip"))
    assert status == 0
    aside = re.search(r"What was there is in (\S+)\.$", out)[1]
    names = [[page.name for page in open_storage("sqlite:wiki.db", place).pages()] for place in (data, aside)]
    assert names == [[NAME], [NAME, "New"]]
    assert not os.path.exists(os.path.join(data, "cache/fragments"))


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "templates/../../evil", "..\\evil", "C:/evil", "cache/x", "evil", "wiki.db/x", "plugins/"],
)
def test_a_backup_cannot_write_where_it_should_not(run, data, wiki, tmp_path, name):
    run("backup", str(tmp_path / "b.zip"))
    with zipfile.ZipFile(tmp_path / "b.zip") as old, zipfile.ZipFile(tmp_path / "evil.zip", "w") as new:
        manifest = json.loads(old.read(archive.MANIFEST))
        manifest["files"][name] = {
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "size": 0,
        }
        for each in old.namelist():
            if each != archive.MANIFEST:
                new.writestr(each, old.read(each))
        new.writestr(name, b"")
        new.writestr(archive.MANIFEST, json.dumps(manifest))
    place = Instance(str(tmp_path / "other"))
    with pytest.raises(ArchiveError, match="does not belong there"):
        archive.restore(place, str(tmp_path / "evil.zip"))
    assert os.listdir(place.folder) == [".htaccess"]
    assert not (tmp_path / "evil").exists()


def test_a_backup_is_whole_while_others_save(run, data, wiki, tmp_path):
    wiki = open_wiki(data)
    visit = wiki.visit_system("writer")
    saved, stop = [], threading.Event()

    def write():
        while not stop.is_set():
            visit.save(f"Page{len(saved)}", "x" * 2000)
            saved.append(len(saved))
        wiki.storage.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(saved) < 5:
            stop.wait(0.01)
        before = len(saved)
        path = archive.write(Instance(data), str(tmp_path))
    finally:
        stop.set()
        writer.join()
    other = Instance(str(tmp_path / "other"))
    archive.restore(other, path)
    names = {page.name for page in other.storage().pages(prefix="Page")}
    assert {f"Page{number}" for number in range(before)} <= names


def test_a_database_that_never_rests_is_copied_in_one_go(tmp_path, monkeypatch):
    source = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    source.execute("create table t (x)")
    source.execute("insert into t values (zeroblob(400000))")
    monkeypatch.setattr(archive, "STEP", 10)
    monkeypatch.setattr(archive, "RESTARTS", 3)

    def disturb(_what, done, of):
        if done < of:
            source.execute("insert into t values (1)")

    archive.copy_database(str(tmp_path / "a.db"), str(tmp_path / "b.db"), disturb)
    copy = sqlite3.connect(tmp_path / "b.db")
    assert copy.execute("pragma integrity_check").fetchone() == ("ok",)
    assert copy.execute("select count(*) from t").fetchone()[0] >= 4
    source.close()
    copy.close()


def test_only_sqlite_is_backed_up_as_a_file(run, data, tmp_path):
    run("init", "--storage", "memory:")
    assert "wiki copy" in run("backup", str(tmp_path / "b.zip"))[2]


# -- serve ------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["gunicorn", "waitress", "wsgiref"])
def served(request, data):
    """A running server: its process and its first lines."""
    command = [sys.executable, "-m", "wiki", "--data", data, "serve", "--port", "0", "--server", request.param]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # Whoever runs the tests in the background of a shell has interrupts ignored, here too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    lines = [process.stdout.readline()]
    if "is on http" in lines[0]:
        lines.append(process.stdout.readline())
    yield process, lines
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_the_wiki_is_served_and_its_first_administrator_gets_a_link(served):
    process, lines = served
    url = re.match(r"Wiki is on (http://127\.0\.0\.1:\d+/)  \(Ctrl-C stops it", lines[0])[1]
    link = re.search(r"There is no administrator yet\. Become it here \(works once\): (\S+)$", lines[1])[1]
    assert link.startswith(url + "-/first?code=")
    with urllib.request.urlopen(url + "-/health", timeout=20) as answer:
        assert (answer.status, answer.read()) == (200, b"ok\n")
    with urllib.request.urlopen(link, timeout=20) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url + "Caf%C3%A9/%E6%97%A5", timeout=20)
    assert refused.value.code == 404
    refused.value.close()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "Traceback" not in errors


def test_a_port_in_use_is_said(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, out, err = run("serve", "--port", str(taken.getsockname()[1]))
    assert (status, out) == (1, "")
    assert "something else uses it. Choose another: wiki serve --port N" in err


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--workers", "0"], ["--host", "nowhere.invalid"]])
def test_what_cannot_be_served_is_said(run, arguments):
    status, _, err = run("serve", *arguments)
    assert status == 1
    assert err.startswith("wiki: ")


def test_an_unknown_account_is_no_surprise(run, data, empty):
    with pytest.raises(NoSuchUser):
        Instance(data).storage().user_named("x")
    assert run("user", "password", "x", "--password-stdin", stdin=PASSWORD)[2] == "wiki: There is no account “x”.\n"
