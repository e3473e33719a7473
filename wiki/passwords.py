"""Passwords: their hashes, and whether a new one is too easily guessed."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import unicodedata
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOG_N, BLOCK, PARALLEL = 15, 8, 3
"""scrypt's cost: as strong as N=2^17, p=1 (OWASP's cheat sheet), but in 32 MB, which a CGI process may have."""

ROUNDS = 600_000
"""PBKDF2-SHA256's cost where Python has no scrypt (OWASP's cheat sheet)."""

SHORTEST = 8
"""The fewest characters of a password (OWASP ASVS 6.2.1)."""

_MOST_MEMORY = 160 * 1024 * 1024

_ADDED = "0123456789!?.,;:-_*#$&+@"

# One at a time: several at once would take several times the memory, and stop everything else on a small machine.
_lock = threading.Lock()


def hashed(password: str, moin: bool = False) -> str:
    """Return a new hash of a password, with its scheme, cost and salt: `$scrypt$ln=15,r=8,p=3$salt$hash`.

    The password may be any Unicode text of any length; equivalent spellings (NFKC) are the same password. `moin` asks
    for a hash that a MoinMoin 1.9 reads which shares the accounts.
    """
    if moin:
        from . import moin_passwords

        with _lock:
            return moin_passwords.hashed(password)
    salt = os.urandom(16)
    if hasattr(hashlib, "scrypt"):
        digest = _scrypt(password, salt, LOG_N, BLOCK, PARALLEL)
        return f"$scrypt$ln={LOG_N},r={BLOCK},p={PARALLEL}${_written(salt)}${_written(digest)}"
    digest = _pbkdf2(password, salt, ROUNDS)
    return f"$pbkdf2-sha256${ROUNDS}${_written(salt)}${_written(digest)}"


def verify(password: str, hash: str) -> bool:
    """Return whether this is the password of a hash; False for a hash of no known scheme.

    An empty hash (no such account, or none with a password) takes as long as a wrong password, so that time tells
    nobody which names exist.
    """
    if not hash:
        hashed(password)
        return False
    for prefix, check in SCHEMES.items():
        if hash.startswith(prefix):
            try:
                return check(password, hash)
            except (ValueError, OverflowError, MemoryError):
                return False
    return False


def outdated(hash: str, moin: bool = False) -> bool:
    """Return whether a hash should be made anew at the next login: another scheme or cost than `hashed` has now.

    Where a MoinMoin shares the accounts, all that it can read stays.
    """
    if moin:
        return not hash.startswith(MOIN)
    if hasattr(hashlib, "scrypt"):
        return not hash.startswith(f"$scrypt$ln={LOG_N},r={BLOCK},p={PARALLEL}$")
    return not hash.startswith(f"$pbkdf2-sha256${ROUNDS}$")


def weakness(password: str, name: str) -> str:
    """Return why a password should not be taken, as an English sentence; '' if it may.

    No rules of composition, no upper limit (OWASP ASVS 6.2): only too short, too common, or made from the name.
    """
    clean = unicodedata.normalize("NFKC", password).casefold()
    if len(clean) < SHORTEST:
        return "This password is too short: it needs 8 characters or more."
    if _made_from(clean, unicodedata.normalize("NFKC", name).casefold()):
        return "This password is too easily guessed from the account's name."
    from . import commonplace

    if commonplace.guessed_early(clean):
        return "This password is too common: others would guess it soon."
    return ""


def _made_from(password: str, name: str) -> bool:
    """Say whether a password is a name, either way round, once or more, with no more than digits and signs added."""
    compact = "".join(name.split())
    rest = "".join(password.split())
    if len(compact) < 3:
        return rest == compact
    return any(form in rest and not rest.replace(form, "").strip(_ADDED) for form in (compact, compact[::-1]))


def _plain(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _scrypt(password: str, salt: bytes, log_n: int, block: int, parallel: int) -> bytes:
    with _lock:
        return hashlib.scrypt(
            _plain(password), salt=salt, n=1 << log_n, r=block, p=parallel, maxmem=_MOST_MEMORY, dklen=32
        )


def _pbkdf2(password: str, salt: bytes, rounds: int) -> bytes:
    with _lock:
        return hashlib.pbkdf2_hmac("sha256", _plain(password), salt, rounds)


def _is_scrypt(password: str, hash: str) -> bool:
    _, _, costs, salt, digest = hash.split("$")
    log_n, block, parallel = (int(cost.partition("=")[2]) for cost in costs.split(","))
    if not (1 <= log_n <= 17 and 1 <= block <= 8 and 1 <= parallel <= 8):
        return False
    return hmac.compare_digest(_scrypt(password, _read(salt), log_n, block, parallel), _read(digest))


def _is_pbkdf2(password: str, hash: str) -> bool:
    _, _, rounds, salt, digest = hash.split("$")
    if not 1 <= int(rounds) <= 10 * ROUNDS:
        return False
    return hmac.compare_digest(_pbkdf2(password, _read(salt), int(rounds)), _read(digest))


def _is_moin(password: str, hash: str) -> bool:
    from . import moin_passwords

    with _lock:
        return moin_passwords.verify(password, hash)


def _written(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _read(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


MOIN = ("{PASSLIB}", "{SSHA}", "{SHA}", "{APR1}", "{MD5}", "{DES}")
"""How a hash begins that MoinMoin 1.9 made."""

SCHEMES: dict[str, Callable[[str, str], bool]] = {
    "$scrypt$": _is_scrypt,
    "$pbkdf2-sha256$": _is_pbkdf2,
    **dict.fromkeys(MOIN, _is_moin),
}
"""How a hash that begins so is checked: a function of (password, hash). Others may be added; ValueError means no."""
