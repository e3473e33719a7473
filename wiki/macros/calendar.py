"""The macro that shows a month, with a page for each day."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from .. import names
from ..i18n import MONTHS, WEEKDAYS, local
from ..model import WikiError

if TYPE_CHECKING:
    from . import Call

YEARS = (1, 9998)
_NUMBER = re.compile(r"[+-]?[0-9]{1,4}")


@dataclass(frozen=True)
class Month:
    """What a call of the macro, or the links that it made, ask for. The fields are MoinMoin's, in its order."""

    bases: tuple[str, ...] = ()
    year: int | None = None
    month: int | None = None
    offset: int = 0
    height6: bool = False
    anniversary: bool = False
    template: str = ""


def MonthCalendar(call: Call) -> Markup:
    """Return a month as a table whose days are links to `Base/2026-11-25`.

    Arguments as MoinMoin's: the page or pages (`A*B`) whose subpages the days are, year, month, a number of months to
    go on from there, another such number (of the links that lead on), `height6` for six rows always, `anniversary` for
    subpages without a year (`Base/11-25`), and a template for new pages.
    """
    view = call.view
    wanted = _read(call, call.arguments[0])
    asked = view.query.get("calparms", "")
    if asked:
        given = _read(call, asked.split(","))
        if given.bases == wanted.bases:
            wanted = given
    if wanted.year is None or wanted.month is None:
        view.depends.add("time")
    today = local(view.visit.wiki.now())
    months = (wanted.year or today.year) * 12 + (wanted.month or today.month) - 1 + wanted.offset
    year, month = divmod(max(YEARS[0] * 12, min(YEARS[1] * 12 + 11, months)), 12)
    return _table(call, wanted, year, month + 1)


def _read(call: Call, given: list[str]) -> Month:
    bases, year, month, offset, _offset2, height6, anniversary, template = (*given, *[""] * 8)[:8]
    pages = tuple(names.resolve(base, call.page) for base in bases.split("*") if base.strip()) or (call.page,)
    return Month(
        pages[:4],
        _number(year, *YEARS),
        _number(month, 1, 12),
        _number(offset, -9999, 9999) or 0,
        height6.strip() not in ("", "0"),
        anniversary.strip() not in ("", "0"),
        template.strip(),
    )


def _number(text: str, least: int, most: int) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise WikiError("“%(text)s” should be a number.", text=text)
    return int(text)


def _table(call: Call, wanted: Month, year: int, month: int) -> Markup:
    _ = call.view.gettext
    weeks = calendar.Calendar().monthdayscalendar(year, month)
    while wanted.height6 and len(weeks) < 6:
        weeks.append([0] * 7)
    pages = {
        day: [
            f"{base}/{month:02d}-{day:02d}" if wanted.anniversary else f"{base}/{year:04d}-{month:02d}-{day:02d}"
            for base in wanted.bases
        ]
        for week in weeks
        for day in week
        if day
    }
    there = call.view.visit.existing({page for each in pages.values() for page in each})
    head = Markup("").join(
        Markup('<th scope="col"><abbr title="{}">{}</abbr></th>').format(_(day), _(day)[:2]) for day in WEEKDAYS
    )
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(_day(call, wanted, day, pages[day], there) if day else Markup("<td></td>") for day in week)
        )
        for week in weeks
    )
    caption = Markup("{} {} {} {} {}").format(
        _other(call, wanted, year - 1, month, "«", _("Previous year")),
        _other(call, wanted, year, month - 1, "‹", _("Previous month")),
        f"{_(MONTHS[month - 1])} {year}",
        _other(call, wanted, year, month + 1, "›", _("Next month")),
        _other(call, wanted, year + 1, month, "»", _("Next year")),
    )
    return Markup(
        '<table class="calendar"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>'
    ).format(caption, head, rows)


def _day(call: Call, wanted: Month, day: int, pages: list[str], there: set[str]) -> Markup:
    """Return a day's cell: a link to its page, or where there are several that exist, to each."""
    urls = call.view.urls
    found = [page for page in pages if page in there] or pages[:1]
    links = []
    for page in found:
        new = page not in there
        url = urls.page(page, "edit", template=wanted.template) if new and wanted.template else urls.page(page)
        mark = Markup(' class="missing" rel="nofollow"') if new else Markup("")
        links.append(Markup('<a href="{}"{} title="{}">{}</a>').format(url, mark, page, day))
    return Markup("<td>{}</td>").format(Markup(" ").join(links))


def _other(call: Call, wanted: Month, year: int, month: int, sign: str, label: str) -> Markup:
    """Return a link to this page with another month shown."""
    year, month = divmod(year * 12 + month - 1, 12)
    if not YEARS[0] <= year <= YEARS[1]:
        return Markup("")
    shown = replace(wanted, year=year, month=month + 1)
    flags = ("1" if shown.height6 else "", "1" if shown.anniversary else "")
    parameters = ",".join(("*".join(shown.bases), str(year), str(month + 1), "0", "0", *flags, shown.template))
    url = call.view.urls.page(call.page, calparms=parameters)
    return Markup('<a rel="nofollow" href="{}" aria-label="{}">{}</a>').format(url, label, sign)
