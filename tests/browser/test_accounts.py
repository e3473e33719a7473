"""Accounts: registering, preferences, quick links, and what a secret page shows to whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .garden import CANARY, SECRET
from .screens import BEDS
from .serving import PASSWORD
from .visitor import Visitor


def test_somebody_registers_logs_out_in_again_and_sets_preferences(person: Callable[..., Visitor]) -> None:
    zoe = person()
    zoe.special("register").fill(name="Cleo", email="cleo@example.org", password=PASSWORD, again=PASSWORD)
    zoe.page.wait_for_timeout(2100)  # people need two seconds at least for this form
    zoe.press("Register")
    assert "You are logged in." in zoe.text
    zoe.page.locator(".top summary").last.click()
    zoe.page.get_by_role("button", name="Log out", exact=True).click()
    zoe.page.wait_for_load_state()
    assert "You are logged out." in zoe.text
    zoe.log_in("cleo@example.org")
    assert "You are logged in." in zoe.text

    zoe.special("preferences")
    zoe.main.get_by_label("Language").select_option("de")
    zoe.main.get_by_label("Colours").select_option("dark")
    zoe.fill(quicklinks=f"{BEDS}\nSowing calendar")
    zoe.main.get_by_role("button", name="Save", exact=True).click()
    zoe.page.wait_for_load_state()
    assert zoe.heading == "Einstellungen"
    assert zoe.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    assert zoe.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    zoe.open()
    assert zoe.page.locator("html").get_attribute("lang") == "de"
    zoe.page.locator(".side").get_by_role("link", name="Sowing calendar").click()
    zoe.page.wait_for_load_state()
    assert zoe.place == "/Sowing calendar"


def test_a_quick_link_is_added_and_taken_away_from_the_menu_of_a_page(bob: Visitor) -> None:
    bob.open("Help/Links").more("Add quick link").press("Continue")
    assert bob.page.locator(".side").get_by_role("link", name="Help/Links").is_visible()
    bob.more("Remove quick link").press("Continue")
    assert bob.page.locator(".side").get_by_role("link", name="Help/Links").count() == 0


def test_the_colours_change_at_once_and_stay(anyone: Visitor) -> None:
    anyone.open(BEDS).page.locator("[data-toggle-theme]").click()
    assert anyone.page.locator("html").get_attribute("data-theme") == "dark"
    anyone.open("Garden")
    assert anyone.page.locator("html").get_attribute("data-theme") == "dark"


def places(visitor: Visitor) -> dict[str, str]:
    """Return where a secret could leak: what is shown there to this visitor, by a name."""
    special, page, get = visitor.site.urls.special, visitor.site.urls.page, visitor.page.request.get
    urls = {
        "page": page(SECRET),
        "raw": page(SECRET, "raw"),
        "print": page(SECRET, "print"),
        "content": page(SECRET, "content"),
        "edit": page(SECRET, "edit"),
        "old": page(SECRET, "recall", rev=1),
        "history": page(SECRET, "info"),
        "difference": page(SECRET, "diff", rev1=1, rev2=1),
        "copy": page(SECRET, "CopyPage"),
        "files": page(SECRET, "AttachFile"),
        "file": visitor.site.urls.file(SECRET, f"{CANARY}.png"),
        "search": special("search", q="planted"),
        "title search": special("search", q="title:Minutes"),
        "suggestions": special("suggest", q="Minu"),
        "recent": special("recent", under="Board"),
        "tree": special("tree", at="Board"),
        "index": special("index", after="Boarc"),
        "backlinks": page(BEDS, "backlinks"),
        "orphans": special("orphans", after="Boarc"),
        "feed": special("feed/recent.atom", under="Board"),
        "page feed": page(SECRET, "rss_rc"),
        "include": page("Secret includer"),
        "preview": page("Secret includer", "content"),
    }
    return {key: f"{answer.status} {answer.body()!r}" for key, answer in ((key, get(url)) for key, url in urls.items())}


@pytest.mark.parametrize("who", ["", "Bob"])
def test_a_secret_page_shows_nowhere_to_who_may_not_read_it(
    who: str, root: Visitor, person: Callable[..., Visitor]
) -> None:
    root.write("Secret includer", f"<<Include({SECRET})>>\n\n<<FullSearch({CANARY})>>\n\n<<PageList(Board/)>>\n")
    outside = person(who)
    shown = places(outside)
    assert [key for key, text in shown.items() if f"The {CANARY}" in text or "Board/Minutes</" in text] == []
    for key in ("page", "raw", "print", "content", "edit", "old", "history", "difference", "copy", "files", "file"):
        assert shown[key].startswith("403 "), key
    assert "PNG" not in shown["file"]


def test_a_member_of_the_group_sees_it_and_one_who_left_does_not(root: Visitor, ann: Visitor, bob: Visitor) -> None:
    assert f"The {CANARY} is to be planted." in ann.open(SECRET).text
    assert SECRET in ann.open().search(CANARY)
    first = "#acl Root:read,write,delete,revert,admin All:read\n* Ann\n"
    root.write("BoardGroup", f"{first}* Bob\n", "Bob joins")
    assert f"The {CANARY} is to be planted." in bob.open(SECRET).text
    root.write("BoardGroup", first, "Bob leaves")
    assert f"The {CANARY}" not in bob.open(SECRET).text


def test_an_administrator_hides_a_page_and_shows_it_again(root: Visitor, anyone: Visitor) -> None:
    root.write("Draft", "Not yet ready.")
    assert "Not yet ready." in anyone.open("Draft").text
    root.write("Draft", "#acl Root:read,write,admin All:\nNot yet ready.")
    assert "You may not read the page" in anyone.open("Draft").text
    assert "Draft" not in anyone.search("ready")
    root.write("Draft", "Ready now.")
    assert "Ready now." in anyone.open("Draft").text


def test_an_account_waits_until_an_administrator_lets_it_in(root: Visitor, person: Callable[..., Visitor]) -> None:
    name = "Zoë Papadopoulou-Wolfeschlegelstein"
    zoe = person().log_in(name)
    assert "An administrator has not let you in yet." in zoe.text
    root.special("admin/users")
    root.main.get_by_role("button", name=f"Approve {name}").click()
    root.page.wait_for_load_state()
    zoe.log_in(name)
    assert "You are logged in." in zoe.text
    root.main.get_by_role("button", name=f"Disable {name}").click()
    root.page.wait_for_load_state()
    zoe.open(BEDS)
    assert zoe.page.get_by_role("link", name="Log in", exact=True).count() == 1
