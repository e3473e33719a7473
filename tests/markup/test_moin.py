"""MoinMoin markup: the same facts as MoinMoin 1.9's own HTML, in clean and closed HTML."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest

from wiki.markup import Context, Hole, Rendered, render
from wiki.markup.canonical import is_canonical
from wiki.markup.moin.ids import RESERVED, is_reserved
from wiki.markup.moin.smileys import SMILEYS

from .checker import ANCHOR
from .facts import facts, score

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
PROBES = json.loads((FOLDER / "moin-probes.json").read_text("utf-8"))
"""Texts, each for a rule of the markup, with what the real MoinMoin 1.9.11 made of them (None: it raised an error)."""

MACROS = {"Include": lambda raw, page: (), "Macro": lambda raw, page: ()}

DIFFERENT = {
    "attachment img missing": "shown with its name instead of a paper clip",
    "attachment text embedded": "the view shows the file's text",
    "attachment pdf": "the view shows a link",
    "drawing": "there is no drawing program",
    "transclude page": "the page itself is included",
    "transclude page attrs": "the page itself is included",
    "transclude interwiki": "a link",
    "pre #! empty": "what 1.9 swallows is shown",
    "file scheme": "browsers refuse such links",
    "bgcolor bad": "shorter message",
    "row header attr": "shorter message",
    "quotes optional": "shorter message",
    "table comment between": "1.9's HTML is broken there",
    "dup heading ids": "1.9 kept counting from a rendering before",
}
"""Probes in which we differ on purpose: docs/moin-markup.md has the reasons."""


def context(page: str = "TestPage", **more: object) -> Context:
    """Return a context with another wiki and two macros."""
    return Context(page, MACROS, {"MoinMoin": "https://moinmo.in/"}, seconds=20, **more)  # type: ignore[arg-type]


def shown(rendered: Rendered) -> str:
    """Return a rendering with its links as MoinMoin writes them."""
    pieces = []
    for part in rendered.parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        more = "".join(f' {name}="{escape(value)}"' for name, value in part.attributes)
        file = f"/{quote(part.target)}?action=AttachFile&amp;do=get&amp;target={quote(part.detail)}"
        if part.kind == "page":
            pieces.append(f'<a href="/{quote(part.target)}{escape(part.suffix)}"{more}>')
        elif part.kind == "file":
            pieces.append(f'<a href="{file}"{more}>')
        elif part.kind == "image":
            pieces.append(f'<img src="{file}"{more}>')
        else:
            pieces.append(f"[{part.target}]")
    return "".join(pieces)


def html(text: str, page: str = "TestPage", **more: object) -> str:
    """Return MoinMoin markup as HTML."""
    rendered = render("moin", text, context(page, **more))
    assert not rendered.failed
    return shown(rendered)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe["name"].replace(" ", "-"))
def test_facts_are_those_of_moinmoin(probe: dict[str, str]) -> None:
    ours = html(probe["source"], probe["page"])
    if probe["html"] is None or probe["name"] in DIFFERENT:
        return
    mine, theirs = facts(ours, probe["page"]), facts(probe["html"], probe["page"])
    assert score(mine, theirs) == 1, (probe["source"], mine - theirs, theirs - mine, ours)


def test_facts_as_a_whole() -> None:
    scores = [
        score(facts(html(probe["source"], probe["page"]), probe["page"]), facts(probe["html"], probe["page"]))
        for probe in PROBES
        if probe["html"] is not None
    ]
    assert sum(scores) / len(scores) >= 0.93


def test_the_comparison_can_fail() -> None:
    assert score(facts("<p><b>a</b>"), facts("<p>a")) < 0.7
    assert score(facts("<ul><li>a<ul><li>b</ul></ul>"), facts("<ul><li>a<li>b</ul>")) < 0.6
    assert score(facts("<td>a"), facts("<table><tr><td colspan=2>a</table>")) < 0.7
    assert facts("<p>a <em>b</em></p>\n") == facts("<P>a  <I>b</I>")


def test_anchors_hide_nothing_of_the_frame() -> None:
    frame = "".join(path.read_text("utf-8") for path in (ROOT / "templates").glob("*.html"))
    ids = set(re.findall(r'\bid="([\w-]+)"', frame))
    scripts = "".join(path.read_text("utf-8") for path in (ROOT / "static").glob("*.js"))
    ids |= {name for names in re.findall(r'getElementById\("([\w-]+)"\)|\bid: "([\w-]+)"', scripts) for name in names}
    assert len(ids) > 10
    assert {id for id in ids if id and not id.startswith(("e-", "f-"))} <= RESERVED
    assert all(is_reserved(id) for id in ("f-name", "e-name", "note-1", "noteref-1", "l-1", "text", ""))
    assert "span" not in html("= text =")


def test_every_smiley_is_drawn() -> None:
    css = (ROOT / "static/wiki.css").read_text("utf-8")
    assert all(f".smiley-{name}" in css for name in SMILEYS.values())
    assert html(" ".join(SMILEYS)).count("smiley ") == len(SMILEYS)


def test_holes_say_what_they_stand_for() -> None:
    text = "[[A#b c|x|&rev=2]] [[attachment:B/x y.txt]] {{attachment:p.png|alt|width=30}} <<Macro(a)>>\n\n<<Macro>>"
    holes = [part for part in render("moin", text, context()).parts if isinstance(part, Hole)]
    assert holes == [
        Hole("page", "A", suffix="?rev=2#b_c"),
        Hole("file", "B", "x y.txt"),
        Hole("image", "TestPage", "p.png", (("alt", "alt"), ("title", "alt"), ("width", "30"))),
        Hole("macro", "Macro", "a"),
        Hole("macro", "Macro", block=True),
    ]


def test_the_html_is_recognised_as_safe_without_bleach() -> None:
    for probe in PROBES:
        assert is_canonical(ANCHOR.sub("", html(probe["source"]))), probe["source"]


GOLDEN = sorted((FOLDER / "golden-moin").glob("*.moin"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_texts_become_what_they_should(path: Path) -> None:
    """`WIKI_GOLDEN=write` writes the results anew: read the diff."""
    from .test_golden import CONTEXT
    from .test_golden import shown as written

    result = written(render("moin", path.read_text("utf-8"), replace(CONTEXT, macros=MACROS)))
    expected = path.with_suffix(".html")
    if os.environ.get("WIKI_GOLDEN") == "write":
        expected.write_text(result, "utf-8")
    assert result == expected.read_text("utf-8")


def test_footnotes_have_markup_and_stand_where_they_are_asked_for() -> None:
    text = "a<<FootNote(''x'' WikiName)>> b<<FootNote(y)>>\n\n<<FootNote>>\nc<<FootNote(z)>>\n"
    rendered = render("moin", text, context())
    made = shown(rendered)
    assert made.startswith('<p>a<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup> b<sup id="fnref:2">')
    lists = made.split('<section class="footnotes">')
    assert len(lists) == 3 and '<li id="fn:1"><em>x</em> <a href="/WikiName">WikiName</a> <a class=' in lists[1]
    assert "<p>c<sup" in lists[1] and '<ol start="3">\n<li id="fn:3">z ' in lists[2]
    assert [link.target for link in rendered.links] == ["WikiName"]
    assert is_canonical(ANCHOR.sub("", made))


def test_texts_of_files_are_embedded_and_others_are_pictures_or_links() -> None:
    parts = render(
        "moin", "a {{attachment:x.txt|t}} b {{attachment:x.pdf}} [[A|{{attachment:x.txt}}]]", context()
    ).parts
    assert [(part.kind, part.detail, part.block) for part in parts if isinstance(part, Hole)] == [
        ("embed", "x.txt", True),
        ("image", "x.pdf", False),
        ("page", "", False),
        ("image", "x.txt", False),
    ]
