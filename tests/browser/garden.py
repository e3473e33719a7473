"""What a garden society would have written: pages, history, files, secrets and accounts for every screen to show."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path

from wiki import accounts
from wiki.core import Wiki
from wiki.visit import Visit

from . import drawings
from .serving import PASSWORD, opened

PAGE = "Café/日本語"
"""The ordinary page name: what works for it works for others."""

LONG = "Proceedings of the annual general assembly/Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamte"
"""A name with a word longer than a phone is wide."""

RAIN = "Garden/Rain water"
"""A page with a bit of everything near its top: for the picture in the README."""

SECRET = "Board/Minutes"
CANARY = "quincunx"
"""A word that only the secret page has."""

HOUR, DAY = 3600 * 1_000_000, 86_400 * 1_000_000

BEDS = """Four beds, each three metres by one, turn once a year: what fed the soil makes room for what eats.
This page is the plan for the season; [[Garden/Tools|the tools]] hang in the shed, the [[Sowing calendar]] says when.

![The six plots seen from above, the pond on the right](plan.png)

## Soil and light

The beds lie north to south, so that tall plants shade the path and not their neighbours. What a bed gets in **March**
it gives back in *August*.[^proverb]

- loam in the two western beds
    - sieved in spring, never dug
    - mulched with leaves in autumn
- sand and compost by the pond
- [x] edges mended
- [ ] [[Compost]] turned

## Rotation

| Bed   | This year   | Next year   | Sow            | Harvest   |
|-------|-------------|-------------|----------------|----------:|
| North | broad beans | brassicas   | late February  |  4.5 kg/m² |
| East  | brassicas   | roots       | April, indoors |  3.2 kg/m² |
| South | roots       | potatoes    | April          |  5.1 kg/m² |
| West  | potatoes    | broad beans | May            |  2.8 kg/m² |

!!! warning "Frost"
    Cover young plants until the middle of May: the ice saints are no legend.

### How much water

A bed needs about ten litres a square metre and week, less what the sky gives:

$$ W = 10 \\cdot A - R $$

```python
from garden import Bed, rain

def water(bed: Bed, week: int) -> float:
    \"\"\"Return litres to carry in a week.\"\"\"
    wanted = 10 * bed.area            # ten litres a square metre
    return max(0.0, wanted - rain(week))
```

## Who digs

> A garden is never finished, it is only handed on.

Ask [[Ann]] or write to <mailto:beds@example.org>. See also [[Café/日本語]] and <https://example.org/rotation>.

[^proverb]: An old proverb, and nearly true.
"""

WATER = """What falls on the shed's roof is kept in two barrels; from May on that is all the [[Garden/Beds|beds]] get.
Green weeks filled both of them.

![Rain in the weeks of spring as bars, five of sixteen green](rain.png)

## How full they are

| Barrel | Litres | Seen by | For |
|--------|-------:|---------|-----|
| East, by the door | 310 | Ann, on Sunday | beans, peas |
| West, by the pond | 280 | Bob | [[Compost]], potatoes |

## How much a bed wants

```python
def water(bed: Bed, week: int) -> float:
    \"\"\"Return litres to carry in a week.\"\"\"
    return max(0.0, 10 * bed.area - rain(week))   # ten litres a square metre
```

## Who carries

[[Ann]] on weekdays, whoever comes on Sundays.
"""

CALENDAR = """| Month | Outdoors | Under glass |
|-------|----------|-------------|
| March | broad beans, peas | tomatoes, leeks |
| April | carrots, potatoes | courgettes |
| May   | beans, after the frost | |

What is sown too early sits and sulks. [[Garden/Beds]] has the plan.

[[CategoryGarden]]
"""

WIDE = """A table that no phone has room for, and a line of code that none has either.

| Plant | January | February | March | April | May | June | July | August | September | October | November | December |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
| Broad bean | | sow indoors | sow outdoors | sow outdoors | support | harvest | harvest | | | | sow hardy sorts | |
| Courgette | | | | sow indoors | plant out | | harvest | harvest | harvest | | | |

```
wiki --data /srv/garden import markdown /home/ann/notes/garden-society/2026/minutes-and-plans --under "Archive/2026"
```

Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft, https://example.org/a/very/long/address/that/has/no/place/to/break?and=goes&on=and&on=for&ever=1

1. one
    1. two
        1. three
            - four
