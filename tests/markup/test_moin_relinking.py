"""Renaming a page changes the links to it in MoinMoin markup, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiki.markup.wikilinks import rewritten


def moved(text: str, old: str = "OldPage", new: str = "New Page", page: str = "Café/日本語") -> str:
    """Return a text after a page was renamed."""
    return rewritten(text, "moin", page, old, new)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("[[OldPage]]", "[[New Page]]"),
        ("a [[ OldPage#b c | label ]] d", "a [[ New Page#b c | label ]] d"),
        ("[[OldPage|OldPage|&action=raw]]", "[[New Page|OldPage|&action=raw]]"),
        ("OldPage, (OldPage) OldPage#x", "[[New Page]], ([[New Page]]) [[New Page#x]]"),
        ("!OldPage OldPages xOldPage OldPage/SubPage", "!OldPage OldPages xOldPage OldPage/SubPage"),
        ("{{OldPage}} {{OldPage|x|width=3}}", "{{New Page}} {{New Page|x|width=3}}"),
        ("[[attachment:OldPage/a b.txt|x]]", "[[attachment:New Page/a b.txt|x]]"),
        ("{{attachment:OldPage/a.png}}", "{{attachment:New Page/a.png}}"),
        ("[[http://x.y|{{attachment:OldPage/a.png}}]]", "[[http://x.y|{{attachment:New Page/a.png}}]]"),
        ("{{drawing:OldPage/a}}", "{{drawing:New Page/a}}"),
        ("<<Include(OldPage, x)>> <<Include('OldPage')>>", '<<Include(New Page, x)>> <<Include("New Page")>>'),
        ("[[Self:OldPage]]", "[[Self:New Page]]"),
        ("||OldPage||[[OldPage||class=x]]||", "||[[New Page]]||[[New Page||class=x]]||"),
        (" * OldPage\n OldPage:: OldPage", " * [[New Page]]\n OldPage:: [[New Page]]"),
        ("{{{#!wiki red\nOldPage\n}}}", "{{{#!wiki red\n[[New Page]]\n}}}"),
        ("''OldPage'''", "''[[New Page]]'''"),
        ("OldPage\r\nOldPage\tOldPage", "[[New Page]]\r\n[[New Page]]\t[[New Page]]"),
        ("= OldPage =\n`OldPage` {{{OldPage [[OldPage]]}}} ^OldPage^", None),
        ("{{{\nOldPage [[OldPage]] <<Include(OldPage)>>\n}}}", None),
        ("## OldPage [[OldPage]]\n", None),
        ("[[a|OldPage]] <<Macro(OldPage)>> http://x/OldPage OldPage@x.de", None),
        ("[[Wiki:OldPage]] Wiki:OldPage [[OldPage/Sub]] [[#OldPage]]", None),
        ("", None),
    ],
)
def test_links_follow_a_page(text: str, result: str | None) -> None:
    expected = text if result is None else result
    # A mail address begins with a word, as in MoinMoin: that one is a link.
    assert moved(text) == expected.replace("OldPage@x.de", "[[New Page]]@x.de")


def test_words_stay_words_where_they_can() -> None:
    assert moved("OldPage [[OldPage]]", new="NewPage") == "NewPage [[NewPage]]"
    assert moved("ÄrgerÜber", old="ÄrgerÜber", new="ÜberÄrger") == "ÜberÄrger"


def test_relative_links_follow_too() -> None:
    assert moved("[[/Sub]] /SubPage", "A/Sub", "B", page="A") == "[[B]] /SubPage"
    assert moved("../SubPage [[../SubPage]]", "A/SubPage", "B/NewName", page="A/C") == "[[B/NewName]] [[B/NewName]]"


def test_hashes_in_names() -> None:
    assert moved("[[C##]] [[C##a]]", "C#", "D#") == "[[D##]] [[D##a]]"
    assert moved("[[OldPage]]", new="C#") == "[[C##]]"


def test_what_cannot_be_written_stays() -> None:
    for new in ("a|b", "a]]b", "http://x", "attachment:x", "a{b"):
        assert moved("[[OldPage]] OldPage", new=new) == "[[OldPage]] OldPage"


def test_the_head_stays() -> None:
    assert (
        moved("#redirect OldPage\n#pragma x OldPage\nOldPage") == "#redirect OldPage\n#pragma x OldPage\n[[New Page]]"
    )


@given(
    st.lists(
        st.sampled_from(
            [
                "OldPage",
                "[[",
                "]]",
                "|",
                "{{",
                "}}",
                "{{{",
                "}}}",
                "\n",
                " ",
                "`",
                "!",
                "||",
                "#",
                "<<Include(",
                ")>>",
                "attachment:",
                "/",
                "'",
                "x",
            ]
        ),
        max_size=30,
    )
)
def test_only_targets_change(pieces: list[str]) -> None:
    text = "".join(pieces)
    result = moved(text, new="NewPage")
    assert result.replace("NewPage", "OldPage").replace('"', "") == text.replace('"', "")
    assert moved(result, "NewPage", "OldPage").count("OldPage") == text.count("OldPage")
