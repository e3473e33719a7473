"""The pages that a new wiki starts with: they render, their links lead somewhere, and they leave nothing out."""

from __future__ import annotations

import re

import pytest

from tests.viewing import Conversation
from wiki import macros, names
from wiki.pages import start_pages

PAGES = dict(start_pages())


@pytest.fixture(scope="module")
def talk() -> Conversation:
    """A wiki with the start pages, saved twice so that they know of each other."""
    talk = Conversation()
    for name, text in PAGES.items():
        talk.save(name, text)
    return talk


def test_all_are_there() -> None:
    assert {
        "FrontPage", "Help", "Help/Access", "Help/Attachments", "Help/Editing", "Help/History", "Help/Links",
        "Help/Macros", "Help/Markdown", "Help/MoinMarkup", "Help/Search", "MeetingTemplate", "PersonTemplate",
    } == set(PAGES)  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_start_page_has_no_missing_link_and_no_failed_macro(talk: Conversation, name: str) -> None:
    view = talk.view(name)
    rendered = view.visit.rendered(view.visit.read(name))
    shown = view.page(rendered)[0]
    assert rendered.failed == ""
    assert re.findall(r'<a [^>]*class="[^"]*missing[^>]*>', shown) == []
    assert "macro-notice" not in shown
    text = re.sub(r"<(code|pre)\b.*?</\1>", "", shown, flags=re.DOTALL)
    assert set(re.findall(r"&lt;&lt;(\w+)", text)) <= {"NoMacro"}  # an example of a call that is escaped


@pytest.mark.parametrize("name", PAGES)
def test_links_to_a_heading_find_it(talk: Conversation, name: str) -> None:
    shown = talk.shown(name)
    for page, anchor in re.findall(r'href="(?:/wiki/([^"#?]*))?#([^"]+)"', shown):
        target = talk.shown(page) if page else shown
        assert f'id="{anchor}"' in target, (page, anchor)


@pytest.mark.parametrize("name", PAGES)
def test_a_start_page_is_normal(name: str) -> None:
    assert names.normal(name) == name
    assert PAGES[name].strip()
    assert "\r" not in PAGES[name]
    assert not PAGES[name].startswith("# ")  # the page's name is its title


def test_every_macro_has_a_heading_and_an_example() -> None:
    text = PAGES["Help/Macros"]
    assert set(re.findall(r"^### (\w+)$", text, re.MULTILINE)) == set(macros.REGISTRY)
    for name in macros.REGISTRY:
        assert re.search(rf"`[^`]*<<{name}\b[^`]*`", text), name


def test_the_front_page_leads_to_all_help(talk: Conversation) -> None:
    visit = talk.wiki.visit()
    reached = {"FrontPage"}
    waiting = ["FrontPage"]
    while waiting:
        for link in visit.storage.links(waiting.pop()):
            if link.kind == "link" and link.target not in reached:
                reached.add(link.target)
                waiting.append(link.target)
    assert {name for name in PAGES if not name.endswith("Template")} <= reached


def test_every_right_and_instruction_is_explained() -> None:
    from wiki.acl import RIGHTS, SPECIAL

    for word in (*RIGHTS, *SPECIAL):
        assert f"| `{word}`" in PAGES["Help/Access"], word
    for word in ("format", "redirect", "acl", "language", "pragma"):
        assert f"| `#{word} " in PAGES["Help/Editing"], word
