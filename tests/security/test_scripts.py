"""Nothing that people type comes out alive, wherever it is typed and wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.markup.hostile import POSITIONS, SCHEMES, TAGS, WIKI
from wiki import accounts
from wiki.macros import REGISTRY
from wiki.model import WikiError

from . import parameters, routes
from .client import Client
from .reading import alive, wrong
from .world import NAMES, World

BREAKS = [
    '"><script>alert(1)</script>', "'><script>alert(1)</script>", '" onmouseover="alert(1)', "' onmouseover='alert(1)' x='",
    '" autofocus onfocus=alert(1) x="', "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "</script><script>alert(1)</script>", "--><script>alert(1)</script>", "]]><script>alert(1)</script>", "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "&#34;&gt;&#60;script&#62;", "%22%3E%3Cscript%3E", "\\\"><svg onload=alert(1)>",
    "{{7*7}}{% raw %}<script>", "%(name)s%s%%<script>", "<svg/onload=alert(1)>", "`onload=alert(1)`", "\u2028<script>\u2029",
    "a\x00<script>alert(1)</script>", "\ufeff\"><img src=x onerror=alert(1)>", "<!--<script>", "${alert(1)}", "x' y=\"z",
]  # fmt: skip
PAYLOADS = [*BREAKS, *TAGS[::2]]
ACTIONS = ("", "action=edit", "action=info", "action=diff", "action=raw", "action=print", "action=AttachFile", "action=RenamePage",
           "action=DeletePage", "action=CopyPage", "action=revert&rev=1", "action=backlinks", "action=LocalSiteMap", "action=rss_rc",
           "action=access", "action=quicklink", "action=none")  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A wiki in which everything that can have a name has a hostile one."""
    world = World(tmp_path_factory.mktemp("hostile") / "data", {"site_name": BREAKS[0]})
    for name in NAMES.values():
        world.user(name)
    for payload in PAYLOADS:
        try:
            world.write(payload, f"{payload}\n\n[[{payload}]]\n", payload, comment=payload)
            world.write(payload, f"{payload}\n\n{payload} {payload}\n", payload, comment=payload)
            world.attach(payload, payload, b"<script>alert(1)</script>", payload)
            if payload in BREAKS:
                world.write(f"{payload}/Sub", f"[[{payload}]]\n")
        except WikiError:
            continue  # no name
        try:
            accounts.new_user(world.storage, payload, "seven green teapots", payload)
        except WikiError:
            continue
    world.user("O'Neill' onclick'x")
    yield world
    world.close()


def test_no_name_comment_file_or_site_name_comes_alive(hostile: World) -> None:
    client = hostile.client("admin")
    names = hostile.site.wiki.visit(None).all_names()
    assert len(names) > 70
    bad = []
    for number, name in enumerate(names):
        # Every name on some screens, every screen with some names.
        chosen = ACTIONS if number % 12 == 0 else (ACTIONS[number % len(ACTIONS)], "", "action=info")
        for query in chosen:
            answer = client.get(routes.target(name, query))
            assert answer.status in (200, 302, 303, 404) or query == "action=none", (name, query, answer.status)
            if found := wrong(answer):
                bad.append((name, query, found))
        for file in hostile.site.wiki.visit(None).attachments(name)[:1]:
            for deed in ("view", "del"):
                answer = client.get(routes.target(name, f"action=AttachFile&do={deed}&target={quote(file.name)}"))
                if found := wrong(answer):
                    bad.append((name, file.name, found))
    for targets in routes.SPECIAL_TARGETS.values():
        for target in targets:
            bad += [(target, "", found)] if (found := wrong(client.get(target))) else []
    assert not bad


def test_no_text_comes_alive_anywhere_it_is_shown(hostile: World) -> None:
    texts = [*TAGS[1::2], *WIKI, *BREAKS]
    texts += [
        position.replace("%s", payload) for position in POSITIONS for payload in (BREAKS[0], BREAKS[2], SCHEMES[0])
    ]
    texts += [
        f"<<{macro}({argument})>>"
        for macro in REGISTRY
        for argument in (BREAKS[0], BREAKS[3], '"><b onclick=x>"', "^.*", "%s%(a)s", "1,2,3")
    ]
    client, bad = hostile.client("admin"), []
    token = client.token
    for start in range(0, len(texts), 5):
        text = "\n\n".join(texts[start : start + 5])
        hostile.write("Text", text)
        for query in ("", "action=content") + (ACTIONS if start % 50 == 0 else ()):
            answer = client.get(f"/Text?{query}")
            assert answer.status < 500, text
            if found := wrong(answer):
                bad.append((query, found, text))
        answer = client.post(
            "/Text?action=edit", {"csrf_token": token, "text": text, "base": "0", "do": "preview", "comment": text}
        )
        if found := wrong(answer):
            bad.append(("preview", found, text))
    assert client.get("/-/search?q=alert").status == 200
    for target in ("/-/search?q=alert", "/-/recent", "/-/feed/recent.atom", "/Text?action=info", "/Text?action=diff"):
        bad += [(target, found, "")] if (found := wrong(client.get(target))) else []
    assert not bad


