"""A page as one visitor sees it: links, files, contents, and what cannot break out of its place."""

from __future__ import annotations

import io
import re

import pytest

from tests.viewing import PAGE, Conversation
from wiki import view as module
from wiki.markup import Heading, Hole, Rendered
from wiki.model import Forbidden, NoSuchPage, WikiError

HOSTILE = "\"'><script>alert(1)</script>"


@pytest.fixture
def talk() -> Conversation:
    """A wiki in memory with the page that is viewed."""
    talk = Conversation()
    talk.save(PAGE, "text\n")
    return talk


def filled(talk: Conversation, *parts: str | Hole, bob: bool = False) -> str:
    """Return what a rendering of these parts becomes."""
    return talk.view(user=talk.bob if bob else None).page(Rendered(parts))[0]


# -- links -------------------------------------------------------------------------------------------------------------


def test_a_link_to_a_page_that_is_there_is_plain(talk: Conversation) -> None:
    talk.save("Other", "x\n")
    assert filled(talk, Hole("page", "Other", "part 1"), "label</a>") == '<a href="/wiki/Other#part%201">label</a>'


def test_a_link_to_a_missing_page_is_red_and_not_for_robots(talk: Conversation) -> None:
    shown = filled(talk, Hole("page", "Other", attributes=(("class", "x"), ("title", "t"))), "label</a>")
    assert shown == '<a href="/wiki/Other" class="x missing" title="t" rel="nofollow">label</a>'


def test_a_link_to_a_page_that_may_not_be_read_looks_missing(talk: Conversation) -> None:
    talk.save("Secret", "#acl Ann:read,write\nx\n")
    assert 'class="missing"' in filled(talk, Hole("page", "Secret"), "x</a>")
    assert filled(talk, Hole("page", "Missing"), "x</a>").replace("Missing", "Secret") == filled(
        talk, Hole("page", "Secret"), "x</a>"
    )


def test_a_link_to_a_deleted_page_is_red(talk: Conversation) -> None:
    talk.save("Gone", "x\n")
    talk.wiki.visit(talk.ann).delete("Gone")
    assert 'class="missing"' in filled(talk, Hole("page", "Gone"), "x</a>")


def test_a_link_within_the_page_stays_in_it_also_where_it_is_included(talk: Conversation) -> None:
    assert filled(talk, Hole("page", PAGE, "h-part"), "x</a>") == '<a href="#h-part">x</a>'
    assert filled(talk, Hole("page", PAGE, "A part"), "x</a>") == '<a href="#h-a-part">x</a>'
    view = talk.view("Other")
    view.above = (PAGE,)
    assert view.fill(Rendered((Hole("page", "Other", "part"),))) == '<a href="/wiki/Other#part">'


def test_hostile_names_and_attributes_stay_in_their_quotes(talk: Conversation) -> None:
    for kind in ("page", "file", "image"):
        shown = filled(talk, Hole(kind, HOSTILE, HOSTILE, (("title", HOSTILE), ("alt", HOSTILE))), "x</a>")
        assert "<script" not in shown
        assert shown.count('"') % 2 == 0
        assert len(re.findall(r"<a (?:[\w-]+=\"[^\"<>]*\" ?)+>", shown)) == 1


# -- files -------------------------------------------------------------------------------------------------------------


def test_an_image_is_shown_and_another_file_linked(talk: Conversation) -> None:
    visit = talk.wiki.visit(talk.ann)
    visit.attach(PAGE, "a.png", io.BytesIO(b"x"))
    visit.attach(PAGE, "page.html", io.BytesIO(b"x"))
    image = filled(talk, Hole("image", PAGE, "a.png", (("alt", "A"), ("width", "5"))))
    assert re.fullmatch(
        r'<img src="[^"]*\?action=AttachFile&amp;do=get&amp;target=a.png" [^>]*alt="A" width="5">', image
    )
    assert "<img" not in filled(talk, Hole("image", PAGE, "page.html"))
    assert 'target=page.html">page.html</a>' in filled(talk, Hole("image", PAGE, "page.html"))
    assert filled(talk, Hole("file", PAGE, "a.png"), "x</a>").startswith('<a href="/wiki/Caf%C3%A9/')


def test_a_missing_file_offers_to_upload_it(talk: Conversation) -> None:
    assert "rename=a.png" in filled(talk, Hole("file", PAGE, "a.png"), "x</a>")
    shown = filled(talk, Hole("image", PAGE, "a.png"))
    assert 'class="missing"' in shown
    assert "Upload “a.png”" in shown


