"""The search query language: what is typed becomes a tree, and nothing typed breaks it."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from wiki import patterns, query
from wiki.model import BadRequest
from wiki.query import And, ByAuthor, Category, LinkTo, Node, Not, Or, Phrase, Regex, Title, Word, parse


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ("", None),
        ("   ", None),
        ("foo", Word("foo")),
        ("foo bar", And((Word("foo"), Word("bar")))),
        ("foo AND bar", And((Word("foo"), Word("bar")))),
        ("foo OR bar", Or((Word("foo"), Word("bar")))),
        ("a b OR c", Or((And((Word("a"), Word("b"))), Word("c")))),
        ("a (b OR c)", And((Word("a"), Or((Word("b"), Word("c")))))),
        ("or and", And((Word("or"), Word("and")))),
        ('"foo bar" x', And((Phrase("foo bar"), Word("x")))),
        ("“foo bar”", Phrase("foo bar")),
        ("„foo bar“", Phrase("foo bar")),
        ("'foo bar' x", And((Phrase("foo bar"), Word("x")))),
        ('"foo"', Word("foo")),
        ("don't", Word("don't")),
        ("-foo", Not(Word("foo"))),
        ('-"foo bar"', Not(Phrase("foo bar"))),
        ("-(a b)", Not(And((Word("a"), Word("b"))))),
        ("--force", Word("--force")),
        ("well-known", Word("well-known")),
        ("title:foo", Title("foo")),
        ('title:"foo bar"', Title("foo bar")),
        ("-title:foo", Not(Title("foo"))),
        ("linkto:FrontPage", LinkTo("FrontPage")),
        ('linkto:"Two  words/ sub"', LinkTo("Two words/sub")),
        ("category:X", Category("X")),
        ("author:Ann", ByAuthor("Ann")),
        ('author:"Ann Lee"', ByAuthor("Ann Lee")),
        ("regex:fo+bar", Regex("fo+bar", ("bar",))),
        ("title:regex:^Foo", Regex("^Foo", (), True)),
        ("日本語", Word("日本語")),
        ("http://x.example/", Word("http://x.example/")),
        ("foo:bar", Word("foo:bar")),
        ("C:\\temp", Word("C:\\temp")),
        ("C++ ++", Word("C++")),
    ],
)
def test_a_query_is_read_as_typed(typed: str, tree: Node | None) -> None:
    assert parse(typed) == tree


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("t:x", "title:x"),
        ("l:X", "linkto:X"),
        ("ca:X", "category:X"),
        ("au:X", "author:X"),
        ("t:re:x", "title:regex:x"),
    ],
)
def test_prefixes_may_be_cut_short_as_in_moinmoin(short: str, long: str) -> None:
    assert parse(short) == parse(long)


def test_a_prefix_written_in_full_may_have_capitals() -> None:
    assert parse("Title:x") == Title("x")


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ('"foo bar', Phrase("foo bar")),
        ("(foo", Word("foo")),
        ("foo)) bar", And((Word("foo"), Word("bar")))),
        ("((foo OR", Word("foo")),
        ("OR", None),
        ("-", None),
        ("()", None),
        ("-()", None),
        ("title:", None),
        ("title: foo", Word("foo")),
        ("linkto:..", None),
        ("'", None),
        ("…", None),
    ],
)
def test_what_is_unfinished_is_taken_as_far_as_it_goes(typed: str, tree: Node | None) -> None:
    assert parse(typed) == tree


@pytest.mark.parametrize(
    ("typed", "pattern"),
    [
        ("regex:a(b|c)d", "a(b|c)d"),
        ("(regex:a(b)c OR x)", "a(b)c"),
        (r"(regex:a\)b)", r"a\)b"),
        ('regex:"foo bar"', "foo bar"),
        ("regex:foo x", "foo"),
    ],
)
def test_a_bare_regular_expression_ends_at_a_blank_or_at_its_groups_parenthesis(typed: str, pattern: str) -> None:
    assert pattern in re.findall(r"Regex\(pattern='(.*?)', literals", repr(parse(typed)).replace("\\\\", "\\"))


def depth(node: Node) -> int:
    if isinstance(node, And | Or):
        return 1 + max(map(depth, node.nodes))
    return 1 + depth(node.node) if isinstance(node, Not) else 1


def size(node: Node | None) -> int:
    if node is None:
        return 0
    if isinstance(node, And | Or):
        return sum(map(size, node.nodes))
    return size(node.node) if isinstance(node, Not) else 1


typing = st.text(st.sampled_from("ab\"'()- :ORtitlegxkn.*+\\[]{}?^$|1“”日\x00\ud800"), max_size=80) | st.text(
    max_size=80
)


@given(typing)
@example("(" * 600)
@example("-(" * 300 + "x")
@example("regex:" * 90)
@example('regex:"' + "(" * 450)
@example("t:t:t:t:re:re:")
def test_nothing_typed_raises_anything_but_a_refused_regular_expression(text: str) -> None:
    try:
        tree = parse(text)
    except BadRequest:
        assert "e" in text.lower()
    else:
        assert size(tree) <= query.TERMS
        assert tree is None or depth(tree) <= 4 * query.DEPTH


@given(st.text(st.sampled_from("abc() -"), max_size=500))
def test_a_query_of_words_and_parentheses_keeps_every_word(text: str) -> None:
    words = re.findall(r"[^\s()]*[abc][^\s()]*", text)
    assert size(parse(text)) == min(len(words), query.TERMS)


def test_what_is_beyond_the_bounds_is_ignored() -> None:
    assert size(parse("a " * 100)) == query.TERMS
    assert parse("x" * 10_000) == Word("x" * query.LENGTH)
    assert parse("(" * 30 + "a" + ")" * 30 + " b") == And((Word("a"), Word("b")))


# -- a tree written and read again ---------------------------------------------------------------------------------

plain = st.text(st.sampled_from("abcdxyzé日本0"), min_size=1, max_size=6)
several = st.lists(plain, min_size=2, max_size=3).map(" ".join)
leaf = st.one_of(
    plain.map(Word),
    several.map(Phrase),
    (plain | several).map(Title),
    (plain | several).map(LinkTo),
    (plain | several).map(Category),
    (plain | several).map(ByAuthor),
    plain.map(lambda text: Regex(text, patterns.literals(text))),
    plain.map(lambda text: Regex(text, (), True)),
)


def joined(kind: type[And] | type[Or], nodes: list[Node]) -> Node:
    flat = [inner for node in nodes for inner in (node.nodes if isinstance(node, kind) else (node,))]
    return kind(tuple(flat))


def compound(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    nodes = st.lists(inner, min_size=2, max_size=3)
    return inner.map(Not) | nodes.map(lambda n: joined(And, n)) | nodes.map(lambda n: joined(Or, n))


PREFIXES = {Title: "title:", LinkTo: "linkto:", Category: "category:", ByAuthor: "author:", Word: "", Phrase: ""}


def written(node: Node) -> str:
    if isinstance(node, And):
        return "(" + " ".join(map(written, node.nodes)) + ")"
    if isinstance(node, Or):
        return "(" + " OR ".join(map(written, node.nodes)) + ")"
    if isinstance(node, Not):
        inner = written(node.node)
        return f"-({inner})" if inner.startswith("-") else f"-{inner}"
    if isinstance(node, Regex):
        return ("title:" if node.title else "") + f'regex:"{node.pattern}"'
    text = node.name if isinstance(node, LinkTo | Category | ByAuthor) else node.text
    return PREFIXES[type(node)] + (f'"{text}"' if " " in text else text)


@given(st.recursive(leaf, compound, max_leaves=8))
def test_a_tree_written_out_is_read_as_the_same_tree(tree: Node) -> None:
    text = written(tree)
    assume(len(text) <= query.LENGTH and depth(tree) < query.DEPTH)
    assert parse(text) == tree


# -- regular expressions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*b",
        "(a|a)*b",
        "(a|aa)+$",
        "(.|.)*x",
        r"(\w+\s)+x",
        "(a?){30}a{30}",
        "a?" * 30 + "a" * 30,
        "(a{1,10}){1,10}b",
        "((a{0,99}){0,99}){0,99}",
        ".*.*.*x",
        ".*.+[ab]{0,50}x",
        ".*.*a{500}x",
        ".*.*(?=a){2}x",
        r".*\w*?(a|b)(ab|ba)",
        "a.*a.*a.*b",
        "(?=.*x)(?=.*y).*z",
        "(?:a(?=.*x))*",
        "(|a)*b",
        r"(x)\1",
        "(?P<n>x)(?P=n)",
        "(x)?(?(1)a|b)",
        "[ſ]*s[ſ]*s[ſ]*s[ſ]*s",
    ],
)
def test_expressions_that_could_run_for_long_are_refused(pattern: str) -> None:
    with pytest.raises(BadRequest) as refused:
        patterns.compiled(pattern)
    assert "long" in str(refused.value)


@pytest.mark.parametrize(
    "pattern", ["[", "(", "a{99999999999999999}", "*", "(?P<a", "\\", "(" * 500, "(?L)a", "(?<=a*)b"]
)
def test_invalid_expressions_are_refused(pattern: str) -> None:
    with pytest.raises(BadRequest) as refused:
        patterns.compiled(pattern)
    assert "not a regular expression" in str(refused.value)


@pytest.mark.parametrize(
    "pattern",
    [
        "foo",
        "foo.*bar",
        "foo.*bar.*baz",
        "^a.*b.*c$",
        "foo.*bar.*baz.*",
        ".*(foo|bar).*",
        "(foo|bar)+",
        r"\w+@\w+\.\w+",
        r"\d{4}-\d\d-\d\d",
        "^=+ .* =+$",
        r"https?://\S+",
        "(?:ab)+c",
        r"\s+$",
        "[[a]",
        "(?i)x",
        "日本.*語",
        "(a|b|cd)*e",
    ],
)
def test_ordinary_expressions_are_taken(pattern: str) -> None:
    assert patterns.compiled(pattern).pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("foo.*quux", ("quux", "foo")),
        ("foo|bar", ()),
        ("(foo)?bar", ("bar",)),
        ("(foo)+bar", ("bar", "foo")),
        ("fo", ()),
        ("日", ("日",)),
        ("foo bar", ("bar", "foo")),
        ("[f]oo", ("foo",)),
        ("(?!foo)bar", ("bar",)),
        ("(?<!foo)bar", ("bar",)),
        ("(?x) foo # bar", ("foo",)),
        ("", ()),
    ],
)
def test_literals_are_what_every_match_must_hold(pattern: str, found: tuple[str, ...]) -> None:
    assert patterns.literals(pattern) == found


@given(st.from_regex(r"([abc]{1,4}|\(abc|\)|[|?*+.^$]|foo|\[ab\]|\{1,2\}){1,6}", fullmatch=True), st.data())
def test_a_text_that_matches_holds_every_literal(pattern: str, data: st.DataObject) -> None:
    try:
        expression, literals = patterns.compiled(pattern), patterns.literals(pattern)
    except BadRequest:
        return
    text = data.draw(st.from_regex(expression) | st.text(st.sampled_from("abcfo"), max_size=12))
    line = next((line for line in text.split("\n") if expression.search(line)), None)
    if line is not None:
        assert all(literal.lower() in line.lower() for literal in literals)
