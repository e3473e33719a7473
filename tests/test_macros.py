"""Macros: what each shows, to whom, and on what it depends."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.viewing import NOW, PAGE, Conversation
from wiki import macros
from wiki.model import Link

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canaryword"


@pytest.fixture
def talk() -> Conversation:
    """A wiki in memory and its people."""
    return Conversation()


def links(html: str) -> list[str]:
    """Return the labels of all links."""
    return re.findall(r"<a [^>]*>([^<]*)</a>", html)


# -- arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "positional", "named"),
    [
        ("", [], {}),
        ("  ", [], {}),
        ("Page", ["Page"], {}),
        (" Page , 2 ", ["Page", "2"], {}),
        ("Page,,2", ["Page", "", "2"], {}),
        ("Page,", ["Page", ""], {}),
        ('Page, "a, b", 2', ["Page", "a, b", "2"], {}),
        ("Page, 'a, b'", ["Page", "a, b"], {}),
        ('"say ""hi"""', ['say "hi"'], {}),
        ("'it''s'", ["it's"], {}),
        ("Bob's, Ann's", ["Bob's", "Ann's"], {}),
        ('"a" b, c', ['"a" b', "c"], {}),
        ('"open, c', ['"open', "c"], {}),
        ("sort=descending, items=3", [], {"sort": "descending", "items": "3"}),
        ('Page, from="^a, b=c$"', ["Page"], {"from": "^a, b=c$"}),
        ("items = 3, Page", ["Page"], {"items": "3"}),
        ("^a=b", ["^a=b"], {}),
        ("日本語, ü=1", ["日本語", "ü=1"], {}),
    ],
)
def test_arguments_are_read_as_moinmoin_reads_them(raw: str, positional: list[str], named: dict[str, str]) -> None:
    assert macros.parsed(raw) == (positional, named)


@pytest.mark.parametrize("unit", [" ", '"', '""', "'", ",", '",', '"a"",', "a=", " a", '"x""', "= "])
def test_hostile_arguments_are_read_in_linear_time(unit: str) -> None:
    positional, named = macros.parsed(unit * 20_000)
    assert len(positional) + len(named) <= 20_001 * len(unit)


# -- the registry --------------------------------------------------------------------------------


def test_every_macro_is_a_function_of_its_name() -> None:
    for name, macro in macros.REGISTRY.items():
        assert macros.find(name) is macro
    assert macros.find("Nothing") is None


def test_every_macro_that_depends_on_the_pages_says_so_in_its_links() -> None:
    for name, function in macros.links().items():
        expected = "pages" in macros.REGISTRY[name].depends
        assert (Link("pages", "") in function("", PAGE)) is expected, name


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Other", (Link("include", "Other"),)),
        ("/Child, 'Heading', 2", (Link("include", f"{PAGE}/Child"),)),
        ("../x", (Link("include", "Café/x"),)),
        ("^Team/.*", (Link("pages", ""),)),
        ('"^A{1,2}"', (Link("pages", ""),)),
        ("", ()),
        ("..", (Link("include", "Café"),)),
        ("../../..", ()),
    ],
)
def test_include_links_to_what_it_includes(raw: str, expected: tuple[Link, ...]) -> None:
    assert macros.links()["Include"](raw, PAGE) == expected


