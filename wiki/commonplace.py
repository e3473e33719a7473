"""Passwords that come to many minds: made from a few patterns instead of looked up in a list."""

from __future__ import annotations

_WORDS = frozenset(
    """
    access account admin administrator adobe alexander amanda america andrea andrew angel anthony anywiki apple april
    asdf ashley august autumn azerty babygirl bailey banana baseball basketball batman beautiful benjamin biscuit
    blink bonjour brandon bubbles business buster butterfly carlos change changeme charlie cheese chelsea chocolate
    computer cookie corvette cowboy daniel december default diamond dragon eagle elephant estrella facebook falcon
    family february ferrari flower football forever forget freedom friday friend friends frontpage fuckyou gandalf
    garfield geheim george gfhjkm ginger goodluck google guest hallo hannah happy harley heaven hello hockey hunter
    iceman iloveyou install internet january jasmine jennifer jessica jesus jordan joseph joshua july june junior
    justin killer king kitty letmein liberty lincoln linkedin liverpool login london lovely loveme lover madison
    maggie manager march marina martin master matrix matthew maverick melissa mercedes merlin michael michelle
    minecraft moinmoin monday monkey monster morgan motdepasse mother mustang mynoob nicole ninja nothing november
    october oliver orange parola pass passwd password passwort patrick peaches peanut pepper phoenix picture please
    pokemon princess private purple qazwsx qwer qwert qwerty qwertz rainbow ranger rebecca richard robert root
    samantha samsung saturday scooter sebastian secret security senha september server shadow silver snoopy soccer
    sommer spiderman spring startrek starwars steelers stephen summer sunday sunshine superman support system target
    taylor temp tennis test testing thomas thunder thursday tiger tigger tinkle trustno trustnoone tuesday twitter
    user vanessa victoria wachtwoord wednesday welcome whatever wiki wikipedia william willkommen winner winter
    yankees yellow zaqwsx
    """.split()
)
_ROWS = (
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "qazwsxedcrfvtgbyhnujmik",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()",
)
_LOOKALIKES = str.maketrans("0134578@$!|", "oieastbasil")
_AROUND = "0123456789!?.,;:-_*#$&+@ "


def guessed_early(password: str) -> bool:
    """Return whether a password (case folded) is one that a guesser tries first.

    A common word with digits or signs around it, its letters perhaps written as digits; two such words; a row of the
    keyboard, forwards or backwards; a short piece repeated; a date.
    """
    return (
        _dated(password) or _repeated(password) or _in_rows(password) or any(_common(form) for form in _forms(password))
    )


def _forms(password: str) -> set[str]:
    compact = "".join(password.split()) if len(password.split()) <= 2 else password
    bare = compact.strip(_AROUND)
    # `pa55word`, but also `password1!`, whose end is no letters in disguise.
    disguised = (bare, compact, compact.rstrip(_AROUND))
    return {bare, *(form.translate(_LOOKALIKES) for form in disguised)}


def _common(text: str) -> bool:
    if text in _WORDS or text[::-1] in _WORDS:
        return True
    return any(text[:at] in _WORDS and text[at:].strip(_AROUND) in _WORDS | {""} for at in range(3, len(text)))


def _dated(password: str) -> bool:
    """Say whether it is a date or a short number: at most eight digits, and signs."""
    return not password.strip(_AROUND) and sum(char.isdigit() for char in password) <= 8


def _repeated(password: str) -> bool:
    period = (password + password).find(password, 1)
    return period <= 4 < len(password)


def _in_rows(password: str) -> bool:
    """Say whether at most two stretches of keyboard rows or of the alphabet make the whole of it."""
    at = stretches = 0
    while at < len(password):
        length = max(_stretch(password, at, row) for rows in _ROWS for row in (rows, rows[::-1]))
        if length < 3 or stretches == 2:
            return False
        at += length
        stretches += 1
    return True


def _stretch(password: str, at: int, row: str) -> int:
    length = 0
    while at + length < len(password) and password[at : at + length + 1] in row:
        length += 1
    return length
