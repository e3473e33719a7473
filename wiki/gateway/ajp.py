"""AJP/1.3: `run(application, secret)` in an entry file; `--help` tells how it is started.

Who can connect can say who the visitor is, so nothing is answered without the secret that Apache's ProxyPass sends
(`secret=`, since 2.4.42). Connections are used again; a body arrives as it is asked for, piece by piece.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from hmac import compare_digest
from http import HTTPStatus
from struct import Struct
from time import monotonic
from typing import TYPE_CHECKING

from .environ import decoded, within
from .exchange import PATIENCE, Connection, Gone, Malformed, Request

if TYPE_CHECKING:
    import socket

    from _typeshed.wsgi import WSGIApplication

FORWARD_REQUEST, SEND_BODY_CHUNK, SEND_HEADERS, END_RESPONSE, GET_BODY_CHUNK = range(2, 7)
CPONG, CPING = 9, 10
METHODS = (
    "", "OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE",
    "LOCK", "UNLOCK", "ACL", "REPORT", "VERSION-CONTROL", "CHECKIN", "CHECKOUT", "UNCHECKOUT", "SEARCH", "MKWORKSPACE",
    "UPDATE", "LABEL", "MERGE", "BASELINE-CONTROL", "MKACTIVITY",
)  # fmt: skip
HEADERS = (
    "", "ACCEPT", "ACCEPT_CHARSET", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "AUTHORIZATION", "CONNECTION", "CONTENT_TYPE",
    "CONTENT_LENGTH", "COOKIE", "COOKIE2", "HOST", "PRAGMA", "REFERER", "USER_AGENT",
)  # fmt: skip
ATTRIBUTES = {
    3: "REMOTE_USER", 4: "AUTH_TYPE", 5: "QUERY_STRING", 7: "SSL_CLIENT_CERT", 8: "SSL_CIPHER", 9: "SSL_SESSION_ID",
    12: "secret", 13: "REQUEST_METHOD",
}  # fmt: skip
"""Attributes with a value, by the CGI variable that they are; 1, 2 and 6 are for Tomcat alone."""

PACKET = 8192
"""The size of a packet of ours; Apache takes larger ones only when it is configured so."""

CHUNK = PACKET - 8
SHORT = Struct(">H")
HEAD = Struct(">HH")
BODY_CHUNK = Struct(">2sHBH")
END = b"AB\0\2\5\1"
ASK = b"AB\0\3\6" + SHORT.pack(PACKET - 6)


def run(application: WSGIApplication, secret: str) -> None:
    """Serve an application as the command line says, until stopped; end with a sentence if there is no secret.

    `secret` is a file; its last word is the secret, so that it can be Apache's `Define WIKI_AJP_SECRET …` as well.
    """
    from .server import serve

    try:
        with open(secret, encoding="ascii") as file:
            seen = os.fstat(file.fileno()).st_mode & 0o007
            word = file.read().split()[-1].strip('"')
    except (OSError, IndexError, UnicodeDecodeError):
        word, seen = "", 0
    if len(word) < 16:
        sys.exit(
            f"{secret} has no secret of 16 characters or more. Make one:\n"
            f'(umask 077; echo "Define WIKI_AJP_SECRET $(openssl rand -hex 24)" > {secret})'
        )
    if seen:
        sys.exit(f"{secret} is no secret, for every user of this machine may read it: chmod o= {secret}")
    serve(application, partial(Ajp, secret=word.encode()))


class Reader:
    """Reads what a packet is made of; raises Malformed at its end."""

    def __init__(self, packet: bytes, at: int = 0) -> None:
        self.packet = packet
        self.at = at

    def byte(self) -> int:
        """Return a byte."""
        try:
            found = self.packet[self.at]
        except IndexError:
            raise Malformed("a byte is missing") from None
        self.at += 1
        return found

    def short(self) -> int:
        """Return a number of two bytes."""
        return self.byte() << 8 | self.byte()

    def text(self) -> str:
        """Return a string, '' for null; bytes are Latin-1."""
        length = self.short()
        return "" if length == 0xFFFF else self.string(length)

    def string(self, length: int) -> str:
        """Return a string of a length that was read already."""
        end = self.at + length
        # It ends with a NUL that is not counted.
        if end >= len(self.packet):
            raise Malformed("a string is cut off")
        found = self.packet[self.at : end].decode("latin-1")
        self.at = end + 1
        return found


class Ajp(Connection):
    """A connection on which Apache speaks AJP."""

    keep = True

    def __init__(self, connected: socket.socket, secret: bytes) -> None:
        super().__init__(connected)
        self._secret = secret
        self._left: int | None = 0
        """Bytes of the body that have not arrived; None where it ends with an empty packet (chunked)."""
        self._asked = False

    def parse(self) -> Request | None:
        """Take whole packets; return a request that has become ready."""
        while len(self.data) >= 4:
            magic, length = HEAD.unpack_from(self.data)
            if magic != 0x1234:
                raise Malformed("magic")
            if len(self.data) < 4 + length:
                break
            packet, self.data = self.data[4 : 4 + length], self.data[4 + length :]
            if self.request is not None:
                self._take(packet)
            elif packet[:1] == bytes((CPING,)):
                self.say(b"AB\0\1\x09")
                continue
            elif packet[:1] == bytes((FORWARD_REQUEST,)):
                self._forwarded(packet)
            else:
                # Whoever sends a shutdown may as well send a signal.
                raise Malformed("packet")
            request = self.request
            if request is not None and request.ready():
                return request
            if request is not None and not request.handed:
                self.ask()
        return None

    def ask(self) -> None:
        """Have Apache send the next piece of the body; the first comes by itself if its length is known."""
        if self.request is not None and not self.request.ended and not self._asked:
            self._asked = True
            self.say(ASK)

    def head(self, status: str, headers: list[tuple[str, str]]) -> bytes:
        """Return the packet that begins a response; raise ValueError if it is too large or has a line break."""
        code, _, reason = status.partition(" ")
        texts = [reason, *(text for pair in headers for text in pair)]
        if any("\r" in text or "\n" in text or "\0" in text for text in texts):
            raise ValueError("a header contains a line break")
        strings = [SHORT.pack(len(text)) + text.encode("latin-1") + b"\0" for text in texts]
        strings.insert(1, SHORT.pack(len(headers)))
        content = bytes((SEND_HEADERS,)) + SHORT.pack(int(code)) + b"".join(strings)
        if len(content) > PACKET - 4:
            raise ValueError("the headers are too large for AJP")
        return b"AB" + SHORT.pack(len(content)) + content

    def framed(self, head: bytes, content: bytes | memoryview, last: bool) -> bytes:
        """Return packets of the response, `last` with its end."""
        parts: list[bytes | memoryview] = [head]
        for at in range(0, len(content), CHUNK):
            piece = content[at : at + CHUNK]
            parts += BODY_CHUNK.pack(b"AB", len(piece) + 4, SEND_BODY_CHUNK, len(piece)), piece, b"\0"
        if last:
            parts.append(END)
        return b"".join(parts)

    def done(self) -> None:
        """Be ready for the next request, unless a piece of the body that nobody wants any more is still to come."""
        if self._asked:
            self.keep = False
        super().done()

    def _forwarded(self, packet: bytes) -> None:
        reader = Reader(packet, 1)
        variables, secret = forwarded(reader)
        if not compare_digest(secret.encode("latin-1"), self._secret):
            status = HTTPStatus.FORBIDDEN
            self.say(self.head(f"{status.value} {status.phrase}", [("Content-Length", "0")]) + END[:-1] + b"\0")
            raise Gone
        length = variables.get("CONTENT_LENGTH", "")
        if length.isascii() and length.isdigit() and len(length) < 16:
            self._left = int(length)
        else:
            self._left = None if "chunked" in variables.get("HTTP_TRANSFER_ENCODING", "").lower() else 0
        self.request = Request(variables)
        self.request.ended = self._left == 0
        # A body of known length begins to arrive by itself.
        self._asked = bool(self._left)
        self.until = monotonic() + PATIENCE
        if self._left is None:
            self.request.environ["wsgi.input_terminated"] = True

    def _take(self, packet: bytes) -> None:
        """Take a piece of the body; an empty one is its end."""
        request = self.request
        if request is None or not self._asked:
            raise Malformed("a body that nobody asked for")
        self._asked = False
        size = SHORT.unpack_from(packet)[0] if len(packet) >= 2 else 0
        piece = packet[2:]
        if size > len(piece) or (self._left is not None and size > self._left):
            raise Malformed("body")
        request.take(piece[:size])
        if self._left is not None:
            self._left -= size
        request.ended = not size or self._left == 0


def forwarded(reader: Reader) -> tuple[dict[str, str], str]:
    """Return the CGI variables of a forwarded request and the secret it came with; raise Malformed."""
    code = reader.byte()
    method = METHODS[code] if code < len(METHODS) else ""
    found = {"SERVER_PROTOCOL": reader.text()}
    path = reader.text()
    found["REMOTE_ADDR"] = reader.text()
    if host := reader.text():
        found["REMOTE_HOST"] = host
    found["SERVER_NAME"] = reader.text()
    found["SERVER_PORT"] = str(reader.short())
    if reader.byte():
        found["HTTPS"] = "on"
    for _ in range(reader.short()):
        length = reader.short()
        if length >> 8 == 0xA0:
            index = length & 0xFF
            if not 0 < index < len(HEADERS):
                raise Malformed("header")
            name = HEADERS[index]
        else:
            name = reader.string(length).upper().replace("-", "_")
        value = reader.text()
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + name
        # As HTTP has it (RFC 9110, 5.3), and CGI (RFC 3875, 4.1.18).
        found[key] = f"{found[key]}{'; ' if name == 'COOKIE' else ', '}{value}" if key in found else value
    told = _attributes(reader)
    secret = told.pop("secret", "")
    method = told.pop("REQUEST_METHOD", "") if code == 0xFF else method
    if not method:
        raise Malformed("method")
    query = told.pop("QUERY_STRING", "")
    script = told.pop("SCRIPT_NAME", "")
    whole = decoded(path)
    found.update(
        REQUEST_METHOD=method, QUERY_STRING=query, REQUEST_URI=f"{path}?{query}" if query else path,
        SCRIPT_NAME=script, PATH_INFO=whole[len(script) :] if within(whole, script) else whole,
    )  # fmt: skip
    for name, known in (("AJP_REMOTE_PORT", "REMOTE_PORT"), ("AJP_LOCAL_ADDR", "SERVER_ADDR")):
        if name in told:
            found[known] = told.pop(name)
    for name, value in told.items():
        # The server's own variables, which it was configured to send; not what it says about the request itself.
        if name.isascii() and name.replace("_", "").isalnum() and name.isupper() and not name.startswith("HTTP_"):
            found.setdefault(name, value)
    return found, secret


def _attributes(reader: Reader) -> dict[str, str]:
    told = {}
    while (kind := reader.byte()) != 0xFF:
        if kind == 10:
            name = reader.text()
            # Of Apache's own, a name in capitals cannot be mistaken for `secret`.
            value = reader.text()
            if name.isupper():
                told[name] = value
        elif kind == 11:
            told["SSL_CIPHER_USEKEYSIZE"] = str(reader.short())
        elif kind in ATTRIBUTES:
            told[ATTRIBUTES[kind]] = reader.text()
        elif 0 < kind < 14:
            reader.text()
        else:
            raise Malformed("attribute")
    return told
