"""What a crash test kills: saves, a file, a rename and a deletion, each noted in a file once it is acknowledged.

`python -m tests.crashing DATA NOTES`; the notes are lines of `what name`, written before the next thing begins.
"""

from __future__ import annotations

import io
import os
import sys

from wiki.app import open_wiki
from wiki.instance import Instance
from wiki.model import WikiError

TEXT = "A line of text that is long enough to be worth packing.\n" * 40


def main(data: str, notes: str) -> None:
    """Do it all; an error that the wiki reports counts as not acknowledged."""
    Instance(data).prepare()
    visit = open_wiki(data).visit_system("Writer")
    file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    steps = (
        ("saved Page 2", lambda: visit.save("Page", TEXT + "second\n", base=1)),
        ("saved New 1", lambda: visit.save("New", TEXT + "[[Page]]\n", base=0)),
        ("attached Page a.bin", lambda: visit.attach("Page", "a.bin", io.BytesIO(b"x" * 600_000))),
        ("renamed Page Moved", lambda: visit.rename("Page", "Moved")),
        ("deleted New 2", lambda: visit.delete("New")),
    )
    for note, step in steps:
        try:
            step()
        except WikiError:
            continue
        os.write(file, note.encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