def test_a_file_of_a_page_that_may_not_be_read_looks_missing(talk: Conversation) -> None:
    talk.save("Secret", "#acl Ann:read,write\nx\n")
    talk.wiki.visit(talk.ann).attach("Secret", "a.png", io.BytesIO(b"x"))
    assert "<img" in talk.view(user=talk.ann).fill(Rendered((Hole("image", "Secret", "a.png"),)))
    assert "<img" not in filled(talk, Hole("image", "Secret", "a.png"))
    assert 'class="missing"' in filled(talk, Hole("file", "Secret", "a.png"), "x</a>")


# -- headings and contents ---------------------------------------------------------------------------------------------


def contents(*levels: int, depth: int = 6) -> str:
    """Return the lists of a table of contents for headings of these levels, with the level as text."""
    talk = Conversation()
    view = talk.view()
    mark = view.contents(depth)
    body = "".join(f'<h{level} id="h{number}">{level}</h{level}>' for number, level in enumerate(levels))
    shown = view.page(Rendered((mark, body)))[0].removesuffix(body)
    return re.sub(r"</?(?:nav|p|a)\b[^>]*>|Contents", "", shown)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((2,), "<ol><li>2</li></ol>"),
        ((2, 2), "<ol><li>2</li><li>2</li></ol>"),
        ((2, 3, 2), "<ol><li>2<ol><li>3</li></ol></li><li>2</li></ol>"),
        ((2, 4, 3, 2), "<ol><li>2<ol><li>4</li><li>3</li></ol></li><li>2</li></ol>"),
        ((3, 2), "<ol><li>3</li><li>2</li></ol>"),
        ((2, 3, 4, 2), "<ol><li>2<ol><li>3<ol><li>4</li></ol></li></ol></li><li>2</li></ol>"),
        ((4, 2, 3), "<ol><li>4</li><li>2<ol><li>3</li></ol></li></ol>"),
    ],
)
def test_contents_are_lists_within_lists(levels: tuple[int, ...], expected: str) -> None:
    assert contents(*levels) == expected


def test_contents_count_levels_from_the_highest_there_is() -> None:
    assert contents(2, 3, 4, depth=2) == "<ol><li>2<ol><li>3</li></ol></li></ol>"


def test_headings_are_told_without_markup(talk: Conversation) -> None:
    body = '<h2 id="a-b">A <code>&lt;b&gt;</code> &amp; c</h2><h3 id="c">C</h3>'
    assert talk.view().page(Rendered((body,)))[1] == (Heading(2, "a-b", "A <b> & c"), Heading(3, "c", "C"))


def test_contents_are_put_where_only_they_were_meant_to_be(talk: Conversation) -> None:
    view = talk.view()
    first, second = view.contents(1), view.contents(2)
    body = '<h1 id="a">A</h1><h2 id="b">B</h2>'
    shown = view.page(Rendered(("\0contents\0<!--0-0-->", second, "|", first, body)))[0]
    assert shown.startswith("\0contents\0<!--0-0--><nav")
    second_shown, first_shown = shown.removesuffix(body).split("|")
    assert second_shown.count("<li>") == 2
    assert first_shown.count("<li>") == 1


# -- limits and failures -----------------------------------------------------------------------------------------------


def test_more_calls_than_one_page_may_hold_are_not_computed(talk: Conversation) -> None:
    parts = [Hole("macro", "BR") for _ in range(module.HOLES + 1)]
    assert "holds too much" in filled(talk, *parts)
    assert "holds too much" not in filled(talk, *parts[1:])


def test_included_pages_may_not_grow_without_bound(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    talk.save("Other", "x" * 600 + "\n")
    monkeypatch.setattr(module, "CHARACTERS", 1000)
    calls = [Hole("macro", "Include", "Other") for _ in range(2)]
    shown = filled(talk, *calls)
    assert shown.count("x" * 600) == 1
    assert shown.count("holds too much") == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Forbidden(right="read", name="Secret"), ""),
        (NoSuchPage(name="Gone"), '<a href="/wiki/Gone" class="missing">Gone</a>'),
        (WikiError("<%(what)s>", what="&"), "&lt;&amp;&gt;"),
        (WikiError("100 % wrong"), "100 % wrong"),
    ],
)
def test_a_failure_is_told_in_the_visitors_words_or_not_at_all(
    talk: Conversation, error: WikiError, expected: str
) -> None:
    assert re.sub("</?span[^>]*>", "", talk.view().failure(error)) == expected