"""


def planted(folder: Path, before: Path | None = None) -> None:
    """Make a wiki in a folder: the start pages, the Markdown of another folder if one is given, and the garden."""
    clock = [time.time_ns() // 1000 - 5 * DAY]
    wiki = opened(folder, lambda: clock[0])
    if before is not None:
        from wiki import markdown_folder

        visit = wiki.visit_system("import")
        markdown_folder.import_folder(visit, str(before), wiki.rules.front_page, "", "imported", lambda *_: None)
    clock[0] += DAY
    _grow(wiki, clock)
    wiki.storage.close()


def _grow(wiki: Wiki, clock: list[int]) -> None:
    """Write pages as if over some days; the clock is in microseconds since 1970."""
    users = {user.name: user for user in wiki.storage.users()}
    root, ann, bob = (
        wiki.visit(users[name], f"192.0.2.{number}") for number, name in enumerate(("Root", "Ann", "Bob"))
    )
    system = wiki.visit_system("Garden Society")

    ann.save("Garden", "What grows where, and who waters it.\n\n<<PageList(Garden/)>>\n\n[[CategoryGarden]]\n")
    ann.save("Garden/Tools", "Spade, fork, hoe; see [[Garden/Beds]].\n")
    _attached(ann, "Garden/Beds", clock)
    ann.save(RAIN, WATER, comment="after the dry spring")
    bars = drawings.chart((20, 35, 64, 40, 72, 90, 55, 30, 66, 48, 25, 12, 70, 44, 38, 18))
    ann.attach(RAIN, "rain.png", BytesIO(bars))
    ann.save("Sowing calendar", CALENDAR, comment="from the old paper one")
    ann.save("Garden/Tools/Spade", "It lives in the shed.\n")
    ann.save(PAGE, "# 日本語の頁\n\n庭の計画は[[Garden/Beds]]にあります。全文検索の試験。\n")
    ann.save("Café/Menu", "Bean soup on Sundays.\n\n<<Include(Sowing calendar)>>\n")
    ann.save("Ann", "I keep the beans.\n", comment="hello")
    ann.save("CategoryGarden", "Pages about the garden.\n\n<<FullSearch(category:CategoryGarden)>>\n")
    clock[0] += DAY
    ann.save(LONG, WIDE, comment="a/very/long/comment-without-any-place-to-break-" * 4)
    ann.save(
        "עברית", "#language he\nשלום עולם. זהו דף בעברית עם קישור אל [[Garden/Beds]].\n\n## כותרת\n\n- אחת\n- שתיים\n"
    )
    ann.save("Café/Menu", "Bean soup on Sundays, bread on Fridays.\n\n<<Include(Sowing calendar)>>\n", minor=True)
    root.save(
        "BoardGroup", "#acl Root:read,write,delete,revert,admin All:read\n* Ann\n", comment="the board of this year"
    )
    root.save(
        SECRET,
        f"#acl BoardGroup:read,write Root:read,write,admin All:\nThe {CANARY} is to be planted. See [[Garden/Beds]].\n",
    )
    root.attach(SECRET, f"{CANARY}.png", BytesIO(drawings.plan(tint=9)))
    clock[0] += DAY
    bob.save("Spam", "Buy cheap seeds!\n")
    root.delete("Spam", "spam")
    bob.save("Old shed", "It leaked. [[Garden/Tools]]\n")
    bob.rename("Old shed", "New shed", "it was rebuilt")
    bob.copy("Sowing calendar", "Sowing calendar/Last year", "to compare")
    bob.save("Redirected", "#redirect Garden/Beds\n")
    bob.save("Leading", "Here goes [[Old shed]], [[Compost]], [[Water butt]] and <<Include(New shed)>>.\n")
    clock[0] += DAY
    _edited(ann, bob, clock)
    wiki.visit(None, "203.0.113.7")
    system.save(
        "FrontPage",
        "The garden society's notebook: everybody who has a bed may write here.\n\n"
        "## Begin here\n\n- [[Garden/Beds]], the plan of the year\n- [[Sowing calendar]]\n"
        "- [[Café/Menu]], Sundays from three\n- [[Help]]\n\n## Changed lately\n\n<<RecentChanges(6)>>\n",
    )
    accounts.new_user(wiki.storage, "Zoë Papadopoulou-Wolfeschlegelstein", PASSWORD, "zoe@example.org", state="pending")
    accounts.new_user(
        wiki.storage, "Eve", PASSWORD, "eve.with.a.really.long.address@mail.department.example.org", state="disabled"
    )
    settings = {"quicklinks": ["Sowing calendar", PAGE, LONG]}
    from dataclasses import replace

    wiki.storage.put_user(replace(users["Root"], settings=settings))


def _attached(ann: Visit, name: str, clock: list[int]) -> None:
    ann.save(name, BEDS.replace("late February", "March").replace("ten litres", "a can"), comment="the plan so far")
    ann.attach(name, "plan.png", BytesIO(drawings.plan(tint=60)), "first sketch")
    clock[0] += HOUR
    ann.attach(name, "plan.png", BytesIO(drawings.plan()), "with the pond")
    ann.attach(name, "sowing calendar – übersicht.pdf", BytesIO(drawings.pdf()), "to print and pin up in the shed")
    ann.attach(name, "gone.txt", BytesIO(b"not needed"))
    ann.detach(name, "gone.txt", "not needed")
    clock[0] += HOUR


def _edited(ann: Visit, bob: Visit, clock: list[int]) -> None:
    name = "Garden/Beds"
    bob.save(name, BEDS.replace("ten litres", "a can"), comment="Beans are sown earlier now, says the almanac")
    clock[0] += HOUR
    bob.save(name, "Beans.\n", comment="shorter")
    clock[0] += HOUR
    ann.revert(name, 2, "not that short")
    clock[0] += HOUR
    ann.save(name, BEDS, comment="litres instead of cans", minor=True)
    clock[0] += HOUR
