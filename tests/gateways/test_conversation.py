"""Every gateway holds the same conversation: written once, held with real servers."""

from __future__ import annotations

import base64
import http.client
import os
import re
import zlib
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from .installation import ODD, PAGE, PASSWORD, PLANTED
from .visitor import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Site
    from .visitor import Answer, Visitor

pytestmark = [pytest.mark.gateway, pytest.mark.slow]


def test_a_page_is_saved_seen_and_changed(site: Site, visitor: Visitor, saved: Callable[[str, str], Answer]) -> None:
    assert visitor.page(PAGE + "/新").status == 404
    for text in ("First text.", "Second text.", "Third text."):
        if not text.startswith("First"):
            answer = saved(PAGE, text)
            assert answer.headers["location"].partition("?")[0].endswith(f"{site.gateway.mount}/{quoted(PAGE)}")
        for _ in range(2):
            page = visitor.page(PAGE)
            assert page.status == 200
            assert text in page.text
    assert f'href="{site.gateway.mount}/' in page.text
    assert "wiki.cgi" not in page.text


def test_a_preview_shows_what_is_missing_in_red_and_saves_nothing(site: Site, visitor: Visitor) -> None:
    form = visitor.edit("Drafted")
    text = "Some **bold** words, [[Café/新しい]] and [[FrontPage]]."
    answer = visitor.submit("/Drafted?action=edit", {**form, "text": text, "do": "preview"})
    assert answer.status == 200
    assert "<strong>bold</strong>" in answer.text
    links = re.findall(r'<a [^>]*class="missing"[^>]*>', answer.text)
    assert [link for link in links if f'href="{site.gateway.mount}/{quoted("Café/新しい")}' in link], links
    assert visitor.form(answer, "text")["text"] == text
    assert visitor.page("Drafted").status == 404


