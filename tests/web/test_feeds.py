"""Atom feeds: well-formed, stable, absolute, and as discreet as the pages."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from flask import Flask

from wiki.web import feeds
from wiki.web.site import Site

from .conftest import CANARY, HOST, PAGE, PREFIX, Answer, Browser

Write = Callable[..., None]
AsUser = Callable[..., Browser]

ATOM = f"{{{feeds.ATOM}}}"
FEED = "/-/feed/recent.atom"


def entries(answer: Answer) -> list[dict[str, str]]:
    """Return what a feed's entries say."""
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    found = []
    for entry in ElementTree.fromstring(answer.body).iter(f"{ATOM}entry"):
        values = {key: entry.findtext(f"{ATOM}{key}", "") for key in ("id", "title", "updated", "summary")}
        link = entry.find(f"{ATOM}link")
        assert link is not None
        found.append({**values, "link": link.get("href", ""), "author": entry.findtext(f"{ATOM}author/{ATOM}name", "")})
    return found


def test_a_feed_has_what_atom_demands(browser: Browser, write: Write) -> None:
    write(PAGE, "one\n", comment="why")
    answer = browser.get(FEED)
    feed = ElementTree.fromstring(answer.body)
    for key in ("id", "title", "updated"):
        assert feed.findtext(f"{ATOM}{key}")
    links = {link.get("rel"): link.get("href", "") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == f"{HOST}{PREFIX}{FEED}"
    (entry,) = entries(answer)
    assert all(entry.values())
    assert entry["title"] == PAGE
    assert entry["author"] == "Setup"
    assert entry["link"] == f"{HOST}{PREFIX}/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E"
    assert "why" in entry["summary"]
    assert "+one" in entry["summary"]


def test_ids_stay_when_the_page_goes_on(browser: Browser, write: Write, site: Site) -> None:
    write(PAGE, "one\n")
    (first,) = entries(browser.get(FEED))
    write(PAGE, "two\n")
    site.wiki.visit_system("Setup").rename(PAGE, "Elsewhere", redirect=False)
    found = entries(browser.get(FEED))
    assert found[-1]["id"] == first["id"]
    assert len({entry["id"] for entry in found}) == len(found) == 3
    assert browser.get(first["id"].replace(HOST, "")).location == f"{PREFIX}/Elsewhere"


def test_a_reader_that_has_the_feed_is_told_so(browser: Browser, write: Write) -> None:
    write(PAGE, "one\n")
    etag = browser.get(FEED).headers["ETag"]
    again = browser.get(FEED, headers={"If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == etag
    write(PAGE, "two\n")
    assert browser.get(FEED, headers={"If-None-Match": etag}).status == 200


def test_an_entry_leads_to_the_difference_and_shows_some_of_it(
    browser: Browser, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "DIFF_LINES", 5)
    write(PAGE, "old\n")
    write(PAGE, "".join(f"new line {number}\n" for number in range(50)))
    newest, _oldest = entries(browser.get(FEED))
    assert newest["link"].endswith("?action=diff&rev1=1&rev2=2")
    assert "-old" in newest["summary"]
    assert "new line 2" in newest["summary"]
    assert "new line 9" not in newest["summary"]


def test_a_huge_text_is_not_compared(browser: Browser, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "DIFF_SIZE", 100)
    write(PAGE, "long " * 100 + "\n", comment="large")
    (entry,) = entries(browser.get(FEED))
    assert "large" in entry["summary"]
    assert "<pre>" not in entry["summary"]


def test_hostile_text_stays_text(browser: Browser, write: Write) -> None:
    evil = "]]><script>alert(1)</script>"
    write("a" + evil.replace("/", ""), f"{evil}\n\x01\ufffe\U0001f600\n", comment=f"{evil}\x02\x1b[0m")
    (entry,) = entries(browser.get(FEED))
    assert "<script" not in entry["summary"]
    assert "&lt;script&gt;" in entry["summary"]
    assert "\U0001f600" in entry["summary"]
    assert b"<script" not in browser.get(FEED).body


def test_deletions_and_files_are_told(browser: Browser, write: Write, site: Site) -> None:
    from io import BytesIO

    write(PAGE, "one\n")
    visit = site.wiki.visit_system("Setup")
    visit.attach(PAGE, "bild.png", BytesIO(b"x"))
    visit.delete(PAGE)
    deleted, attached, _made = entries(browser.get(FEED))
    assert "Deleted" in deleted["summary"]
    assert "bild.png" in attached["summary"]
    write(PAGE, "again\n")
    assert "+again" in entries(browser.get(FEED))[0]["summary"]


@pytest.mark.parametrize(
    "url", [f"/-/feed/page.atom?page={PAGE}", f"/{PAGE}?action=rss_rc", f"/Other?action=rss_rc&page={PAGE}"]
)
def test_a_page_has_a_feed_of_its_own(browser: Browser, write: Write, url: str) -> None:
    write(PAGE, "one\n")
    write("Other")
    assert {entry["title"] for entry in entries(browser.get(url))} == {PAGE}


@pytest.mark.parametrize("url", ["/-/feed/recent.atom?under=Café", "/Other?action=rss_rc&page=Café/"])
def test_a_feed_can_be_of_a_subtree(browser: Browser, write: Write, url: str) -> None:
    for name in (PAGE, "Café", "Caféhaus", "Other"):
        write(name)
    assert {entry["title"] for entry in entries(browser.get(url))} == {PAGE, "Café"}


def test_the_old_feed_of_all_changes_still_is_one(browser: Browser, write: Write) -> None:
    write(PAGE)
    write("Other")
    assert {entry["title"] for entry in entries(browser.get("/RecentChanges?action=rss_rc&items=1"))} == {"Other"}
    assert len(entries(browser.get("/RecentChanges?action=rss_rc&diffs=1"))) == 2
    assert len(entries(browser.get(f"/RecentChanges?action=rss_rc&items={'9' * 5000}"))) == 2


def test_urls_are_those_of_the_settings(make_app: Callable[..., Flask]) -> None:
    browser = Browser(make_app(base_url="https://wiki.example.org"))
    browser.site.wiki.visit_system("Setup").save(PAGE, "one\n")
    answer = browser.get(FEED)
    assert entries(answer)[0]["link"].startswith("https://wiki.example.org/wiki/")
    assert HOST not in answer.text


@pytest.mark.parametrize("who", ["", "Bob"])
def test_no_feed_tells_of_secret_pages(browser: Browser, as_user: AsUser, write: Write, secret: str, who: str) -> None:
    write(PAGE)
    visitor = as_user(who) if who else browser
    for url in (FEED, f"{FEED}?under=Secret", f"/{PAGE}?action=rss_rc", "/RecentChanges?action=rss_rc"):
        answer = visitor.get(url)
        assert answer.status == 200
        assert CANARY not in answer.text
    assert visitor.get(f"/{secret}?action=rss_rc").status == 403
    assert visitor.get(f"/-/feed/page.atom?page={secret}").status == 403
    assert CANARY in as_user("Root").get(FEED).text


def test_one_visitor_never_gets_the_feed_of_another(browser: Browser, as_user: AsUser, secret: str) -> None:
    answer = as_user("Root").get(FEED)
    assert answer.headers["Cache-Control"].startswith("private")
    assert "Cookie" in answer.headers["Vary"]
    assert browser.get(FEED, headers={"If-None-Match": answer.headers["ETag"]}).status == 200


def test_a_feed_of_nothing_is_a_feed(browser: Browser) -> None:
    assert entries(browser.get(FEED)) == []
    assert browser.cookies == set()
    assert browser.get(f"/{PAGE}?action=rss_rc").status == 404
    assert browser.get("/-/feed/other.atom").status == 404
