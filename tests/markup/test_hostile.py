"""Nothing that a page says can be executed, submitted, or taken for a part of the wiki."""

from __future__ import annotations

import pytest

from wiki.markup import Context, Hole, render
from wiki.markup.allowed import TAGS as ALLOWED
from wiki.markup.canonical import is_canonical
from wiki.markup.sanitise import cleaned, sanitise

from .checker import dangers, filled, holes, is_safe, tree
from .hostile import PAYLOADS, POSITIONS, SCHEMES, TAGS, WIKI

CONTEXT = Context(
    "Café/日本語",
    {"Macro": lambda raw, page: (), "TableOfContents": lambda raw, page: ()},
    {"Evil": "https://evil.example/$PAGE", "Worse": "javascript:alert('$PAGE')"},
    seconds=20,
)


def checked(text: str) -> str:
    """Render a hostile text, assert that it is harmless, and return its HTML."""
    rendered = render("markdown", text, CONTEXT)
    html = filled(rendered)
    assert not dangers(html), (text, html)
    assert not rendered.failed, (text, rendered.failed)
    return html


def test_the_checker_has_teeth() -> None:
    tame = [payload for payload in TAGS if not dangers(payload)]
    assert len(tame) < 45, tame
    assert not [url for url in SCHEMES[:14] if is_safe(url)]
    assert dangers('<a href="java&#9;script:x">')
    assert dangers('<input type="checkbox">')
    assert not dangers('<p><a href="https://x">y</a><input type="checkbox" disabled></p>')


@pytest.mark.parametrize("position", POSITIONS)
def test_no_payload_does_harm_anywhere(position: str) -> None:
    for payload in PAYLOADS:
        checked(position.replace("%s", payload))


@pytest.mark.parametrize("payload", WIKI)
def test_the_wikis_own_syntax_does_no_harm(payload: str) -> None:
    checked(payload)
    checked(f"- {payload}\n\n> {payload}\n")


@pytest.mark.parametrize("payload", [*SCHEMES, *TAGS, *WIKI])
def test_the_sanitiser_makes_any_html_harmless(payload: str) -> None:
    for position in (
        "%s",
        '<a href="%s">x</a>',
        '<img alt="%s">',
        "<p>%s",
        "<table>%s",
        "<td>%s</td>",
        "<pre>\n%s</pre>",
    ):
        html = position.replace("%s", payload)
        for result in (sanitise(html), cleaned(html), sanitise(sanitise(html))):
            assert not dangers(result), (html, result)


@pytest.mark.parametrize("url", SCHEMES)
def test_no_link_leads_to_a_scheme_that_is_not_ours(url: str) -> None:
    for text in (f"[x](<{url}>)", f"[x][r]\n\n[r]: <{url}>", f"<{url}>", f'<a href="{url}">x</a>', f"[x]({url})"):
        checked(text)


def test_failing_texts_are_escaped() -> None:
    rendered = render("markdown", "- " * 500 + "<script>", CONTEXT)
    assert rendered.failed
    assert not dangers(filled(rendered))
    assert "&lt;script&gt;" in filled(rendered)


def test_plain_text_is_harmless() -> None:
    for payload in PAYLOADS:
        html = filled(render("plain", f"{payload} http://x/{payload} mailto:{payload}@x", CONTEXT))
        assert not dangers(html), html


def test_what_is_recognised_is_what_bleach_would_have_left() -> None:
    recognised = 0
    for position in POSITIONS:
        for payload in PAYLOADS:
            html = position.replace("%s", payload)
            for candidate in (html, sanitise(html)):
                if is_canonical(candidate):
                    recognised += 1
                    assert tree(cleaned(candidate)) == tree(candidate), candidate
    assert recognised > 2000


@pytest.mark.parametrize(
    "html",
    [
        "<p>a<p>b",
        "<p><div>x</div></p>",
        "<p>x",
        "x</p>",
        "<b><i></b></i>",
        "<a href='x'>y</a>",
        '<a href="x"><em><a href="y">z</a></em></a>',
        "<ul>\n<p>x</p></ul>",
        "<table><tr><td>x</td></tr></table>",
        "<table>x<tbody></tbody></table>",
        "<pre>\nx</pre>",
        "<em><em>x</em></em>",
        "<em><b><em>x</em></b></em>",
        "<p>&nosuch;</p>",
        "<p>a & b</p>",
        "<p>\x02</p>",
        "<p>\r</p>",
        "<br/>",
        "<BR>",
        "<p ></p>",
        '<p title="a" title="b">x</p>',
        '<p id="x">y</p>',
        '<p class="evil">y</p>',
        "<p title>x</p>",
        "<input>",
        '<input type="checkbox">',
        '<input type="text" disabled>',
        '<a href="javascript:x">y</a>',
        '<a href="&#106;avascript:x">y</a>',
        "<script>x</script>",
        "<svg></svg>",
        "<!-- x -->",
        "a < b",
        '<label for="x">y</label>',
        "<img>" + "<",
    ],
)
def test_other_forms_are_not_recognised(html: str) -> None:
    assert not is_canonical(html)


def test_dangerous_elements_are_not_in_the_table() -> None:
    assert not ALLOWED & {"script", "style", "svg", "math", "iframe", "object", "form", "textarea", "title", "noscript"}


def test_a_macro_call_counts_only_as_text() -> None:
    text = (
        '<<Macro(a)>> `<<Macro(b)>>` [x](http://x "<<Macro(c)>>") <!-- <<Macro(d)>> --> <code><<Macro(e)>></code> '
        '<b title="<<Macro(f)>>">x</b> ![<<Macro(g)>>](https://x/y.png)\n\n    <<Macro(h)>>\n\n```\n<<Macro(i)>>\n```\n'
    )
    rendered = render("markdown", text, CONTEXT)
    assert [hole.detail for hole in holes(rendered, "macro")] == ["a"]
    html = filled(rendered)
    assert not dangers(html)
    for name in "bcefghi":
        assert f"&lt;&lt;Macro({name})&gt;&gt;" in html
    assert "Macro(d)" not in html


def test_attributes_of_holes_are_plain_text() -> None:
    rendered = render("markdown", '[x](Page "a &amp; <b> \\"")\n\n![*a* [[B]] `<c>`](x.png "t")', CONTEXT)
    page, image = holes(rendered, "page")[0], holes(rendered, "image")[0]
    assert page.attributes == (("title", 'a & <b> "'),)
    assert image == Hole("image", "Café/日本語", "x.png", (("alt", "a B <c>"), ("title", "t")))
