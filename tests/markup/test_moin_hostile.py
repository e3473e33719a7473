"""Nothing that MoinMoin markup, or a format in one of its sections, says can be executed or leaves a tag open."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wiki.markup import Context, Hole, render
from wiki.markup.canonical import is_canonical
from wiki.markup.styles import safe

from .checker import ANCHOR, STYLE, dangers, filled
from .hostile import PAYLOADS, SCHEMES, WIKI

CONTEXT = Context(
    "Café/日本語",
    {"Macro": lambda raw, page: (), "TableOfContents": lambda raw, page: (), "Include": lambda raw, page: ()},
    {"Evil": "https://evil.example/$PAGE", "Worse": "javascript:alert('$PAGE')"},
    seconds=20,
)

POSITIONS = [
    "%s",
    "text %s text",
    "[[%s]]",
    "[[Page|%s]]",
    "[[Page#%s|x]]",
    '[[Page|x|title="%s", class="%s"]]',
    "[[Page|x|&%s=%s]]",
    "[[attachment:%s|x]]",
    "[[Page|{{%s}}]]",
    "{{%s}}",
    "{{attachment:%s|%s}}",
    '{{https://x.example/a.png|%s|width=%s,style="%s"}}',
    "{{drawing:%s}}",
    "Evil:%s [[Evil:%s]] [[Worse:%s]]",
    "https://example.org/%s",
    "<<Macro(%s)>>",
    "<<Unknown(%s)>> <<de(%s)>> <<Anchor(%s)>> <<Verbatim(%s)>>",
    "= %s =",
    "||%s||x||",
    "||<%s>x||",
    '||<style="%s" id="%s" class="%s">x||',
    '||<tablestyle="%s" rowstyle="%s" tableid="%s" bgcolor="%s" width="%s">x||',
    " * %s\n  1. %s",
    " %s:: %s",
    "'''%s'' __%s",
    "^%s^ ,,%s,, `%s` {{{%s}}}",
    "/* %s */ --(%s)-- ~-%s-~",
    "{{{\n%s\n}}}",
    "{{{#!%s\nx\n}}}",
    "{{{#!wiki %s\n%s\n}}}",
    "{{{#!highlight %s\n%s\n}}}",
    "{{{#!python\n%s\n}}}",
    "{{{#!csv %s\n%s\n}}}",
    "{{{#!html\n%s\n}}}",
    "{{{#!creole\n**%s** [[%s|%s]] {{%s|%s}}\n|%s|=%s|\n* %s\n= %s\n}}}",
    "## %s",
]
"""Where a payload may stand; each `%s` is one."""


def checked(text: str, markup: str = "moin") -> str:
    """Render a hostile text, assert that it is harmless, and return its HTML."""
    rendered = render(markup, text, CONTEXT)
    assert not rendered.failed, (text, rendered.failed)
    html = filled(rendered)
    assert not dangers(html), (text, html)
    return html


@pytest.mark.parametrize("position", POSITIONS)
def test_no_payload_does_harm_anywhere(position: str) -> None:
    for payload in PAYLOADS:
        # Percent signs before so many noughts make a number that only looks like a token's.
        if "0" * 32 not in payload or "Evil:" not in position:
            checked(position.replace("%s", payload))


@pytest.mark.parametrize("markup", ["csv", "html", "creole", "irc", "xml", "diff", "rst"])
def test_no_format_does_harm(markup: str) -> None:
    for payload in PAYLOADS:
        checked(payload, markup)
        checked(f"a;b\n{payload};{payload}\n\n* {payload}\n", markup)


def test_our_own_html_needs_no_second_look() -> None:
    # Where it does, HTML of the section `html` aside, every view would pay for bleach.
    for position in POSITIONS:
        for payload in WIKI[:30]:
            rendered = render("moin", position.replace("%s", payload), CONTEXT)
            pieces = [part if isinstance(part, str) else "" for part in rendered.parts]
            starts = sum(isinstance(part, Hole) and part.kind in ("page", "file") for part in rendered.parts)
            if starts or "{{{#!html" in position:
                continue
            assert is_canonical(ANCHOR.sub("", "".join(pieces))), (position, payload, pieces)


@pytest.mark.parametrize(
    "style",
    [
        "background: url(javascript:alert(1))",
        "background-image: url(x)",
        "width: expression(alert(1))",
        "position: fixed; top: 0; left: 0",
        "color: red; position: absolute",
        "margin: -1000px",
        "margin-left: -1000px",
        "width: 99999999px",
        "z-index: 9999",
        "color: r\\65 d",
        "color: var(--x)",
        "behavior: url(x)",
        "-moz-binding: url(x)",
        "color: red !important",
        "color: red/**/",
        "font-family: url(x)",
        'font-family: "}{x',
        "display: none",
        "opacity: 0",
        "transform: scale(100)",
        "content: 'x'",
        "@import 'x'",
        "color:red;;;}{",
        "x" * 1000,
        ";".join(f"color: red{n}" for n in range(500)),
        *SCHEMES,
    ],
)
def test_styles_are_harmless(style: str) -> None:
    kept = safe(style)
    assert kept == "" or STYLE.fullmatch(kept), kept
    assert safe(kept) == kept
    assert not any(
        word in kept for word in ("url", "position", "-1000", "expression", "var", "important", "\\", "99999")
    )


def test_harmless_styles_stay() -> None:
    assert safe("COLOR:Red;width : 50%") == "color: Red; width: 50%"
    assert safe("border: 1px solid #ccc; width: 50; width: 60") == "border: 1px solid #ccc; width: 60px"
    assert safe('color: rgba(1, 2, 3, 0.5); font-family: "Times New", serif; margin: 0 auto') == (
        "color: rgba(1, 2, 3, 0.5); font-family: 'Times New', serif; margin: 0 auto"
    )


# -- mutations: whatever becomes of a text, no tag stays open and nothing raises -----------------------------------------

GOLDEN = [path.read_text("utf-8") for path in sorted((Path(__file__).parent / "golden-moin").glob("*.moin"))]
SIGNS = (
    "''|'''|'''''|__|^|,,|~-|-~|~+|+~|--(|)--|/*| */ |`|{{{|}}}|{{{{|[[|]]|{{|}}|||\n|\n\n| * | 1. | a:: |  |\n   * |= |"
    " =|----|<<|>>|<<Macro(|)>>|<<TableOfContents>>|{{{#!wiki red\n|{{{#!creole\n|{{{#!csv\n|{{{#!html\n|##|#!python\n|\\t|!|"
    'WikiName|/Sub|../|#a|http://x.y|:|@|a@b.cd|:)|/!\\|<!>|&amp;|&|<|>|"|é|日|\ue000|\x00|||<|<-2>|<|2>|||<style="color: red">|'
    "|x|attachment:a.png|Evil:a|\r\n|\t| "
).split("|")


def closed(text: str, markup: str = "moin") -> None:
    html = checked(text, markup)
    if "<b>hole</b>" not in html and "#!html" not in text:
        assert is_canonical(ANCHOR.sub("", html)), (text, html)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(SIGNS), max_size=40), st.sampled_from(["moin", "moin", "moin", "creole"]))
def test_no_tag_stays_open(pieces: list[str], markup: str) -> None:
    closed("".join(pieces), markup)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_mutated_pages_are_closed(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(GOLDEN)
    for _ in range(chance.randint(1, 12)):
        begin = chance.randrange(len(text) + 1)
        end = min(len(text), begin + chance.choice([0, 0, 1, 2, 5, 30]))
        text = text[:begin] + chance.choice([*SIGNS, ""]) + text[end:]
    closed(text)


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "'",
            "'''a",
            "'''''",
            "__",
            "--(",
            "/* ",
            " */",
            "{",
            "{{{",
            "{{a",
            "`",
            "[",
            "[[a",
            "[[|",
            "[[a|b|c|d]]",
            "Wiki",
        ),
        *(
            "aA",
            "AaBb/",
            "../",
            ":",
            "a:",
            "a@",
            "aaaa@",
            "<<",
            "<<A(",
            "|",
            "||",
            "||<",
            "-",
            "&",
            " * a\n",
            "  ",
            "\n",
        ),
        *(
            " a:: b\n",
            "=",
            "= a",
            "{{{\n",
            "{{{#!wiki a\n",
            "}}}\n",
            "{{{a\n",
            "a",
            "ß",
            "日",
            "\t",
            "\x00",
            "MoinMoin:",
        ),
        *("(./)", "{{{#!html\n<b>\n}}}\n", "||||", "[[a|{{", "||'''a||", "{{{#!highlight python\n", "  * a\n   * b\n"),
    ],
)
@pytest.mark.parametrize("markup", ["moin", "creole"])
def test_long_repetitions_take_linear_time(unit: str, markup: str) -> None:
    # Twenty seconds are the budget of the context; whatever is quadratic would take minutes.
    rendered = render(markup, (unit * 200_000)[:200_000], CONTEXT)
    assert "long" not in rendered.failed, rendered.failed
