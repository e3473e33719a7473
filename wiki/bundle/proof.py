"""Whether the web server keeps a folder to itself: proven by asking it for canaries that lie there."""

from __future__ import annotations

import http.client
import os
import re
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SECONDS = 5.0
"""How long one answer may take."""

ENDINGS = ("txt", "db", "toml", "key", "log", "html", "gz", "css", "jpg")
"""A canary for each: servers in front of the web server often send files of some endings themselves."""

LIMIT = 1_000_000

KEPT, SERVED, UNKNOWN = "kept", "served", "unknown"


@dataclass(frozen=True)
class Way:
    """One way to ask this host: address and port, the name asked for, and whether by TLS."""

    address: str
    port: int
    host: str
    tls: bool

    def fetch(self, path: str) -> bytes:
        """Return the body of the answer to a GET, whatever its status; raise OSError or HTTPException."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=SECONDS)
        connection.sock = socket.create_connection((self.address, self.port), SECONDS)
        try:
            if self.tls:
                import ssl

                # Whether a certificate is good is not the question here; whether it is us is told by what we get.
                context = ssl._create_unverified_context()  # noqa: S323
                name = self.host.rpartition(":")[0] or self.host
                connection.sock = context.wrap_socket(connection.sock, server_hostname=name.strip("[]"))
            connection.request("GET", path, headers={"Host": self.host, "Connection": "close"})
            return connection.getresponse().read(LIMIT)
        finally:
            connection.close()


def put(folder: str) -> str:
    """Put the canaries into a folder and return the word that is in them; raise OSError."""
    word = f"canary-{secrets.token_hex(12)}"
    for ending in ENDINGS:
        path = os.path.join(folder, f"canary.{ending}")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{word}\nWho reads this by the web could read the wiki's data.\n")
        os.chmod(path, 0o644)  # a file that the server cannot read would prove nothing
    return word


def remove(folder: str) -> None:
    """Remove the canaries."""
    for ending in ENDINGS:
        try:
            os.unlink(os.path.join(folder, f"canary.{ending}"))
        except OSError:
            pass


def verdict(environ: WSGIEnvironment, control: tuple[str, bytes], folder: str, word: str) -> str:
    """Return KEPT, SERVED or UNKNOWN for a folder (its path below the mount) with canaries of a word in it.

    `control` is the path below the mount of a file that is served, and its content: a way by which it does not come is
    none to us. `environ` is a regular environ of a request.
    """
    mount = quote(environ["SCRIPT_NAME"].encode("latin-1"))
    reached = False
    for way in ways(environ):
        try:
            if way.fetch(f"{mount}/{control[0]}") != control[1]:
                continue
            for path in ("", *(f"canary.{ending}" for ending in ENDINGS)):
                answer = way.fetch(f"{mount}/{folder}/{path}")
                if word.encode() in answer or b"canary." in answer:
                    return SERVED
        except (OSError, ValueError, http.client.HTTPException):
            continue
        reached = True
    return KEPT if reached else UNKNOWN


def ways(environ: WSGIEnvironment) -> Iterator[Way]:
    """Yield the ways to this host: to the server that runs us, and to the name that the visitor asked for.

    The latter may lead to another server in front of ours, which need not heed its rules.
    """
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?", host)
    if match is None:
        return
    name = match[1].strip("[]")
    tls = environ["wsgi.url_scheme"] == "https"
    seen = set()
    for address, port, by_tls in (
        (environ.get("SERVER_ADDR", ""), environ.get("SERVER_PORT", ""), tls),
        (name, match[2] or ("443" if tls else "80"), tls),
        (name, "443", True),
    ):
        if address and port.isdigit() and (address, port) not in seen:
            seen.add((address, port))
            yield Way(address, int(port), host, by_tls)