def test_links_import_no_macro_module() -> None:
    source = (
        "import sys; from wiki import macros\n"
        "for function in macros.links().values(): function('X', 'Y')\n"
        "print([m for m in sys.modules if m.startswith('wiki.macros.') or m in ('markupsafe', 'difflib', 'flask')])"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- rights --------------------------------------------------------------------------------


def test_nothing_of_a_secret_page_appears_for_anybody_else(talk: Conversation) -> None:
    secret = f"Secret{CANARY}"
    talk.save(
        secret,
        f"#acl Ann:read,write,admin\n# {CANARY} heading\n\n{CANARY} text [[Wanted{CANARY}]] [[Target]]\n",
        comment=CANARY,
    )
    talk.wiki.visit(talk.ann).attach(secret, f"{CANARY}.txt", io.BytesIO(b"x"))
    talk.save(f"{secret}/Child", f"#acl Ann:read,write,admin\n{CANARY}\n")
    talk.save("Target", "Found by links.\n")
    calls = [
        f"Include({secret})", "Include(^S.*)", "Include(^S.*, 'Heading', titlesonly)",
        f"Include({secret}, '', 2, editlink)",
        f"Include({secret}, from='text')", "TableOfContents", f"FullSearch({CANARY[:6]})", "FullSearch(title:Secret)",
        "PageList(Secret)", "PageList(regex:^S)", "PageList", "TitleIndex", "RecentChanges", "RecentChanges(days=3)",
        "WantedPages", "OrphanedPages", "BackLinks(Target)", f"BackLinks({secret})", f"AttachList({secret})",
        "RandomPage(50)",
        "Navigation(siblings)",
    ]  # fmt: skip
    for number, call in enumerate(calls):
        name = f"Front {number}"
        talk.save(name, f"<<TableOfContents>>\n\n<<{call}>>\n\n[[Target]]\n")
        shows = CANARY in talk.shown(name, talk.ann)
        quiet = {"TableOfContents", f"BackLinks({secret})"}
        assert shows or call in quiet, call
        for user in (None, talk.bob):
            shown = talk.shown(name, user).replace(f"/wiki/{secret}?action=backlinks", "")
            assert CANARY not in shown, (call, user)


def test_what_an_administrator_saved_is_kept_without_the_secret(tmp_path: Path) -> None:
    talk = Conversation(str(tmp_path))
    talk.save("Secret", f"#acl Ann:read,write,admin\n{CANARY}\n")
    talk.save(PAGE, "before <<Include(Secret)>> after\n")
    assert CANARY in talk.shown(user=talk.ann)
    assert CANARY not in talk.shown()
    assert CANARY not in talk.shown(user=talk.bob)
    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not any(CANARY in text and "before" in text for text in kept)


# -- the page cache ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", ["Include(Other)", "Include(^O.*)", "PageList(x)", "TitleIndex", "BackLinks", "AttachList(Other)"]
)
def test_what_another_page_becomes_is_seen_at_once(talk: Conversation, call: str) -> None:
    talk.save(PAGE, f"<<{call}>>\n")
    for change in (
        lambda: talk.save("Other", "new\n"),
        lambda: talk.save("Other", "#acl Ann:read,write,delete,admin\nsecret\n"),
        lambda: talk.wiki.visit(talk.ann).delete("Other"),
    ):
        talk.cache.evicted.clear()
        change()
        assert PAGE in talk.cache.evicted


def test_a_page_that_includes_a_list_is_evicted_with_it(talk: Conversation) -> None:
    talk.save("List", "<<PageList(x)>>\n")
    talk.save("Middle", "<<Include(List)>>\n")
    talk.save(PAGE, "<<Include(Middle)>>\n")
    talk.cache.evicted.clear()
    talk.save("Other", "new\n")
    assert {"Other", "List", "Middle", PAGE} <= talk.cache.evicted


def test_a_new_file_evicts_the_pages_that_list_it(talk: Conversation) -> None:
    talk.save("Other", "x\n")
    talk.save(PAGE, "<<AttachList(Other)>>\n")
    talk.cache.evicted.clear()
    talk.wiki.visit(talk.ann).attach("Other", "a.txt", io.BytesIO(b"x"))
    assert PAGE in talk.cache.evicted


# -- Include --------------------------------------------------------------------------------


def test_include_shows_a_page_and_its_links(talk: Conversation) -> None:
    talk.save("Other", "other text [[Third]]\n")
    shown = talk.macro("<<Include(Other)>>\n")
    assert "other text" in shown
    assert 'href="/wiki/Third"' in shown


def test_include_of_a_missing_page_is_a_red_link(talk: Conversation) -> None:
    shown = talk.macro("<<Include(Missing)>>\n")
    assert '<a href="/wiki/Missing" class="missing">Missing</a>' in shown


def test_a_page_that_includes_itself_says_so(talk: Conversation) -> None:
    assert "“Café/日本語” includes itself." in talk.macro(f"<<Include({PAGE})>>\n")


def test_a_cycle_of_includes_ends(talk: Conversation) -> None:
    talk.save("Other", f"round\n\n<<Include({PAGE})>>\n")
    shown = talk.macro("<<Include(Other)>>\n")
    assert shown.count("round") == 1
    assert "includes itself" in shown


def test_an_include_bomb_is_cut_short(talk: Conversation) -> None:
    for depth in range(4):
        talk.save(f"Bomb{depth}", f"<<Include(Bomb{depth + 1})>>\n\n" * 30)
    talk.save("Bomb4", "boom\n")
    shown = talk.macro("<<Include(Bomb0)>>\n")
    assert 0 < shown.count("boom") < 300
    assert "This page holds too much to be shown completely." in shown


