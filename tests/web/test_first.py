"""Becoming administrator by a file in the data folder: where there is no shell, and where the last one was lost."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wiki import accounts, codefile
from wiki.model import User
from wiki.web.account import CODES
from wiki.web.site import Site

from .conftest import PASSWORD, PREFIX, Answer, Browser

if TYPE_CHECKING:
    from collections.abc import Callable


FORM = {"name": "Root", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def folder(site: Site) -> Path:
    """The data folder."""
    return Path(site.instance.folder)


@pytest.fixture
def code(folder: Path) -> str:
    """The code in the file, as its owner reads it."""
    codefile.offer(str(folder))
    return (folder / codefile.FILE).read_text().strip()


def sent(browser: Browser, code: str, **values: str) -> Answer:
    """Send the form as a person does who was led to it."""
    return browser.submit(browser.get("/-/first").form("/-/first"), code=code, **{**FORM, **values})


def administrators(site: Site) -> list[str]:
    return [user.name for user in site.wiki.storage.users() if user.admin]


def test_the_front_page_leads_to_the_form_while_there_is_a_code(browser: Browser, folder: Path, code: str) -> None:
    answer = browser.get("/")
    assert (answer.status, answer.location) == (303, f"{PREFIX}/-/first")
    screen = answer.follow()
    assert str(folder / codefile.FILE) in screen.text
    assert code not in screen.text
    assert browser.get("/Elsewhere").status == 404


def test_the_code_in_the_file_makes_one_administrator(browser: Browser, site: Site, folder: Path, code: str) -> None:
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", code)
    assert (folder / codefile.FILE).stat().st_mode & 0o777 == 0o600
    answer = sent(browser, f"  {code} ")
    assert answer.status == 303, answer.text
    assert "Root" in answer.follow().text
    assert not (folder / codefile.FILE).exists()
    assert administrators(site) == ["Root"]
    assert browser.get("/").location == ""
    other = Browser(browser.app)
    assert other.get("/-/first").status == 403
    assert other.post("/-/first", {**FORM, "name": "Eve", "code": code}).status == 403
    assert administrators(site) == ["Root"]


@pytest.mark.parametrize("wrong", ["", "x", "a" * 16, "code\udc00".encode("utf-8", "replace").decode()])
def test_without_the_code_nobody_becomes_it(browser: Browser, site: Site, code: str, wrong: str) -> None:
    answer = sent(browser, wrong)
    assert answer.status == 400
    assert "This is not the code that is in the file." in answer.text
    assert administrators(site) == []
    assert sent(browser, code).status == 303


def test_what_else_is_wrong_leaves_the_code_good(
    browser: Browser, site: Site, code: str, folder: Path, account: Callable[..., User]
) -> None:
    account("Ann")
    for values in ({"password": "short"}, {"again": "another"}, {"name": "Ann"}, {"name": "a:b"}):
        answer = sent(browser, code, **values)
        assert answer.status == 400, values
        assert administrators(site) == []
        assert (folder / codefile.FILE).exists()
    again = answer.form("/-/first")
    assert again.fields["code"] == code
    assert answer.submit(again, **FORM).status == 303


def test_guessing_is_limited(browser: Browser, code: str) -> None:
    for _ in range(CODES[0]):
        assert browser.get("/-/first?code=guess").status == 400
    assert browser.get("/-/first?code=guess").status == 429
    assert sent(browser, code).status == 429


def test_of_two_with_the_code_one_gets_it(
    browser: Browser, site: Site, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend = codefile.spend

    def late(place: str) -> bool:
        spend(place)  # by the other one
        return spend(place)

    monkeypatch.setattr(codefile, "spend", late)
    assert sent(browser, code).status == 403
    assert administrators(site) == []


def test_a_file_that_cannot_be_removed_makes_nobody(
    browser: Browser, site: Site, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(place: str) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(codefile, "spend", failing)
    assert sent(browser, code).status == 500
    assert administrators(site) == []


def test_a_lost_administrator_is_mended_by_an_empty_file(browser: Browser, site: Site, folder: Path) -> None:
    accounts.new_user(site.wiki.storage, "Lost", PASSWORD, admin=True)
    assert browser.get("/-/first").status == 403
    (folder / codefile.FILE).touch()
    assert browser.get("/").location == "", "a wiki that is in use goes on"
    screen = browser.get("/-/first")
    assert screen.status == 200
    code = (folder / codefile.FILE).read_text().strip()
    assert len(code) >= codefile.SHORTEST
    assert code not in screen.text
    assert (folder / codefile.FILE).stat().st_mode & 0o777 == 0o600
    assert sent(browser, code).status == 303
    assert administrators(site) == ["Lost", "Root"]
    assert not (folder / codefile.FILE).exists()


def test_a_code_of_ones_own_must_be_long(browser: Browser, site: Site, folder: Path) -> None:
    (folder / codefile.FILE).write_text("1234\n")
    answer = browser.get("/-/first")
    assert answer.status == 503
    assert "at least 16 characters" in answer.text
    (folder / codefile.FILE).write_bytes(b"\xef\xbb\xbfa sentence of my own\r\n")
    assert sent(browser, "a sentence of my own").status == 303
    assert administrators(site) == ["Root"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_an_empty_file_of_another_user_is_left_to_him(browser: Browser, folder: Path) -> None:
    (folder / codefile.FILE).touch()
    os.chown(folder / codefile.FILE, 65534, 65534)
    assert browser.get("/-/first").status == 503
    assert (folder / codefile.FILE).read_bytes() == b""


def test_where_there_is_neither_file_nor_administrator_one_is_told_what_to_do(browser: Browser) -> None:
    answer = browser.get("/-/first")
    assert answer.status == 403
    assert "put an empty file named first-code.txt there" in answer.text
    assert browser.get("/").location == ""
