"""Nothing changes by GET, nor by a form that this wiki did not make for this visitor's session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest

from wiki import accounts
from wiki.web import account
from wiki.web.dispatch import ACTIONS, SPECIALS

from . import routes
from .client import TOKEN, Client
from .world import PASSWORD, World, crawl, filled

NEW = "eleven blue kettles"

DEEDS: dict[str, tuple[str, str, dict[str, str | bytes]]] = {
    "save": ("admin", "/Fresh?action=edit", {"text": "new\n", "base": "0", "do": "save"}),
    "revert": ("admin", "/Public?action=revert&rev=1", {}),
    "copy": ("admin", "/Public?action=CopyPage", {"new": "Copy"}),
    "rename": ("admin", "/Twin?action=RenamePage", {"new": "Twins"}),
    "delete": ("admin", "/After?action=DeletePage", {}),
    "restore": ("admin", "/Lost?action=restore", {}),
    "upload": ("admin", "/Public?action=AttachFile", {"do": "upload", "file": b"new.txt\0text"}),
    "remove a file": ("admin", "/Public?action=AttachFile", {"do": "del", "target": "note.txt"}),
    "bring a file back": ("admin", "/Public?action=AttachFile", {"do": "revert", "target": "note.txt", "version": "1"}),
    "quick link": ("admin", "/Public?action=quicklink", {}),
    "no quick link": ("admin", "/Public?action=quickunlink", {}),
    "settings": ("admin", "/-/preferences", {"do": "settings", "theme": "dark"}),
    "address": ("admin", "/-/preferences", {"do": "email", "email": "root@example.org", "old": PASSWORD}),
    "password": ("account", "/-/preferences", {"do": "password", "old": PASSWORD, "password": NEW, "again": NEW}),
    "appearance": ("admin", "/-/appearance", {"theme": "light"}),
    "an account": ("admin", "/-/admin/users", {"do": "disable", "id": "{Ed}"}),
    "login": ("anonymous", "/-/login", {"name": "Root", "password": PASSWORD}),
    "registration": ("anonymous", "/-/register", {"name": "Zoe", "password": NEW, "again": NEW, "began": "{began}"}),
    "invitation": ("anonymous", "/-/invite", {"code": "{invite}", "password": NEW, "again": NEW}),
    "other sessions": ("admin", "/-/sessions", {"others": "1"}),
    "logout": ("admin", "/-/logout", {}),
}
"""What changes something when its form is sent: by whom, where, with which fields."""


@pytest.fixture
def own(tmp_path: Path) -> World:
    """A wiki of its own, since this one is changed."""
    return filled(World(tmp_path / "data"))


def _filled_in(world: World, client: Client, data: dict[str, str | bytes]) -> dict[str, str | bytes]:
    found = dict(data)
    if found.get("id") == "{Ed}":
        found["id"] = world.user("Ed").id
    if found.get("code") == "{invite}":
        found["code"] = accounts.invite_code(world.storage, world.user("Ann"))
    if found.get("began") == "{began}":
        found["began"] = client.get("/-/register").text.partition('name="began" value="')[2].partition('"')[0]
    return found


def test_forms_that_are_not_ours_change_nothing_and_ours_do(own: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "QUICKEST", 0)
    # A form without our token must not get as far as a counter that shuts others out, so these may be many.
    for name, (role, target, raw) in DEEDS.items():
        client, twin, ann, anybody = own.client(role), own.client(role), own.client("account"), own.client()
        data = _filled_in(own, client, raw)
        multi = any(isinstance(value, bytes) for value in data.values())
        ours, own_other, foreign, nobodys = client.token, twin.token, ann.token, anybody.token
        tokens = ["", "0" * 80, "é" * 80, foreign, nobodys, ours[:-1], ours[:16], ours + "0", ours[16:] + ours[:16]]
        if role != "anonymous":
            tokens.append(own_other)
        before = own.dump()
        for token in tokens:
            assert client.post(target, {**data, "csrf_token": token}, multi=multi).status == 403, (name, token)
        assert client.post(target, data, multi=multi).status == 403, name
        for origin in (
            "http://evil.example",
            "http://localhost.evil.example",
            "http://localhost:81",
            "https://evil",
            "x",
        ):
            answer = client.post(target, {**data, "csrf_token": ours}, {"Origin": origin}, multi=multi)
            assert answer.status == 403, (name, origin)
        mark = "&" if "?" in target else "?"
        assert client.post(f"{target}{mark}csrf_token={ours}", data, multi=multi).status == 403, name
        plain = urlencode({**{k: v for k, v in data.items() if isinstance(v, str)}, "csrf_token": ours}).encode()
        assert client.open(target, "POST", plain, "text/plain").status == 403, name
        assert client.open(f"{target}{mark}{plain.decode()}", headers={"X-HTTP-Method-Override": "POST"}).status < 500
        assert client.open(target, "PUT", plain, "application/x-www-form-urlencoded").status == 405
        assert own.dump() == before, f"{name} was done by a form that is not ours"
        answer = client.post(target, {**data, "csrf_token": ours}, {"Origin": "http://localhost"}, multi=multi)
        assert answer.status == 303, (name, answer.text)
        assert own.dump() != before or name == "other sessions", f"{name} does nothing with the right form either"


@pytest.mark.parametrize("role", ["anonymous", "admin"])
def test_no_route_takes_a_form_without_its_token(world: World, role: str) -> None:
    client = world.client(role)
    before = world.dump()
    for action in ACTIONS:
        for page in ("Public", "Nowhere"):
            data = {"new": "x", "text": "x", "do": "save", "base": "0"}
            # What is for programs takes no form at all.
            refused = 415 if ACTIONS[action].programs else 403
            assert client.post(routes.target(page, f"action={action}&rev=1"), data).status == refused, action
    for route in SPECIALS:
        for target in routes.SPECIAL_TARGETS[route]:
            assert client.post(target, {"do": "x"}).status == 403, target
    assert client.post("/-/none", {}).status == 404
    assert world.dump() == before


def test_reading_everything_twice_changes_nothing(world: World) -> None:
    root = world.client("admin")
    before = world.dump()
    for _ in range(2):
        for target in routes.targets(("Public", "Nowhere", "Lost")):
            root.get(target)
        crawl(root, ["/"], 150)
    assert world.dump() == before


def test_a_token_is_another_one_each_time_and_does_not_outlive_its_session(make: Callable[..., World]) -> None:
    client = make().client("admin")
    old = client.token
    assert old != client.token
    assert client.send("/-/logout").status == 303
    session = make().client("admin")
    session.token  # noqa: B018 -- a page with a form
    assert client.post("/New?action=edit", {"text": "x", "base": "0", "csrf_token": old}).status == 403
    assert session.post("/New?action=edit", {"text": "x", "base": "0", "csrf_token": old}).status == 403


def test_a_text_sent_with_an_old_form_comes_back(world: World) -> None:
    text = "what I wrote <&> \u00e9\n"
    answer = world.client("admin").post("/Fresh?action=edit", {"text": text, "base": "0", "csrf_token": "0" * 80})
    assert answer.status == 403
    assert "what I wrote &lt;&amp;&gt; \u00e9" in answer.text
    assert TOKEN.search(answer.text), "and can be sent again"