def test_many_lists_are_cut_short(talk: Conversation) -> None:
    shown = talk.macro("<<WantedPages>>\n\n" * 200)
    assert shown.count("This page holds too much to be shown completely.") == 150


def test_include_by_expression_sorts_skips_and_counts(talk: Conversation) -> None:
    for letter in "ABCDE":
        talk.save(f"Team/{letter}", f"text-{letter}\n")
    talk.save("Teamless", "text-none\n")

    def order(options: str) -> str:
        return "".join(re.findall("text-([A-E]|none)", talk.macro(f"<<Include(^Team/.*{options})>>\n")))

    assert order("") == "ABCDE"
    assert order(", sort=descending") == "EDCBA"
    assert order(", items=2") == "AB"
    assert order(", skipitems=1, items=2") == "BC"
    assert order(", sort=descending, skipitems=3") == "BA"


def test_include_by_expression_minds_case_and_depends_on_the_pages(talk: Conversation) -> None:
    talk.save("team/a", "small\n")
    talk.save(PAGE, "<<Include(^Team/.*)>>\n")
    view = talk.view()
    assert "small" not in talk.shown(view=view)
    assert view.depends == {"pages"}


def test_include_lists_titles_only(talk: Conversation) -> None:
    talk.save("Team/A", "text\n")
    talk.save("Team/B", "text\n")
    shown = talk.macro("<<Include(^Team/, titlesonly)>>\n")
    assert links(shown) == ["Team/A", "Team/B"]
    assert "text" not in shown


def test_include_puts_a_heading_before_the_page(talk: Conversation) -> None:
    talk.save("Other", "other\n")
    shown = talk.macro("<<TableOfContents>>\n\n<<Include(Other, 'All <about> it', 3)>>\n\n<<Include(Other, , 2)>>\n")
    assert '<h3 id="h-all-about-it">All &lt;about&gt; it</h3>' in shown
    assert '<h2 id="h-other">Other</h2>' in shown
    assert '<a href="#h-all-about-it">All &lt;about&gt; it</a>' in shown


def test_include_offers_to_edit_where_the_visitor_may(talk: Conversation) -> None:
    talk.save("Other", "other\n")
    source = "<<Include(Other, editlink)>>\n"
    assert 'href="/wiki/Other?action=edit"' in talk.macro(source, user=talk.bob)
    assert "action=edit" not in talk.shown()


