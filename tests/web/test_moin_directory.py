"""A MoinMoin's data directory as a web site: recognised, closed until its rights are known, shared with the old wiki."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from wiki import accounts
from wiki.app import create_app
from wiki.pagecache import PageCache

from ..storage import moin_directory
from ..storage.moin_directory import EXPECTED, copied

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask.testing import FlaskClient

    from wiki.app import App

CONFIG = """
class Config(Default):
    sitename = u'Sample'
    superuser = [u'Admin']
    acl_rights_default = u"Known:read,write,delete,revert All:read"
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return copied(tmp_path)


def opened(data: Path) -> App:
    app = create_app(str(data))
    while app.site.wiki.catch_up(5):
        pass
    return app


def visitor(app: App, name: str = "") -> FlaskClient:
    client = app.test_client()
    if name:
        storage = app.site.wiki.storage
        token = accounts.begin_session(storage, storage.user_named(name), time.time(), 1)
        client.set_cookie("wiki_session", token)
    return client


def text_of(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status)
    return answer.get_data(as_text=True)


def form(client: FlaskClient, url: str) -> dict[str, str]:
    import re

    return dict(re.findall(r'name="(base|csrf_token)" value="([^"]*)"', client.get(url).get_data(as_text=True)))


def test_every_page_is_shown(data: Path) -> None:
    (data.parent / "wikiconfig.py").write_text(CONFIG)
    app = opened(data)
    client = visitor(app, "Admin")
    for name, facts in EXPECTED["pages"].items():
        url = "/" + name.replace("?", "%3F")
        if facts.get("current", 0) in (0, *facts.get("revs", [0])):
            assert client.get(url, query_string={"action": "raw"}).status_code == 200
            text_of(client, url.replace(" ", "%20") + "?action=info")
        else:
            assert client.get(url).status_code == 404
    assert "Sample" in text_of(client, "/")
    assert "grüße.txt" in text_of(client, "/Projects/Alpha?action=AttachFile")
    assert app.site.wiki.storage.user_named("Admin").admin
    assert not app.site.wiki.storage.user_named("MdUser").admin
    assert not (data / "pages" / "Help").exists()


def test_a_wiki_whose_rights_are_not_known_is_closed_until_one_confirms_them(data: Path) -> None:
    app = opened(data)
    storage = app.site.wiki.storage
    storage.put_user(replace(storage.user_named("MdUser"), admin=True))
    stranger, admin = visitor(app), visitor(app, "MdUser")
    assert stranger.get("/ToCopy").status_code == 403
    assert visitor(app, "Admin").get("/ToCopy").status_code == 403
    assert "ToCopy" not in text_of(stranger, "/-/index")
    assert "/-/admin/rights" in text_of(admin, "/-/admin")
    screen = text_of(admin, "/-/admin/rights")
    assert "Trusted:read,write,delete,revert Known:read All:read" in screen
    assert stranger.get("/-/admin/rights").status_code == 403
    other = create_app(str(data))
    fields = {**form(admin, "/-/admin/rights"), "before": "", "default": "Known:read,write All:read", "after": ""}
    assert admin.post("/-/admin/rights", data=fields).status_code == 303
    for running in (app, other, create_app(str(data))):
        assert visitor(running).get("/ToCopy").status_code == 200
        assert visitor(running).get("/ToCopy?action=edit").status_code == 403


def test_what_the_old_wiki_writes_is_seen_at_once_and_everywhere(data: Path) -> None:
    (data.parent / "wikiconfig.py").write_text(CONFIG)
    app = opened(data)
    client = visitor(app)
    assert "zebra" not in text_of(client, "/ToCopy")
    moin_directory.save(data, "ToCopy", lambda text: f"{text}zebra stripes\n", comment="from 1.9")
    assert "zebra" in text_of(client, "/ToCopy")
    assert "from 1.9" in text_of(client, "/ToCopy?action=info")
    moin_directory.save(data, "New/Page", lambda text: "okapi\n", comment="new there")
    assert "new there" in text_of(client, "/-/recent")
    assert "New/Page" in text_of(client, "/-/search?q=okapi")
    moin_directory.save(data, "ToCopy", lambda text: None)
    assert client.get("/ToCopy").status_code == 404
    moin_directory.rename(data, "New/Page", "Newer")
    assert client.get("/New/Page").status_code == 404
    assert "okapi" in text_of(client, "/Newer")
    moin_directory.attach(data, "Newer", "f.txt", b"content")
    assert "f.txt" in text_of(client, "/Newer?action=AttachFile")


def test_rights_follow_the_text_that_the_old_wiki_writes(data: Path) -> None:
    (data.parent / "wikiconfig.py").write_text(CONFIG)
    app = opened(data)
    client = visitor(app)
    moin_directory.save(data, "ToCopy", lambda text: "#acl Admin:read\nsecret canary\n")
    assert client.get("/ToCopy").status_code == 403
    assert "canary" not in text_of(client, "/-/search?q=secret")
    assert "ToCopy" not in text_of(client, "/-/index")
    assert "canary" in text_of(visitor(app, "Admin"), "/ToCopy")


def test_a_page_in_the_cache_is_never_older_than_the_old_wikis_text(data: Path) -> None:
    (data.parent / "wikiconfig.py").write_text(CONFIG)
    app = opened(data)
    asked: list[object] = []

    def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked.append(environ)
        return app(environ, start_response)

    cache = PageCache(lambda: (counted, app.extensions["door"]), app.site.instance.cache)

    def view(path: str) -> tuple[str, bool]:
        before = len(asked)
        body, _status, _headers = run_wsgi_app(cache, EnvironBuilder(path).get_environ())
        return b"".join(body).decode(), len(asked) == before

    view("/Copied")
    assert view("/Copied")[1]
    moin_directory.save(data, "Copied", lambda text: f"{text}zebra\n")
    text, hit = view("/Copied")
    assert "zebra" in text and not hit
    view("/Copied")
    assert view("/Copied")[1]
    # An editor, on the server, in the revision's file.
    path = moin_directory.folder_of(data, "Copied") / "revisions" / "00000003"
    path.write_text("okapi\n")
    assert "okapi" in view("/Copied")[0]


def test_our_saves_are_what_a_moinmoin_reads(data: Path) -> None:
    (data.parent / "wikiconfig.py").write_text(CONFIG)
    app = opened(data)
    client = visitor(app, "Admin")
    fields = form(client, "/ToCopy?action=edit")
    answer = client.post("/ToCopy?action=edit", data={**fields, "text": "one\ntwo\n", "comment": "c", "do": "save"})
    assert answer.status_code == 303
    folder = moin_directory.folder_of(data, "ToCopy")
    assert (folder / "current").read_bytes() == b"00000002\n"
    assert (folder / "revisions" / "00000002").read_bytes() == b"one\r\ntwo\r\n"
    for log in (folder / "edit-log", data / "edit-log"):
        line = log.read_text("utf-8").splitlines()[-1].split("\t")
        assert line[1:4] == ["00000002", "SAVE", "ToCopy"]
        assert line[6:] == [moin_directory.ADMIN, "", "c"]
    assert not (folder / "current-locked").exists()
