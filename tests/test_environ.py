"""Every gateway's environ comes out the same: recorded ones, a row each, and what nobody may tell us."""

from __future__ import annotations

import io
from typing import Any

import pytest

from wiki.gateway.body import Body, Drained, bounded
from wiki.gateway.environ import believed, decoded, raw_path, regular
from wiki.pagecache import Known

PAGE = "/Café/日本語 100%? #1"
SENT = "/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E%20100%25%3F%20%231"
PATH = PAGE.encode().decode("latin-1")


def known(mount: str | None = None, proxies: str = "", remote_user: bool = False) -> Known:
    lines = [
        "anywiki 1",
        "epoch=1",
        "on=yes",
        "hosts=",
        "front_page=F",
        f"proxies={proxies}",
        "program=",
        "fingerprint=1",
        "end=",
    ]
    lines.append(f"remote_user={'yes' if remote_user else 'no'}")
    if mount is not None:
        lines.append(f"mount={mount}")
    return Known("\n".join(lines))


def escaped(path: str) -> str:
    """What a careless client sends: only what it must escape is escaped."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


GATEWAYS: dict[str, tuple[str | None, dict[str, str]]] = {
    # gateway: configured mount, and what it sends for SENT below /wiki
    "mod_cgi ScriptAlias": (None, {"SCRIPT_NAME": "/wiki", "PATH_INFO": PATH, "REQUEST_URI": "/wiki" + SENT}),
    "mod_cgi .htaccess, rewritten without a path": (
        None, {"SCRIPT_NAME": "/wiki/wiki.cgi", "REQUEST_URI": "/wiki" + SENT}),
    "mod_cgi .htaccess, path appended and half decoded": (
        None, {"SCRIPT_NAME": "/wiki/wiki.cgi", "PATH_INFO": "/Caf\xc3\xa9/x", "REQUEST_URI": "/wiki" + SENT}),
    "FallbackResource": (None, {"SCRIPT_NAME": "/wiki/index.cgi", "PATH_INFO": "", "REQUEST_URI": "/wiki" + SENT}),
    "cgi-bin hidden by a proxy, mount configured": (
        "/wiki", {"SCRIPT_NAME": "/cgi-bin/wiki.cgi", "PATH_INFO": PATH, "REQUEST_URI": "/cgi-bin/wiki.cgi" + SENT}),
    "lighttpd rewrite": (
        None, {"SCRIPT_NAME": "/wiki/index.cgi", "PATH_INFO": PATH, "REQUEST_URI": "/wiki" + SENT}),
    "nginx fastcgi without PATH_INFO": (None, {"SCRIPT_NAME": "/wiki", "REQUEST_URI": "/wiki" + SENT}),
    "mod_proxy_fcgi as it is": (
        "/wiki",
        {"SCRIPT_NAME": "/wiki" + PATH, "PATH_INFO": "C3%A9/garbage", "REQUEST_URI": "/wiki" + SENT + "?a=b"}),
    "mod_proxy_scgi": ("/wiki", {"SCRIPT_NAME": "/wiki" + PATH, "PATH_INFO": "", "REQUEST_URI": "/wiki" + SENT}),
    "Passenger, path not decoded": (
        None, {"SCRIPT_NAME": "/wiki", "PATH_INFO": SENT, "REQUEST_URI": "/wiki" + SENT}),
    "AJP, path not decoded": ("/wiki", {"SCRIPT_NAME": "/wiki", "PATH_INFO": SENT, "REQUEST_URI": "/wiki" + SENT}),
    "gunicorn below SCRIPT_NAME": (None, {"SCRIPT_NAME": "/wiki", "PATH_INFO": PATH, "RAW_URI": "/wiki" + SENT}),
    "gunicorn, mount configured": (
        "/wiki", {"SCRIPT_NAME": "", "PATH_INFO": "/wiki" + PATH, "RAW_URI": "/wiki" + SENT}),
    "waitress --url-prefix": (None, {"SCRIPT_NAME": "/wiki", "PATH_INFO": PATH, "REQUEST_URI": "/wiki" + SENT}),
    "wsgiref, mount configured": ("/wiki", {"SCRIPT_NAME": "", "PATH_INFO": "/wiki" + PATH}),
    "granian --url-path-prefix": (None, {"SCRIPT_NAME": "/wiki", "PATH_INFO": PATH}),
    "a proxy that takes the mount off": ("/wiki", {"SCRIPT_NAME": "", "PATH_INFO": PATH, "REQUEST_URI": SENT}),
    "the same without a raw path": ("/wiki", {"SCRIPT_NAME": "", "PATH_INFO": PATH}),
    "absolute form": (
        "/wiki", {"SCRIPT_NAME": "", "PATH_INFO": PATH, "REQUEST_URI": "http://evil.example/wiki" + SENT + "?q"}),
    "raw UTF-8 in the request line": (
        "/wiki", {"PATH_INFO": "", "REQUEST_URI": "/wiki" + escaped(PATH)}),
    "a gateway that decodes UTF-8": (
        "/wiki", {"PATH_INFO": "", "REQUEST_URI": "/wiki" + escaped(PAGE)}),
}  # fmt: skip


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_mount_and_path_are_the_same_from_every_gateway(gateway: str) -> None:
    mount, sent = GATEWAYS[gateway]
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", **sent}
    regular(environ, None if mount is None else known(mount))
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/wiki", PATH, "")


@pytest.mark.parametrize(
    ("script", "uri", "expected"),
    [
        ("", "/", ("", "/")),
        ("", "/wiki/Page", ("", "/wiki/Page")),
        ("/wiki.cgi", "/Page", ("", "/Page")),
        ("/wiki.cgi", "/wiki.cgi/Page", ("/wiki.cgi", "/Page")),
        ("/wiki.cgi", "/wiki.cgix/Page", ("", "/wiki.cgix/Page")),
        ("/wiki", "/wiki", ("/wiki", "")),
        ("/wiki", "/wiki/", ("/wiki", "/")),
        ("/wiki", "/wiki?a=/b", ("/wiki", "")),
        ("/cgi-bin/wiki.cgi", "/other/Page", ("/cgi-bin/wiki.cgi", "/Given")),
        ("", "/a%2Fb", ("", "/a/b")),
        ("", "/a%252Fb", ("", "/a%2Fb")),
        ("", "//a//b/", ("", "//a//b/")),
        ("", "/a/%2e%2e/b", ("", "/a/../b")),
        ("", "/a/../b", ("", "/a/../b")),
        ("", "/%zz%4%+1% 1%", ("", "/%zz%4%+1% 1%")),
        ("", "*", ("", "/Given")),
    ],
)
def test_the_mount_is_found_where_it_is_not_configured(script: str, uri: str, expected: tuple[str, str]) -> None:
    environ: dict[str, Any] = {"SCRIPT_NAME": script, "PATH_INFO": "/Given", "REQUEST_URI": uri}
    regular(environ)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == expected
    assert environ["wiki.raw_path"] == ("" if uri == "*" else uri.partition("?")[0])


def test_a_mount_may_be_any_unicode_and_counts_in_whole_segments() -> None:
    environ: dict[str, Any] = {"REQUEST_URI": "/caf%C3%A9/Page", "PATH_INFO": ""}
    regular(environ, known("/café"))
    assert environ["SCRIPT_NAME"].encode("latin-1").decode() == "/café"
    assert environ["PATH_INFO"] == "/Page"
    environ = {"REQUEST_URI": "/wikipedia", "PATH_INFO": "/wikipedia"}
    regular(environ, known("/wiki"))
    assert environ["PATH_INFO"] == "/wikipedia"


def test_what_a_client_says_about_itself_is_not_believed() -> None:
    environ = {
        "REMOTE_ADDR": "192.0.2.9", "REMOTE_USER": "root", "HTTP_PROXY": "http://evil", "HTTP_HOST": "wiki.example",
        "HTTP_X_FORWARDED_FOR": "127.0.0.1", "HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_PREFIX": "/evil", "HTTP_FORWARDED": "for=127.0.0.1", "wsgi.url_scheme": "http",
        "HTTP_REMOTE_USER": "root", "PATH_INFO": "/",
    }  # fmt: skip
    for settings in (None, known(), known(proxies="10.0.0.0/8 127.0.0.1 ::1")):
        environ_now = dict(environ)
        regular(environ_now, settings)
        assert not [name for name in environ_now if "FORWARDED" in name or name in ("REMOTE_USER", "HTTP_PROXY")]
        assert environ_now["REMOTE_ADDR"] == "192.0.2.9"
        assert environ_now["HTTP_HOST"] == "wiki.example"
        assert environ_now["wsgi.url_scheme"] == "http"
        assert environ_now["SCRIPT_NAME"] == ""


def test_a_configured_proxy_is_believed_about_the_last_hop_it_does_not_know() -> None:
    environ = {
        "REMOTE_ADDR": "10.1.2.3", "PATH_INFO": "/", "HTTP_HOST": "backend:8000", "wsgi.url_scheme": "http",
        "HTTP_X_FORWARDED_FOR": "1.1.1.1, 198.51.100.7, 10.9.9.9", "HTTP_X_FORWARDED_HOST": "a, wiki.example",
        "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_PREFIX": "/wiki",
    }  # fmt: skip
    regular(environ, known(proxies="10.0.0.0/8"))
    assert environ["REMOTE_ADDR"] == "198.51.100.7"
    assert (environ["HTTP_HOST"], environ["wsgi.url_scheme"]) == ("wiki.example", "https")
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/wiki", "/")


@pytest.mark.parametrize(
    ("sent", "page"),
    [
        # the proxy took the mount off and says so: what looks like the mount is a page
        ({"PATH_INFO": "/wiki"}, "/wiki"),
        ({"PATH_INFO": "/wiki/Page", "REQUEST_URI": "/wiki/Page"}, "/wiki/Page"),
        ({"PATH_INFO": "/Page"}, "/Page"),
        ({"SCRIPT_NAME": "/wiki", "PATH_INFO": "/Page", "REQUEST_URI": "/wiki/Page"}, "/Page"),
    ],
)
def test_a_prefix_that_a_believed_proxy_took_off_is_no_page(sent: dict[str, str], page: str) -> None:
    environ: dict[str, Any] = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PREFIX": "/wiki", **sent}
    regular(environ, known("/wiki", proxies="127.0.0.1"))
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/wiki", page)


def test_a_proxy_may_take_off_a_part_of_the_mount() -> None:
    environ: dict[str, Any] = {
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_X_FORWARDED_PREFIX": "/caf%C3%A9/",
        "PATH_INFO": "/w/P",
    }
    regular(environ, known("/café/w", proxies="127.0.0.1"))
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/caf\xc3\xa9/w", "/P")


def test_a_root_that_is_configured_holds_against_a_gateway_that_takes_the_path_for_the_script() -> None:
    environ: dict[str, Any] = {"SCRIPT_NAME": "/Page/Sub", "PATH_INFO": "", "REQUEST_URI": "/Page/Sub"}
    regular(environ, known(""))
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "/Page/Sub")


@pytest.mark.parametrize("info", ["http://evil.example/wiki/What?#1", "HTTPS://h:8/wiki/What?#1"])
def test_a_whole_url_as_the_path_is_read_as_its_path(info: str) -> None:
    environ: dict[str, Any] = {"PATH_INFO": info}
    regular(environ, known("/wiki"))
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/wiki", "/What?#1")


@pytest.mark.parametrize(
    ("address", "proxies", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.11", False),
        ("10.0.0.1", "10.0.0.0/8", True),
        ("11.0.0.1", "10.0.0.0/8", False),
        ("172.31.0.1", "172.16.0.0/12", True),
        ("172.32.0.1", "172.16.0.0/12", False),
        ("fd00::1", "fd00::/8", True),
        ("fe80::1", "fd00::/8", False),
        ("::ffff:10.0.0.1", "10.0.0.0/8", False),
        ("10.0.0.1", "nonsense/8 10.0.0.0/99 10.0.0.0/x", False),
        ("nonsense", "0.0.0.0/0", False),
        ("", "unix", True),
        ("unix:", "unix", True),
        ("", "0.0.0.0/0", False),
    ],
)
def test_proxies_are_addresses_and_networks(address: str, proxies: str, expected: bool) -> None:
    assert believed(address, proxies.split()) is expected


def test_remote_user_counts_where_it_is_configured() -> None:
    for name in ("REMOTE_USER", "REDIRECT_REMOTE_USER"):
        environ: dict[str, Any] = {name: "ann", "PATH_INFO": "/"}
        regular(environ, known(remote_user=True))
        assert environ["REMOTE_USER"] == "ann"


def test_authorization_is_found_after_an_internal_redirect() -> None:
    environ: dict[str, Any] = {"REDIRECT_HTTP_AUTHORIZATION": "Basic eDp5"}
    regular(environ)
    assert environ["HTTP_AUTHORIZATION"] == "Basic eDp5"


@pytest.mark.parametrize("length", ["", "abc", "-1", "1.5", "²", " 5"])
def test_a_length_that_is_none_is_dropped(length: str) -> None:
    environ: dict[str, Any] = {"CONTENT_LENGTH": length, "CONTENT_TYPE": ""}
    regular(environ)
    assert "CONTENT_LENGTH" not in environ
    assert "CONTENT_TYPE" not in environ


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("/a%41%c3%A9", "/aA\xc3\xa9"),
        ("/%", "/%"),
        ("/%4", "/%4"),
        ("/%zz", "/%zz"),
        ("/% 41", "/% 41"),
        ("/%00", "/\0"),
    ],
)
def test_a_path_is_decoded_once_and_never_fails(sent: str, expected: str) -> None:
    assert decoded(sent) == expected


def test_the_raw_path_has_no_query_and_no_host() -> None:
    assert raw_path("/a?b#c") == "/a"
    assert raw_path("https://h") == "/"
    assert raw_path("https://h/a/b?c") == "/a/b"
    assert raw_path("h:443") == ""


class Endless(io.RawIOBase):
    """A client's connection: what was sent, then nothing for ever; reading too much would block."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, size: int = -1) -> bytes:
        assert 0 <= size <= len(self.content), "this would wait for ever"
        piece, self.content = self.content[:size], self.content[size:]
        return piece


