"""What every answer says to browsers and caches, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie
from urllib.parse import quote

import pytest

from . import routes
from .client import TOKEN, Answer
from .world import World, crawl

FILES = ("action=AttachFile&do=get&target=page.html", "action=AttachFile&do=get&target=shown.png",
         "action=AttachFile&do=get&target=note.txt", "action=AttachFile&do=get&target=none",
         "action=AttachFile&do=get&target=note.txt&version=1")  # fmt: skip
ERRORS = (
    "/%ff",
    "/..",
    "/a/../b",
    "/Public?action=none",
    "/-/none",
    "/-/static/0/none",
    "/Public?rev=x",
    "//Public",
    "/Public/",
)


def has_form(answer: Answer) -> bool:
    """Say whether a page has a form that changes something."""
    return bool(TOKEN.search(answer.body.decode("latin-1")))


def faults(answer: Answer, known: bool, form: bool = False) -> list[str]:
    """Return what an answer's headers lack; `known` is who is logged in, `form` that a GET would show a form."""
    found = []
    names = [key.lower() for key, _ in answer.fields if key.lower() != "set-cookie"]
    if len(names) != len(set(names)):
        found.append(f"a header twice: {sorted(names)}")
    stored = answer.status == 304  # what the browser has keeps the headers that it came with
    policy = answer.header("Content-Security-Policy")
    sandboxed = "sandbox" in policy
    if not stored:
        rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        if rules.get("default-src") != "'none'" or "frame-ancestors" not in rules:
            found.append(f"policy {policy!r}")
        # Style attributes are the one thing inline: they pass the table of wiki/markup/styles.py.
        attributes = rules.pop("style-src-attr", "'unsafe-inline'")
        unsafe = any("unsafe" in value for value in rules.values())
        if attributes != "'unsafe-inline'" or (unsafe and (not sandboxed or "unsafe" in rules.get("script-src", ""))):
            found.append(f"unsafe policy {policy!r}")
        if answer.kind == "text/html" and (rules.get("base-uri") != "'none'" or rules.get("form-action") != "'self'"):
            found.append(f"policy of a page {policy!r}")
        if any("*" in value or "http:" in value for value in rules.values()):
            found.append(f"wide policy {policy!r}")
        if answer.header("X-Content-Type-Options") != "nosniff":
            found.append("no nosniff")
        if answer.header("Referrer-Policy") not in ("same-origin", "no-referrer", "strict-origin-when-cross-origin"):
            found.append("no Referrer-Policy")
        if answer.body and not answer.header("Content-Type"):
            found.append("no Content-Type")
        if answer.kind.startswith("text/") and "charset=utf-8" not in answer.header("Content-Type").lower():
            found.append(f"no charset in {answer.header('Content-Type')}")
    control, vary = answer.header("Cache-Control"), answer.header("Vary").lower()
    static = "/-/static/" in answer.target and answer.status == 200
    if known and not static and "private" not in control and "no-store" not in control:
        found.append(f"for everybody's cache: {control!r}")
    if not known and not static and not any(word in control for word in ("private", "no-store", "no-cache")):
        found.append(f"kept unasked: {control!r}")
    if not static and "no-store" not in control and "cookie" not in vary:
        found.append(f"Vary {vary!r}")
    if answer.header("Content-Encoding") and "accept-encoding" not in vary:
        found.append("encoded without Vary")
    cookies = answer.headers("Set-Cookie")
    if cookies and not form and not has_form(answer) and not known:
        found.append(f"a cookie without need: {cookies}")
    if cookies and "public" in control:
        found.append("a cookie for all")
    if answer.header("Access-Control-Allow-Origin") or answer.header("Server") or answer.header("X-Powered-By"):
        found.append("says too much")
    return found