def test_include_shows_the_part_between_two_expressions(talk: Conversation) -> None:
    talk.save("Other", "first\n\n<!-- begin -->\n\nmiddle [[Third]]\n\n<!-- end -->\n\nlast\n")
    shown = talk.macro('<<Include(Other, from="<!-- begin -->", to="^<!-- end")>>\n')
    assert "middle" in shown
    assert 'href="/wiki/Third"' in shown
    assert "first" not in shown
    assert "last" not in shown
    assert "first" in talk.macro('<<Include(Other, to="begin")>>\n')
    assert "“nothing” is not found on “Other”." in talk.macro('<<Include(Other, from="nothing")>>\n')


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*b", "^(", r"^(a)\1"])
def test_an_expression_that_is_none_or_takes_long_is_refused(talk: Conversation, pattern: str) -> None:
    talk.save("a" * 40, "x\n")
    for call in (f'Include("{pattern}")', f"PageList(regex:{pattern})"):
        assert "macro-notice" in talk.macro(f"`` <<{call}>>\n")


def test_headings_of_a_page_included_twice_have_ids_of_their_own(talk: Conversation) -> None:
    talk.save("Other", "# Topic\n\n# Topic 2\n")
    shown = talk.macro("<<TableOfContents>>\n\n<<Include(Other)>>\n\n<<Include(Other)>>\n")
    ids = re.findall(r'<h\d id="([^"]+)"', shown)
    assert len(ids) == len(set(ids)) == 4
    assert re.findall(r'href="#([^"]+)"', shown[: shown.index("</nav>")]) == ids


# -- lists --------------------------------------------------------------------------------


def test_page_list_finds_by_text_and_by_expression(talk: Conversation) -> None:
    for name in ("Alpha", "beta Alpha", "Gamma"):
        talk.save(name, "x\n")
    assert links(talk.macro("<<PageList(alpha)>>\n")) == ["Alpha", "beta Alpha"]
    assert links(talk.macro("<<PageList(regex:^(Al|Ga))>>\n")) == ["Alpha", "Gamma"]
    assert links(talk.macro("<<PageList>>\n")) == ["Alpha", PAGE, "Gamma", "beta Alpha"]
    assert "None." in talk.macro("<<PageList(zeta)>>\n")


def test_a_list_in_a_sentence_stays_in_it(talk: Conversation) -> None:
    talk.save("Alpha", "x\n")
    talk.save("Alpha2", "x\n")
    shown = talk.macro("See <<PageList(alpha)>> now.\n")
    assert '<a href="/wiki/Alpha">Alpha</a>, <a href="/wiki/Alpha2">Alpha2</a> now.' in shown


def test_a_long_list_ends_with_a_link_to_the_whole(talk: Conversation) -> None:
    for number in range(205):
        talk.save(f"Item {number:03}", "x\n")
    shown = talk.macro("<<PageList(Item)>>\n")
    assert len(links(shown)) == 201
    assert '<a href="/wiki/-/index">… and more</a>' in shown
    assert "Item 200" not in shown


def test_title_index_groups_pages_by_letter(talk: Conversation) -> None:
    for name in ("apple", "Avocado", "banana", "日本"):
        talk.save(name, "x\n")
    shown = talk.macro("<<TitleIndex>>\n\n<<TitleIndex>>\n")
    first = shown[: shown.index("</ul></div>")]
    assert re.findall(r'<p class="index-letter" id="[^"]+">(.)</p>', first) == ["A", "B", "C", "日"]
    assert links(first)[:4] == ["A", "B", "C", "日"]
    assert links(first)[4:6] == ["apple", "Avocado"]
    ids = re.findall(r' id="(index-[^"]+)"', shown)
    assert len(ids) == len(set(ids)) == 8


def test_back_links_are_of_this_page_or_of_another(talk: Conversation) -> None:
    talk.save("One", f"[[{PAGE}]]\n")
    talk.save("Two", "[[Three]]\n")
    assert links(talk.macro("<<BackLinks>>\n")) == ["One"]
    assert links(talk.macro("<<BackLinks(Three)>>\n")) == ["Two"]
    assert links(talk.macro("<<BackLinks('Three')>>\n")) == ["Two"]


def test_wanted_pages_are_red_and_counted(talk: Conversation) -> None:
    talk.save("One", "[[Gone]]\n")
    talk.save("Two", "[[Gone]] [[Lost]]\n")
    shown = talk.macro("<<WantedPages>>\n")
    assert '<a href="/wiki/Gone" class="missing">Gone</a> (on 2 pages)' in shown
    assert '<a href="/wiki/Lost" class="missing">Lost</a> (on 1 page)' in shown


def test_orphaned_pages_are_linked_by_nobody(talk: Conversation) -> None:
    talk.save("One", "[[Two]]\n")
    talk.save("Two", "x\n")
    assert links(talk.macro("<<OrphanedPages>>\n")) == [PAGE, "One"]


def test_random_page_picks_pages_and_is_never_kept(talk: Conversation) -> None:
    talk.save("One", "x\n")
    talk.save(PAGE, "<<RandomPage(5)>>\n")
    view = talk.view()
    assert sorted(links(talk.shown(view=view))) == [PAGE, "One"]
    assert "time" in view.depends


def test_navigation_shows_the_pages_below_and_beside(talk: Conversation) -> None:
    for name in ("Café", "Café/A", "Café/A/B/C", "Café/Ö"):
        talk.save(name, "x\n")
    children = talk.macro("<<Navigation(children)>>\n", "Café")
    assert re.sub(r"<nav [^>]*>|</?a[^>]*>|</nav>", "", children).strip() == (
        "<ul><li>A<ul><li>B<ul><li>C</li></ul></li></ul></li><li>Ö</li></ul>"
    )
    assert 'href="/wiki/Caf%C3%A9/A/B/C"' in children
    assert 'href="/wiki/Caf%C3%A9/A/B"' not in children
    assert links(talk.macro("<<Navigation(children, 1)>>\n", "Café")) == ["A", "Ö"]
    siblings = talk.macro("<<Navigation(siblings)>>\n", "Café/Ö")
    assert links(siblings) == ["A"]
    assert '<strong aria-current="page">Ö</strong>' in siblings
    assert "Navigation needs" in talk.macro("<<Navigation(slides)>>\n")


def test_full_search_lists_links_here_results_or_a_box(talk: Conversation) -> None:
    talk.save("One", f"[[{PAGE}]] walrus\n")
    talk.save("Two", "walrus\n")
    assert links(talk.macro("<<FullSearch>>\n")) == ["One"]
    assert sorted(links(talk.macro("<<FullSearch(walrus)>>\n"))) == ["One", "Two"]
    box = talk.macro("<<FullSearch('')>>\n")
    assert 'action="/wiki/-/search"' in box
    assert 'type="search" name="q"' in box


def test_recent_changes_show_each_page_once_newest_first(talk: Conversation) -> None:
    talk.save("One", "x\n")
    talk.save("Two", "x\n", by=talk.bob, comment="<i>why</i>")
    talk.save("One", "y\n", comment="again")
    shown = talk.macro("<<RecentChanges>>\n", "Zero")
    assert links(shown) == ["Zero", "One", "Two"]
    assert "again" in shown
    assert "&lt;i&gt;why&lt;/i&gt;" in shown
    assert "<bdi>Bob</bdi>" in shown
    assert links(talk.macro("<<RecentChanges(2)>>\n", "Zero"))[:2] == ["Zero", "One"]


def test_recent_changes_of_days_depend_on_the_time(talk: Conversation) -> None:
    talk.save("Old", "x\n")
    talk.time += 3 * 24 * 3600 * 1_000_000
    talk.save(PAGE, "<<RecentChanges(days=2)>>\n")
    view = talk.view()
    assert links(talk.shown(view=view)) == [PAGE]
    assert view.depends == {"pages", "time"}


def test_a_deleted_page_is_red_in_recent_changes(talk: Conversation) -> None:
    talk.save("Gone", "x\n")
    talk.wiki.visit(talk.ann).delete("Gone")
    shown = talk.macro("<<RecentChanges>>\n")
    assert '<a href="/wiki/Gone" class="missing">Gone</a>' in shown
    assert "deleted" in shown


def test_attachments_are_listed_by_type_and_name(talk: Conversation) -> None:
    talk.save("Other", "x\n")
    for name in ("a.png", "b & c.txt", "d.jpg"):
        talk.wiki.visit(talk.ann).attach("Other", name, io.BytesIO(b"x" * 3000))
    assert links(talk.macro("<<AttachList(Other)>>\n")) == ["a.png", "b &amp; c.txt", "d.jpg"]
    assert links(talk.macro("<<AttachList(Other, image)>>\n")) == ["a.png", "d.jpg"]
    assert links(talk.macro("<<AttachList(Other, image/*)>>\n")) == ["a.png", "d.jpg"]
    assert links(talk.macro("<<AttachList(Other, text/plain)>>\n")) == ["b &amp; c.txt"]
    assert links(talk.macro("<<AttachList(Other, , ^[ad])>>\n")) == ["a.png", "d.jpg"]
    assert "None." in talk.macro("<<AttachList>>\n")
    assert "/wiki/Other?action=AttachFile&amp;do=get&amp;target=b+%26+c.txt" in talk.macro("<<AttachList(Other)>>\n")
    assert '<a href="/wiki/Missing" class="missing">' in talk.macro("<<AttachList(Missing)>>\n")


# -- texts, dates, forms --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "seconds"),
    [
        ("2026-11-23T07:14:56+0100", 1_795_414_496),
        ("2026-11-23T06:14:56Z", 1_795_414_496),
        ("2026-11-23 06:14:56", 1_795_414_496),
        ("'2026-11-23T06:14:56'", 1_795_414_496),
        ("2026-11-23", 1_795_392_000),
        ("1795414496", 1_795_414_496),
        ("-86400", -86_400),
    ],
)
def test_a_date_is_the_one_given(talk: Conversation, argument: str, seconds: int) -> None:
    talk.save(PAGE, f"<<DateTime({argument})>>\n")
    view = talk.view()
    assert f"when {seconds * 1_000_000}" in talk.shown(view=view)
    assert view.depends == set()


