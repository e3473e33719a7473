"""The macros that MoinMoin's pages use beside the ordinary ones."""

from __future__ import annotations

import io
import re

import pytest

from tests.viewing import PAGE, Conversation
from wiki import dicts, macros


@pytest.fixture
def talk() -> Conversation:
    """A wiki in memory and its people."""
    return Conversation()


def test_a_dict_page_has_a_value_for_each_key() -> None:
    text = "Text\n red:: #f00\n two words:: a value :: with colons\n  deeper:: no\n* no:: no\n red:: #ff0000\n a:b::c\n empty::\n"
    found = {"red": "#ff0000", "two words": "a value :: with colons", "a:b": "c", "empty": ""}
    assert dicts.entries(text) == found
    assert len(dicts.entries(" :" * 50_000)) == 0


def test_values_and_quotes_come_from_other_pages(talk: Conversation) -> None:
    talk.save("ColourDict", " red:: <b>#f00</b>\n")
    assert "&lt;b&gt;#f00&lt;/b&gt;" in talk.macro("<<GetVal(ColourDict, red)>>")
    assert "GetVal" not in talk.macro("<<GetVal(ColourDict, blue)>>")
    assert 'class="missing"' in talk.macro("<<GetVal(NoDict, red)>>")
    assert "needs" in talk.macro("<<GetVal(ColourDict)>>")
    talk.save("FortuneCookies", "# Quotes\n\n- one *loud* thing\n")
    assert "one <em>loud</em> thing" in talk.macro("<<RandomQuote>>")
    assert "no list" in talk.macro("<<RandomQuote(ColourDict)>>")
    talk.cache.evicted.clear()
    talk.save("ColourDict", " red:: green\n")
    talk.save("Shows", "<<GetVal(ColourDict, red)>>")
    talk.save("ColourDict", " red:: blue\n")
    assert "Shows" in talk.cache.evicted


def test_a_secret_page_gives_no_value(talk: Conversation) -> None:
    talk.save("SecretDict", "#acl Ann:read,write,admin\n key:: canaryword\n * canaryword\n")
    for call in ("GetVal(SecretDict, key)", "RandomQuote(SecretDict)", "AttachInfo(SecretDict)", "PageSize", "AbandonedPages", "WordIndex",
                 "LikePages(SecretDict)", "TemplateList(^Secret)", "EditTemplates", "MonthCalendar(SecretDict, 2026, 1)"):  # fmt: skip
        shown = talk.macro(f"<<{call}>>", "Front", None)
        assert "canaryword" not in shown
        if call != "MonthCalendar(SecretDict, 2026, 1)":
            assert "SecretDict" not in shown, call
    assert talk.macro("<<PageCount>>", "Front", None).count("1") == 1
    assert "2" in talk.macro("<<PageCount>>", "Front", talk.ann)


def test_an_address_is_a_link_only_for_who_is_logged_in(talk: Conversation) -> None:
    call = "<<MailTo(ann AT exam NOSPAM ple DOT org, write)>>"
    assert "write <tt>&lt;ann AT exam NOSPAM ple DOT org&gt;</tt>" in talk.macro(call)
    assert '<a href="mailto:ann@example.org">write</a>' in talk.macro(call, user=talk.bob)
    assert "mailto:" not in talk.macro("<<MailTo(javascript:alert(1))>>", user=talk.bob)
    assert "mailto:" not in talk.macro("<<MailTo(a@b?bcc=c@d)>>", user=talk.bob)
    assert 'href="mailto:a@b.cd">a@b.cd<' in talk.macro("<<MailTo(a@b.cd)>>", user=talk.bob)


def test_an_action_is_linked(talk: Conversation) -> None:
    assert '?action=info">the history</a>' in talk.macro("<<Action(info, the history)>>")
    assert '?action=raw">raw</a>' in talk.macro("<<Action(raw)>>")
    assert "href" not in talk.macro('<<Action(x"onclick=)>>')


