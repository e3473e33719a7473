"""A process that saves as our wiki does: `python -m tests.storage.saving DATA PAGE NAME N`; prints what was saved."""

from __future__ import annotations

import sys

from wiki.app import open_wiki
from wiki.model import EditConflict, Unavailable


def main(data: str, page: str, name: str, saves: int) -> None:
    """Add lines at the end of a page; who meets another's line there begins anew."""
    wiki = open_wiki(data)
    for number in range(saves):
        line = f"{name}-{number}"
        for _attempt in range(500):
            visit = wiki.visit_system(name)
            old = visit.read(page)
            try:
                visit.save(page, f"{old.text}{line}\n", base=old.number)
            except (EditConflict, Unavailable):
                continue
            print(line, flush=True)
            break


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
