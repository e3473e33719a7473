"""Password hashes as MoinMoin 1.9 keeps them: checked for those who come from there, made where it still reads them."""

from __future__ import annotations

import base64
import hashlib
import hmac

from passlib.context import CryptContext  # libpass, the maintained fork; its schemes are pure Python

ROUNDS = 656_000
"""The cost of sha512_crypt in MoinMoin 1.9's own configuration."""

MOST_ROUNDS = 5_000_000
"""A hash of a greater cost is taken for damaged: checking it would occupy the process for seconds."""

_context = CryptContext(
    schemes=[
        "sha512_crypt", "sha256_crypt", "pbkdf2_sha512", "pbkdf2_sha256", "pbkdf2_sha1", "sha1_crypt", "md5_crypt",
        "apr_md5_crypt", "phpass", "bsdi_crypt", "des_crypt",
    ],
    sha512_crypt__rounds=ROUNDS,
)  # fmt: skip
"""Those of passlib's schemes that need no C library, so not bcrypt and argon2, which MoinMoin could be given too."""


def verify(password: str, hash: str) -> bool:
    """Return whether this is the password of an `enc_password`; raise ValueError where the hash cannot be read.

    The schemes are MoinMoin 1.9's: {PASSLIB} and a modular crypt string, {SSHA} and {SHA} in Base64, {APR1}, {MD5} and
    {DES} with a crypt string.
    """
    scheme, _, kept = hash[1:].partition("}")
    if scheme in ("SHA", "SSHA"):
        raw = base64.b64decode(kept, validate=True)
        digest, salt = raw[:20], raw[20:]
        if len(digest) < 20 or (scheme == "SHA" and salt):
            raise ValueError("the digest has not its length")
        return hmac.compare_digest(hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest(), digest)
    handler = _context.identify(kept, resolve=True)
    if handler is None:
        raise ValueError("no scheme that is known here")
    rounds = getattr(handler.from_string(kept), "rounds", 0)
    if (1 << rounds if getattr(handler, "rounds_cost", "") == "log2" else rounds) > MOST_ROUNDS:
        raise ValueError("the cost is too high")
    try:
        return bool(handler.verify(password, kept))
    except TypeError as error:
        raise ValueError(str(error)) from None


def hashed(password: str) -> str:
    """Return a new hash that MoinMoin 1.9 reads: `{PASSLIB}$6$rounds=656000$salt$hash`."""
    return "{PASSLIB}" + str(_context.hash(password))