def test_a_date_without_argument_is_now_and_never_kept(talk: Conversation) -> None:
    talk.save(PAGE, "<<DateTime>>\n")
    view = talk.view()
    assert f"when {talk.time}" in talk.shown(view=view)
    assert view.depends == {"time"}
    assert talk.time > NOW


@pytest.mark.parametrize(
    "argument", ["x", "2026-13-01", "9" * 400, "1e999", "nan", "0001-01-01", "9999-12-31T23:59:59-23:00"]
)
def test_what_is_no_date_is_said_to_be_none(talk: Conversation, argument: str) -> None:
    for name in ("Date", "DateTime"):
        assert "is not a time such as" in talk.macro(f"<<{name}({argument})>>\n")


def test_a_date_has_no_time(talk: Conversation) -> None:
    assert "23 November 2026" in talk.macro("<<Date(2026-11-23T07:14:56Z)>>\n")


def test_texts_are_shown_as_they_are_and_escaped(talk: Conversation) -> None:
    assert "a&lt;b [[c]] **d**" in talk.macro("<<Verbatim(a<b [[c]] **d**)>>\n")
    assert "a<br>b" in talk.macro("a<<BR>>b\n")
    assert '<a id="h-x-onclick1"></a>' in talk.macro('a <<Anchor(x" onclick=1)>> b\n')


