"""Sessions, passwords and names: what ends a session, how often one may guess, and who may be called what."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from wiki.model import User
from wiki.web import account

from .client import TOKEN
from .world import PASSWORD, World

NEW = "eleven blue kettles"


def test_a_session_begins_with_a_token_that_nobody_chose(make: Callable[..., World]) -> None:
    world = make()
    client = world.client()
    client.cookies["wiki_session"] = "0" * 44
    client.token  # noqa: B018 -- a page with a form
    form = client.cookies["wiki_form"]
    assert client.send("/-/login", name="Ann", password=PASSWORD).status == 303
    first = client.cookies["wiki_session"]
    assert first != "0" * 44
    assert len(first) >= 32
    assert client.cookies.get("wiki_form", "") != form
    other = world.client()
    other.cookies["wiki_session"] = first
    assert other.send("/-/login", name="Root", password=PASSWORD).status == 303
    assert other.cookies["wiki_session"] != first
    assert "Ann" not in client.get("/-/recent").text, "who logs in anew ends the session that the browser had"


def test_a_session_that_ended_is_no_use_to_who_kept_its_cookie(make: Callable[..., World]) -> None:
    world = make()
    ways: dict[str, Callable[[World], object]] = {
        "logout": lambda world: None,
        "ended": lambda world: world.client("admin").send("/-/admin/users", do="end", id=world.user("Ann").id),
        "disabled": lambda world: world.client("admin").send("/-/admin/users", do="disable", id=world.user("Ann").id),
    }
    for name, way in ways.items():
        client, thief = world.client("account"), world.client()
        thief.cookies = dict(client.cookies)
        token = thief.token
        assert "Ann" in thief.get("/-/preferences").text
        if name == "logout":
            assert client.send("/-/logout").status == 303
        way(world)
        assert thief.get("/-/preferences").status == 303, name
        before = world.dump()
        assert thief.post("/New?action=edit", {"csrf_token": token, "text": "x", "base": "0"}).status == 403, name
        assert world.dump() == before


def test_a_new_password_ends_the_other_sessions_and_needs_the_old_one(make: Callable[..., World]) -> None:
    world = make()
    client, other = world.client("account"), world.client("account")
    wrong = client.send("/-/preferences", do="password", old="wrong", password=NEW, again=NEW)
    assert wrong.status == 400
    assert client.send("/-/preferences", do="password", old=PASSWORD, password=NEW, again=NEW).status == 303
    assert other.get("/-/preferences").status == 303, "the other session is over"
    assert client.get("/-/preferences").status == 200
    assert world.client().send("/-/login", name="Ann", password=PASSWORD).status == 403
    assert client.send("/-/preferences", do="email", email="x@example.org", old="wrong").status == 400


def test_who_lost_the_right_to_administer_has_lost_it_at_once(make: Callable[..., World]) -> None:
    world = make()
    second = world.user("Second")
    root = world.client("admin")
    root.send("/-/admin/users", do="admin", id=second.id)
    client = world.client("Second")
    assert client.get("/-/admin").status == 200
    root.send("/-/admin/users", do="plain", id=second.id)
    assert client.get("/-/admin").status == 403


def test_another_s_session_cannot_be_ended(make: Callable[..., World]) -> None:
    world = make()
    ann, root = world.client("account"), world.client("admin")
    key = re.findall(r'name="key" value="([^"]+)"', root.get("/-/preferences").text)
    assert key
    ann.send("/-/sessions", key=key[0])
    assert root.get("/-/admin").status == 200


@pytest.mark.parametrize("cookie", ["", "x", "\xff" * 44, "a" * 50_000, "../" * 20, "%00", "'\" or 1=1", "\u00e9"])
def test_a_cookie_that_is_not_ours_is_nobody_s(world: World, cookie: str) -> None:
    client = world.client()
    client.cookies = {
        "wiki_session": cookie,
        "wiki_form": cookie,
        "wiki_theme": cookie,
        "wiki_language": cookie,
        "": "wiki_session=x",
    }
    for target in ("/Public", "/-/preferences", "/-/login", "/-/appearance", "/Nowhere?action=edit"):
        answer = client.open(target, keep=False)
        assert answer.status in (200, 303, 403), (target, answer.status)
        assert cookie[:1] != "'" or cookie not in answer.text
    assert (
        client.open(
            "/-/appearance", "POST", b"theme=dark&csrf_token=", "application/x-www-form-urlencoded", keep=False
        ).status
        == 403
    )


def test_guessing_passwords_is_stopped_by_address_and_by_account(make: Callable[..., World]) -> None:
    world = make()
    client = world.client()
    token = client.token
    found = [client.post("/-/login", {"csrf_token": token, "name": f"n{i}", "password": "x"}) for i in range(40)]
    assert 429 in [answer.status for answer in found]
    assert found[-1].header("Retry-After")
    assert client.post("/-/login", {"csrf_token": token, "name": "Ann", "password": PASSWORD}).status == 429
    tried = []
    for number in range(15):
        client = world.client(address=f"192.0.2.{100 + number}")
        tried.append(client.send("/-/login", name=("Ann", "ann", "ANN ")[number % 3], password="x").status)
    assert tried[0] == 403
    assert tried[-1] == 429, "one account is guessed at from many addresses"
    assert world.client(address="192.0.2.99").get("/FrontPage").status == 200


def test_a_present_password_cannot_be_guessed_in_a_stolen_session(make: Callable[..., World]) -> None:
    client = make().client("account")
    statuses = [client.send("/-/preferences", do="email", email="a@b.c", old=f"x{i}").status for i in range(12)]
    assert statuses[0] == 400
    assert statuses[-1] == 429


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(make: Callable[..., World]) -> None:
    world = make()
    world.user("Gone")
    world.client("admin").send("/-/admin/users", do="disable", id=world.user("Gone").id)
    texts = set()
    for name in ("Ann", "Nobody", "Gone", "Root"):
        answer = world.client().send("/-/login", name=name, password="wrong")
        assert answer.status == 403
        texts.add(TOKEN.sub("", answer.text).replace(name, "…"))
    assert len(texts) == 1


NAMES = ("All", "Known", "Trusted", "Default", "anonymous", "all", "KNOWN", "\uff21ll", "Root", "root", "ROOT ", "\uff32oot", "R\u200boot",
         "Ro\u00adot", "R\u043eot", "\u0391nn", "AdminGroup", "-Ann", "+Ann", "a,b", "a:b", "a/b", "#acl", "<b>", "..", "", " ", "x" * 300,
         "Ann\u202e", "A\u0000nn", "[[x]]", "a|b", 'a"b', "\u2060Ann", "Ann\u3164", "An\u034fn")  # fmt: skip


PEOPLE = ("Zoë", "Анна", "日本 太郎", "O'Neill", "Ann-Marie", "Jürgen Müller 2")


def test_names_that_mean_or_look_like_another_are_not_given_and_others_are(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "QUICKEST", 0)
    world = make(registration="open")
    before: list[User] = list(world.storage.users())
    for number, name in enumerate((*NAMES, *PEOPLE)):
        client = world.client(address=f"192.0.2.{number}")
        began = client.get("/-/register").text.partition('name="began" value="')[2].partition('"')[0]
        answer = client.send("/-/register", name=name, password=NEW, again=NEW, began=began)
        if name in PEOPLE:
            assert answer.status == 303, name
            assert name.replace("'", "&#39;") in client.get("/-/preferences").text
        else:
            assert answer.status == 400, repr(name)
            assert list(world.storage.users()) == before
