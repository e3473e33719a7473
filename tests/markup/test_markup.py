"""The door to all markups: what is rendered by whom, what is kept, and what a rendering may cost."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wiki.markup import MARKUPS, Context, Heading, Hole, Rendered, dump, load, render
from wiki.markup.budget import Deadline, OverBudget, limited
from wiki.markup.definitions import Definitions
from wiki.markup.emitter import Emitter
from wiki.markup.tokens import Tokens
from wiki.model import Link

from .checker import dangers, filled

CONTEXT = Context("Page", seconds=20)


def html(markup: str, text: str) -> str:
    """Return the HTML of a text, which has no holes."""
    rendered = render(markup, text, CONTEXT)
    assert not rendered.failed
    return "".join(part for part in rendered.parts if isinstance(part, str))


@pytest.mark.parametrize("name", ["markdown", "md"])
def test_a_markup_is_found_by_its_names(name: str) -> None:
    assert html(name, "*x*") == "<p><em>x</em></p>\n"


@pytest.mark.parametrize("name", ["plain", "text", "txt", "", "../x", "no such"])
def test_other_formats_are_plain_text(name: str) -> None:
    assert html(name, "*x* <b>") == '<pre class="plain">\n*x* &lt;b&gt;</pre>\n'


def test_urls_in_plain_text_are_links() -> None:
    assert html("plain", "See https://example.org/a_(b)?c&d, or mailto:a@b.example.") == (
        '<pre class="plain">\nSee <a class="external" href="https://example.org/a_(b)?c&amp;d" rel="nofollow">'
        'https://example.org/a_(b)?c&amp;d</a>, or <a class="external" href="mailto:a@b.example" rel="nofollow">'
        "mailto:a@b.example</a>.</pre>\n"
    )


texts = st.text(max_size=20)
attributes = st.lists(st.tuples(texts, texts), max_size=2).map(tuple)
hole = st.builds(Hole, texts, texts, texts, attributes, st.booleans())
rendered_things = st.builds(
    Rendered,
    st.lists(texts | hole, max_size=5).map(tuple),
    st.lists(st.builds(Heading, st.integers(1, 6), texts, texts), max_size=3).map(tuple),
    st.lists(st.builds(Link, texts, texts, texts), max_size=3).map(tuple),
    texts,
)


@given(rendered_things)
def test_what_is_dumped_is_loaded(rendered: Rendered) -> None:
    assert load(dump(rendered)) == rendered


@pytest.mark.parametrize("text", ["", "{}", "[]", "[1,2]", "null", '[["x",["page"]],[],[],""]', '[[],[[1]],[],""]'])
def test_anything_else_is_not_loaded(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        load(text)


def test_loading_imports_no_markup() -> None:
    code = (
        "import sys, wiki.markup as m; m.load(m.dump(m.Rendered(('x',)))); "
        "print([n for n in sys.modules if n.split('.')[0] in ('markdown', 'bleach', 'pygments', 'latex2mathml')"
        " or n.startswith('wiki.markup.')"
        " and n != 'wiki.markup.anchors'])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert ran.stdout.strip() == "[]"


def test_rendering_imports_only_what_the_text_needs() -> None:
    code = (
        "import sys, wiki.markup as m\n"
        "r = m.render('markdown', '# x\\n\\n[[y]] *z* <b>b</b>\\n\\n- [ ] t', m.Context('p'))\n"
        "assert not r.failed, r\n"
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'bleach', 'pygments', "
        "'latex2mathml', 'flask', 'ctypes', 'logging'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert set(json.loads(ran.stdout.replace("'", '"'))) <= {"logging"}


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="ab \n\t*_`~=[](){}<>!|:#-+.0123\\&;$^\"'/@é日\x02\ue000", max_size=200))
def test_any_text_is_rendered_and_harmless(text: str) -> None:
    rendered = render("markdown", text, CONTEXT)
    assert not rendered.failed
    assert not dangers(filled(rendered))


def test_an_error_shows_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, context: Context) -> Rendered:
        raise LookupError("inside a library")

    monkeypatch.setattr("wiki.markup.plain.render", broken)
    rendered = render("plain", "<b>\n\n x", CONTEXT)
    assert rendered == Rendered(
        ('<pre class="source">\n&lt;b&gt;\n\n x</pre>\n',), failed="This text could not be rendered."
    )


def test_endless_recursion_shows_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def deep(text: str, context: Context) -> Rendered:
        return deep(text, context)

    monkeypatch.setattr("wiki.markup.plain.render", deep)
    assert render("plain", "x", CONTEXT).failed == "This text is nested too deeply."


def test_rendering_stops_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(text: str, context: Context) -> Rendered:
        while True:
            pass

    monkeypatch.setattr("wiki.markup.plain.render", endless)
    result: list[Rendered] = []
    thread = threading.Thread(
        target=lambda: result.append(render("plain", "x", Context("p", seconds=0.05))), daemon=True
    )
    thread.start()
    thread.join(30)
    assert [rendered.failed for rendered in result] == ["Rendering this text takes too long."]
    assert render("plain", "y", Context("p", seconds=0.05)).failed  # the main thread is stopped as well


def test_nothing_is_raised_after_work_that_ended_in_time() -> None:
    def nearly() -> int:
        end = time.thread_time() + 0.005
        while time.thread_time() < end:
            pass
        return 1

    results = []
    for _ in range(60):
        try:
            results.append(limited(0.005, nearly))
        except OverBudget:
            results.append(0)
        # If an alarm were still under way, it would go off here, outside of what it was set for.
        end = time.thread_time() + 0.002
        while time.thread_time() < end:
            pass
    assert set(results) <= {0, 1}
    assert len(results) == 60


def test_waiting_costs_no_budget() -> None:
    assert limited(0.02, lambda: time.sleep(0.1)) is None


def test_errors_of_the_work_are_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        limited(1, lambda: 1 // 0)


def repeated(unit: str, length: int) -> str:
    """Return a unit repeated up to a length."""
    return (unit * (length // len(unit) + 1))[:length]


BOMBS = {
    "brackets": repeated("[", 20_000),
    "images": repeated("![", 20_000),
    "references": repeated("[a][", 20_000),
    "wiki links": repeated("[[a]]", 20_000),
    "links": repeated("[a](", 20_000),
    "cdata": repeated("<![CDATA[", 20_000),
    "footnotes": "[^1]: x\n\n" + "[^1] " * 4000,
    "footnote labels": repeated("[^", 20_000),
    "tags": repeated("<a ", 20_000),
    "attributes": "<a " + "b=c " * 5000,
    "blanks": " " * 20_000 + "a",
    "escapes": repeated("\\*", 20_000),
    "ticks": "".join("`" * n + " " for n in range(1, 200)),
    "emphasis": repeated("*a ", 20_000),
    "mixed emphasis": repeated("*a_b ", 20_000),
    "dollars": repeated("$a ", 20_000),
    "urls": repeated("http://", 20_000),
    "parentheses": "http://a" + ")" * 20_000,
    "headings": repeated("# a\n", 20_000),
    "abbreviations": "".join(f"*[A{n}]: x\n" for n in range(1000)) + "\n" + "A1 " * 3000,
    "rows": "|a|b|\n|-|-|\n" + "|x|y|\n" * 3000,
    "items": repeated("- a\n", 20_000),
    "quotes": repeated("> a\n\nb\n\n", 20_000),
    "definitions": "".join(f"[{n}]: /x\n" for n in range(2000)),
    "fences": repeated("```\n", 20_000),
    "comments": repeated("<!--\n", 20_000),
    "macros": repeated("<<Macro(", 20_000),
    "code": "```python\n" + '"' * 20_000,
}

TOO_MUCH = {
    "nested items": "- " * 500 + "a",
    "nested quotes": "> " * 500 + "a",
    "nested lists": "\n".join("  " * n + "- a" for n in range(100)),
    "nested html": "<div>" * 200,
    "overlapping html": "<b><i></b>" * 200,
    "nested emphasis": "*a " * 500 + "a* " * 500,
    "one long url": "[a]: http://e/" + "x" * 3000 + "\n\n" + "[a] " * 4000,
    "one long abbreviation": "*[a]: " + "x" * 400 + "\n\n" + "a " * 20_000,
    "ticks in a table": "|a|b|\n|-|-|\n|" + "`|" * 2000,
    "links": "[[a]] " * 25_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_blows_up_other_renderers_is_rendered(name: str) -> None:
    rendered = render("markdown", BOMBS[name], Context("p", {"Macro": lambda raw, page: ()}, seconds=20))
    assert not rendered.failed
    assert sum(len(part) for part in rendered.parts if isinstance(part, str)) < 60 * len(BOMBS[name])


def test_output_is_counted_while_it_grows() -> None:
    emitter = Emitter(CONTEXT, Tokens(), Definitions(), Deadline(20))
    for _ in range(1000):
        emitter.external("https://example.org/" + "x" * 3000, "x")
    with pytest.raises(OverBudget):
        emitter.spend(2_500_000)


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_much_is_shown_as_source(name: str) -> None:
    rendered = render("markdown", TOO_MUCH[name], Context("p", seconds=60))
    assert rendered.failed
    assert rendered.failed != "Rendering this text takes too long."
    assert rendered.parts[0].startswith('<pre class="source">')  # type: ignore[union-attr]
    assert not rendered.links


def test_a_failed_rendering_leaves_nothing_behind() -> None:
    render("markdown", TOO_MUCH["nested items"], CONTEXT)
    assert html("markdown", "- a\n- b") == "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"


def test_texts_do_not_mix() -> None:
    render("markdown", "[x]: http://e\n\n*[A]: b\n\n[^1]: c\n\n# h\n\n[x] A [^1]", CONTEXT)
    assert html("markdown", "[x] A [^1]\n\n# h") == '<p>[x] A [^1]</p>\n<h1 id="h-h">h</h1>\n'


def test_threads_render_at_the_same_time() -> None:
    text = "# Head\n\n- a\n  - b [[Page]]\n\n| a | b |\n|---|---|\n| c | <b>d |\n\n```python\nx\n```\n"
    expected = render("markdown", text, CONTEXT)
    results: list[Rendered] = []

    def work() -> None:
        for _ in range(10):
            results.append(render("markdown", text, CONTEXT))  # noqa: PERF401 -- shared by all threads

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 40
    assert set(results) == {expected}


def test_every_markup_can_be_imported() -> None:
    for name in MARKUPS:
        assert not render(name, "x", CONTEXT).failed


def test_a_language_that_pygments_knows_is_a_format() -> None:
    assert html("python", "x = 1 # <b>").startswith(
        '<pre class="highlight"><code class="language-python"><span class="n">x'
    )
    assert '<span class="k">' in html("irc", "*x*") or "language-irc" in html("irc", "*x*")


def test_values_are_a_table() -> None:
    assert html("csv", "a;b\n<1>;2\n") == (
        '<table>\n<thead>\n<tr><th scope="col"><strong>a</strong></th><th scope="col"><strong>b</strong></th></tr>\n'
        "</thead>\n<tbody>\n<tr><td>&lt;1&gt;</td><td>2</td></tr>\n</tbody>\n</table>\n"
    )


def test_restructured_text_is_rendered_with_links_to_pages_and_macros() -> None:
    from wiki.markup import Hole

    text = (
        "Title\n=====\n\nH\\ :sub:`2`\\ O *a* `Free link`_ Title_ `x <http://x.example/>`_\n\n.. macro:: <<Macro(a)>>\n\n"
        "- a\n\n  b\n\n3. c\n\nterm\n   def\n\n.. raw:: html\n\n   <script>\n\n.. include:: /etc/passwd\n"
    )
    rendered = render("rst", text, Context("Page", {"Macro": lambda raw, page: ()}, seconds=20))
    assert not rendered.failed
    parts = "".join(part if isinstance(part, str) else f"{{{part.target}}}" for part in rendered.parts)
    assert '<h1 id="h-title">' in parts and "H<sub>2</sub>O <em>a</em> {Free link}Free link</a>" in parts
    assert "<ul><li><p>a</p>\n<p>b</p>\n</li>" in parts and '<ol start="3" type="1"><li>c</li>' in parts
    assert "<dl><dt>term</dt>\n<dd>def</dd>" in parts and "root:" not in parts and "<script" not in parts
    assert Hole("macro", "Macro", "a", block=True) in rendered.parts
    assert [link.target for link in rendered.links if link.kind == "link"] == ["Free link"]


def test_docutils_errors_end_nothing() -> None:
    for text in (
        "*a",
        "|a|",
        ".. foo::",
        "=\n==\n",
        "`a`_ `a`__",
        ".. |a| replace:: |a|\n\n|a|",
        "- " * 300,
    ):
        assert render("rst", text, CONTEXT).parts
