"""Footnotes: `<<FootNote(text)>>` with links and emphasis in it, listed at `<<FootNote>>` or at the end."""

from __future__ import annotations

from .emitter import Emitter
from .nesting import Nesting


def refer(emitter: Emitter, nesting: Nesting, text: str) -> None:
    """Write the number of a new footnote, and keep its text for the list."""
    from .spans import Spans

    note = Nesting(emitter)
    # As in a list item: text stands there without a paragraph.
    note.stack = ["li"]
    Spans(emitter, note, text).line(text)
    note.end()
    emitter.notes.append("".join(note.out))
    number = emitter.noted + len(emitter.notes)
    nesting.text(f'<sup id="fnref:{number}"><a class="footnote-ref" href="#fn:{number}">{number}</a></sup>')


def listed(emitter: Emitter) -> str:
    """Return the list of the footnotes since the last one, '' if there are none."""
    if not emitter.notes:
        return ""
    first = emitter.noted + 1
    emitter.noted += len(emitter.notes)
    items = "".join(
        f'<li id="fn:{number}">{note} <a class="footnote-backref" href="#fnref:{number}">↩</a></li>\n'
        for number, note in enumerate(emitter.notes, first)
    )
    emitter.notes = []
    return f'<section class="footnotes">\n<ol start="{first}">\n{items}</ol>\n</section>\n'
