"""The interface for programs: called by Python's own XML-RPC client, with MoinMoin 1.9's method names."""

from __future__ import annotations

import io
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from xmlrpc.client import Binary, DateTime, Fault, MultiCall, ProtocolError, ServerProxy, Transport, dumps, loads

import pytest

from wiki import accounts
from wiki.model import User
from wiki.web import xmlrpc as interface
from wiki.web.site import Site

from .conftest import CANARY, HOST, PAGE, PASSWORD, PREFIX, Browser

URL = f"{PREFIX}/?action=xmlrpc2"


class Wire(Transport):
    """Carries calls to the application, without a network."""

    def __init__(self, browser: Browser, headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.browser = browser
        self.extra = headers or {}

    def request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:
        answer = self.browser.open(
            handler, "POST", {"Content-Type": "text/xml", **self.extra}, data=bytes(request_body)
        )
        if answer.status != 200:
            raise ProtocolError(handler, answer.status, answer.text[:200], {})
        return loads(answer.body.decode())[0]


@pytest.fixture
def server(browser: Browser) -> ServerProxy:
    """The wiki as an anonymous program sees it."""
    return ServerProxy(HOST + URL, transport=Wire(browser))


@pytest.fixture
def ann(browser: Browser, account: Callable[..., User]) -> ServerProxy:
    """The wiki as a program with Ann's name and password sees it."""
    account("Ann")
    basic = b64encode(f"Ann:{PASSWORD}".encode()).decode()
    return ServerProxy(HOST + URL, transport=Wire(browser, {"Authorization": f"Basic {basic}"}))


def fault(call: Callable[..., Any], *params: Any) -> Fault:
    with pytest.raises(Fault) as raised:
        call(*params)
    return raised.value


def test_pages_are_written_and_read(ann: ServerProxy, server: ServerProxy) -> None:
    text = "Ein Text: äöü 日本 <&>\n"
    assert ann.putPage(PAGE, text) is True
    assert ann.putPage(PAGE, "Second.") is True
    assert server.getPage(PAGE) == "Second.\n"
    assert server.getPageVersion(PAGE, 1) == text
    assert "<p>Second.</p>" in str(server.getPageHTML(PAGE))
    assert "äöü" in str(server.getPageHTMLVersion(PAGE, 1))
    assert server.wiki.getPage(PAGE) == "Second.\n"
    info: Any = server.getPageInfo(PAGE)
    assert (info["name"], info["author"], info["version"]) == (PAGE, "Ann", 2)
    assert isinstance(info["lastModified"], DateTime)
    assert (
        abs(time.mktime(time.strptime(info["lastModified"].value, "%Y%m%dT%H:%M:%S")) - time.mktime(time.gmtime())) < 60
    )
    older: Any = server.getPageInfoVersion(PAGE, 1)
    assert older["version"] == 1


def test_pages_are_listed_linked_and_found(ann: ServerProxy, server: ServerProxy) -> None:
    ann.putPage("One", "#language de\nA rare word: xylophone. [[Two]] [[Three]]")
    ann.putPage("Two", "Another.")
    assert server.getAllPages() == ["One", "Two"]
    assert server.getAllPagesEx({"include_revno": True, "prefix": "O"}) == [["One", 1]]
    assert server.getAllPages({"exclude_non_writable": True}) == []
    assert server.listLinks("One") == [{"name": "Three", "type": "local"}, {"name": "Two", "type": "local"}]
    found: Any = server.searchPages("xylophone")
    assert [name for name, _ in found] == ["One"]
    assert "xylophone" in found[0][1]
    assert [name for name, _ in ann.searchPagesEx("xylo.*ne", "text", 30, False, 0, True)] == ["One"]  # type: ignore[misc, union-attr]
    assert [name for name, _ in server.searchPagesEx("tw", "title")] == ["Two"]  # type: ignore[misc, union-attr]
    assert server.getProcessingInstruction("One", "language") == "de"
    changes: Any = server.getRecentChanges(DateTime(time.gmtime(time.time() - 3600)))
    assert [(change["name"], change["version"]) for change in changes] == [("Two", 1), ("One", 1)]
    assert server.getRecentChanges(DateTime(time.gmtime(time.time() + 3600))) == []


def test_pages_are_renamed_reverted_and_deleted(ann: ServerProxy) -> None:
    ann.putPage("Old", "first")
    ann.putPage("Old", "second")
    assert ann.revertPage("Old", 1) is True
    assert ann.renamePage("Old", "New/Name") is True
    assert ann.getPage("New/Name") == "first\n"
    assert ann.getAllPages() == ["New/Name"]
    assert ann.deletePage("New/Name") is True
    assert ann.getAllPages() == []
    assert ann.getAllPagesEx({"include_deleted": True, "include_revno": True, "mark_deleted": True}) == [
        ["New/Name", -5]
    ]


def test_files_go_up_and_come_down(ann: ServerProxy, server: ServerProxy) -> None:
    ann.putPage(PAGE, "with files")
    content = bytes(range(256)) * 100
    assert ann.putAttachment(PAGE, "große datei.bin", Binary(content)) is True
    assert server.listAttachments(PAGE) == ["große datei.bin"]
    file: Any = server.getAttachment(PAGE, "große datei.bin")
    assert file.data == content
    assert "not" in fault(server.deleteAttachment, PAGE, "große datei.bin").faultString
    assert ann.deleteAttachment(PAGE, "große datei.bin") is True
    assert server.listAttachments(PAGE) == []


def test_a_token_stands_for_an_account(browser: Browser, server: ServerProxy, account: Callable[..., User]) -> None:
    account("Ann")
    assert server.getAuthToken("Ann", "wrong") == ""
    token = server.getAuthToken("Ann", PASSWORD)
    assert token
    assert fault(server.putPage, PAGE, "anonymous").faultCode == 1
    calls = MultiCall(server)
    calls.WhoAmI()
    calls.applyAuthToken(token)
    calls.WhoAmI()
    calls.putPage(PAGE, "by token")
    before, applied, after, saved = calls()
    assert "anonymous" in before
    assert (applied, saved) == ("SUCCESS", True)
    assert "Ann" in after
    # It holds for the calls that follow, not for the next request.
    assert "anonymous" in str(server.WhoAmI())
    assert server.deleteAuthToken(token) == "SUCCESS"
    assert str(fault(server.applyAuthToken, token).faultCode) == "INVALID"


def test_each_call_of_several_is_judged_by_itself(ann: ServerProxy) -> None:
    results: Any = ann.system.multicall(
        [
            {"methodName": "putPage", "params": ["A", "text"]},
            {"methodName": "getPage", "params": ["Missing"]},
            {"methodName": "noSuchMethod", "params": []},
            {"methodName": "system.multicall", "params": [[]]},
            {"methodName": "getPage", "params": []},
            "nonsense",
            {"methodName": "getPage", "params": ["A"]},
        ]
    )
    assert results[0] == [True]
    assert results[-1] == ["text\n"]
    assert [result["faultCode"] for result in results[1:-1]] == [1, -32601, -32601, 1, -32600]
    assert fault(ann.system.multicall, [{"methodName": "WhoAmI", "params": []}] * 501)


def test_what_may_not_be_read_is_in_no_answer(server: ServerProxy, ann: ServerProxy, secret: str) -> None:
    for each in (server, ann):
        for call in (each.getPage, each.getPageHTML, each.getPageInfo, each.listLinks, each.listAttachments):
            assert "may not" in fault(call, secret).faultString
        told = [
            each.getAllPages(), each.searchPages(CANARY), each.searchPagesEx(CANARY, "title"),
            each.getRecentChanges(DateTime(0)), each.getAllPagesEx({"include_deleted": True}),
        ]  # fmt: skip
        assert CANARY not in str(told)
    assert "may not" in fault(ann.putPage, secret, "x").faultString
    assert "may not" in fault(server.putPage, "Free", "x").faultString


def test_a_cookie_does_not_count(as_user: Callable[..., Browser]) -> None:
    server = ServerProxy(HOST + URL, transport=Wire(as_user("Ann")))
    assert "anonymous" in str(server.WhoAmI())
    assert fault(server.putPage, PAGE, "forged")


def test_another_type_method_or_origin_is_refused(browser: Browser) -> None:
    call = dumps((), "getAllPages").encode()

    def status(headers: dict[str, str], method: str = "POST") -> int:
        return browser.open(URL, method, headers, data=call if method == "POST" else None).status

    assert status({"Content-Type": "text/xml; charset=utf-8"}) == 200
    assert status({"Content-Type": "text/xml", "Origin": HOST}) == 200
    assert status({"Content-Type": "text/xml", "Origin": "https://evil.example"}) == 403
    assert status({"Content-Type": "text/xml", "Origin": "null"}) == 403
    for other in ("application/xml", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert status({"Content-Type": other}) == 415
    assert status({}, "GET") == 405


def test_a_wrong_password_is_refused_and_not_tried_for_ever(browser: Browser, account: Callable[..., User]) -> None:
    account("Ann")
    basic = b64encode(b"Ann:wrong").decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "text/xml"}
    call = dumps((), "WhoAmI").encode()
    statuses = [browser.open(URL, "POST", headers, data=call).status for _ in range(11)]
    assert statuses == [403] * 10 + [429]
    # The next attempts by token are counted with them.
    token = ServerProxy(HOST + URL, transport=Wire(browser)).getAuthToken
    assert "attempts" in fault(token, "Ann", PASSWORD).faultString


def test_the_right_password_may_be_sent_with_every_call(ann: ServerProxy, site: Site) -> None:
    for _ in range(30):
        assert "Ann" in str(ann.WhoAmI())
    user = site.wiki.storage.user_named("Ann")
    accounts.change_password(site.wiki.storage, user, "another good one")
    with pytest.raises(ProtocolError) as raised:
        ann.WhoAmI()
    assert raised.value.errcode == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<methodCall><methodName>getPage</methodName>",
        b"<?xml version='1.0'?><methodResponse><params/></methodResponse>",
        b"<methodCall><params/></methodCall>",
        b"<methodCall><methodName>getPage</methodName><params><param><value><int>x</int></value></param></params></methodCall>",
        b"<methodCall><methodName>getPage</methodName><params><param><value><dateTime.iso8601/></value></param></params></methodCall>",
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><methodCall><methodName>&b;</methodName></methodCall>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><methodCall><methodName>WhoAmI</methodName></methodCall>".encode(
            "utf-16"
        ),
        b"\xff\xfe\x00",
        b"<methodCall>" + b"<value><array><data>" * 5000,
        b"<fault/>",
        b"<params></params>",
    ],
)
def test_what_is_no_call_is_a_fault(browser: Browser, body: bytes) -> None:
    answer = browser.open(URL, "POST", {"Content-Type": "text/xml"}, data=body)
    assert answer.status == 200
    with pytest.raises(Fault):
        loads(answer.body.decode())
    assert "root:" not in answer.text