def test_no_more_is_read_than_was_announced() -> None:
    environ: dict[str, Any] = {"CONTENT_LENGTH": "5", "wsgi.input": Endless(b"12345")}
    bounded(environ)
    assert environ["wsgi.input"].read() == b"12345"
    environ = {"wsgi.input": Endless(b"")}
    bounded(environ)
    assert environ["wsgi.input"].read() == b""
    environ = {"wsgi.input": io.BytesIO(b"chunks put together"), "wsgi.input_terminated": True}
    bounded(environ)
    assert environ["wsgi.input"].read() == b"chunks put together"


def test_what_the_application_did_not_read_is_read_before_its_answer() -> None:
    def early(environ: Any, start_response: Any) -> list[bytes]:
        environ["wsgi.input"].read(3)
        start_response("413 Content Too Large", [])
        return [b"no"]

    source = io.BytesIO(b"x" * 300_000)
    environ = {"CONTENT_LENGTH": "300000", "wsgi.input": source}
    assert list(Drained(early)(environ, lambda *given: None)) == [b"no"]
    assert source.tell() == 300_000


def test_a_body_that_ends_before_its_length_is_an_error() -> None:
    environ: dict[str, Any] = {"CONTENT_LENGTH": "10", "wsgi.input": io.BytesIO(b"half")}
    bounded(environ)
    with pytest.raises(ConnectionResetError):
        environ["wsgi.input"].read()


def test_after_an_answer_to_a_body_without_end_the_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def early(environ: Any, start_response: Any) -> list[bytes]:
        start_response("413 Content Too Large", [])
        return [b"no"]

    monkeypatch.setattr("wiki.gateway.body.DRAIN_BYTES", 100_000)
    environ = {"CONTENT_LENGTH": "1000000", "wsgi.input": io.BytesIO(b"x" * 1_000_000)}
    answer = iter(Drained(early)(environ, lambda *given: None))
    assert next(answer) == b"no"
    with pytest.raises(BrokenPipeError):
        next(answer)


def test_draining_ends_at_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wiki.gateway.body.DRAIN_BYTES", 100_000)
    source = io.BytesIO(b"x" * 1_000_000)
    assert not Body(source, 1_000_000).drain()
    assert source.tell() < 200_000


def test_an_application_that_reads_while_it_answers_gets_its_body() -> None:
    def late(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield environ["wsgi.input"].read()

    environ = {"CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"abc")}
    assert list(Drained(late)(environ, lambda *given: None)) == [b"abc"]
