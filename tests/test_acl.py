"""Access control lists: MoinMoin 1.9's grammar and its order of decisions."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wiki import acl
from wiki.acl import RIGHTS, Explanation, Policy, Who, members, parse, valid_user_name

NOBODY = Who()
ANN = Who("Ann", known=True)
BOB = Who("Bob Lee", known=True, groups=lambda group: group == "EditorsGroup")
ROOT = Who("Root", known=True, admin=True)
OPEN = Policy(default="Trusted:read,write,delete,revert Known:read All:read")


def rights(text: str | None, who: Who, policy: Policy = OPEN) -> str:
    return " ".join(right for right in RIGHTS if policy.allows(text, who, right))


@pytest.mark.parametrize(
    ("text", "who", "allowed"),
    [
        ("All:read", NOBODY, "read"),
        ("Known:read,write", NOBODY, ""),
        ("Known:read,write", ANN, "read write"),
        ("Trusted:write Known:read", ANN, "read"),
        ("Trusted:write Known:read", Who("T", known=True, trusted=True), "write"),
        ("Ann:read All:read,write", ANN, "read"),
        ("Ann:read All:read,write", NOBODY, "read write"),
        ("Bob Lee:read,write All:read", BOB, "read write"),
        ("Ann,Bob Lee:write All:read", BOB, "write"),
        ("Ann, Bob Lee:write All:read", BOB, "write"),
        ("EditorsGroup:read,write All:read", BOB, "read write"),
        ("EditorsGroup:read,write All:read", ANN, "read"),
        ("+Ann:admin Known:read,write", ANN, "read write admin"),
        ("-Ann:write Known:read,write", ANN, "read"),
        ("+All:read -All:read", NOBODY, "read"),
        ("Ann: All:read", ANN, ""),
        ("All:read,fly,Write", NOBODY, "read"),
        ("", ANN, ""),
        ("no colon", ANN, ""),
        ("All:read no colon", ANN, "read"),
        (":read", NOBODY, ""),
        (",:read", NOBODY, ""),
        ("ann:read", ANN, ""),
    ],
)
def test_the_first_entry_that_matches_decides(text: str, who: Who, allowed: str) -> None:
    assert rights(text, who) == allowed


def test_a_page_without_acl_has_the_default_and_an_empty_acl_is_an_acl() -> None:
    assert rights(None, NOBODY) == "read"
    assert rights("", NOBODY) == ""


def test_default_stands_for_the_default_acl() -> None:
    assert rights("Ann:admin Default", ANN) == "admin"
    assert rights("Ann:admin Default", NOBODY) == "read"
    assert rights("-All:read Default", NOBODY) == ""
    assert rights("DefaultGroup:write", NOBODY) == ""


def test_a_default_that_names_itself_ends() -> None:
    policy = Policy(before="Default", default="Default All:read Default", after="Default")
    assert rights(None, NOBODY, policy) == "read"
    assert policy.explain("", NOBODY, "read") == Explanation(True, "All:read", "default")


def test_before_and_after_surround_what_the_page_says() -> None:
    policy = Policy(before="-Ann:write", default="All:read", after="All:read")
    assert rights("Ann:read,write", ANN, policy) == "read"
    assert rights("+Ann:delete", ANN, policy) == "read delete"
    assert rights("Bob Lee:write", NOBODY, policy) == "read"
    assert rights("All:", NOBODY, policy) == ""


def test_a_superuser_may_everything() -> None:
    assert rights("All:", ROOT) == " ".join(RIGHTS)
    assert OPEN.explain("All:", ROOT, "read") == Explanation(True, "", "superuser")


def test_an_explanation_names_the_entry_and_its_place() -> None:
    policy = Policy(before="-Bob Lee:write", default="All:read", after="Known:delete")
    assert policy.explain("Ann:read,write Default", ANN, "write") == Explanation(True, "Ann:read,write", "page")
    assert policy.explain("+Ann:write Default", ANN, "read") == Explanation(True, "All:read", "default")
    assert policy.explain(None, ANN, "read") == Explanation(True, "All:read", "default")
    assert policy.explain("All:read", BOB, "write") == Explanation(False, "-Bob Lee:write", "before")
    assert policy.explain("-All:read", ANN, "delete") == Explanation(True, "Known:delete", "after")
    assert policy.explain("-All:read", NOBODY, "delete") == Explanation(False, "", "")


@pytest.mark.parametrize("name", acl.SPECIAL)
def test_an_account_or_group_called_like_a_special_name_changes_nothing(name: str) -> None:
    asked: list[str] = []

    def groups(group: str) -> bool:
        asked.append(group)
        return True

    text = f"-{name}:admin {name},Default:write"
    plain = [OPEN.allows(text, Who("Ann"), right) for right in RIGHTS]
    assert [OPEN.allows(text, Who(name, groups=groups), right) for right in RIGHTS] == plain
    assert asked == []


# -- against another way of deciding ---------------------------------------------------------------------------------

somebody = st.sampled_from(["All", "Known", "Trusted", "Ann", "Bob Lee", "XGroup", "Default", "", "Émile"])
entry = st.builds(
    lambda sign, names, rights: f"{sign}{','.join(names)}:{','.join(rights)}",
    st.sampled_from(["", "+", "-"]),
    st.lists(somebody, min_size=1, max_size=3),
    st.lists(st.sampled_from([*RIGHTS, "nonsense"]), max_size=4),
)
lists = st.lists(entry | st.just("Default"), max_size=4).map(" ".join)
people = st.builds(
    Who,
    st.sampled_from(["", "Ann", "Bob Lee", "All"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans().map(lambda member: lambda group: member and group == "XGroup"),
)


def spelled_out(policy: Policy, text: str | None, who: Who, right: str) -> bool:
    """Decide by the rules of reference 3.4 in the plainest way: one flat list of (sign, name, rights)."""
    flat: list[tuple[str, str, list[str]]] = []

    def add(text: str, depth: int) -> None:
        rest = text
        while rest := rest.lstrip():
            if rest == "Default" or rest.startswith("Default "):
                if depth == 0:
                    add(policy.default, 1)
                rest = rest[7:]
                continue
            names, colon, rest = rest.partition(":")
            if not colon:
                return
            sign = names[0] if names[:1] in ("+", "-") else ""
            listed, _, rest = rest.partition(" ")
            flat.extend((sign, name.strip(), listed.split(",")) for name in names[len(sign) :].split(","))

    add(policy.before, 0)
    add(policy.default, 1) if text is None else add(text, 0)
    add(policy.after, 0)
    if who.admin:
        return True
    for sign, name, listed in flat:
        if name in ("All", "Known", "Trusted", "Default"):
            meant = name == "All" or (name == "Known" and who.known) or (name == "Trusted" and who.trusted)
        else:
            meant = name != "" and (name == who.name or who.groups(name))
        if meant and (not sign or right in listed):
            return sign != "-" and right in listed
    return False


@given(st.builds(Policy, lists, lists, lists), st.none() | lists, people, st.sampled_from(RIGHTS))
def test_every_decision_is_the_one_that_the_rules_spell_out(
    policy: Policy, text: str | None, who: Who, right: str
) -> None:
    explanation = policy.explain(text, who, right)
    assert policy.allows(text, who, right) == explanation.allowed == spelled_out(policy, text, who, right)


@given(st.builds(Policy, lists, lists, lists), st.none() | lists, people, st.sampled_from(RIGHTS))
def test_the_entry_of_an_explanation_alone_decides_the_same(
    policy: Policy, text: str | None, who: Who, right: str
) -> None:
    explanation = policy.explain(text, who, right)
    if explanation.entry:
        assert Policy().allows(explanation.entry, who, right) == explanation.allowed
        sources = {"before": policy.before, "page": text or "", "default": policy.default, "after": policy.after}
        assert explanation.entry in sources[explanation.where]
    else:
        assert explanation.where == ("superuser" if who.admin else "")
        assert explanation.allowed == who.admin


@given(st.text(st.sampled_from("AllKnown:+-,readwrite \t\nDefault"), max_size=60) | st.text(max_size=40))
@example(":" * 1000)
@example("+" * 1000)
def test_no_text_breaks_the_parser_or_gives_what_it_does_not_list(text: str) -> None:
    entries = parse(text)
    assert all(entry.rights <= set(RIGHTS) for entry in entries)
    for right in RIGHTS:
        if right not in text:
            assert not Policy().allows(text, ANN, right)


# -- group pages and names --------------------------------------------------------------------------------------------


def test_members_of_a_group_page_are_its_first_bullets() -> None:
    text = (
        "#acl All:read\n= Group =\nIntro\n"
        " * Ann\n * [[Bob Lee]]\n * [[People/Cy|Cy]]\n  * deeper\n   * deepest\n * OtherGroup\r\n"
        "* Dee\n- Eve Ng\n  - below\n*bold*\n-no\n *no\n * Ann\n * [[Fay]] and more\n *   \n"
    )
    assert members(text) == ("Ann", "Bob Lee", "People/Cy", "OtherGroup", "Dee", "Eve Ng", "[[Fay]] and more")


@given(st.text(st.sampled_from(" *-[]|\nAb\t"), max_size=80))
def test_a_member_is_never_empty_nor_padded(text: str) -> None:
    assert all(member and member == member.strip() for member in members(text) if not member.startswith("[["))


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "Ann Lee",
        "O'Neil",
        "ann@example.org",
        "x-1_y.z",
        "Jürgen",
        "日本語",
        "Анна",
        "Ελένη",
        "नमस्ते",
        "김 철수",
        "Ann2",
    ],
)
def test_a_name_of_letters_digits_and_a_few_signs_is_valid(name: str) -> None:
    assert valid_user_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "-",
        "-Ann",
        "Default User",
        "..",
        " Ann",
        "Ann ",
        "Ann  Lee",
        "a:b",
        "a,b",
        "a/b",
        "a\nb",
        "a\tb",
        "a<b",
        "a\u200db",
        "a\u202eb",
        "All",
        "all",
        "KNOWN",
        "Trusted",
        "default",
        "Anonymous",
        "Ａｌｌ",
        "Аnn",
        "Αnn",
        "Аα",
        "A\u0308nn",
        "EditorsGroup",
        "x" * 300,
        "a\0b",
        "a\ud800b",
    ],
)
def test_a_name_that_misleads_or_breaks_an_acl_is_not_valid(name: str) -> None:
    assert not valid_user_name(name)


@given(st.text(max_size=20))
def test_a_valid_name_means_its_owner_alone_in_an_acl(name: str) -> None:
    if valid_user_name(name):
        assert parse(f"{name}:read")[0].names == (name,)
        assert Policy().allows(f"{name}:read", Who(name, known=True), "read")
        assert not Policy().allows(f"{name}:read", Who("", known=True), "read")
