"""The head of a page: MoinMoin's processing instructions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiki.markup.head import KNOWN, Head, head


def body(text: str) -> str:
    return text[head(text).length :]


@pytest.mark.parametrize(
    ("text", "expected", "rest"),
    [
        ("", Head(), ""),
        ("text\n#acl All:\n", Head(), "text\n#acl All:\n"),
        ("#format wiki\ntext", Head(format="wiki", length=13), "text"),
        ("#FORMAT  CSV ; x\n", Head(format="csv", arguments="; x", length=17), ""),
        ("#acl All:read\n#acl Known:write\nx", Head(acl="All:read Known:write", length=31), "x"),
        ("#acl\nx", Head(acl="", length=5), "x"),
        ("#acl\tAnn:read\nx", Head(acl="Ann:read", length=14), "x"),
        ("#acl Ann:read\r\nx", Head(acl="Ann:read", length=15), "x"),
        ("#acl Ann:read", Head(acl="Ann:read", length=13), ""),
        ("#redirect Other Page#top\n", Head(redirect="Other Page#top", length=25), ""),
        ("#language de\n#deprecated\n", Head(language="de", deprecated=True, length=25), ""),
        ("#format a\n#format b\n", Head(format="a", length=20), ""),
        ("## note\n#acl A:read\n## left\ntext", Head(acl="A:read", length=20), "## left\ntext"),
        ("## only\ntext", Head(), "## only\ntext"),
        ("# Heading\n#acl A:read\n", Head(), "# Heading\n#acl A:read\n"),
        ("# acl A:read\n", Head(), "# acl A:read\n"),
        ("#aclA:read\n", Head(), "#aclA:read\n"),
        ("#unknown x\n#acl A:read\n", Head(), "#unknown x\n#acl A:read\n"),
        ("#acl A:read\n#\n#acl B:read\n", Head(acl="A:read", length=14), "#acl B:read\n"),
        ("#acl A:read\n\n#acl B:read\n", Head(acl="A:read", length=12), "\n#acl B:read\n"),
        (" #acl A:read\n", Head(), " #acl A:read\n"),
    ],
)
def test_the_head_is_read_as_moinmoin_reads_it(text: str, expected: Head, rest: str) -> None:
    assert head(text) == expected
    assert body(text) == rest


def test_pragmas_are_found_by_name() -> None:
    parsed = head("#pragma Section-Numbers  off\n#pragma keywords a, b\n#pragma keywords c\n#pragma\n")
    assert parsed.pragma("section-numbers") == "off"
    assert parsed.pragma("KEYWORDS") == "a, b"
    assert parsed.pragma("none") == ""


line = st.one_of(
    st.builds(
        lambda keyword, rest: f"#{keyword} {rest}",
        st.sampled_from(sorted(KNOWN)),
        st.text(st.sampled_from("ab: \t"), max_size=8),
    ),
    st.sampled_from(["## comment", "#", "# Title", "text", "", "#other x"]),
    st.text(st.sampled_from("#acl formt\t\r"), max_size=12),
)
texts = st.lists(line, max_size=8).map("\n".join) | st.text(max_size=40)


@given(texts)
def test_the_head_is_whole_lines_that_begin_with_a_hash(text: str) -> None:
    parsed = head(text)
    top = text[: parsed.length]
    assert top == "" or top.endswith("\n") or top == text
    assert all(part.startswith("#") for part in top.removesuffix("\n").split("\n") if top)


@given(texts)
def test_the_head_alone_says_the_same(text: str) -> None:
    parsed = head(text)
    assert head(text[: parsed.length]) == parsed


@given(texts)
def test_an_acl_line_at_the_top_is_never_overlooked(text: str) -> None:
    assert head(f"#acl Ann:read\n{text}").acl is not None
    assert (head(f"##x\n#acl Ann:read\n{text}").acl or "").startswith("Ann:read")
