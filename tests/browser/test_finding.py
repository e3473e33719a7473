"""Finding pages: searches of every kind, lists, backlinks, feeds."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from .garden import PAGE
from .screens import BEDS
from .visitor import Visitor

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("almanac sulks", None),
        ("sulks sits", "Sowing calendar"),
        ('"sits and sulks"', "Sowing calendar"),
        ('"sulks and sits"', None),
        ("sulks -early", None),
        ("gooseberry OR sulks", "Sowing calendar"),
        ("title:Beds", BEDS),
        (f"linkto:{BEDS}", PAGE),
        ("category:CategoryGarden", "Garden"),
        ("author:Bob rebuilt OR leaked", "New shed"),
        ("全文検索", PAGE),
        ("試験", PAGE),
        ("brassic", BEDS),
    ],
)
def test_a_search_finds(words: str, found: str | None, anyone: Visitor) -> None:
    results = anyone.open().search(words)
    assert (found in results) if found else (results == [])


def test_who_is_logged_in_finds_by_regular_expressions(ann: Visitor, anyone: Visitor) -> None:
    assert "Sowing calendar" in ann.open().search('regex:"sulk[sz]"')
    assert anyone.open().search('regex:"sulk[sz]"') == []
    assert "Please log in to search with regular expressions." in anyone.text


def test_what_was_found_is_marked_and_ranked_by_title_first(anyone: Visitor) -> None:
    results = anyone.open().search("calendar")
    assert results[:2] == ["Sowing calendar", "Sowing calendar/Last year"]
    assert {text.casefold() for text in anyone.main.locator("ol.results mark").all_inner_texts()} == {"calendar"}


def test_nothing_found_offers_to_create_the_page_and_shows_similar_names(ann: Visitor) -> None:
    assert ann.open().search("Sowing calender") == []
    assert ann.main.get_by_role("link", name="Sowing calendar", exact=True).is_visible()
    ann.follow("Create the page", exact=False).follow("Create this page")
    assert ann.place == "/Sowing calender" and ann.main.locator("#text").is_visible()


def test_names_are_suggested_while_one_types(anyone: Visitor) -> None:
    anyone.open()
    box = anyone.page.locator("#search")
    box.press_sequentially("Garden/B")
    anyone.page.get_by_role("option", name=BEDS).wait_for()
    box.press("ArrowDown")
    box.press("Enter")
    anyone.page.wait_for_url(f"**/{BEDS}")


def test_recent_changes_go_by_day_and_lead_to_differences(anyone: Visitor) -> None:
    anyone.special("recent", under=BEDS)
    days = anyone.main.locator("section.day")
    assert days.count() == 2
    assert days.first.locator("li.change").count() == 1
    assert "Bob" in days.first.inner_text() and "litres instead of cans" in days.first.inner_text()
    anyone.follow(f"Difference {BEDS}")
    assert anyone.main.locator(".diff ins").count() > 0


def test_the_tree_the_index_wanted_and_orphaned_pages_are_lists_of_links(anyone: Visitor) -> None:
    anyone.special("tree", at="Garden").follow("Spade", exact=False)
    assert anyone.place == "/Garden/Tools/Spade"
    anyone.special("index", after="Garde")
    assert anyone.main.get_by_role("link", name=BEDS, exact=True).is_visible()
    anyone.special("wanted")
    assert anyone.main.locator("ul.names a.missing").count() > 0
    anyone.special("orphans", after="Lead")
    assert anyone.main.locator("ul.names li").first.inner_text() == "Leading"
    anyone.special("random")
    assert anyone.main.locator("article.text").is_visible()


def test_a_click_on_the_title_shows_what_links_here(anyone: Visitor) -> None:
    anyone.open(BEDS).page.locator("h1 a").click()
    anyone.page.wait_for_load_state()
    assert anyone.heading == f"What links to “{BEDS}”"
    assert anyone.main.get_by_role("link", name=PAGE, exact=True).is_visible()


@pytest.mark.parametrize("of", ["wiki", "page", "subtree"])
def test_a_feed_is_atom_and_its_links_lead_to_pages(of: str, anyone: Visitor) -> None:
    special, page = anyone.site.urls.special, anyone.site.urls.page
    urls = {
        "wiki": special("feed/recent.atom"),
        "page": page(BEDS, "rss_rc"),
        "subtree": special("feed/recent.atom", under="Garden"),
    }
    answer = anyone.page.request.get(urls[of])
    assert answer.headers["content-type"].startswith("application/atom+xml")
    entries = ElementTree.fromstring(answer.body()).findall(f"{ATOM}entry")
    titles = {entry.findtext(f"{ATOM}title") for entry in entries}
    if of == "wiki":
        assert len(titles) > 2
    else:
        assert BEDS in titles
        assert all(str(title).startswith("Garden") for title in titles)
    link = entries[0].find(f"{ATOM}link")
    assert link is not None
    assert anyone.page.request.get(link.attrib["href"]).status == 200


def test_screens_name_the_feeds_that_belong_to_them(anyone: Visitor) -> None:
    anyone.open(BEDS)
    href = anyone.page.locator("link[type='application/atom+xml']").first.get_attribute("href")
    assert anyone.page.request.get(anyone.site.base + str(href)).status == 200


# -- real pages -------------------------------------------------------------------------------------------------------

CRAWLED = 150

DECODED = """Promise.all([...document.querySelectorAll('article img')]
  .filter(img => img.src.startsWith(location.origin))
  .map(img => { img.loading = 'eager'; return img.decode().then(() => '', () => img.src) }))"""
"""What of the pictures from this wiki cannot be shown: '' for each that can."""


def test_links_and_pictures_of_real_pages_work(corpus: object, person: Callable[..., Visitor]) -> None:
    from pathlib import Path

    assert isinstance(corpus, Path)
    there = {path.relative_to(corpus).with_suffix("").as_posix() for path in corpus.rglob("*.md")}
    assert len(there) >= 500
    visitor = person()
    illustrated = [name for name in there if "](" in (text := (corpus / f"{name}.md").read_text()) and "![" in text]
    chosen = [*illustrated, *sorted(there)[:: len(there) // CRAWLED]][:CRAWLED]
    followed: dict[str, str] = {}
    wrong, pictures = [], 0
    for name in chosen:
        folder = name.removesuffix("/README").removesuffix("/index")
        visitor.open(folder)
        if not visitor.main.locator("article").count():
            wrong.append(f"{folder} is not there")
            continue
        for url in visitor.page.evaluate(
            "[...document.querySelectorAll('article a:not(.missing)')].map(link => link.href.split('#')[0])"
        ):
            if url.startswith(visitor.site.base):
                followed.setdefault(url, folder)
        broken = visitor.page.evaluate(DECODED)
        pictures += len(broken)
        wrong += [f"{folder}: {src} does not decode" for src in broken if src]
    for url, page in list(followed.items())[:CRAWLED]:
        status = visitor.page.request.head(url).status
        if status != 200:
            wrong.append(f"{page} links to {url}: {status}")
    visitor.problems[:] = [
        each for each in visitor.problems if not each.startswith(("asks elsewhere", "console: Failed"))
    ]
    assert wrong == []
    assert pictures > 0 and len(followed) > 50