def test_the_second_view_comes_from_the_cache_and_is_the_same(
    site: Site, visitor: Visitor, saved: Callable[[str, str], Answer]
) -> None:
    saved("Kept", "# Heading\n\nA text that is long enough to be compressed. " * 20)
    first = visitor.page("Kept")
    entries = list((site.folder / "data/cache/pages").glob("*/*/Kept.html"))
    assert len(entries) == 1, "the page was not kept"
    assert entries[0].read_bytes() == first.body
    second = visitor.page("Kept")
    assert second.body == first.body
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["cache-control"] == "no-cache"
    assert {each.strip() for each in second.headers["vary"].split(",")} == {"Cookie", "Accept-Encoding"}
    assert "set-cookie" not in second.headers
    packed = visitor.page("Kept", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert zlib.decompress(packed.body, 31) == first.body
    for answer in (first, packed):
        unchanged = visitor.page("Kept", If_None_Match=answer.headers["etag"], Accept_Encoding="gzip")
        assert (unchanged.status, unchanged.body) == (304, b"")
    head = visitor.page("Kept", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    # Apache takes it away where there is no body.
    assert head.headers.get("content-length", str(len(first.body))) == str(len(first.body))
    # The proof that it is the cache that answers: what lies there is what is sent.
    changed = first.body.replace(b"long enough", b"lang enough")
    with entries[0].open("r+b") as file:
        status = os.stat(entries[0])
        file.write(changed)
    os.utime(entries[0], ns=(status.st_atime_ns, status.st_mtime_ns))
    if site.gateway.family == "cgi":
        assert visitor.page("Kept").body == changed


def test_the_front_page_is_at_the_root(site: Site, visitor: Visitor, saved: Callable[[str, str], Answer]) -> None:
    saved("FrontPage", "The front of it.")
    for _ in range(2):
        answer = visitor.ask("/")
        assert answer.status == 200
        assert "The front of it." in answer.text
    saved("FrontPage", "Another front.")
    assert "Another front." in visitor.ask("/").text


@pytest.mark.parametrize("name", ODD)
def test_odd_names_arrive_as_they_are(visitor: Visitor, name: str) -> None:
    for _ in range(2):
        page = visitor.page(name)
        assert page.status == 200, page.text[:2000]
        assert name.encode().hex() in page.text


def test_a_path_that_is_not_normal_is_redirected_or_refused(site: Site, visitor: Visitor) -> None:
    normal = f"{site.gateway.mount}/{quoted(PAGE)}"
    decomposed = "/Cafe%CC%81/%E6%97%A5%E6%9C%AC%E8%AA%9E"
    for path in (decomposed, "/" + quoted(PAGE) + "/"):
        answer = visitor.ask(path + "?action=info")
        assert answer.status == 301, (path, answer.text[:500])
        assert answer.headers["location"].endswith(normal + "?action=info")
    assert visitor.ask("/Caf%C3%A9/%2e%2e/x").status in (301, 400, 403, 404)
    assert visitor.ask("/%ff").status == 400
    assert visitor.ask("/a%00b").status in (301, 400, 404)


def test_a_double_slash_is_redirected(site: Site, visitor: Visitor) -> None:
    answer = visitor.ask("/Caf%C3%A9//%E6%97%A5%E6%9C%AC%E8%AA%9E?action=info")
    assert answer.status == 301
    assert answer.headers["location"].endswith(f"{site.gateway.mount}/{quoted(PAGE)}?action=info")


def test_an_encoded_slash_is_a_slash(site: Site, visitor: Visitor) -> None:
    answer = visitor.ask("/" + quoted(PAGE).replace("/", "%2F"))
    if answer.status == 301:
        answer = visitor.ask(answer.headers["location"].removeprefix(site.gateway.mount))
    assert answer.status == 200
    assert f"{PAGE}</title>" in answer.text or f"{PAGE} " in answer.text


def test_redirects_and_feeds_have_the_host_the_port_and_the_mount(site: Site, visitor: Visitor) -> None:
    for host in (f"127.0.0.1:{site.port}", "wiki.example:8123"):
        base = f"http://{host}{site.gateway.mount}/"
        answer = visitor.ask("/Caf%C3%A9/x/?action=raw", host=host)
        assert answer.status == 301
        assert urljoin(base, answer.headers["location"]) == base + "Caf%C3%A9/x?action=raw"
        feed = visitor.ask("/-/feed/recent.atom", host=host)
        assert f'href="{base}{quoted(PAGE)}' in feed.text, feed.text[:2000]


def test_two_editors_are_merged_or_told(site: Site, visitor: Visitor, saved: Callable[[str, str], Answer]) -> None:
    saved("Disputed", "one\n\ntwo\n\nthree\n")
    mine = visitor.edit("Disputed")
    saved("Disputed", "one\n\ntwo\n\nTHREE\n")
    assert visitor.save("Disputed", "ONE\n\ntwo\n\nthree\n", mine).status == 303
    assert visitor.page("Disputed", "action=raw").text.split() == ["ONE", "two", "THREE"]
    mine = visitor.edit("Disputed")
    saved("Disputed", "theirs\n")
    answer = visitor.save("Disputed", "mine, with every character: äöü 日本 <&>\n", mine)
    assert answer.status == 409
    assert "mine, with every character: äöü 日本 &lt;&amp;&gt;" in answer.text
    assert visitor.page("Disputed", "action=raw").text == "theirs\n"


def test_a_form_without_its_token_changes_nothing(visitor: Visitor) -> None:
    form = {**visitor.edit("Guarded"), "csrf_token": "x"}
    answer = visitor.save("Guarded", "my forged text", form)
    assert 400 <= answer.status < 500
    assert "my forged text" in answer.text, "the author's text was lost"
    assert visitor.page("Guarded", "action=raw").text.strip() == "Before."


def test_a_body_that_is_too_large_is_answered(visitor: Visitor) -> None:
    form = visitor.edit("Full")
    answer = visitor.save("Full", "x" * 6_000_000, form)
    assert answer.status == 413, answer.text[:500]
    assert "Traceback" not in answer.text
    assert visitor.page("Full", "action=raw").text.strip() == "Before."


def test_somebody_logs_in_and_out(site: Site, visitor: Visitor) -> None:
    form = visitor.form(visitor.ask("/-/login"), "password")
    wrong = visitor.submit("/-/login", {**form, "name": "Ann", "password": "wrong"})
    assert wrong.status in (200, 401, 403)
    answer = visitor.submit("/-/login", {**form, "name": "Ann", "password": PASSWORD})
    assert answer.status == 303, answer.text[:2000]
    page = visitor.ask("/")
    assert "Ann" in page.text
    assert "Ann" not in site.visitor().ask("/").text
    form = visitor.form(page, "csrf_token")
    assert visitor.submit("/-/logout", {"csrf_token": form["csrf_token"]}).status == 303
    assert "Ann" not in visitor.ask("/").text


def test_a_program_says_who_it_is_by_authorization(visitor: Visitor) -> None:
    call = (
        b"<?xml version='1.0'?><methodCall><methodName>getPage</methodName><params><param><value><string>Claims"
        b"</string></value></param></params></methodCall>"
    )
    for password, status in (("wrong", 403), (PASSWORD, 200)):
        told = "Basic " + base64.b64encode(f"Ann:{password}".encode()).decode()
        answer = visitor.page(
            "Claims", "action=xmlrpc2", method="POST", body=call, Content_Type="text/xml", Authorization=told
        )
        assert answer.status == status, answer.text[:500]
    assert "Before." in answer.text


def test_a_fault_is_answered_with_its_number(site: Site, visitor: Visitor) -> None:
    answer = visitor.page("Claims", "action=print")
    assert answer.status == 500
    for told in ("Traceback", "File ", PLANTED.partition(":")[0], str(site.folder)):
        assert told not in answer.text
    log = (site.folder / "data/log/error.log").read_text()
    assert [number for number in re.findall(r"\b[0-9a-f]{8}\b", answer.text) if number in log]
    assert visitor.page("Claims").status == 200


def test_what_a_client_claims_is_not_believed(visitor: Visitor) -> None:
    claims = {
        "Remote_User": "Ann", "X_Remote_User": "Ann", "X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https",
        "X_Forwarded_Prefix": "/evil", "X_Forwarded_For": "10.9.9.9", "Forwarded": "host=evil.example", "Proxy": "http://evil.example",
        "X_Original_URL": "/evil", "X_Forwarded_Port": "666", "Authorization": "Basic QW5uOng=",
    }  # fmt: skip
    for host in (None, "evil.example"):
        answer = visitor.page("Claims", host=host, **claims)
        assert "evil" not in str(answer.headers)
        assert "evil" not in answer.text
        assert "10.9.9.9" not in answer.text
    assert "evil" not in visitor.page("Claims", host="evil.example").text
    assert "evil" not in visitor.page("Claims").text


@pytest.mark.parametrize("query", ["-h", "--help+x", "-d+allow_url_include%3d1", "?"])
def test_a_query_is_no_argument(visitor: Visitor, query: str) -> None:
    answer = visitor.page("Argued", query)
    assert answer.status == 200
    assert "Before." in answer.text


def test_unknown_methods_and_actions_are_refused(visitor: Visitor) -> None:
    assert visitor.ask("/", "DELETE").status in (403, 405, 501)
    assert visitor.page("X", "action=nonsense").status in (400, 404)
    assert visitor.ask("/-/nonsense").status == 404


def test_static_files_are_served(site: Site, visitor: Visitor) -> None:
    page = visitor.ask("/").text
    start = page.index(f"{site.gateway.mount}/-/static/")
    url = page[start : page.index('"', start)]
    answer = visitor.ask(url.removeprefix(site.gateway.mount))
    assert answer.status == 200
    assert answer.headers["content-type"].partition(";")[0] in (
        "text/css",
        "image/svg+xml",
        "text/javascript",
        "image/png",
    )


def test_an_absolute_url_in_the_request_line_is_understood(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    connection.putrequest("GET", f"http://127.0.0.1:{site.port}{site.gateway.mount}/Claims", skip_accept_encoding=True)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status == 200
    assert b"Before." in body


def test_the_data_folder_and_the_script_are_not_served(site: Site, visitor: Visitor) -> None:
    for path in ("/wiki.toml", "/data/wiki.toml", "/secret.key", "/.htaccess", "/wiki.cgi", "/../data/wiki.db"):
        answer = visitor.ask(path)
        assert b"anonymous_edit" not in answer.body
        assert b"#!/" not in answer.body
        assert b"SQLite format" not in answer.body
        assert b"RewriteRule" not in answer.body
