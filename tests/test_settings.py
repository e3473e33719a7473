"""Settings, the data folder, and its secret key."""

import os
import stat
import subprocess
import sys
import tomllib

import pytest

from wiki import settings
from wiki.instance import FolderError, Instance, chosen
from wiki.settings import SETTINGS, Settings, SettingsError, as_toml, load


@pytest.fixture(autouse=True)
def umask():
    before = os.umask(0)
    yield
    os.umask(before)


def written(folder, text):
    (folder / "wiki.toml").write_text(text, encoding="utf-8")
    return str(folder)


def test_without_a_file_everything_is_the_default(tmp_path):
    assert load(str(tmp_path), {}) == Settings()


def test_the_environment_overrides_the_file_which_overrides_the_default(tmp_path):
    folder = written(tmp_path, 'site_name = "Café 日本語"\nsession_days = 7\n')
    loaded = load(folder, {"WIKI_SESSION_DAYS": "8", "WIKI_DATA": "/elsewhere", "WIKI_SOMETHING": "x"})
    assert (loaded.site_name, loaded.session_days, loaded.language) == ("Café 日本語", 8, "en")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sitename = 'x'", ["“sitename”", "Did you mean “site_name”?"]),
        ("zzzzz = 1", ["“zzzzz”", "There are: site_name"]),
        ("site_name = 3", ["“site_name” must be a text"]),
        ("page_cache = 1", ["“page_cache” must be true or false"]),
        ("page_limit = true", ["“page_limit” must be a whole number"]),
        ("page_limit = 0", ["“page_limit” must be a whole number of at least 1"]),
        ("page_limit = 1.5", ["“page_limit” must be a whole number"]),
        ("render_seconds = nan", ["“render_seconds” must be a number of at least 0.1"]),
        ("render_seconds = inf", ["“render_seconds” must be a number of at least 0.1"]),
        ("allowed_hosts = 'a'", ["“allowed_hosts” must be a list of texts"]),
        ("allowed_hosts = [1]", ["“allowed_hosts” must be a list of texts"]),
        ("allowed_hosts = ['http://a/']", ["“allowed_hosts” must be a list of host names"]),
        ("registration = 'maybe'", ['"auto", "open", "approval", "closed"']),
        ("base_url = 'https://host/wiki'", ["“base_url” must be a scheme and host", "mount"]),
        ("base_url = 'javascript:x'", ["“base_url” must be a scheme and host"]),
        ("mount = '/a/../b'", ["“mount” must be a path"]),
        ("front_page = '//'", ["“front_page” must be a page name"]),
        ("timezone = 'Mars/Base'", ["“timezone” must be a time zone"]),
        ("timezone = '../../etc/passwd'", ["“timezone” must be a time zone"]),
        ("language = '../x'", ["“language” must be a language"]),
        ("trusted_proxies = ['proxy']", ["“trusted_proxies” must be a list of addresses"]),
        ("site_name = ", ["is not valid TOML"]),
    ],
)
def test_what_cannot_be_is_said_with_file_key_and_what_is_allowed(tmp_path, text, said):
    folder = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load(folder, {})
    assert all(part in str(caught.value) for part in [*said, str(tmp_path / "wiki.toml")])


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("page_cache", "off", False),
        ("remote_user", "Yes", True),
        ("allowed_hosts", "A.example, b.example c.example", ("a.example", "b.example", "c.example")),
        ("trusted_proxies", "10.0.0.0/8 ::1", ("10.0.0.0/8", "::1")),
        ("render_seconds", "3", 3.0),
        ("mount", "wiki/", "/wiki"),
        ("mount", "/", "/"),
        ("base_url", "https://wiki.example.org/", "https://wiki.example.org"),
        ("timezone", "Europe/Berlin", "Europe/Berlin"),
        ("language", "pt_BR", "pt-BR"),
    ],
)
def test_a_variables_text_becomes_the_settings_type(tmp_path, key, text, value):
    assert getattr(load(str(tmp_path), {f"WIKI_{key.upper()}": text}), key) == value


