"""Searching, suggestions, and lists of pages, as visitors see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from wiki import search
from wiki.web import find

from .conftest import CANARY, PAGE, PREFIX

if TYPE_CHECKING:
    from wiki.web.site import Site

    from .conftest import Answer, Browser

Write = Callable[..., None]
AsUser = Callable[..., "Browser"]

LISTS = [
    "/-/search",
    "/-/search?q=text",
    "/-/search?q=canary",
    "/-/search?q=Nobody",
    "/-/search?q=title:secret",
    "/-/search?q=linkto:Café/日本語",
    "/-/search?q=author:Setup",
    "/-/search?q=-zebra",
    "/-/suggest?q=secr",
    "/-/suggest?q=canary",
    f"/{PAGE}?action=backlinks",
    f"/{PAGE}?action=LikePages",
    "/Secre?action=LikePages",
    "/-/tree",
    "/-/tree?at=Secret",
    "/Secret?action=LocalSiteMap",
    "/-/index",
    "/-/wanted",
    "/-/orphans",
    "/-/random",
    "/-/deleted",
]


def all_parts(browser: Browser, url: str, label: str = "More") -> list[Answer]:
    """Return the parts of a list, following the link to the next one."""
    parts = [browser.get(url)]
    while following := [url for url, text in parts[-1].read.links if text.strip() == label]:
        parts.append(browser.get(following[0]))
        assert len(parts) < 50
    return parts


# -- search ------------------------------------------------------------------------------------------------------------


def test_a_search_marks_what_it_found_in_name_and_text(browser: Browser, write: Write) -> None:
    write(PAGE, "Ein Text über 日本の文化 und Kaffee.\n")
    answer = browser.get("/-/search?q=日本")
    assert "Café/<mark>日本</mark>語" in answer.text
    assert "<mark>日本</mark>の文化" in answer.text


def test_results_are_paged_without_gaps_or_repetition(browser: Browser, write: Write) -> None:
    wanted = {f"Page {number:02}" for number in range(45)}
    for name in wanted:
        write(name, "needle\n")
    parts = all_parts(browser, "/-/search?q=needle", "More matches")
    found = [[name for name in part.names if name in wanted] for part in parts]
    assert [len(part) for part in found] == [20, 20, 5]
    assert {name for part in found for name in part} == wanted
    assert "45 pages found" in parts[0].text
    assert browser.get(parts[2].link("Better matches")).body == parts[1].body


def test_the_page_of_that_very_name_is_offered_first(browser: Browser, write: Write) -> None:
    write(PAGE)
    write("Other", f"About {PAGE}.\n")
    for typed in (PAGE, "café/日本語", "  Café//日本語 "):
        assert browser.get("/-/search", q=typed).names[0] == PAGE


def test_who_may_write_is_offered_to_create_what_was_not_found(browser: Browser, as_user: AsUser) -> None:
    assert "Create the page" not in browser.get("/-/search?q=New thing").text
    editor = as_user("Editor")
    assert editor.get("/-/search?q=New thing").link("Create the page “New thing”") == f"{PREFIX}/New%20thing"
    assert "Create the page" not in editor.get("/-/search?q=author:New").text


def test_names_like_the_one_asked_for_are_shown_when_nothing_is_found(browser: Browser, write: Write) -> None:
    write("Kaffeemaschine")
    assert "Kaffeemaschine" in browser.get("/-/search?q=Kaffeemaschinenn").names


def test_regular_expressions_need_an_account(browser: Browser, as_user: AsUser, write: Write) -> None:
    write(PAGE, "number 4711 here\n")
    refused = browser.get("/-/search?q=regex:4\\d%2B1")
    assert refused.status == 400
    assert "log in" in refused.text
    assert PAGE in as_user("Editor").get("/-/search?q=regex:4\\d%2B1").names


@pytest.mark.parametrize("pattern", ["regex:(", "regex:(a*)*b", "regex:[", "regex:a|word OR other"])
def test_a_regular_expression_that_cannot_be_run_is_explained(as_user: AsUser, pattern: str) -> None:
    answer = as_user("Editor").get("/-/search", q=pattern)
    assert answer.status in (200, 400)
    assert answer.heading == "Search"


def test_a_search_that_was_stopped_says_so(as_user: AsUser, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        write(f"Page {number}", "abc\n")
    monkeypatch.setattr(search, "SECONDS", -1.0)
    assert "stopped" in as_user("Editor").get("/-/search?q=regex:abc").text


def test_what_is_searched_for_is_shown_as_text(browser: Browser, write: Write) -> None:
    for evil in ('"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "{{7*7}}", "%(name)s"):
        write("x" + evil.replace("/", ""), f"hostile {evil}\n")
        for query in (evil, "hostile", "title:x"):
            answer = browser.get("/-/search", q=query)
            assert answer.status == 200
            assert "<script>alert" not in answer.text
            assert "<img" not in answer.text


def test_a_wrong_place_in_the_results_is_refused(browser: Browser) -> None:
    for start in ("-1", "x", "99999999999999999999", "²"):
        assert browser.get("/-/search", q="x", start=start).status == 400, start


@pytest.mark.parametrize(
    ("old", "query"),
    [
        (f'?action=fullsearch&value=linkto:"{PAGE}"&context=180', f'linkto:"{PAGE}"'),
        ("?action=fullsearch&titlesearch=0&value=some words&fullsearch=Text", "some words"),
        ("?action=fullsearch&value=some words&titlesearch=Titles", "title:some title:words"),
        ("?action=fullsearch&titlesearch=1&value=some", "title:some"),
        ("?action=titlesearch&value=t:some", "t:some"),
        ("?action=fullsearch&value=a.c&regex=1", 'regex:"a.c"'),
        ("?action=fullsearch", ""),
    ],
)
def test_search_urls_of_moinmoin_lead_to_the_search(browser: Browser, write: Write, old: str, query: str) -> None:
    write("Linking", f"[[{PAGE}]] some words\n")
    answer = browser.get(f"/{PAGE}{old}")
    assert answer.status == 302
    shown = answer.follow()
    assert shown.form("/-/search", q=query).fields["q"] == query


def test_suggestions_are_at_most_ten_pages_with_their_urls(browser: Browser, write: Write) -> None:
    for number in range(12):
        write(f"Café/{number}")
    answer = browser.get("/-/suggest?q=caf")
    assert len(answer.json) == 10
    assert answer.json[0] == {"name": "Café/0", "url": f"{PREFIX}/Caf%C3%A9/0"}
    assert answer.headers["Cache-Control"].startswith("private")
    assert browser.get("/-/suggest?q=").json == []


# -- lists -------------------------------------------------------------------------------------------------------------


def test_backlinks_are_listed_and_paged(browser: Browser, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "ROWS", 2)
    for number in range(5):
        write(f"Linking {number}", f"[[{PAGE}]]\n")
    parts = all_parts(browser, f"/{PAGE}?action=backlinks")
    assert len(parts) == 3
    found = [name for part in parts for name in part.names if name.startswith("Linking")]
    assert found == [f"Linking {number}" for number in range(5)]


def test_backlinks_of_an_unreadable_page_are_refused(browser: Browser, secret: str) -> None:
    assert browser.get(f"/{secret}?action=backlinks").status == 403
    assert browser.get(f"/{secret}?action=LikePages").status == 403


def test_the_tree_shows_two_levels_and_leads_to_the_rest(browser: Browser, write: Write) -> None:
    for name in ("A/B/C/D", "A/E", "Z", PAGE):
        write(name)
    answer = browser.get("/-/tree")
    assert {"B (missing)", "E", "Z", "日本語"} <= set(answer.names)
    assert not {"C", "C (missing)", "D"} & set(answer.names)
    below = browser.get(answer.link("Subpages A/B"))
    assert {"C (missing)", "D"} <= set(below.names)
    assert {"C (missing)", "D"} <= set(browser.get("/A/B?action=LocalSiteMap").names)


def test_a_wide_tree_is_paged(browser: Browser, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "BRANCHES", 2)
    monkeypatch.setattr(find, "BELOW", 1)
    for name in ("A/1", "A/2", "B", "C", "D/1", "E"):
        write(name)
    parts = all_parts(browser, "/-/tree")
    shown = [name.partition(" ")[0] for part in parts for name in part.names]
    assert len(parts) == 3
    assert [name for name in shown if name.isupper()] == ["A", "B", "C", "D", "E"]
    assert "2" not in shown


def test_the_index_lists_all_pages_by_letter(browser: Browser, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "INDEX", 3)
    pages = {"Apfel", "apple", "Äpfel", "Birne", PAGE, "日本"}
    for name in pages:
        write(name)
    parts = all_parts(browser, "/-/index")
    assert {name for part in parts for name in part.names} >= pages
    assert "6 pages" in parts[0].text
    assert find._letter("Äpfel") == find._letter("apple") == "A"


def test_wanted_pages_say_how_many_want_them(browser: Browser, write: Write) -> None:
    write("One", "[[Missing]] [[Rare]]\n")
    write("Two", "[[Missing]]\n")
    answer = browser.get("/-/wanted")
    assert "2 pages link here" in answer.text
    assert answer.text.index("Missing") < answer.text.index("Rare")


def test_orphans_are_pages_that_nothing_links_to(browser: Browser, write: Write) -> None:
    write("One", f"[[{PAGE}]]\n")
    write(PAGE)
    found = browser.get("/-/orphans").names
    assert "One" in found
    assert PAGE not in found


def test_a_random_page_is_a_page(browser: Browser, write: Write) -> None:
    assert browser.get("/-/random").location == f"{PREFIX}/"
    write(PAGE)
    assert browser.get("/-/random").location.endswith("/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E")


def test_a_deleted_page_can_be_restored_from_the_list(
    as_user: AsUser, browser: Browser, write: Write, site: Site
) -> None:
    write(PAGE, "back again\n")
    site.wiki.visit_system("Setup").delete(PAGE, "no longer <needed>")
    assert "Restore" not in browser.get("/-/deleted").text
    editor = as_user("Editor")
    listed = editor.get("/-/deleted")
    assert "no longer &lt;needed&gt;" in listed.text
    assert editor.submit(listed.form(button="Restore")).status == 303
    assert site.wiki.visit().read(PAGE).text == "back again\n"
    assert PAGE not in editor.get("/-/deleted").names


# -- what nobody learns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["", "Bob"])
def test_a_secret_page_is_in_no_list(
    browser: Browser, as_user: AsUser, write: Write, secret: str, site: Site, who: str
) -> None:
    write(PAGE, "Some text.\n")
    write(f"Secret/gone {CANARY}", f"#acl Root:read All:\n{CANARY}\n")
    site.wiki.visit_system("Setup").delete(f"Secret/gone {CANARY}")
    visitor = as_user(who) if who else browser
    for url in LISTS:
        answer = visitor.get(url)
        assert answer.status in (200, 302), url
        assert CANARY not in answer.text, url
        assert CANARY not in answer.location, url


def test_a_secret_page_is_found_by_who_may_read_it(as_user: AsUser, write: Write, secret: str) -> None:
    root = as_user("Root")
    assert CANARY in root.get("/-/search?q=Nobody").text
    assert CANARY in root.get("/-/suggest?q=secr").text
    assert CANARY in root.get("/-/wanted").text


def test_a_regular_expression_finds_no_secret(as_user: AsUser, write: Write, secret: str) -> None:
    write(PAGE)
    bob = as_user("Bob")
    for query in ("regex:canary-.*", "title:regex:canary", "regex:Nobody -zebra", "-regex:zebra"):
        answer = bob.get("/-/search", q=query)
        assert answer.status == 200, query
        assert CANARY not in answer.text, query


def test_an_anonymous_look_sets_no_cookie(browser: Browser, write: Write) -> None:
    write(PAGE)
    for url in LISTS:
        assert "Set-Cookie" not in browser.get(url).headers, url
    assert browser.cookies == set()
