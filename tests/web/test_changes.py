"""Recent changes: grouped, filtered, paged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask

from wiki.model import User
from wiki.web import changes
from wiki.web.site import Site

from .conftest import CANARY, PAGE, PREFIX, SECRET, Browser

Write = Callable[..., None]
AsUser = Callable[..., Browser]


def microseconds(text: str) -> int:
    """Return a UTC time as microseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_days_are_those_of_the_time_zone(make_app: Callable[..., Flask]) -> None:
    for zone, day in (("UTC", "1 March 2026"), ("Asia/Tokyo", "2 March 2026")):
        browser = Browser(make_app(timezone=zone))
        browser.site.wiki.now = lambda: microseconds("2026-03-01T23:30:00")
        browser.site.wiki.visit_system("Setup").save(PAGE, "text\n")
        assert f"{day}</h2>" in browser.get("/-/recent").text


def test_a_page_has_one_row_a_day_with_its_editors(browser: Browser, as_user: AsUser, write: Write, site: Site) -> None:
    write(PAGE, "zero\n")
    ann, bob = as_user("Ann"), as_user("Bob")
    ann.save(PAGE, "one\n", "first <b>")
    ann.save(PAGE, "two\n", "second")
    bob.save(PAGE, "three\n")
    answer = browser.get("/-/recent")
    assert [label for _, label in answer.read.links].count(PAGE) == 1
    assert 'Ann</bdi> <span class="muted">×&#8239;2</span>' in answer.text
    assert "first &lt;b&gt;" in answer.text
    assert "action=info" in answer.link("History Café")


def test_the_difference_of_a_day_spans_all_its_revisions(browser: Browser, site: Site) -> None:
    visit = site.wiki.visit_system("Setup")
    start = microseconds("2026-03-01T10:00:00")
    for number, hours in enumerate((0, 24, 25, 26)):
        site.wiki.now = lambda hours=hours: start + hours * 3600 * 1_000_000
        visit.save(PAGE, f"text {number}\n")
    assert "rev1=1&rev2=4" in browser.get("/-/recent").link("Difference")


def test_changes_can_be_narrowed(browser: Browser, as_user: AsUser, write: Write, site: Site) -> None:
    write(PAGE)
    write("Caféhaus")
    as_user("Ann").save("Anns", "text\n")

    def shown(**query: object) -> set[str]:
        return {
            name
            for name in (PAGE, "Caféhaus", "Anns")
            if f"<bdi>{name}</bdi>" in browser.get("/-/recent", **query).text
        }

    assert shown() == {PAGE, "Caféhaus", "Anns"}
    assert shown(under="Café") == {PAGE}
    assert shown(author="Ann") == {"Anns"}
    assert shown(author="ann") == {"Anns"}
    assert shown(author="Setup") == {PAGE, "Caféhaus"}
    now = site.wiki.now()
    site.wiki.now = lambda: now + 3 * 24 * 3600 * 1_000_000
    assert shown(days=1) == set()
    assert shown(days=7) == {PAGE, "Caféhaus", "Anns"}


def test_minor_edits_can_be_left_out(browser: Browser, write: Write) -> None:
    write(PAGE)
    write("Other", minor=True)
    assert "<bdi>Other</bdi>" in browser.get("/-/recent").text
    assert "<bdi>Other</bdi>" not in browser.get("/-/recent?minor=0").text


def test_the_filter_form_keeps_what_was_chosen(browser: Browser, write: Write) -> None:
    write(PAGE)
    answer = browser.get("/-/recent?days=7&minor=0")
    narrowed = browser.submit(answer.form("/-/recent"), under="Café")
    assert f"<bdi>{PAGE}</bdi>" in narrowed.text
    assert narrowed.form("/-/recent").fields == {"days": "7", "minor": "0", "author": "", "under": "Café"}


def test_old_changes_are_reached_page_by_page(browser: Browser, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "LIMIT", 3)
    wanted = [f"Page {number}" for number in range(7)]
    for name in wanted:
        write(name)
    found: list[str] = []
    url = "/-/recent"
    for _ in range(3):
        answer = browser.get(url)
        found += [label for _, label in answer.read.links if label in wanted]
        older = [target for target, label in answer.read.links if label == "Older"]
        url = older[0] if older else ""
    assert found == wanted[::-1]
    assert url == ""


def test_nonsense_in_the_query_is_refused(browser: Browser) -> None:
    for query in ("before=x", "before=1", "before=-1-2", "days=x", "days=-1", "under=..", "days=²"):
        assert browser.get(f"/-/recent?{query}").status == 400, query


def test_a_place_beyond_every_change_is_no_error(browser: Browser, write: Write) -> None:
    write(PAGE)
    for before in ("0-0", "99999999999999999999-1", "1-99999999999999999999"):
        assert browser.get(f"/-/recent?before={before}").status in (200, 400), before


def test_nobody_learns_whose_an_address_is(browser: Browser, as_user: AsUser, account: Callable[..., User]) -> None:
    account("Ann", email="ann@example.org")
    as_user("Ann").save(PAGE, "text\n")
    assert f"<bdi>{PAGE}</bdi>" not in browser.get("/-/recent?author=ann@example.org").text


@pytest.mark.parametrize("who", ["", "Bob"])
def test_changes_of_secret_pages_are_not_listed(
    browser: Browser, as_user: AsUser, write: Write, secret: str, who: str
) -> None:
    write(PAGE)
    visitor = as_user(who) if who else browser
    for url in ("/-/recent", "/-/recent?under=Secret", "/-/recent?author=Setup", "/-/recent?days=1"):
        assert CANARY not in visitor.get(url).text
    assert CANARY in as_user("Root").get("/-/recent").text


def test_the_name_of_a_secret_source_is_not_told(browser: Browser, site: Site, write: Write) -> None:
    write(PAGE, "text\n")
    visit = site.wiki.visit_system("Setup")
    visit.copy(PAGE, "Copy")
    assert f"Copied from “{PAGE}”" in browser.get("/-/recent").text
    visit.save(PAGE, f"{SECRET}text\n")
    answer = browser.get("/-/recent")
    assert "<bdi>Copy</bdi>" in answer.text
    assert PAGE not in answer.text
    assert PAGE not in browser.get("/-/feed/recent.atom").text


def test_hostile_names_and_comments_are_shown_as_text(browser: Browser, write: Write) -> None:
    evil = '"><svg onload=alert(1)>'
    write(evil, comment=evil)
    answer = browser.get("/-/recent")
    assert "<svg onload" not in answer.text
    assert "&lt;svg onload" in answer.text


def test_the_feed_is_linked_and_no_cookie_set(browser: Browser) -> None:
    answer = browser.get("/-/recent?under=Café")
    assert f'href="{PREFIX}/-/feed/recent.atom?under=Caf%C3%A9"' in answer.text
    assert "application/atom+xml" in answer.text
    assert browser.cookies == set()