@pytest.mark.parametrize(("key", "text"), [("page_cache", "perhaps"), ("page_limit", "many"), ("registration", "x")])
def test_an_error_in_a_variable_names_the_variable(tmp_path, key, text):
    with pytest.raises(SettingsError, match=f"the environment: “WIKI_{key.upper()}” must be"):
        load(str(tmp_path), {f"WIKI_{key.upper()}": text})


def test_what_is_printed_can_be_read_again(tmp_path):
    odd = Settings(site_name='"quoted" \\ \x7f 日本\n', allowed_hosts=("a", "b"), page_cache=False, render_seconds=1.5)
    assert load(written(tmp_path, as_toml(odd)), {}) == odd
    assert load(written(tmp_path, as_toml(odd, commented=True)), {}) == odd
    assert tomllib.loads(as_toml(Settings(), commented=True)) == {}


def test_every_setting_has_a_type_and_a_help_that_ends_with_its_default():
    for name, each in SETTINGS.items():
        assert type(each.default) in (str, bool, int, float, tuple)
        assert settings.describe(name).startswith(each.metadata["help"])
        assert each.metadata["help"].rstrip().endswith((".", "…", "elsewhere."))


def test_loading_without_a_file_imports_neither_tomllib_nor_other_luxury():
    code = "import wiki.settings, sys; wiki.settings.load('/nowhere', {}); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tomllib", "json", "difflib", "zoneinfo", "ipaddress", "flask"} & set(modules)


def test_the_folder_is_the_one_given_then_the_variables_then_data(tmp_path):
    assert chosen("x", {"WIKI_DATA": "y"}) == os.path.abspath("x")
    assert chosen(None, {"WIKI_DATA": str(tmp_path)}) == str(tmp_path)
    assert chosen(None, {}) == os.path.abspath("data")


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_the_folder_and_what_is_made_in_it_is_private(tmp_path):
    place = Instance(str(tmp_path / "new"))
    place.key()
    place.note("boom")
    assert mode(place.folder) == 0o700
    assert mode(tmp_path / "new/secret.key") == 0o600
    assert mode(tmp_path / "new/log/error.log") == 0o600
    (tmp_path / "new/other").touch()
    assert mode(tmp_path / "new/other") == 0o600
    assert "denied" in (tmp_path / "new/.htaccess").read_text()


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [(0o755, 0o700, 0o600), (0o777, 0o700, 0o600), (0o2770, 0o2770, 0o660), (0o750, 0o750, 0o640)],
)
def test_a_folder_stays_shared_with_its_group_only(tmp_path, before, after, key):
    tmp_path.chmod(before)
    Instance(str(tmp_path)).key()
    assert (mode(tmp_path), mode(tmp_path / "secret.key")) == (after, key)


def test_eight_processes_that_start_at_once_get_one_key(tmp_path):
    code = "from wiki.instance import Instance; import sys; print(Instance(sys.argv[1]).key().hex())"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    keys = {process.communicate()[0].strip() for process in started}
    assert len(keys) == 1
    assert len(bytes.fromhex(keys.pop())) == 32
    assert sorted(os.listdir(tmp_path / "data")) == [".htaccess", "secret.key"]


def test_a_key_is_made_on_a_file_system_without_hard_links(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    place = Instance(str(tmp_path))
    assert place.key() == place.key()
    assert mode(tmp_path / "secret.key") == 0o600


@pytest.mark.parametrize("content", ["00" * 32, "change-me" * 20, "ab" * 200])
def test_a_key_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "secret.key").write_text(content)
    with pytest.raises(FolderError, match="holds no secret key"):
        Instance(str(tmp_path)).key()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="cannot be used"):
        Instance(str(tmp_path / "file")).prepare()


def test_the_log_is_found_by_its_id_and_stays_small(tmp_path):
    place = Instance(str(tmp_path))
    number = place.note("Traceback\n2026-11-23T00:00:00Z forged")
    lines = (tmp_path / "log/error.log").read_text().splitlines()
    assert lines[0].endswith(number)
    assert lines[1:] == ["    Traceback", "    2026-11-23T00:00:00Z forged"]
    for _ in range(50):
        place.note("x" * 49_000)
    assert (tmp_path / "log/error.log").stat().st_size < 1_000_000
    assert sorted(os.listdir(tmp_path / "log")) == ["error.log", "error.log.1"]
