"""Who gets what: each route by role and page, and no word of a secret page in anything that others are sent."""

from __future__ import annotations

import re

import pytest

from wiki.web.dispatch import ACTIONS, SPECIALS

from . import routes
from .client import TOKEN, Client
from .world import EDITORS, HIDDEN, MACROS, ONLY_ROOT, ROLES, SECRET, World, crawl, leaked

SOME = ("Public", "Top", HIDDEN, SECRET, "Macros", "Top/Macros", "Twin", "After", "Way", "Lost", "qvgone", "qvsource",
        "qvredirect", "Nowhere", "Hiddem", "qvnam", "TOP/QVNAME", "Hidden/none", "EditorGroup")  # fmt: skip
OTHERS = ROLES[:3]


@pytest.fixture(scope="module")
def warm(world: World) -> World:
    """The wiki after an administrator has looked at everything and saved each page that shows others."""
    root = world.client("admin")
    for page in ("Macros", "Top/Macros", "Top", "Public", HIDDEN):
        form = root.get(routes.target(page, "action=edit")).text
        base = form.partition('name="base" value="')[2].partition('"')[0]
        text = world.storage.revision(page).text or ""
        saved = root.send(routes.target(page, "action=edit"), text=f"{text}\nonce more\n", base=base, do="save")
        assert saved.status == 303, saved.text
    shown = [answer for target in routes.targets(SOME) if leaked(answer := root.get(target))]
    assert len(shown) > 100, "an administrator sees what is secret, else nothing is tested here"
    return world


def test_every_route_has_its_rows() -> None:
    assert set(routes.STATUS) == set(routes.ACTION_QUERIES) == set(ACTIONS)
    assert set(routes.SPECIAL_STATUS) == set(routes.SPECIAL_TARGETS) == set(SPECIALS)


@pytest.mark.parametrize("action", list(routes.STATUS))
def test_an_action_answers_each_role_as_documented(world: World, action: str) -> None:
    query = f"action={action}" if action != "show" else ""
    query = query if action not in ("recall", "revert") else f"{query}&rev=1"
    found = tuple(
        " ".join(str(world.client(role).get(routes.target(page, query)).status) for role in ROLES)
        for page in routes.PAGES
    )
    assert found == routes.STATUS[action]


@pytest.mark.parametrize("route", list(routes.SPECIAL_STATUS))
def test_a_special_route_answers_each_role_as_documented(world: World, route: str) -> None:
    target = routes.SPECIAL_TARGETS[route][0]
    assert " ".join(str(world.client(role).get(target).status) for role in ROLES) == routes.SPECIAL_STATUS[route]


@pytest.mark.parametrize("role", OTHERS)
def test_no_route_tells_of_a_secret_page(warm: World, role: str) -> None:
    client = warm.client(role)
    times = 2 if role == "anonymous" else 1  # the second answer may be one that was kept
    found = [
        (target, leaks)
        for target in routes.targets(SOME)
        for _ in range(times)
        if (leaks := leaked(client.get(target)))
    ]
    assert not found


@pytest.mark.parametrize("role", OTHERS)
def test_no_link_leads_to_a_secret_page(warm: World, role: str) -> None:
    answers = crawl(warm.client(role), ["/"], 400)
    assert len(answers) > 150
    assert not [(answer.target, leaks) for answer in answers if (leaks := leaked(answer))]
    assert not [answer.target for answer in answers if answer.status >= 500]


def test_cached_pages_are_among_those_that_tell_nothing(warm: World) -> None:
    client = warm.client()
    client.get("/Top/Macros")
    assert not leaked(client.get("/Top/Macros"))
    client.get("/Public")
    answer = client.get("/Public")
    assert answer.hit
    assert not leaked(answer)


def test_a_permanent_link_does_not_say_the_name_of_a_secret_page(warm: World) -> None:
    for name in (SECRET, f"{SECRET}/qvsub"):
        answer = warm.client("account").get(f"/-/p/{warm.storage.page(name).id}")
        assert answer.status == 403
        assert not leaked(answer)
        assert leaked(warm.client("admin").get(f"/-/p/{warm.storage.page(name).id}"))


@pytest.mark.parametrize("role", OTHERS)
def test_nothing_sent_by_form_tells_of_a_secret_page(warm: World, role: str) -> None:
    client = warm.client(role)
    token = client.token
    for page in ("Public", "Top", HIDDEN, SECRET, "Fresh", "Twin"):
        for action in (
            "preview",
            "edit&x=1",
            "CopyPage",
            "RenamePage",
            "DeletePage",
            "restore",
            "AttachFile",
            "revert&rev=1",
        ):
            for deed in ("preview", "changes"):
                data = {
                    "csrf_token": token,
                    "text": MACROS,
                    "do": deed,
                    "base": "1",
                    "new": "../x",
                    "target": "none.txt",
                }
                answer = client.post(routes.target(page, f"action={action}"), data)
                assert answer.status < 500, answer.target
                assert not leaked(answer), (answer.target, deed)


