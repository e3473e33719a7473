"""Reading pages in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from wiki.web.site import Site

from .conftest import CANARY, PAGE, PREFIX, Browser

Write = Callable[..., None]


def test_a_page_is_shown_with_its_links(browser: Browser, write: Write) -> None:
    write("Other")
    write(PAGE, "See [[Other]] and [[Nowhere]].\n")
    page = browser.get(f"/{PAGE}")
    assert page.status == 200 and ">日本語</a>" in page.text
    assert f"{PREFIX}/Other" in page.links
    assert 'class="missing"' in page.text


def test_the_root_is_the_front_page(browser: Browser, write: Write) -> None:
    write("FrontPage", "welcome here\n")
    assert "welcome here" in browser.get("/").text


def test_a_missing_page_offers_to_create_it_and_names_near_ones(as_user: Callable[..., Browser], write: Write) -> None:
    write("Gardening")
    page = as_user("Ann").get("/gardening")
    assert page.status == 404
    assert f"{PREFIX}/Gardening" in page.links
    assert f"{PREFIX}/gardening?action=edit" in page.links


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/A%20/B", "/A/B"),
        ("/A//B", "/A/B"),
        ("/A/B/", "/A/B"),
        ("/Cafe%CC%81", "/Caf%C3%A9"),
        ("/A%20%20B?action=info", "/A%20B?action=info"),
    ],
)
def test_other_ways_to_write_a_name_lead_to_the_one(browser: Browser, asked: str, led_to: str) -> None:
    answer = browser.get(asked)
    assert (answer.status, answer.location) == (301, PREFIX + led_to)


@pytest.mark.parametrize("path", ["/A/../B", "/..", "/./A", "/\xc3("])
def test_paths_that_name_no_page_are_refused(browser: Browser, path: str) -> None:
    assert browser.open("/x", environ_overrides={"PATH_INFO": path}).status == 400


def test_a_page_below_the_reserved_prefix_has_a_way_in(as_user: Callable[..., Browser]) -> None:
    ann = as_user("Ann")
    ann.save("-/-/odd", "hidden well")
    assert "hidden well" in ann.get("/-/-/odd").text


def test_an_unknown_action_is_a_bad_request(browser: Browser) -> None:
    assert browser.get("/Page?action=explode").status == 400


def test_a_redirect_is_followed_once_and_says_so(browser: Browser, write: Write) -> None:
    write("Goal", "you are here\n")
    write("Way", "#redirect Goal\n")
    answer = browser.get("/Way")
    assert answer.status == 302
    goal = answer.follow()
    assert "you are here" in goal.text and "Redirected from" in goal.text
    assert browser.get("/Way?redirect=no").status == 200


def test_the_permanent_link_survives_a_rename(as_user: Callable[..., Browser], write: Write, site: Site) -> None:
    write("Old")
    page_id = site.wiki.storage.page("Old").id
    site.wiki.visit_system("Setup").rename("Old", "New")
    assert as_user("Ann").get(f"/-/p/{page_id}").location == f"{PREFIX}/New"


def test_source_old_revisions_and_print_view(browser: Browser, write: Write) -> None:
    write(PAGE, "first text\n")
    write(PAGE, "second text\n")
    raw = browser.get(f"/{PAGE}?action=raw")
    assert raw.text == "second text\n" and raw.headers["Content-Type"].startswith("text/plain")
    assert browser.get(f"/{PAGE}?action=raw&rev=1").text == "first text\n"
    old = browser.get(f"/{PAGE}?action=recall&rev=1")
    assert "first text" in old.text and "old revision" in old.text
    assert "first text" in browser.get(f"/{PAGE}?rev=00000001").text
    assert "second text" in browser.get(f"/{PAGE}?action=print").text
    assert browser.get(f"/{PAGE}?action=recall&rev=9").status == 404
    assert browser.get(f"/{PAGE}?action=recall&rev=x").status == 400


def test_an_anonymous_view_sets_no_cookie_and_may_be_kept(browser: Browser, write: Write) -> None:
    write(PAGE, "text\n")
    keep: dict[str, object] = {}
    answer = browser.open(f"/{PAGE}", environ_overrides={"wiki.keep": keep})
    assert keep == {"name": PAGE}
    assert "Set-Cookie" not in answer.headers and browser.cookies == set()


def test_what_depends_on_the_moment_or_is_not_public_is_never_kept(browser: Browser, write: Write, secret: str) -> None:
    write("Now", "<<DateTime>>\n")
    for url in ("/Now", f"/{secret}", "/Missing", f"/{PAGE}?action=info"):
        keep: dict[str, object] = {}
        browser.open(url, environ_overrides={"wiki.keep": keep})
        assert keep == {}, url


def test_a_logged_in_view_is_never_kept(as_user: Callable[..., Browser], write: Write) -> None:
    write(PAGE, "text\n")
    keep: dict[str, object] = {}
    as_user("Ann").open(f"/{PAGE}", environ_overrides={"wiki.keep": keep})
    assert keep == {}


def test_a_secret_page_is_refused_in_every_form(browser: Browser, as_user: Callable[..., Browser], secret: str) -> None:
    actions = (
        "show",
        "raw",
        "print",
        "content",
        "recall&rev=1",
        "edit",
        "info",
        "diff",
        "AttachFile",
        "access",
        "RenamePage",
    )
    for visitor in (browser, as_user("Ann")):
        for action in actions:
            answer = visitor.get(f"/{secret}?action={action}")
            assert answer.status == 403, action
            assert f"Nobody reads {CANARY}" not in answer.text


def test_who_may_do_what_is_explained(as_user: Callable[..., Browser], write: Write) -> None:
    write(PAGE, "#acl Ann:read,write All:read\ntext\n")
    page = as_user("Ann").get(f"/{PAGE}?action=access")
    assert "Ann:read,write" in page.text


def test_every_answer_carries_the_security_headers(browser: Browser, write: Write) -> None:
    write(PAGE, "text\n")
    for url in (
        f"/{PAGE}",
        "/Missing",
        "/-/login",
        "/-/nothing",
        "/-/recent",
        f"/{PAGE}?action=raw",
        "/-/static/0/wiki.css",
    ):
        headers = browser.get(url).headers
        policy = headers["Content-Security-Policy"].replace("style-src-attr 'unsafe-inline'", "")
        assert "'unsafe" not in policy, url
        assert headers["X-Content-Type-Options"] == "nosniff", url
        assert headers["Referrer-Policy"] == "same-origin", url


def test_an_error_nobody_expected_is_logged_under_the_id_that_is_shown(
    browser: Browser, write: Write, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(PAGE, "text\n")

    def broken(*_: object) -> None:
        raise RuntimeError("very secret detail")

    monkeypatch.setattr(type(site.wiki), "fragment", broken)
    answer = browser.get(f"/{PAGE}")
    assert answer.status == 500 and "very secret detail" not in answer.text
    log = (site.folder / "log" / "error.log").read_text()
    incident = next(line.split()[1] for line in log.splitlines() if not line.startswith(" "))
    assert incident in answer.text and "very secret detail" in log


def test_a_foreign_host_name_is_refused_where_hosts_are_configured(make_app: Callable[..., Flask]) -> None:
    browser = Browser(make_app(allowed_hosts=["localhost"]))
    assert browser.get("/-/recent").status == 200
    for url in ("/-/recent", "/", "/-/feed/recent.atom", "/Page?action=raw"):
        answer = browser.get(url, {"Host": "evil.example"})
        assert answer.status == 400 and "evil.example" not in answer.text, url
