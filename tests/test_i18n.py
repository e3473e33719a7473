"""The interface's languages: the catalogues hold all messages, German is complete, dates read as people write them."""

from __future__ import annotations

import gettext
import importlib.util
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiki import i18n
from wiki.acl import RIGHTS

ROOT = Path(__file__).resolve().parents[1]
MARCH = int(datetime(2026, 3, 5, 23, 30, tzinfo=UTC).timestamp()) * 1_000_000


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translations", ROOT / "scripts" / "translations.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script() -> ModuleType:
    pytest.importorskip("babel")
    return _script()


def _key(message: object) -> object:
    return tuple(message) if isinstance(message, tuple | list) else message


def test_every_message_is_in_the_template(script: ModuleType) -> None:
    with script.TEMPLATE.open("rb") as file:
        known = {_key(each.id) for each in script.read_po(file)}
    lacking = {_key(each.id) for each in script.catalogue()} - known
    assert not lacking, "run scripts/translations.py"


def test_no_message_stands_once_with_and_once_without_a_plural(script: ModuleType) -> None:
    plain = {message for _, message in script.messages() if isinstance(message, str)}
    plurals = {message[0] for _, message in script.messages() if not isinstance(message, str)}
    assert not plain & plurals


def test_every_class_of_errors_has_its_message_in_the_catalogue(script: ModuleType) -> None:
    from wiki.model import EditConflict, Forbidden

    said = {message for _, message in script.messages()}
    assert {Forbidden.message, EditConflict.message, "A page name cannot be empty."} <= said


def test_languages_are_complete(script: ModuleType) -> None:
    found = script.catalogue()
    assert "de" in script.languages()
    for language in script.languages():
        assert script.untranslated(script.merged(language, found)) == [], f"{language}: run scripts/translations.py"


def test_compiled_catalogues_are_those_of_the_sources(script: ModuleType) -> None:
    for language in script.languages():
        folder = i18n.FOLDER / language / "LC_MESSAGES"
        with (folder / "messages.po").open("rb") as file:
            source = script.read_po(file, locale=language)
        with (folder / "messages.mo").open("rb") as file:
            compiled = gettext.GNUTranslations(file)
        assert len([key for key in compiled._catalog if key]) == sum(  # type: ignore[attr-defined]
            len(each.string) if isinstance(each.id, tuple | list) else 1 for each in source if each.id and each.string
        )
        for each in source:
            if isinstance(each.id, tuple | list):
                assert [compiled.ngettext(*each.id, n) for n in (1, 2)] == list(each.string)
            elif each.id:
                assert compiled.gettext(each.id) == (each.string or each.id)


def test_translations_use_the_same_parameters(script: ModuleType) -> None:
    def parameters(text: str) -> set[str]:
        return set(re.findall(r"%\((\w+)\)", text))

    for language in script.languages():
        with (i18n.FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
            for each in script.read_po(file, locale=language):
                if isinstance(each.id, tuple | list):
                    for text in each.string:
                        assert parameters(text) <= parameters(each.id[1]), text
                elif each.id and each.string and each.id not in i18n.STYLES.values():
                    assert parameters(each.string) == parameters(each.id), each.string


def test_the_rights_have_words() -> None:
    assert set(i18n.RIGHTS) == set(RIGHTS)


def test_english_needs_no_catalogue_and_an_unknown_language_is_english() -> None:
    assert type(i18n.translation("en")) is gettext.NullTranslations
    assert i18n.translation("xx").gettext("Save") == "Save"
    assert i18n.translation("../../etc").gettext("Save") == "Save"


def test_german_is_available_and_serves_its_regions() -> None:
    assert i18n.available()[0] == "en" and "de" in i18n.available()
    assert i18n.translation("de").gettext("Save") == "Speichern"
    assert i18n.translation("de-AT").gettext("Save") == "Speichern"
    assert i18n.translation("de").ngettext("%(count)s page", "%(count)s pages", 2) == "%(count)s Seiten"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH, en;q=0.9", "de"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("en;q=0.4, de;q=0.5", "de"),
        ("de;q=0, en", "en"),
        ("fr", "en"),
        ("*;q=0.1, de;q=0.05", "en"),
        ("DE_de", "de"),
        ("de;q=nan, en;q=0.1", "en"),
        ("de;q=x;;;,,,", "en"),
    ],
)
def test_the_language_wanted_most_is_chosen(header: str, expected: str) -> None:
    assert i18n.choose(header, ("en", "de")) == expected


@given(st.text(max_size=200))
def test_any_accept_language_header_gives_a_language(header: str) -> None:
    assert i18n.choose(header, ("en", "de")) in ("en", "de")


@pytest.mark.parametrize(
    ("language", "direction"),
    [("en", "ltr"), ("de-AT", "ltr"), ("he", "rtl"), ("ar-EG", "rtl"), ("fa_IR", "rtl"), ("", "ltr")],
)
def test_direction_follows_the_language(language: str, direction: str) -> None:
    assert i18n.direction(language) == direction


@pytest.mark.parametrize(
    ("language", "style", "where", "expected"),
    [
        ("en", "", 0, "5 March 2026, 23:30"),
        ("en", "date", 60, "6 March 2026"),
        ("en", "day", 0, "Thursday, 5 March 2026"),
        ("en", "time", -90, "22:00"),
        ("en", "short", 0, "2026-03-05 23:30"),
        ("de", "datetime", "Europe/Berlin", "6. März 2026, 00:30"),
        ("de", "day", "UTC", "Donnerstag, 5. März 2026"),
        ("de", "short", 0, "05.03.2026 23:30"),
        ("en", "time", "No/Where", "23:30"),
        ("en", "time", "../../etc/passwd", "23:30"),
    ],
)
def test_times_are_written_as_people_do(language: str, style: str, where: int | str, expected: str) -> None:
    assert i18n.formatted(MARCH, where, language, style) == expected


@given(st.integers(), st.one_of(st.integers(), st.text(max_size=40)))
def test_any_time_in_any_zone_can_be_written(time: int, where: int | str) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", i18n.formatted(time, where, "en", "short"))


@pytest.mark.parametrize(
    ("count", "english", "german"),
    [
        (0, "0 bytes", "0 Bytes"),
        (1, "1 byte", "1 Byte"),
        (999, "999 bytes", "999 Bytes"),
        (1000, "1.0\u202fkB", "1,0\u202fkB"),
        (48_213, "48\u202fkB", "48\u202fkB"),
        (999_700, "1.0\u202fMB", "1,0\u202fMB"),
        (3_812_000, "3.8\u202fMB", "3,8\u202fMB"),
        (9_960_000, "10\u202fMB", "10\u202fMB"),
        (5 * 10**15, "5000\u202fTB", "5000\u202fTB"),
    ],
)
def test_sizes_are_written_as_people_do(count: int, english: str, german: str) -> None:
    assert (i18n.size(count, "en"), i18n.size(count, "de")) == (english, german)
