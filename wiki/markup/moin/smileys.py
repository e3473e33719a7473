"""Smileys and other small signs: text to every program, a picture to the eye (drawn by the style sheet)."""

from __future__ import annotations

import re

from ..escaping import escaped

SMILEYS = {
    "X-(": "angry",
    ":D": "grin",
    "<:(": "frown",
    ":o": "blush",
    ":(": "sad",
    ":)": "smile",
    "B)": "cool",
    ":))": "laugh",
    ";)": "wink",
    "/!\\": "alert",
    "<!>": "attention",
    "(!)": "idea",
    ":-?": "tongue",
    ":\\": "unsure",
    ">:>": "devil",
    "|)": "tired",
    ":-(": "sad",
    ":-)": "smile",
    "B-)": "cool",
    ":-))": "laugh",
    ";-)": "wink",
    "|-)": "tired",
    "(./)": "checkmark",
    "{OK}": "thumb",
    "{X}": "cross",
    "{i}": "information",
    "{1}": "one",
    "{2}": "two",
    "{3}": "three",
    "{*}": "star",
    "{o}": "hollow-star",
}
"""MoinMoin 1.9's signs, and what each shows."""

PATTERN = rf"(?<!\S)(?:{'|'.join(re.escape(sign) for sign in sorted(SMILEYS, key=len, reverse=True))})(?!\S)"
"""The expression for a smiley: blanks, or the line's ends, stand around it."""


def shown(sign: str) -> str:
    """Return the HTML for a sign."""
    return f'<bdi class="smiley smiley-{SMILEYS[sign]}">{escaped(sign)}</bdi>'