def test_footnotes_are_numbered_through_and_lead_back(talk: Conversation) -> None:
    shown = talk.macro(
        "one<<FootNote(first <b>)>> two<<FootNote(second)>>\n\n<<FootNote>>\n\nthree<<FootNote(third)>>\n"
    )
    assert re.findall(r'<li id="note-(\d)">([^<]*) <a class="footnote-back" href="#noteref-(\d)"', shown) == [
        ("1", "first &lt;b&gt;", "1"),
        ("2", "second", "2"),
        ("3", "third", "3"),
    ]
    assert shown.count('id="noteref-') == 3
    assert '<ol start="3">' in shown
    assert shown.index("second <a") < shown.index("three<sup")


def test_contents_have_as_many_levels_as_wanted(talk: Conversation) -> None:
    talk.save("Other", "# Included\n")
    text = "# One\n\n## Two\n\n### Three\n\n<<Include(Other)>>\n"
    shown = talk.macro(f"<<TableOfContents(2)>>\n\n{text}")
    contents = shown[: shown.index("</nav>")]
    assert links(contents) == ["One", "Two", "Included"]
    assert "should be a number" in talk.macro("<<TableOfContents(x)>>\n")


def test_contents_of_a_page_without_headings_are_nothing(talk: Conversation) -> None:
    assert "toc" not in talk.macro("<<TableOfContents>>\n\ntext\n")


def test_new_page_is_a_form_that_needs_no_script(talk: Conversation) -> None:
    shown = talk.macro("<<NewPage(PersonTemplate, 'Add <one>', @SELF)>>\n")
    assert '<form class="macro-form" method="get" action="/wiki/-/new">' in shown
    assert '<input type="hidden" name="template" value="PersonTemplate">' in shown
    assert f'<input type="hidden" name="parent" value="{PAGE}">' in shown
    assert 'type="text" name="name" required' in shown
    assert '<button type="submit">Add &lt;one&gt;</button>' in shown


def test_new_page_without_a_name_to_type_is_a_button(talk: Conversation) -> None:
    shown = talk.macro("<<NewPage(MeetingTemplate, Today, Meetings, %Y-%m-%d)>>\n")
    assert '<input type="hidden" name="nametemplate" value="%Y-%m-%d">' in shown
    assert 'type="text"' not in shown
    assert 'type="text"' in talk.macro('<<NewPage(MeetingTemplate, Today, Meetings, "%Y %s")>>\n')


def test_new_page_below_the_visitors_own_depends_on_him(talk: Conversation) -> None:
    talk.save(PAGE, "<<NewPage(, , @ME)>>\n")
    view = talk.view(user=talk.bob)
    assert 'name="parent" value="Bob"' in talk.shown(view=view)
    assert view.depends == {"user"}
    assert 'name="parent"' not in talk.shown()


# -- failures --------------------------------------------------------------------------------


def test_an_unknown_macro_is_shown_as_it_is(talk: Conversation) -> None:
    assert "&lt;&lt;Nothing(a)&gt;&gt;" in talk.macro("`` <<Nothing(a)>>\n")


def test_a_broken_macro_says_so_and_shows_no_traceback(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(call: macros.Call) -> str:
        raise RuntimeError(CANARY)

    monkeypatch.setitem(macros.REGISTRY, "Broken", macros.Macro(broken))
    shown = talk.macro("a <<Broken>> b\n")
    assert "&lt;&lt;Broken&gt;&gt; could not be computed." in shown
    assert CANARY not in shown


def test_what_a_macro_returns_is_escaped_unless_it_is_markup(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(macros.REGISTRY, "Plain", macros.Macro(lambda call: f"<b>{call.raw}</b>"))
    assert "&lt;b&gt;x&lt;/b&gt;" in talk.macro("a <<Plain(x)>> b\n")
