"""The rest of the conversation: much at once, by many at once, and by people who do not wait for the end."""

from __future__ import annotations

import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .installation import LARGE, PASSWORD
from .visitor import quoted

if TYPE_CHECKING:
    from .conftest import Site
    from .visitor import Visitor

pytestmark = [pytest.mark.gateway, pytest.mark.slow]

UPLOAD = b"0123456789abcdef" * (5 * 65536)
MANY = 20


def test_five_megabytes_go_up_and_come_down(site: Site, visitor: Visitor) -> None:
    fields = visitor.form(visitor.ask("/-/login"), "password")
    visitor.submit("/-/login", {**fields, "name": "Ann", "password": PASSWORD})
    path = "/Files?action=AttachFile"
    form = visitor.form(visitor.ask(path), "comment")
    answer = visitor.upload(path, {"csrf_token": form["csrf_token"], "do": "upload"}, "große datei.bin", UPLOAD)
    assert answer.status == 303, answer.text[:2000]
    file = site.visitor().ask(f"/Files?action=AttachFile&do=get&target={quoted('große datei.bin')}")
    assert file.status == 200
    assert file.body == UPLOAD


def test_twenty_megabytes_come_down_whole(visitor: Visitor) -> None:
    path = "/Files?action=AttachFile&do=get&target=large.bin"
    answer = visitor.ask(path)
    assert answer.status == 200
    assert len(answer.body) == len(LARGE) == 20 << 20
    assert answer.body == LARGE
    head = visitor.ask(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers.get("content-length", str(len(LARGE))) == str(len(LARGE))


def test_visitors_who_leave_in_mid_answer_hold_nothing_up(site: Site, visitor: Visitor) -> None:
    # More than there are threads and processes, where these stay.
    for _ in range(4 if site.gateway.family == "cgi" else MANY):
        with socket.create_connection(("127.0.0.1", site.port), 60) as leaving:
            request = f"GET {site.gateway.mount}/Files?action=AttachFile&do=get&target=large.bin HTTP/1.1\r\n"
            leaving.sendall(f"{request}Host: 127.0.0.1\r\n\r\n".encode())
            assert leaving.recv(4096).startswith(
                b"HTTP/1.0 200" if site.gateway.server == "wsgiref" else b"HTTP/1.1 200"
            )
    assert visitor.page("Files").status == 200
    end = time.monotonic() + 60
    while site.gateway.family == "cgi" and _scripts(site):
        assert time.monotonic() < end, "programs are left over"
        time.sleep(0.1)


def _scripts(site: Site) -> list[str]:
    """Return the command lines of the CGI programs of this site that run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().decode(errors="replace")
        except OSError:
            # It has just ended.
            continue
        if str(site.folder) in command and command.rstrip("\0").endswith("wiki.cgi"):
            found.append(command)
    return found


def test_twenty_visitors_read_and_save_at_once(site: Site, visitor: Visitor) -> None:
    form = visitor.edit("Crowd/0")

    def deed(number: int) -> int:
        one = site.visitor()
        one.cookies.update(visitor.cookies)
        return (
            one.save(f"Crowd/{number}", f"Number {number}.", form).status if number < MANY else one.page("Files").status
        )

    with ThreadPoolExecutor(2 * MANY) as crowd:
        found = list(crowd.map(deed, range(2 * MANY)))
    assert found == [303] * MANY + [200] * MANY
    kept = site.visitor().ask("/-/index?prefix=Crowd").text
    links = set(re.findall(rf'href="{site.gateway.mount}/Crowd/(\d+)"', kept))
    assert links == {str(number) for number in range(MANY)}
    assert site.visitor().page(f"Crowd/{MANY - 1}", "action=raw").text == f"Number {MANY - 1}.\n"
