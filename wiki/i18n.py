"""The interface's languages: catalogues, the choice among them, writing direction, and dates as people write them."""

from __future__ import annotations

import gettext
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path

SOURCE = "en"
"""The language that messages are written in; it needs no catalogue."""

FOLDER = Path(__file__).parent / "translations"

LABELS = {
    "ar": "العربية", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "en": "English", "es": "Español", "fa": "فارسی",
    "fi": "Suomi", "fr": "Français", "he": "עברית", "hu": "Magyar", "it": "Italiano", "ja": "日本語", "ko": "한국어",
    "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ru": "Русский", "sv": "Svenska", "tr": "Türkçe",
    "uk": "Українська", "zh": "中文",
}  # fmt: skip
"""What languages call themselves; one that is missing here goes by its code."""

RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi"})


def N_(message: str) -> str:  # noqa: N802 -- the name that gettext's users and tools know
    """Return a message as it is: it marks a text for the catalogue that is translated later."""
    return message


MONTHS = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"),
    N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
RIGHTS = (N_("read"), N_("write"), N_("delete"), N_("revert"), N_("admin"))
"""The rights, as they stand in “You may not … the page”."""

STYLES = {
    "date": N_("%(day)d %(month)s %(year)d"),
    "day": N_("%(weekday)s, %(day)d %(month)s %(year)d"),
    "time": N_("%(hour)02d:%(minute)02d"),
    "datetime": N_("%(day)d %(month)s %(year)d, %(hour)02d:%(minute)02d"),
    "short": N_("%(year)04d-%(number)02d-%(day)02d %(hour)02d:%(minute)02d"),
}
"""How a date is written, by style; each language's catalogue may put the parts in its own order."""


@lru_cache(maxsize=1)
def available() -> tuple[str, ...]:
    """Return the codes of all languages there are, English first."""
    return (SOURCE, *sorted(path.parts[-3] for path in FOLDER.glob("*/LC_MESSAGES/messages.mo")))


@lru_cache(maxsize=32)
def translation(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language (`gettext`, `ngettext`); one that passes messages through if there is none."""
    code = matching(language, available())
    if code in ("", SOURCE):
        return gettext.NullTranslations()
    with open(FOLDER / code / "LC_MESSAGES" / "messages.mo", "rb") as file:
        return gettext.GNUTranslations(file)


def label(language: str) -> str:
    """Return what a language calls itself, the code if that is not known."""
    return LABELS.get(language) or LABELS.get(language.partition("-")[0]) or language


def direction(language: str) -> str:
    """Return `rtl` for languages written from right to left, else `ltr`: the value of HTML's `dir`."""
    return "rtl" if language.replace("_", "-").partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def matching(language: str, languages: tuple[str, ...]) -> str:
    """Return which of the languages serves for one asked for (`de-AT` is served by `de`), '' if none does.

    RFC 4647 section 3.4 (lookup): the code is shortened from its end.
    """
    known = {code.lower().replace("_", "-"): code for code in languages}
    wish = language.strip().lower().replace("_", "-")
    while wish and wish not in known:
        wish = wish.rpartition("-")[0]
    return known.get(wish, "")


def choose(accept_language: str, languages: tuple[str, ...]) -> str:
    """Return the language that an Accept-Language header (RFC 9110 section 12.5.4) wants most; else the first one."""
    wishes: list[tuple[float, int, str]] = []
    for place, item in enumerate(accept_language[:1000].split(",")):
        code, _, parameter = item.partition(";")
        weight = parameter.replace(" ", "").lower().removeprefix("q=") or "1"
        try:
            quality = float(weight)
        except ValueError:
            quality = 0.0
        if 0.0 < quality <= 1.0:
            wishes.append((-quality, place, code))
    for _, _, code in sorted(wishes):
        found = languages[0] if code.strip() == "*" else matching(code, languages)
        if found:
            return found
    return languages[0]


def zone(name: int | str) -> tzinfo:
    """Return the time zone of this offset in minutes east of UTC, or of this IANA name; UTC if there is none such."""
    if isinstance(name, int):
        return timezone(timedelta(minutes=max(-1439, min(1439, name))))
    if name in ("", "UTC"):
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return UTC


def local(microseconds: int, where: int | str = 0) -> datetime:
    """Return a time (µs since 1970 UTC) in a zone; what no calendar can hold is moved to the nearest day it can."""
    bounded = max(-62_135_510_400, min(253_402_214_400, microseconds // 1_000_000))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=bounded)).astimezone(zone(where))


def formatted(microseconds: int, where: int | str = 0, language: str = SOURCE, style: str = "") -> str:
    """Return a time (µs since 1970 UTC) as people write it: in a zone (minutes or name), a language, a style of STYLES.

    A style of '' is `datetime`.
    """
    moment = local(microseconds, where)
    words = translation(language)
    pattern = STYLES[style or "datetime"]
    return words.gettext(pattern) % {
        "year": moment.year,
        "number": moment.month,
        "month": words.gettext(MONTHS[moment.month - 1]),
        "weekday": words.gettext(WEEKDAYS[moment.weekday()]),
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
    }


def size(count: int, language: str = SOURCE) -> str:
    """Return a number of bytes as people read it: in units of 1,000 (IEC 80000-13: kB, MB) with two digits."""
    words = translation(language)
    if count < 1000:
        return words.ngettext("%(count)s byte", "%(count)s bytes", count) % {"count": count}
    units = ("kB", "MB", "GB", "TB")
    value, place = count / 1000, 0
    while value >= 999.5 and place < len(units) - 1:
        value, place = value / 1000, place + 1
    digits = f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
    # The sign between a number's whole and its part: "." in English, "," in German.
    point = words.gettext(".")
    return f"{digits.replace('.', point)}\u202f{units[place]}"