def test_no_parameter_of_any_route_comes_alive(hostile: World) -> None:
    hostile.write("Public", "zebra\n")
    hostile.attach("Public", "shown.png", b"x")
    bad = []
    for role in ("anonymous", "admin"):
        client = hostile.client(role)
        for target in parameters.combined(
            hostile, client, [quote(BREAKS[0]), quote(BREAKS[3]), quote("javascript:alert(1)//")]
        ):
            answer = client.open(
                target,
                headers={"Referer": BREAKS[0], "User-Agent": BREAKS[0], "Accept-Language": BREAKS[0]},
                keep=False,
            )
            assert answer.status < 500, target
            if found := wrong(answer):
                bad.append((target, found))
    assert not bad


def test_no_refusal_repeats_what_was_sent_alive(hostile: World, tmp_path: Path) -> None:
    client, mark = hostile.client("admin"), quote(BREAKS[0])
    hostile.write("Text", "something\n")
    token = client.token
    answers = [client.get(target) for target in (
        f"/-/{mark}", f"/-/static/{mark}", f"/-/feed/{mark}", f"/-/admin/{mark}", f"/-/p/{mark}", f"/{mark}/../x", f"/{mark}%ff", f"/{mark * 20}",
        f"/?action={mark}", f"/?rev={mark}", f"/-/search?start={mark}", f"/-/recent?before={mark}", f"/-/search?q=regex:(((((((({mark}",
    )]  # fmt: skip
    answers += [client.open(f"/{mark}", BREAKS[0]), client.open(f"/{mark}", "PUT")]
    for target, data in {
        "/-/login": {"name": BREAKS[0], "password": "x", "next": BREAKS[0]},
        "/-/register": {"name": BREAKS[0], "email": BREAKS[0], "password": "x", "began": BREAKS[0]},
        "/-/preferences": {"do": "settings", "timezone": BREAKS[0], "quicklinks": BREAKS[0], "theme": "dark"},
        "/-/admin/users": {"do": BREAKS[0], "id": BREAKS[0]},
        "/Text?action=RenamePage": {"new": f"../{BREAKS[0]}", "comment": BREAKS[0]},
        "/Text?action=CopyPage": {"new": "Text", "comment": BREAKS[0]},
        "/Text?action=AttachFile": {"do": "upload", "comment": BREAKS[0], "target": BREAKS[0]},
        "/Text?action=edit": {"text": BREAKS[6], "comment": BREAKS[0], "base": "99"},
        f"/{mark}?action=edit": {"text": BREAKS[6] * 100_000, "base": "0"},
    }.items():
        answers += [client.post(target, {"csrf_token": token, **data}), client.post(target, data)]
    assert {400, 403, 404, 405, 409, 413} <= {answer.status for answer in answers}
    assert not [(answer.target, found) for answer in answers if (found := wrong(answer))]
    assert not [answer.target for answer in answers if answer.status >= 500]


def test_a_failure_says_nothing_of_the_program(make: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    world = make()

    def fails(*_: object) -> None:
        raise RuntimeError(f"{BREAKS[0]} secret-detail {world.folder}")

    monkeypatch.setattr("wiki.web.find.search", fails)
    answer = Client(world.door).get(f"/-/search?q={quote(BREAKS[0])}&x=%0aforged-line")
    assert answer.status == 500
    assert not wrong(answer)
    for word in (b"secret-detail", b"RuntimeError", b".py", str(world.folder).encode()):
        assert word not in answer.body
    log = (world.folder / "log" / "error.log").read_text()
    assert "secret-detail" in log
    assert not [line for line in log.splitlines() if line.startswith("forged-line")]


def test_the_reader_sees_what_it_is_there_to_see() -> None:
    for payload in [*BREAKS[:2], *BREAKS[5:9], *TAGS[:6], *TAGS[8:10], *TAGS[19:24]]:
        assert alive(f'<!doctype html><p title="x">{payload}</p>'), payload
    assert alive(f'<a href="{BREAKS[2]}">x</a>')
    assert alive('<a href="java\tscript:alert(1)">x</a>')
    assert alive("<a style='x'>x</a>")
    assert not alive('<!doctype html><a href="/wiki/x" title="&lt;script&gt;">x</a>')
