"""Administration: for administrators, by POST, and never against oneself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wiki.model import User
from wiki.web import admin
from wiki.web.site import Site

from .conftest import PASSWORD, Browser
from .test_account import NEW, stored, who

AsUser = Callable[..., Browser]
Account = Callable[..., User]
Write = Callable[..., None]


@pytest.fixture
def root(as_user: AsUser) -> Browser:
    """An administrator's browser."""
    return as_user("Root", admin=True)


def press(root: Browser, button: str, user: User) -> str:
    """Press a button beside an account and return what the next screen says."""
    form = root.get("/-/admin/users").form("/-/admin/users", button=button, id=user.id)
    answer = root.submit(form)
    assert answer.status in (200, 303), answer.text
    return answer.text


def test_only_administrators_see_it(browser: Browser, as_user: AsUser, root: Browser) -> None:
    for url in ("/-/admin", "/-/admin/users"):
        for visitor in (browser, as_user("Ann")):
            refused = visitor.get(url)
            assert refused.status == 403
            assert "Root" not in refused.text
        assert root.get(url).status == 200
    assert root.get("/-/admin/nothing").status == 404


def test_the_overview_counts(root: Browser, account: Account, write: Write, site: Site) -> None:
    account("Pen", state="pending")
    for name in ("One", "Two", "Three"):
        write(name)
    site.wiki.visit_system("Setup").delete("Three")
    text = root.get("/-/admin").text
    assert "<dt>Pages</dt><dd>2</dd>" in text
    assert "<dt>Deleted pages</dt><dd>1</dd>" in text
    assert "1 account waits for approval" in text


def test_a_pending_account_is_let_in(root: Browser, browser: Browser, account: Account, site: Site) -> None:
    pending = account("Pen", state="pending")
    assert browser.login("Pen").status == 403
    press(root, "Approve", pending)
    assert stored(site, "Pen").state == "active"
    assert browser.login("Pen").status == 303


def test_a_disabled_account_is_out_and_can_come_back(root: Browser, as_user: AsUser, site: Site) -> None:
    ann = as_user("Ann")
    press(root, "Disable", stored(site, "Ann"))
    assert who(ann) == ""
    press(root, "Enable", stored(site, "Ann"))
    assert ann.login("Ann").status == 303


def test_administration_is_given_and_taken(root: Browser, as_user: AsUser, site: Site) -> None:
    ann = as_user("Ann")
    press(root, "Make administrator", stored(site, "Ann"))
    assert ann.get("/-/admin").status == 200
    press(root, "Take administration away", stored(site, "Ann"))
    assert ann.get("/-/admin").status == 403


def test_sessions_are_ended(root: Browser, as_user: AsUser, site: Site) -> None:
    ann = as_user("Ann")
    press(root, "End sessions", stored(site, "Ann"))
    assert who(ann) == ""
    assert who(root) == "Root"


def test_a_link_lets_its_owner_choose_a_password_once(root: Browser, browser: Browser, account: Account) -> None:
    text = press(root, "New password link", account("Ann"))
    link = text.partition('<code class="link">')[2].partition("</code>")[0]
    assert link.startswith("http://localhost/wiki/-/invite?code=")
    answer = browser.submit(browser.get(link).form("/-/invite"), password=NEW, again=NEW)
    assert answer.status == 303
    assert who(browser) == "Ann"
    assert Browser(browser.app).login("Ann", PASSWORD).status == 403
    assert browser.get(link).status == 403
    assert link not in root.get("/-/admin/users").text


def test_nothing_changes_without_the_right_or_the_token(
    root: Browser, browser: Browser, as_user: AsUser, account: Account, site: Site
) -> None:
    bob = account("Bob", state="pending")
    ann = as_user("Ann")
    for do in ("approve", "disable", "admin", "plain", "end", "recover"):
        data = {"id": bob.id, "do": do}
        assert root.post("/-/admin/users", data, token=False).status == 403
        assert root.post("/-/admin/users", data, headers={"Origin": "https://evil.example"}).status == 403
        assert ann.post("/-/admin/users", data).status == 403
        assert ann.post("/-/admin/users", {**data, "id": stored(site, "Ann").id}).status == 403
        assert browser.post("/-/admin/users", data).status == 403
        root.get(f"/-/admin/users?id={bob.id}&do={do}")
    assert stored(site, "Bob") == bob
    assert not stored(site, "Ann").admin
    assert site.wiki.storage.records("invite") == {}


def test_an_administrator_cannot_shut_himself_out(root: Browser, site: Site) -> None:
    own = stored(site, "Root")
    for do in ("disable", "plain", "end"):
        assert root.post("/-/admin/users", {"id": own.id, "do": do}).status == 400
    assert stored(site, "Root") == own
    assert who(root) == "Root"


def test_what_makes_no_sense_is_refused(root: Browser, account: Account) -> None:
    assert root.post("/-/admin/users", {"id": "nobody", "do": "approve"}).status == 400
    assert root.post("/-/admin/users", {"id": account("Ann").id, "do": "explode"}).status == 400


def test_accounts_are_found_and_paged(root: Browser, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "ROWS", 3)
    wanted = [f"User {number}" for number in range(5)]
    for name in wanted:
        account(name)
    shown: list[str] = []
    url = "/-/admin/users?q=USER"
    while url:
        answer = root.get(url)
        shown += [name for name in wanted if f">{name}<" in answer.text]
        url = next((target for target, label in answer.read.links if label == "More" and "after=" in target), "")
    assert shown == wanted
    assert "No account has such a name" in root.get("/-/admin/users?q=zebra").text
