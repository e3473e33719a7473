"""A light client that keeps its connection: one of it costs the machine little beside the server it measures."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field


@dataclass
class Answer:
    """What a server answered."""

    status: int
    head: bytes
    body: bytes


@dataclass
class Client:
    """Speaks HTTP/1.1 to a port of this machine."""

    port: int
    cookie: str = ""
    _socket: socket.socket | None = field(default=None, repr=False)

    def get(self, path: str) -> Answer:
        """Return the answer to a GET; raise OSError."""
        return self._ask(f"GET {path} HTTP/1.1\r\n", b"")

    def post(self, path: str, body: bytes) -> Answer:
        """Return the answer to a POST of an encoded form; raise OSError."""
        head = f"POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        return self._ask(f"{head}Content-Length: {len(body)}\r\n", body)

    def _ask(self, head: str, body: bytes) -> Answer:
        cookie = f"Cookie: {self.cookie}\r\n" if self.cookie else ""
        sent = f"{head}Host: 127.0.0.1:{self.port}\r\n{cookie}\r\n".encode() + body
        for attempt in (0, 1):
            fresh = self._socket is None
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=120)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._socket.sendall(sent)
                return self._answer(self._socket)
            except ConnectionError:
                self.close()
                # A kept connection may have been closed while it was idle; the request was then not taken.
                if fresh or attempt:
                    raise
        raise AssertionError

    def _answer(self, connection: socket.socket) -> Answer:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                raise ConnectionResetError("closed")
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        low = head.lower()
        at = low.find(b"\r\ncontent-length:")
        if at < 0:
            raise ConnectionError("an answer without a length")
        size = int(low[at + 17 :].split(b"\r\n", 1)[0])
        pieces, got = [body], len(body)
        while got < size:
            more = connection.recv(262144)
            if not more:
                raise ConnectionResetError("closed")
            pieces.append(more)
            got += len(more)
        if b"\r\nconnection: close" in low:
            self.close()
        return Answer(int(head.split(b" ", 2)[1]), head, b"".join(pieces))

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
