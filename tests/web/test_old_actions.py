"""Old URLs of MoinMoin 1.9 are answered by what they meant."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from wiki.web import old
from wiki.web.dispatch import ACTIONS

from .conftest import CANARY, PAGE, PREFIX, Browser

ACTIONS_OF_19 = """show raw print content format recall refresh edit diff info revert AttachFile CopyPage RenamePage
    DeletePage Save LikePages LocalSiteMap SpellCheck RenderAsDocbook SubscribeUser quicklink quickunlink supplementation newpage goto
    PackagePages MyPages SyncPages showtags cache fullsearch titleindex links sitemap sisterpages pollsistersites rss_rc login logout
    newaccount userprefs userprofile serveopenid xmlrpc xmlrpc2 backup chart language_setup thread_monitor fckdialog twikidraw
    anywikidraw titlesearch""".split()


@pytest.mark.parametrize("action", ACTIONS_OF_19)
def test_no_action_of_moinmoin_is_unknown(browser: Browser, write: Callable[..., None], action: str) -> None:
    assert action in ACTIONS
    write(PAGE)
    answer = browser.get(f"/{PAGE}?action={action}&rev=1")
    assert answer.status in (200, 302, 303, 403, 405, 410), answer.text
    assert "There is no action" not in answer.text
    assert (answer.status == 410) is (action in old.GONE)


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("/Here?action=goto&target=Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E", f"/{PAGE}"),
        ("/Here?action=goto&target=", "/"),
        ("/Here?action=newpage&pagename=New&parent=Here&template=T", "/-/new?name=New&parent=Here&template=T"),
        ("/Here?action=titleindex", "/-/index"),
        ("/Here?action=login", "/-/login?next=/wiki/Here"),
        ("/Here?action=userprefs", "/-/preferences"),
        ("/Here?action=userprofile", "/-/preferences"),
        ("/Here?action=newaccount", "/-/register"),
        ("/Here?action=format&mimetype=text/plain", "/Here?action=raw"),
        ("/Here?action=format", "/Here?action=content"),
        ("/Here?action=supplementation", "/Here/Discussion"),
        ("/Here?action=MyPages", "/-/login?next=/wiki/Here"),
        ("/Here?action=fullsearch&value=word&titlesearch=0&context=180", "/-/search?q=word"),
        ("/Here?action=fullsearch&value=linkto:%22Here%22&context=180", '/-/search?q=linkto:"Here"'),
        (
            "/Here?action=fullsearch&advancedsearch=1&and_terms=a+b&or_terms=c+d&not_terms=e&categories=CategoryX",
            "/-/search?q=a b (c OR d) -e category:CategoryX",
        ),
        ("/Here?action=fullsearch&advancedsearch=1&or_terms=c&titlesearch=1", "/-/search?q=title:c"),
    ],
)
def test_an_old_url_leads_to_what_it_meant(browser: Browser, url: str, leads_to: str) -> None:
    from urllib.parse import unquote_plus

    answer = browser.get(url)
    assert answer.status == 302, answer.text
    assert unquote_plus(answer.location).removeprefix(PREFIX) == leads_to


def test_who_is_logged_in_gets_to_his_pages(as_user: Callable[..., Browser]) -> None:
    assert as_user("Ann").get("/Here?action=MyPages").location == f"{PREFIX}/Ann?action=LocalSiteMap"


def test_what_is_gone_says_what_to_do_instead(browser: Browser) -> None:
    assert "wiki backup" in browser.get("/Here?action=backup").text
    assert "not there any more" in browser.get("/Here?action=thread_monitor").text


def test_a_page_is_saved_as_a_file(browser: Browser, write: Callable[..., None]) -> None:
    write(PAGE, "First.\n")
    write(PAGE, "Second.\n")
    answer = browser.get(f"/{PAGE}?action=Save&rev=1")
    assert answer.text == "First.\n"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.txt"


def test_programs_get_all_names_and_links(browser: Browser, write: Callable[..., None], secret: str) -> None:
    write("A & <b>", "[[B]] [[Nowhere]]\n")
    write("B")
    assert browser.get("/X?action=titleindex&mimetype=text/plain").text == "A & <b>\nB\n"
    titles = ElementTree.fromstring(browser.get("/X?action=titleindex&mimetype=text/xml").body)
    assert [title.text for title in titles] == ["A & <b>", "B"]
    assert browser.get("/X?action=links").text == "A%20%26%20%3Cb%3E B Nowhere\nB\n"
    assert browser.get("/X?action=sisterpages").text == (
        f"http://localhost{PREFIX}/A%20%26%20%3Cb%3E A & <b>\nhttp://localhost{PREFIX}/B B\n"
    )
    places = ElementTree.fromstring(browser.get("/X?action=sitemap").body)
    assert [place[0].text for place in places] == [
        f"http://localhost{PREFIX}/A%20%26%20%3Cb%3E",
        f"http://localhost{PREFIX}/B",
    ]
    assert CANARY not in browser.get("/X?action=links").text


def test_the_whole_is_not_sent_too_often(browser: Browser) -> None:
    statuses = [browser.get("/X?action=links").status for _ in range(old.WHOLE[0] + 1)]
    assert statuses == [200] * old.WHOLE[0] + [429]


def test_an_old_url_that_changes_something_asks_first(as_user: Callable[..., Browser]) -> None:
    browser = as_user("Ann")
    answer = browser.get("/Here?action=logout")
    assert answer.status == 200
    assert browser.session
    form = next(form for form in answer.read.forms if form.action.endswith("action=logout"))
    assert browser.submit(form).status == 303
    assert not browser.session
    answer = browser.get("/Here?action=refresh")
    form = next(form for form in answer.read.forms if form.action.endswith("action=refresh"))
    assert browser.submit(form).location == f"{PREFIX}/Here"
