"""Where redirects and links lead, which host they name, and what a line end in a URL can do."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import quote, unquote, urljoin, urlsplit

import pytest

from .client import Answer, Client
from .routes import targets
from .world import PASSWORD, World

ELSEWHERE = (
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\\/evil.example", "https:evil.example",
    "https://evil.example", "http:///evil.example", "HTTP:\\\\evil.example", "javascript:alert(1)", "data:text/html,x",
    "/\t/evil.example", "\t//evil.example", " //evil.example", "/wiki//evil.example/..//", "/wiki/\\evil.example",
    "/wiki/%2F%2Fevil.example", "/wiki/..//evil.example", "/wiki@evil.example", "/wikievil.example", "//localhost@evil.example",
    "http://localhost.evil.example/wiki/", "/wiki/\r\nLocation: //evil.example", "/wiki/\u2028//evil.example", "wiki/", "",
    "/\u0000/evil.example", "//evil。example", "https://localhost:80@evil.example/wiki/", "%2F%2Fevil.example", "/%5cevil.example",
)  # fmt: skip

LINK = re.compile(r'\s(?:href|src|action|formaction|data-[a-z]+)="([^"]*)"')


def strays(answer: Answer, mount: str) -> list[str]:
    """Return the URLs in an answer's headers and links that a browser would follow to another host."""
    here = f"http://localhost{answer.target}"
    urls = answer.headers("Location") + [unescape(url) for url in LINK.findall(answer.body.decode("utf-8", "replace"))]
    found = []
    for url in urls:
        # As browsers read it: a backslash is a slash, tabs and line ends are not there.
        full = urljoin(here, re.sub("[\t\r\n]", "", url).strip().replace("\\", "/"))
        if urlsplit(full).netloc != "localhost" or not full.startswith("http://") or url.startswith(("//", "/\\")):
            found.append(url)
    return found


@pytest.mark.parametrize("mount", ["/wiki", ""])
def test_nothing_leads_away_after_logging_in_or_choosing(make: Callable[..., World], mount: str) -> None:
    world = make()
    world.app.extensions["wiki"].wiki.storage.tally = lambda *_: 1
    for url in ELSEWHERE:
        client = world.client(mount=mount)
        query = f"next={quote(url, safe='', errors='surrogatepass')}"
        pages = [client.get(f"/-/{path}?{query}") for path in ("login", "register", "appearance", "logout")]
        pages.append(client.send("/-/appearance", theme="dark", next=url))
        pages.append(client.send(f"/-/login?{query}", name="Ann", password=PASSWORD, next=url))
        assert pages[-1].status == 303, pages[-1].text
        pages += [client.get(f"/-/login?{query}"), client.send(f"/-/appearance?{query}", theme="", next=url)]
        pages.append(client.send(f"/-/logout?{query}", next=url))
        assert not [(page.target, stray) for page in pages if (stray := strays(page, mount))]
        assert all(page.header("Location").startswith(f"{mount}/") for page in pages if page.status == 303)


@pytest.mark.parametrize("mount", ["/wiki", ""])
def test_no_name_or_parameter_leads_away(make: Callable[..., World], mount: str) -> None:
    world = make()
    client = world.client("admin", mount=mount)
    paths = ["//evil.example", "///evil.example/..", "//evil.example/%2e%2e", "/%2F%2Fevil.example", "/%5Cevil.example", "/\\evil.example",
             "/%5C%5Cevil.example", "/%09//evil.example", "/%0d%0aLocation:%20//evil.example", "/-//evil.example", "/-/-//evil.example",
             "/http:%2F%2Fevil.example", "/http://evil.example", "/javascript:alert(1)", "/%E2%80%AE//evil.example", "/.//evil.example",
             "/-/p///evil.example", "/-/static///evil.example", "/@evil.example", "/%EF%BB%BF//evil.example", "/%00//evil.example"]  # fmt: skip
    answers = [
        client.get(path + query)
        for path in paths
        for query in ("", "?action=edit", "?redirect=%2F%2Fevil.example", "?x=%0d%0ay")
    ]
    for url in ELSEWHERE:
        written = quote(url, safe="")
        for target in ("/FrontPage?redirect=", "/-/new?name=", "/-/new?parent=x&name=", "/-/new?name=x&template=", "/-/search?q=",
                       "/FrontPage?action=fullsearch&value=", "/-/tree?at=", "/-/recent?under=", "/-/recent?author=", "/?action=info&note=",
                       "/-/feed/page.atom?page=", "/FrontPage?action=rss_rc&page=", "/Nowhere?action=edit&template=", "/-/new?parent=",
                       "/FrontPage?action=AttachFile&do=view&target=", "/-/index?after=", "/-/suggest?q=", "/-/p/", "/"):  # fmt: skip
            answers += [client.get(target + written)]
        answers.append(client.send("/FrontPage?action=CopyPage", new=url))
        text = f"#redirect {url}\n"
        page = world.site.wiki.page_or_none("Way")
        number = page.number if page else 0
        client.send("/Way?action=edit", text=text, do="save", base=str(number))
        answers += [client.get("/Way"), client.get("/Way?redirect=Way")]
    assert not [answer.target for answer in answers if answer.status >= 500]
    assert not [(answer.target, stray) for answer in answers if (stray := strays(answer, mount))]