def test_parameters_of_a_wrong_type_are_faults(server: ServerProxy, ann: ServerProxy) -> None:
    ann.putPage("A", "text")
    for call, params in [
        (ann.getPage, (1,)),
        (ann.getPage, (["A"],)),
        (ann.getPage, ("..",)),
        (ann.getPageVersion, ("A", "1")),
        (ann.getPageVersion, ("A", 99)),
        (ann.putPage, ("A", {"x": 1})),
        (ann.putAttachment, ("A", "x.txt", "text")),
        (ann.putAttachment, ("A", "..", Binary(b""))),
        (ann.getRecentChanges, ("yesterday",)),
        (ann.getAllPagesEx, ({"pagelist": "A"},)),
        (ann.getPage, ("A", "B", "C")),
    ]:
        assert fault(call, *params).faultString


def test_a_text_without_a_place_in_xml_is_told_all_the_same(server: ServerProxy, write: Callable[..., None]) -> None:
    write("Odd", "a\x01b\x0cc\ufffed")
    assert server.getPage("Odd") == "abcd\n"


def test_an_error_inside_is_no_wrong_parameter(server: ServerProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> None:
        raise TypeError("inside")

    monkeypatch.setattr(interface.Methods, "WhoAmI", broken)
    with pytest.raises(ProtocolError) as raised:
        server.WhoAmI()
    assert raised.value.errcode == 500
    assert "inside" not in raised.value.errmsg


def test_large_files_are_refused_with_a_status(make_app: Callable[..., Any]) -> None:
    browser = Browser(make_app(upload_limit=1000))
    content = io.BytesIO(b"x" * 3_000_000).getvalue()
    call = dumps((PAGE, "x.bin", Binary(content)), "putAttachment").encode()
    assert browser.open(URL, "POST", {"Content-Type": "text/xml"}, data=call).status == 413