def test_messages_are_translated(talk: Conversation) -> None:
    view = talk.view()
    view.gettext = lambda text: text.replace("includes itself", "schließt sich ein")
    shown = view.fill(Rendered((Hole("macro", "Include", PAGE),)))
    assert f"“{PAGE}” schließt sich ein." in shown


# -- texts in files ----------------------------------------------------------------------------------------------------


def test_a_text_in_a_file_is_shown_in_the_page(talk: Conversation) -> None:
    visit = talk.wiki.visit(talk.ann)
    for name, content in (("a.txt", b"x <b> WikiName <<Macro>>\r\n"), ("a.csv", b"a,b\n1,2\n"), ("a.py", b"x = 1\n")):
        visit.attach(PAGE, name, io.BytesIO(content))
    assert filled(talk, Hole("embed", PAGE, "a.txt", block=True)) == (
        '<pre class="plain">\nx &lt;b&gt; WikiName &lt;&lt;Macro&gt;&gt;\n</pre>\n'
    )
    assert "<tr><td>1</td><td>2</td></tr>" in filled(talk, Hole("embed", PAGE, "a.csv", block=True))
    assert 'class="language-py"' in filled(talk, Hole("embed", PAGE, "a.py", block=True))


def test_what_is_no_text_or_too_much_is_a_link(talk: Conversation) -> None:
    visit = talk.wiki.visit(talk.ann)
    visit.attach(PAGE, "null.txt", io.BytesIO(b"a\0b"))
    visit.attach(PAGE, "long.txt", io.BytesIO(b"a" * 100_001))
    for name in ("null.txt", "long.txt"):
        shown = filled(talk, Hole("embed", PAGE, name, (("alt", "the text"),), block=True))
        assert shown.startswith("<p><a href=") and name in shown and "the text</a>" in shown
    assert 'class="missing"' in filled(talk, Hole("embed", PAGE, "none.txt", block=True))


def test_a_text_on_a_page_that_may_not_be_read_is_not_shown(talk: Conversation) -> None:
    talk.save("Secret", "#acl Ann:read,write\nx\n")
    talk.wiki.visit(talk.ann).attach("Secret", "a.txt", io.BytesIO(b"secret"))
    shown = filled(talk, Hole("embed", "Secret", "a.txt", block=True))
    assert "secret" not in shown and 'class="missing"' in shown


# -- with the real markup ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        '[a](http://x "<<Verbatim(CANARY)>>")',
        "[a](http://x/<<Verbatim(CANARY)>>)",
        "[a](<http://x/<<Verbatim(CANARY)>>>)",
        "![<<Verbatim(CANARY)>>](http://x/y.png)",
        '<a title="<<Verbatim(CANARY)>>" href="http://x">a</a>',
        '<a href="<<Verbatim(CANARY)>>">a</a>',
        "<!-- <<Verbatim(CANARY)>> -->",
        "`<<Verbatim(CANARY)>>`",
        "```\n<<Verbatim(CANARY)>>\n```",
        "    <<Verbatim(CANARY)>>",
        '<div class="<<Verbatim(CANARY)>>">x</div>',
    ],
)
def test_a_macro_counts_only_as_text(talk: Conversation, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from markupsafe import Markup

    from wiki import macros

    result = Markup('"><script>broken out</script>')
    monkeypatch.setitem(macros.REGISTRY, "Verbatim", macros.Macro(lambda call: result))
    assert "<script>broken out" not in talk.macro(source + "\n\ntext\n")


def test_a_macro_among_text_is_computed(talk: Conversation) -> None:
    assert "a &lt;b&gt; c" in talk.macro("a <<Verbatim(<b>)>> c\n")


def test_a_macro_alone_in_its_paragraph_is_a_block(talk: Conversation) -> None:
    talk.save("Other", "x\n")
    assert "<p><ul" not in talk.macro("before\n\n<<PageList(Other)>>\n\nafter\n")


def test_a_link_to_a_heading_or_an_anchor_finds_it(talk: Conversation) -> None:
    talk.save("Other", "## Of the other\n")
    shown = talk.macro(
        "[[#Of the other]] [[#a place]] [x](#a-place) [[#Mine]] <<Anchor(a place)>>\n\n<<Include(Other)>>\n\n## Mine\n"
    )
    for anchor in ("h-of-the-other", "h-a-place", "h-mine"):
        assert f'href="#{anchor}"' in shown
        assert shown.count(f'id="{anchor}"') == 1