def test_a_calendar_shows_a_month_with_its_pages(talk: Conversation) -> None:
    talk.save("Diary/2026-11-25", "that day")
    shown = talk.macro("<<MonthCalendar(Diary, 2026, 11)>>")
    assert len(re.findall(r"<td><a ", shown)) == 30
    assert '<a href="/wiki/Diary/2026-11-25" title="Diary/2026-11-25">25</a>' in shown
    assert 'class="missing" rel="nofollow" title="Diary/2026-11-24"' in shown
    assert "November 2026" in shown
    assert "calparms=Diary%2C2026%2C12" in shown
    view = talk.view(PAGE)
    view.query = {"calparms": "Diary,2027,2,0,0,,,"}
    assert "February 2027" in talk.shown(view=view)
    view.query = {"calparms": "Elsewhere,2027,2"}
    assert "November 2026" in talk.shown(view=view)
    assert "December 2026" in talk.macro("<<MonthCalendar(Diary, 2026, 11, 1)>>")
    assert 'title="A/02-29"' in talk.macro("<<MonthCalendar(A*B, 2028, 2, , , 1, 1)>>")
    assert talk.macro("<<MonthCalendar(A, 2028, 2, , , 1)>>").count("<tr>") == 7
    assert "template=DayTemplate" in talk.macro("<<MonthCalendar(A, 2028, 2, , , , , DayTemplate)>>")
    for wrong in ("A, 0", "A, 2026, 13", "A, x", "A, 2026, 1, 99999"):
        assert "should be a number" in talk.macro(f"<<MonthCalendar({wrong})>>")


def test_a_calendar_of_the_present_month_depends_on_the_time(talk: Conversation) -> None:
    for call, expected in (("MonthCalendar(Diary)", True), ("MonthCalendar(Diary, 2026, 11)", False)):
        talk.save(PAGE, f"<<{call}>>")
        view = talk.view()
        talk.shown(view=view)
        assert ("time" in view.depends) is expected


def test_forms_lead_to_moinmoins_actions(talk: Conversation) -> None:
    for call, parts in {
        "GoTo": ('name="action" value="goto"', 'name="target"'),
        "TitleSearch": ('name="action" value="titlesearch"', 'name="value"'),
        "AdvancedSearch": ('value="fullsearch"', 'name="and_terms"', 'name="or_terms"', 'name="not_terms"'),
    }.items():
        shown = talk.macro(f"<<{call}>>")
        assert all(part in shown for part in parts), call


def test_files_are_counted_and_shown(talk: Conversation) -> None:
    talk.save(PAGE, "files")
    for name in ("x.pdf", "y.bin"):
        talk.wiki.visit(talk.ann).attach(PAGE, name, io.BytesIO(b"x"))
    assert '?action=AttachFile">2 files</a>' in talk.macro("<<AttachInfo>>")
    assert "do=get&amp;target=x.pdf" in talk.macro("<<EmbedObject(x.pdf)>>")
    assert "Upload" in talk.macro("<<EmbedObject(nothing.pdf)>>")


def test_what_the_wiki_is_made_of_is_told_to_whom_it_concerns(talk: Conversation) -> None:
    assert "Wikipedia" not in talk.macro("<<InterWiki>>")  # this wiki's table is empty
    assert "<td>Python</td>" in talk.macro("<<HighlighterList>>")
    assert "acl_default" in talk.macro("<<WikiConfig>>", user=talk.ann)
    for call in ("WikiConfig", "SystemAdmin"):
        assert "for administrators" in talk.macro(f"<<{call}>>", user=talk.bob)
    assert "/-/admin/users" in talk.macro("<<SystemAdmin>>", user=talk.ann)
    for call in ("Hits", "PageHits", "StatsChart(hitcounts)"):
        assert "does not count" in talk.macro(f"<<{call}>>")


def test_lists_of_names(talk: Conversation) -> None:
    talk.save("Old Page", "x")
    talk.save("MeetingTemplate", "x")
    talk.save("Newer Page", "longer text " * 50)
    shown = talk.macro("<<AbandonedPages>>")
    assert shown.index("Old Page") < shown.index("Newer Page")
    shown = talk.macro("<<PageSize>>")
    assert shown.index("Newer Page") < shown.index("Old Page")
    assert ">MeetingTemplate</a>" in talk.macro("<<TemplateList>>")
    assert "template=MeetingTemplate" in talk.macro("<<EditTemplates>>")
    assert ">Old Page</a>" in talk.macro("<<LikePages(Old Pges)>>")
    index = talk.macro("<<WordIndex>>")
    assert re.search(r">page</dt><dd><a [^>]*>Newer Page</a>, <a [^>]*>Old Page</a>", index)


def test_each_macro_of_moinmoin_that_is_not_dead_is_here() -> None:
    asked = """TableOfContents BR Include FullSearch PageList RecentChanges TitleIndex WordIndex TitleSearch GoTo AdvancedSearch Date
        DateTime FootNote Anchor NewPage MailTo Navigation AttachList AttachInfo Action Verbatim GetVal GetText GetText2 MonthCalendar
        RandomPage RandomQuote OrphanedPages WantedPages AbandonedPages LikePages EmbedObject EditTemplates TemplateList FullSearchCached
        InterWiki PageCount PageSize PageHits Hits StatsChart SystemInfo SystemAdmin WikiConfig EditedSystemPages HighlighterList"""
    assert set(asked.split()) <= set(macros.REGISTRY)
