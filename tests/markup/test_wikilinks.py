"""When a page moves, the links to it move, and nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wiki import names
from wiki.markup import Context, Hole, Rendered, render
from wiki.markup.wikilinks import rewritten
from wiki.model import BadName, Link

MACROS = {"Include": lambda raw, page: _included(raw, page), "Other": lambda raw, page: ()}


def _included(raw: str, page: str) -> tuple[Link, ...]:
    try:
        return (Link("include", names.resolve(raw.partition(",")[0].strip().strip('"'), page)),)
    except BadName:
        return ()


@pytest.mark.parametrize(
    ("text", "page", "expected"),
    [
        ("[[Old]] [[Old|label]] [[Old#x|l]]", "P", "[[New/N w]] [[New/N w|label]] [[New/N w#x|l]]"),
        ("[[/Old]] [[../Old]] [[ Old ]]", "P", "[[/Old]] [[New/N w]] [[ New/N w ]]"),
        ("[a](Old) [a](Old.md#x 'T') [a](<Old>)", "P", "[a](New/N%20w) [a](New/N%20w.md#x 'T') [a](<New/N%20w>)"),
        ("[a](Old) [a](../Old) [a](/Old.md)", "New/P", "[a](Old) [a](N%20w) [a](/New/N%20w.md)"),
        ("![](Old/x.png) [](attachment:Old/x.png) [[attachment:Old/x|l]]", "P",
         "![](New/N%20w/x.png) [](attachment:New/N%20w/x.png) [[attachment:New/N w/x|l]]"),
        ('<<Include(Old)>> <<Include("Old", x)>> <<Include(Older)>> <<Other(Old)>>', "P",
         '<<Include(New/N w)>> <<Include("New/N w", x)>> <<Include(Older)>> <<Other(Old)>>'),
        ("<<Include('Old')>> <<Include(\"Old, x\")>> <<Include( Old , x)>>", "P",
         "<<Include(\"New/N w\")>> <<Include(\"Old, x\")>> <<Include( New/N w , x)>>"),
        ("[r]\n\n[r]: Old.md 'T'", "P", "[r]\n\n[r]: New/N%20w.md 'T'"),
        ("`[[Old]]` \\[[Old]] <!-- [[Old]] --> <b title='[[Old]]'>", "P",
         "`[[Old]]` \\[[Old]] <!-- [[Old]] --> <b title='[[Old]]'>"),
        ("    [[Old]]\n\n```\n[[Old]] [a](Old)\n<<Include(Old)>>\n```\n", "P",
         "    [[Old]]\n\n```\n[[Old]] [a](Old)\n<<Include(Old)>>\n```\n"),
        ("- a\n  - [[Old]]\n\n> [[Old]]\n\n| [[Old|x]] |\n|---|\n| [[Old\\|y]] |", "P",
         "- a\n  - [[New/N w]]\n\n> [[New/N w]]\n\n| [[New/N w|x]] |\n|---|\n| [[New/N w\\|y]] |"),
        ("#acl [[Old]]:read\n[[Old]]", "P", "#acl [[Old]]:read\n[[New/N w]]"),
        ("[^1] *[[Old]]* [x [[Old]]](y)\n\n[^1]: [[Old]]", "P",
         "[^1] *[[New/N w]]* [x [[Old]]](y)\n\n[^1]: [[New/N w]]"),
        ("[[#x]] [](#x) [x](x.png) [[/Sub]]", "Old", "[[#x]] [](#x) [x](x.png) [[/Sub]]"),
        ("[[Wikipedia:Old]] [a](http://x/Old) Old", "P", "[[Wikipedia:Old]] [a](http://x/Old) Old"),
        ("[[Older]] [[old]] [[Old/Sub]] [[Not Old]]", "P", "[[Older]] [[old]] [[Old/Sub]] [[Not Old]]"),
    ],
)  # fmt: skip
def test_only_links_to_the_page_change(text: str, page: str, expected: str) -> None:
    assert rewritten(text, "markdown", page, "Old", "New/N w") == expected


@pytest.mark.parametrize("new", ["C#", "a|b", "x]]y", "[z]", "<b>"])
def test_a_name_that_a_wiki_link_cannot_have_is_not_written(new: str) -> None:
    assert rewritten("[[Old]]", "markdown", "P", "Old", new) == "[[Old]]"
    moved = rewritten("[a](Old)", "markdown", "P", "Old", new)
    assert render("markdown", moved, Context("P")).links == (Link("link", new),)


@pytest.mark.parametrize("markup", ["plain", "moon", ""])
def test_texts_without_links_stay(markup: str) -> None:
    assert rewritten("[[Old]]", markup, "P", "Old", "New") == "[[Old]]"


def test_a_text_that_cannot_be_rendered_stays() -> None:
    text = "[[Old]]\n\n" + "- " * 500 + "x"
    assert rewritten(text, "markdown", "P", "Old", "New") == text


PAGES = ["Old", "New", "A/B", "A/C", "Café/日本語", "x (y)", "v1.2", "Node.js", "A: b"]

target = st.sampled_from([*PAGES, "/Old", "../Old", "../C", "/C", "B/x.png", "Old/x.png", "Old.md", "C.md", "A%3A%20b"])
link = st.one_of(
    target.map(lambda name: f"[[{name}]]"),
    target.map(lambda name: f"[[{name}|a *label*]]"),
    target.map(lambda name: f"[[{name}#Some Part]]"),
    target.map(lambda name: f"[label]({name})"),
    target.map(lambda name: f"[label]({name}#part 'Title')"),
    target.map(lambda name: f"![alt]({name})"),
    target.map(lambda name: f"[[attachment:{name}/f.pdf]]"),
    target.map(lambda name: f"<<Include({name})>>"),
    target.map(lambda name: f"`[[{name}]]`"),
    target.map(lambda name: f"\\[[{name}]]"),
    target.map(lambda name: f"<!-- [x]({name}) -->"),
    target.map(lambda name: f"\n\n    [[{name}]]\n\n"),
    target.map(lambda name: f"\n\n```\n[[{name}]]\n```\n\n"),
    target.map(lambda name: f"\n\n[ref]: {name}\n\n"),
)
noise = st.sampled_from(
    ["text ", "\n", "\n\n", "- ", "> ", "# ", "*", "**", "`", "| a | b |\n|---|---|\n| ", " | ", "  "]
)
texts = st.lists(link | noise, max_size=12).map("".join)


def moved(rendered: Rendered, old: str, new: str) -> list[object]:
    """Return what a rendering refers to, in order, with one page's name changed."""
    result: list[object] = []
    for part in rendered.parts:
        if isinstance(part, Hole) and part.kind == "macro":
            result.append(("macro", part.target))
        elif isinstance(part, Hole):
            result.append((part.kind, new if part.target == old else part.target, part.detail))
    links = {Link(link.kind, new if link.target == old else link.target, link.detail) for link in rendered.links}
    return [*result, links]


@settings(deadline=None, max_examples=400)
@given(texts, st.sampled_from(PAGES), st.sampled_from(PAGES), st.sampled_from(["P", "A/B", "A/X/Y"]))
def test_links_lead_where_they_led_and_to_the_new_name(text: str, old: str, new: str, page: str) -> None:
    if old in (page, new) or page == new:
        return
    context = Context(page, MACROS, seconds=20)
    result = rewritten(text, "markdown", page, old, new)
    before, after = render("markdown", text, context), render("markdown", result, context)
    assert moved(before, old, new) == moved(after, old, new)
    if old not in {link.target for link in before.links}:
        assert result == text
    else:
        assert old not in {link.target for link in after.links}
