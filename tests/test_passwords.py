"""Passwords: hashes that hold, and new passwords that are not the first ones tried."""

from __future__ import annotations

import hashlib
import re
import unicodedata

import pytest

from wiki import commonplace, moin_passwords, passwords
from wiki.passwords import hashed, outdated, verify, weakness


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here does not depend on the cost."""
    monkeypatch.setattr(passwords, "LOG_N", 4)
    monkeypatch.setattr(passwords, "PARALLEL", 1)
    monkeypatch.setattr(passwords, "ROUNDS", 10)


@pytest.fixture(params=["scrypt", "pbkdf2"])
def scheme(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "pbkdf2":
        monkeypatch.delattr(hashlib, "scrypt")
    return str(request.param)


@pytest.mark.parametrize(
    "password",
    ["correct horse", "", " leading and trailing ", "日本語のパスワード", "x" * 5000, "a\0b", "\ud800x", "$:%"],
)
def test_a_password_is_known_by_its_hash(password: str, scheme: str) -> None:
    hash = hashed(password)
    assert hash.startswith(f"${scheme}")
    assert verify(password, hash)
    for other in (password + "x", password[:-1] + "y", password + " "):
        assert not verify(other, hash)


def test_nothing_is_cut_off_a_long_password(scheme: str) -> None:
    hash = hashed("x" * 100 + "a")
    assert not verify("x" * 100 + "b", hash)


def test_equivalent_spellings_are_one_password(scheme: str) -> None:
    assert verify(unicodedata.normalize("NFD", "Käseglocke"), hashed("Käseglocke"))


def test_no_two_hashes_are_alike(scheme: str) -> None:
    assert hashed("x") != hashed("x")


def test_the_cost_is_in_the_hash_and_a_change_makes_it_outdated(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hash = hashed("x")
    assert not outdated(hash)
    monkeypatch.setattr(passwords, "LOG_N", 5)
    monkeypatch.setattr(passwords, "ROUNDS", 20)
    assert outdated(hash)
    assert verify("x", hash)
    assert outdated("{SSHA}abc")
    assert outdated("")


def test_the_cost_is_what_owasp_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert (1 << passwords.LOG_N) * passwords.PARALLEL >= (1 << 15) * 3
    assert 128 * passwords.BLOCK * (1 << passwords.LOG_N) <= 64 * 1024 * 1024
    assert passwords.ROUNDS >= 600_000


@pytest.mark.parametrize(
    "hash",
    [
        "",
        "x",
        "$scrypt$",
        "$scrypt$ln=4,r=8,p=1$x",
        "$scrypt$ln=4,r=8,p=1$*$*",
        "$scrypt$ln=99,r=8,p=1$eA$eA",
        "$scrypt$a,b,c$eA$eA",
        "$scrypt$ln=4,r=8$eA$eA",
        "$pbkdf2-sha256$0$eA$eA",
        "$pbkdf2-sha256$999999999$eA$eA",
        "$pbkdf2-sha256$x$eA$eA",
        "{DES}abc",
        "{SSHA}",
        "{SSHA}???",
        "{SHA}eHg=",
        "{SHA}VZsF8bKGPnJbduIWrD2t7L+S4kQ",
        "{PASSLIB}",
        "{PASSLIB}$6$rounds=999999999$salt$" + "a" * 86,
        "{PASSLIB}$6$rounds=1000$salt$short",
        "{PASSLIB}$2b$12$" + "a" * 53,
        "{PASSLIB}$P$R12345678" + "a" * 22,
        "{APR1}$apr1$",
        "{MD5}\ud800",
        "$scrypt$ln=4,r=8,p=1$eA$é",
    ],
)
def test_a_damaged_or_unknown_hash_lets_nobody_in(hash: str) -> None:
    assert not verify("", hash)
    assert not verify("x", hash)


def test_a_missing_hash_takes_as_much_work_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[tuple[int, int, int]] = []
    real = passwords._scrypt

    def counted(password: str, salt: bytes, log_n: int, block: int, parallel: int) -> bytes:
        costs.append((log_n, block, parallel))
        return real(password, salt, log_n, block, parallel)

    hash = hashed("x")
    monkeypatch.setattr(passwords, "_scrypt", counted)
    assert not verify("y", hash)
    assert not verify("y", "")
    assert len(costs) == 2
    assert costs[0] == costs[1]


def test_other_schemes_may_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(passwords.SCHEMES, "{TEST}", lambda password, kept: kept == "{TEST}" + password)
    assert verify("x", "{TEST}x")
    assert not verify("y", "{TEST}x")
    assert outdated("{TEST}x")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "kJ8#xq2L",
        "zufallhk",
        "日本語日本語のページ",
        "sunshine dragon monkey",
        "a b c d e f",
        "73105592846103",
        "x" * 3 + "longer than it looks",
        "pässwörter ohne regel",
        "Tr0ub4dor&3",
    ],
)
def test_any_other_password_of_eight_characters_may_be_taken(password: str) -> None:
    assert weakness(password, "Ann Lee") == ""


@pytest.mark.parametrize("password", ["", "a", "1234567", "kJ8#xq2", "日本語日本語の"])
def test_a_short_password_is_refused(password: str) -> None:
    assert "8 characters" in weakness(password, "Ann")


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Password1!",
        "p@ssw0rd",
        "pa55w0rd",
        "12345678",
        "87654321",
        "qwertyuiop",
        "asdfghjkl",
        "1q2w3e4r",
        "1qaz2wsx",
        "abcdefgh",
        "abcabcabc",
        "aaaaaaaa",
        "ａａａａａａａａ",
        "letmein123",
        "welcome2024",
        "iloveyou",
        "sunshine1",
        "passwordpassword",
        "sunshine dragon",
        "19.05.1984",
        "2026-11-23",
        "qwerty123456",
        "Summer2026!",
        "12341234",
        "drowssap",
    ],
)
def test_what_comes_to_many_minds_is_refused(password: str) -> None:
    assert "common" in weakness(password, "Ann")


@pytest.mark.parametrize(
    ("password", "name"),
    [
        ("JohnSmith", "John Smith"),
        ("johnsmith99", "John Smith"),
        ("!john smith!", "John Smith"),
        ("htimsnhoj1", "John Smith"),
        ("bobbybobby", "Bobby"),
        ("日本語の名前です", "日本語の名前です"),
    ],
)
def test_a_password_made_of_the_name_is_refused(password: str, name: str) -> None:
    assert "name" in weakness(password, name)


def test_a_password_may_contain_the_name_among_other_things() -> None:
    assert weakness("bobby likes cold tea", "Bobby") == ""
    assert weakness("kJ8#xq2L", "") == ""
    assert weakness("kJ8#xq2L", "k") == ""


def test_the_common_words_are_plain_and_not_so_few() -> None:
    assert len(commonplace._WORDS) > 200
    assert all(re.fullmatch("[a-z]{4,}", word) for word in commonplace._WORDS)


@pytest.mark.parametrize(
    ("password", "hash"),
    [
        ("pässwörd", "{SSHA}dDqArZbTyOuEWPIYtlRDLxv0MyzN2TOeC42vZwIIvUN/4RVmmx3TWw=="),
        ("oldpass", "{SHA}VZsF8bKGPnJbduIWrD2t7L+S4kQ="),
        ("apr1pass", "{APR1}$apr1$saltsalt$G.z/cD.kvYq.m58Ug4gO8."),
        ("md5pass", "{MD5}$1$saltsalt$cCPENxTVtU4kpnV2ngztX0"),
        ("despass", "{DES}saVFmo9nAFFf."),
        ("sha256", "{PASSLIB}$5$rounds=1000$saltsalt$mkB6/9C/zwvNmAR/c6coLA97ZTUtTyTQGWKNuoJzdU9"),
    ],
)
def test_the_passwords_of_a_moinmoin_are_known(password: str, hash: str) -> None:
    assert verify(password, hash)
    assert not verify(password + "x", hash)
    assert not verify("", hash)
    assert outdated(hash)
    assert not outdated(hash, moin=True)


def test_where_a_moinmoin_reads_the_accounts_new_hashes_are_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    context = moin_passwords._context.copy(sha512_crypt__rounds=1000)
    monkeypatch.setattr(moin_passwords, "_context", context)
    hash = hashed("pässwörd", moin=True)
    assert hash.startswith("{PASSLIB}$6$")
    assert verify("pässwörd", hash)
    assert not outdated(hash, moin=True)
    assert outdated(hash)
    assert outdated(hashed("x"), moin=True)