@pytest.mark.parametrize("role", ["anonymous", "admin"])
def test_every_answer_has_the_headers_that_protect_it(world: World, role: str) -> None:
    known = role != "anonymous"
    targets = routes.targets(("Public", "Top/qvname", "Nowhere", "Café/日本語", "Way"))
    targets += [f"/Public?{query}" for query in FILES] + list(ERRORS)
    bad = {}
    client = world.client(role)
    for number, target in enumerate(targets):
        if not known:
            client.cookies.clear()
        headers = {"Accept-Encoding": "gzip"} if number % 4 == 0 else {}
        answer = client.get(target, headers)
        head = client.open(target, "HEAD", headers=headers)
        assert head.status == answer.status
        assert not head.body
        answers = [answer, head]
        if etag := answer.header("ETag"):
            answers.append(client.get(target, {**headers, "If-None-Match": etag}))
            assert answers[-1].status == 304
        # A compressed page is not looked into.
        form = has_form(answer) or (bool(headers) and not known)
        for each in answers:
            if wrong := faults(each, known, form):
                bad[each.target] = wrong
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "CONNECT", "X" * 50):
        for target in ("/Public", "/-/search", "/-/static/0/wiki.css"):
            answer = client.open(target, method, headers={"Cookie2": "echo-me"})
            assert answer.status == 405, method
            assert answer.header("Allow"), method
            assert b"echo-me" not in answer.body
            if wrong := faults(answer, known):
                bad[f"{method} {target}"] = wrong
    for target in ("/Fresh?action=edit", "/Public?action=preview", "/-/login"):
        for token in ("", client.token):
            answer = client.post(target, {"csrf_token": token, "text": "x", "do": "preview", "name": "x"})
            if wrong := faults(answer, True):
                bad[f"POST {target}"] = wrong
    assert not bad


def test_pages_from_the_cache_have_the_same_headers(world: World) -> None:
    client = world.client()
    first = client.get("/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E")
    second = client.get("/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E")
    unchanged = client.get("/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E", {"If-None-Match": second.header("ETag")})
    assert second.hit
    assert unchanged.hit
    assert (unchanged.status, unchanged.body) == (304, b"")
    for answer in (first, second, unchanged):
        assert not faults(answer, known=False)
    assert first.body == second.body


def test_who_only_reads_gets_no_cookie(world: World) -> None:
    client = world.client()
    answers = crawl(client, ["/"], 150)
    assert not [answer.target for answer in answers if answer.headers("Set-Cookie") and not has_form(answer)]
    assert any(has_form(answer) for answer in answers)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cookies_are_out_of_the_reach_of_scripts_and_other_sites(make: Callable[..., World], scheme: str) -> None:
    world = make()
    client = world.client(scheme=scheme)
    answers = [client.get("/-/login"), client.send("/-/login", name="Ann", password="seven green teapots")]
    answers += [client.send("/-/appearance", theme="dark"), client.send("/-/logout")]
    answers += [world.client(scheme=scheme).send("/-/appearance", theme="dark", language="de")]
    seen = set()
    for answer in answers:
        for line in answer.headers("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                seen.add(name)
                assert morsel["samesite"] == "Lax"
                assert morsel["path"] == "/wiki/"
                assert not morsel["domain"]
                assert bool(morsel["secure"]) == (scheme == "https"), line
                assert morsel["httponly"] or name in ("wiki_theme", "wiki_language"), line
    assert {"wiki_session", "wiki_form", "wiki_theme", "wiki_language"} <= seen


def test_a_file_of_a_page_cannot_act_in_the_name_of_the_wiki(world: World) -> None:
    client = world.client()
    for name, content in {
        "a.html": b"<script>alert(1)</script>", "b.svg": b"<svg onload='alert(1)'/>", "c.xhtml": b"<x/>", "d.xml": b"<x/>",
        "e": b"<script>", "f.png": b"<script>alert(1)</script>", "g.js": b"alert(1)", "h.mhtml": b"x", "i.pdf": b"%PDF",
        "j.php": b"<?php", ".htaccess": b"x", "k.txt": b"<script>", "l.css": b"*{}", "m.swf": b"FWS", "n.html.png": b"<b>",
        "o.svgz": b"\x1f\x8b", "p.htm;x": b"<b>", "q.shtml": b"<b>", "r\u202egnp.html": b"<b>", 's"; x="y.html': b"<b>",
    }.items():  # fmt: skip
        world.attach("Public", name, content)
    for file in world.site.wiki.visit(None).attachments("Public"):
        answer = client.get(f"/Public?action=AttachFile&do=get&target={quote(file.name, safe='')}")
        assert answer.status == 200, file.name
        assert answer.kind in (
            "image/png", "image/svg+xml", "text/plain", "application/pdf", "application/octet-stream"
        ), (file.name, answer.kind)  # fmt: skip
        policy = answer.header("Content-Security-Policy")
        assert "sandbox" in policy or answer.kind == "application/pdf", file.name
        assert answer.header("Cross-Origin-Resource-Policy") == "same-origin"
        shown = answer.header("Content-Disposition")
        assert shown.startswith("inline; ") == (answer.kind != "application/octet-stream"), file.name
        assert shown.count('"') == 2, shown
        assert not faults(answer, known=False), file.name
