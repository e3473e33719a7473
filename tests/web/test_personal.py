"""Quick links and trail, as who comes from MoinMoin knows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from wiki import interwiki
from wiki.web.personal import TRAIL
from wiki.web.site import Site

from .conftest import CANARY, PAGE, PREFIX, Browser


def test_quick_links_lead_where_moinmoins_do(as_user: Callable[..., Browser], site: Site) -> None:
    ann = as_user("Ann")
    storage = site.wiki.storage
    links = ["FrontPage", "[[Projects/Alpha|Alpha]]", "Wiki:RecentChanges", "[[https://example.org/|Example]]", "RFC:2616",
             "[[javascript:alert(1)|x]]", "..", "[[|]]"]  # fmt: skip
    storage.put_user(replace(storage.user_named("Ann"), settings={"quicklinks": links}))
    answer = ann.get("/-/recent")
    assert answer.link("Alpha") == f"{PREFIX}/Projects/Alpha"
    assert answer.link("RecentChanges") == f"{PREFIX}/RecentChanges"
    assert answer.link("Example") == "https://example.org/"
    assert answer.link("2616") == "https://www.rfc-editor.org/rfc/rfc2616"
    assert f'href="{PREFIX}/javascript:alert(1)"' in answer.text
    assert 'href="javascript:' not in answer.text
    form = next(form for form in ann.get("/-/preferences").read.forms if "quicklinks" in form.names)
    ann.submit(form, quicklinks="[[https://example.org//x|Y]]\nFrontPage")
    assert storage.user_named("Ann").settings["quicklinks"] == ["[[https://example.org//x|Y]]", "FrontPage"]


def test_the_trail_has_the_pages_that_were_seen(
    as_user: Callable[..., Browser], write: Callable[..., None], secret: str
) -> None:
    for name in ("A", "B", PAGE):
        write(name)
    ann = as_user("Ann")
    for name in ("A", "Missing", PAGE, secret, "B"):
        answer = ann.get(f"/{name}")
    trail = answer.text.partition('class="trail"')[2].partition("</nav>")[0]
    assert trail.index(f'href="{PREFIX}/A"') < trail.index("Caf%C3%A9/%E6%97%A5")
    assert "Missing" not in trail
    assert CANARY not in trail
    ann.get("/A")
    trail = ann.get("/B").text.partition('class="trail"')[2].partition("</nav>")[0]
    assert trail.index("Caf%C3%A9/") < trail.index(f'href="{PREFIX}/A"')
    ann.logout()
    assert TRAIL not in ann.cookies


def test_a_forged_trail_does_no_harm(as_user: Callable[..., Browser], secret: str) -> None:
    ann = as_user("Ann")
    for value in ("%3Cscript%3E", secret.replace("/", "%2F"), "%ff%00", "&&&", "x" * 3000, "a&" * 1000):
        ann.client.set_cookie(TRAIL, value, domain="localhost", path=f"{PREFIX}/")
        answer = ann.get("/-/recent")
        assert answer.status == 200
        assert "<script>" not in answer.text
        assert CANARY not in answer.text


def test_who_has_no_account_has_no_trail_and_no_cookie(browser: Browser, write: Callable[..., None]) -> None:
    write("A")
    for _ in range(2):
        assert "trail" not in browser.get("/A").text
    assert browser.cookies == set()


def test_an_account_keeps_moinmoins_time_zone(as_user: Callable[..., Browser], site: Site) -> None:
    ann = as_user("Ann")
    storage = site.wiki.storage
    storage.put_user(replace(storage.user_named("Ann"), settings={"tz_offset": 19800}))
    ann.save("Zone", "<<DateTime(2026-01-01T00:00:00Z)>>")
    assert "05:30" in ann.get("/Zone").text


def test_the_interwiki_table_may_have_more(tmp_path: Path, make_app: Callable[..., Any]) -> None:
    (tmp_path / "data0").mkdir()
    (tmp_path / "data0" / "intermap.txt").write_text(
        "# ours\nOurs https://ours.example/$PAGE.html\nbad javascript:alert(1)\n"
    )
    table = interwiki.table(str(tmp_path / "data0"))
    assert table["Ours"] == "https://ours.example/$PAGE.html"
    assert "Wikipedia" in table
    assert "bad" not in table