def test_who_edits_a_secret_page_is_not_told_to_others(warm: World) -> None:
    assert warm.client("admin").get(f"/{HIDDEN}?action=edit").status == 200
    for role in OTHERS:
        client = warm.client(role)
        for deed in ("preview", "changes", "save"):
            answer = client.send(f"/{HIDDEN}?action=edit", text="x", base="0", do=deed)
            assert answer.status == 403, deed
            assert "Root" not in answer.text, deed
    assert "has had this page open" not in warm.client("admin").get(f"/{HIDDEN}?action=edit").text


def test_a_word_of_a_secret_page_is_searched_for_like_one_that_is_nowhere(warm: World) -> None:
    for role in OTHERS:
        client = warm.client(role)
        for query in ("/-/search?q=%s", "/-/search?q=title:%s", "/-/search?q=%s+zebra", "/-/search?q=zebra+-%s",
                      "/-/search?q=linkto:%s", "/-/suggest?q=%s", "/-/search?q=%s*"):  # fmt: skip
            answers = (client.get(query % word).text.replace(word, "…") for word in ("qvtext", "qwtext"))
            secret, none = (TOKEN.sub("", answer) for answer in answers)
            assert secret == none, query


def test_a_link_to_a_secret_page_looks_like_one_to_a_missing_page(warm: World) -> None:
    warm.write("Links", "[[Hidden]] [[Hiddes]]\n")
    for role in OTHERS:
        text = warm.client(role).get("/Links?action=content").text
        tags = [tag.replace("Hidden", "Hiddes") for tag in re.findall(r"<a [^>]*/Hidde[^>]*>", text)]
        assert len(tags) == 2
        assert tags[0] == tags[1]
        assert "missing" in tags[0]


def test_counts_are_of_what_one_may_read(warm: World) -> None:
    listed = warm.client().get("/-/index")
    names = warm.site.wiki.visit(None).all_names()
    assert not leaked(listed)
    assert f"{len(names)} pages" in listed.text


def test_what_becomes_secret_is_gone_at_once(world: World) -> None:
    world.write("Opened", "word qvopened\n")
    world.write("Around", "<<Include(Opened)>> <<FullSearch(qvopened)>>\n")
    anybody, root = world.client(), world.client("admin")
    for page in ("Opened", "Around"):
        assert "qvopened" in anybody.get(f"/{page}").text
        anybody.get(f"/{page}")
    assert anybody.get("/Around").hit
    base = "1"
    saved = root.send("/Opened?action=edit", text=f"{ONLY_ROOT}word qvopened\n", base=base, do="save")
    assert saved.status == 303
    assert anybody.get("/Opened").status == 403
    assert "word qvopened" not in anybody.get("/Around").text
    assert "Opened</bdi>" not in anybody.get("/Around").text


def test_who_leaves_a_group_loses_its_rights_at_once(world: World) -> None:
    world.write("FriendGroup", "#acl All:read\n * All\n * Ann\n")
    world.write("For friends", "#acl FriendGroup:read All:\nqvfriends\n")
    anybody, ann = world.client(), world.client("account")
    for _ in range(2):
        assert "qvfriends" in anybody.get("/For%20friends").text
        assert "qvfriends" in ann.get("/For%20friends").text
    world.write("FriendGroup", "#acl All:read\n * Nobody\n")
    assert anybody.get("/For%20friends").status == 403
    assert ann.get("/For%20friends").status == 403


def test_an_acl_line_is_changed_by_who_has_the_right_only(world: World) -> None:
    world.write("Held", f"{EDITORS}text\n")
    editor = world.client("editor")
    for text in ("text\n", f"{EDITORS}\n#acl All:admin\n"[1:], "#acl All:read,write,admin\ntext\n"):
        answer = editor.send("/Held?action=edit", text=text, base="1", do="save")
        if answer.status == 303:
            assert world.storage.page("Held").acl == EDITORS.removeprefix("#acl ").strip()
        else:
            assert answer.status == 403


def test_an_account_named_by_a_header_is_nobody(world: World) -> None:
    for name in ("Remote-User", "X-Remote-User", "X-Forwarded-User", "Authorization", "X-Forwarded-For", "X-Real-IP"):
        assert Client(world.door).get("/Hidden", headers={name: "Root"}).status == 403
