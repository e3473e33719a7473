"""The files that browsers load: their size, and that they lead nowhere else."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "static"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("name", "limit"), [("wiki.css", 12_000), ("wiki.js", 6_000), ("edit.js", 10_000), ("favicon.svg", 1_000)]
)
def test_files_keep_their_budget(name: str, limit: int) -> None:
    assert len(gzip.compress((FOLDER / name).read_bytes(), 9)) <= limit


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    # What the link button writes into the text is an address for people, not for the browser.
    text = text.replace('"[[https://|"', "").replace('"](https://)"', "")
    assert not re.search(r"""https?://|url\(\s*["']?//|@import|@font-face|["'`]//\w""", text)


def test_scripts_make_no_code_from_text() -> None:
    for path in FOLDER.glob("*.js"):
        text = path.read_text("utf-8")
        assert not re.search(
            r"\beval\b|new Function|document\.write|\.style\b|setTimeout\(\s*[\"'`]|outerHTML|insertAdjacentHTML", text
        )


def test_only_the_preview_is_taken_as_html() -> None:
    places = [
        line.strip()
        for path in FOLDER.glob("*.js")
        for line in path.read_text("utf-8").splitlines()
        if "innerHTML" in line
    ]
    assert places == ["shown.innerHTML = await answer.text();"]


def test_the_style_sheet_is_balanced_and_uses_only_properties_it_declares() -> None:
    text = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", (FOLDER / "wiki.css").read_text("utf-8"), flags=re.DOTALL)
    assert text.count("{") == text.count("}")
    declared = set(re.findall(r"(--[\w-]+)\s*:", text))
    assert set(re.findall(r"var\((--[\w-]+)", text)) <= declared


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, definition of contrast ratio)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _colours() -> dict[str, tuple[str, str]]:
    text = (FOLDER / "wiki.css").read_text("utf-8")
    return {
        name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", text)
    }


TEXTS = [
    (text, ground, 4.5)
    for text in ("text", "muted", "link", "visited", "missing", "ok", "warn", "bad")
    for ground in ("bg", "surface")
]
CODE = [(f"c-{kind}", "surface", 4.5) for kind in ("keyword", "string", "number", "comment", "name", "type", "tag")]
OTHERS = [("text", ground, 7.0) for ground in ("ins", "del", "mark", "ins-word", "del-word", "raised")]
CONTROLS = [("control-border", "bg", 3.0), ("control-border", "surface", 3.0)]
BUTTONS = [("on-accent", "accent", 4.5), ("on-accent", "accent-strong", 4.5), ("on-accent", "bad", 4.5)]


@pytest.mark.parametrize(("text", "ground", "least"), [*TEXTS, *CODE, *OTHERS, *CONTROLS, *BUTTONS])
def test_colours_can_be_told_apart(text: str, ground: str, least: float) -> None:
    colours = _colours()
    for theme in (0, 1):
        assert _contrast(colours[text][theme], colours[ground][theme]) >= least


def test_old_browsers_get_the_same_light_colours() -> None:
    text = (FOLDER / "wiki.css").read_text("utf-8").partition("@supports")[0]
    plain = dict(re.findall(r"--([\w-]+): (#\w{6})\b", text))
    assert {name: pair[0] for name, pair in _colours().items()} == plain


def test_drawings_are_well_formed() -> None:
    for path in FOLDER.glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
