"""A text that is dear to render is still saved, shown in some way, and can be edited again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from .reading import wrong
from .world import World

SIZE = 20_000


def repeated(piece: str) -> str:
    """Return a piece so often that it makes a page of SIZE."""
    return piece * (SIZE // len(piece))


BOMBS = {
    "brackets": repeated("["),
    "images": repeated("![!["),
    "footnote marks": repeated("[^"),
    "links": repeated("[a]["),
    "wiki links": repeated("[[a]]"),
    "sections of data": repeated("<![CDATA["),
    "one footnote": "[^1]: x\n\n" + repeated("[^1] "),
    "unclosed tags": repeated("<a "),
    "escapes": repeated("\\*"),
    "nested lists": "- " * 500 + "a\n" + repeated("> "),
    "nested elements": repeated("<div>"),
    "references": f"[x]: /{'u' * (SIZE // 2)}\n\n" + "[x]" * (SIZE // 6),
    "headings": repeated("# a\n"),
    "macros": repeated("<<PageList>>"),
    "includes of itself": repeated("<<Include(Bomb)>>"),
    "patterns": repeated("<<PageList(regex:(a+)+$)>>"),
    "mathematics": "$" + repeated("{\\frac") + "$",
    "emphasis": repeated("*a **b"),
}
"""What costs more than it looks (the laws are in the reference on reliability, section 6)."""


@pytest.mark.parametrize("name", list(BOMBS))
def test_a_dear_text_is_kept_shown_and_editable(make: Callable[..., World], name: str) -> None:
    world = make(render_seconds=0.3)
    client = world.client("admin")
    text = BOMBS[name]
    answers = {
        "preview": client.send("/Bomb?action=edit", text=text, base="0", do="preview"),
        "live": client.send("/Bomb?action=preview", text=text),
        "save": client.send("/Bomb?action=edit", text=text, base="0", do="save"),
    }
    assert answers["save"].status == 303
    for query in (
        "",
        "action=edit",
        "action=raw",
        "action=info",
        "action=diff",
        "action=print",
        "action=content",
        "action=rss_rc",
    ):
        answers[query] = client.get(f"/Bomb?{query}")
    answers["anonymous"] = world.client().get("/Bomb")
    answers["search"] = client.get("/-/search?q=a")
    outcomes = Counter(answer.status for answer in answers.values())
    assert outcomes == {200: len(answers) - 1, 303: 1}, {key: answer.status for key, answer in answers.items()}
    assert not {key: found for key, answer in answers.items() if (found := wrong(answer))}
    assert answers["action=raw"].text.strip() == text.strip()
    form = answers["action=edit"].text
    base = form.partition('name="base" value="')[2].partition('"')[0]
    assert client.send("/Bomb?action=edit", text="short\n", base=base).status == 303
    assert "short" in client.get("/Bomb").text
    assert len(max((answer.body for answer in answers.values()), key=len)) < 12_000_000