def test_a_host_that_is_not_ours_is_named_nowhere(make: Callable[..., World]) -> None:
    world = make(base_url="https://wiki.example.org")
    evil = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "Forwarded": "host=evil.example", "X-Forwarded-Prefix": "/evil.example",
            "X-Original-URL": "/evil.example", "X-Rewrite-URL": "/evil.example", "X-Host": "evil.example", "Referer": "http://evil.example/"}  # fmt: skip
    for role in ("anonymous", "admin"):
        client = world.client(role, host="evil.example")
        for target in targets(("FrontPage", "Nowhere")):
            answer = client.get(target, evil)
            assert b"evil.example" not in answer.body + repr(answer.fields).encode(), target
    clean = Client(world.door).get("/FrontPage")
    assert b"evil" not in clean.body
    assert b"https://wiki.example.org/wiki/" in Client(world.door, host="evil.example").get("/-/feed/recent.atom").body
    shown = world.client("admin", host="evil.example").send("/-/admin/users", do="recover", id=world.user("Ann").id)
    assert "https://wiki.example.org/wiki/-/invite?code=" in shown.text
    assert "evil" not in shown.text


def test_a_page_made_for_one_host_shows_none_to_others(make: Callable[..., World]) -> None:
    world = make()
    Client(world.door, host="evil.example").get("/FrontPage")
    answer = Client(world.door).get("/FrontPage")
    assert answer.hit
    assert b"evil" not in answer.body + repr(answer.fields).encode()


HOSTS = ("evil.example", "wiki.example.evil", "wiki.example:99999", "wiki.example@evil", "a b", "", "[::1", "%00")


def test_only_allowed_hosts_are_answered(make: Callable[..., World]) -> None:
    world = make(allowed_hosts=["wiki.example"])
    assert Client(world.door, host="wiki.example").get("/FrontPage").status == 200
    for host in HOSTS:
        client = Client(world.door, host=host)
        for target in (
            "/FrontPage",
            "/",
            "/-/feed/recent.atom",
            "/-/login",
            "/-/static/0/wiki.css",
            "/-/random",
            "/-/health",
        ):
            answer = client.get(target)
            assert answer.status in (400, 421), (host, target)
            assert b"evil" not in answer.body + repr(answer.fields).encode()
        assert client.post("/-/login", {"name": "x"}).status in (400, 421)


@pytest.mark.parametrize(
    "line",
    [
        "%0d%0aX-Evil:%201",
        "%0aX-Evil:1",
        "%0d%0a%0d%0a<script>",
        "%E5%98%8A%E5%98%8DX-Evil:1",
        "%00X",
        "%C2%85X-Evil:1",
    ],
)
def test_a_line_end_makes_no_header(make: Callable[..., World], line: str) -> None:
    world = make()
    client = world.client("admin")
    world.attach("FrontPage", unquote(f"a{line}.txt"), b"x")
    name = world.site.wiki.visit(None).attachments("FrontPage")[0].name
    found = [client.get(f"/FrontPage?action=AttachFile&do=get&target={quote(name)}")]
    assert found[0].status == 200
    for target in (
        "/A%s",
        "/A%s/",
        "/-/p/%s",
        "/-/static/%s",
        "/FrontPage?action=%s",
        "/FrontPage?rev=%s",
        "/Nowhere//%s",
        "/-/new?name=%s",
        "/%s",
        "/FrontPage?redirect=%s",
        "/-/login?next=/wiki/%s",
        "/FrontPage?action=titlesearch&value=%s",
        "/FrontPage/?%s",
        "/-/tree?at=%s",
    ):
        found += [client.get(target % line)]
    found.append(client.send("/-/appearance", next=unquote(f"/wiki/{line}"), theme="dark"))
    assert not [answer.target for answer in found if answer.status >= 500 or answer.header("X-Evil")]
