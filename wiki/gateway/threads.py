"""The threads of one process: they wait together for connections that have something to say, and answer.

No thread waits for a request to arrive: it takes what is there and goes on to the next connection. Only what is being
answered holds one: an application at work, a body larger than what is kept in memory, an answer larger than what the
system keeps; and in these two cases patience has an end (`exchange.PATIENCE`, `SLOWEST`).
"""

from __future__ import annotations

import os
import select
import selectors
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

from .exchange import CONNECTIONS, PATIENCE, PIECE, Connection, Gone, Malformed, exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication

LINGER = 10.0
"""Seconds for which a body that nobody wants is thrown away before the connection is closed."""

QUIET = 0.5
"""Seconds after the word to stop in which those who have already written are still answered."""

CUT = 0.8
"""Seconds after which slow peers are not waited for any more."""

PAUSE = 0.05
"""Seconds to wait where the next try would fail at once as well."""

SILENCE = 60.0
"""Seconds between two complaints about what peers send."""


class Epoll:
    """Descriptors of which the kernel wakes one thread for each that can be read; Linux."""

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def add(self, fd: int) -> None:
        """Watch a descriptor, once."""
        self._epoll.register(fd, select.EPOLLIN | select.EPOLLONESHOT)

    def again(self, fd: int) -> None:
        """Watch a descriptor that was watched before, once more."""
        self._epoll.modify(fd, select.EPOLLIN | select.EPOLLONESHOT)

    def next(self, timeout: float | None = None) -> int | None:
        """Return a descriptor that can be read, which is then not watched any more; None after the timeout."""
        found = self._epoll.poll(timeout, 1)
        return found[0][0] if found else None

    def close(self) -> None:
        """Watch nothing any more."""
        self._epoll.close()


class Selector:
    """The same where the kernel has kqueue instead (BSD): one thread at a time waits, the others wait for their turn.

    Like epoll, and unlike select, it minds what another thread has it watch meanwhile.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._turn = threading.Lock()

    def add(self, fd: int) -> None:
        """Watch a descriptor, once."""
        self._selector.register(fd, selectors.EVENT_READ)

    again = add

    def next(self, timeout: float | None = None) -> int | None:
        """Return a descriptor that can be read, which is then not watched any more; None after the timeout."""
        with self._turn:
            for key, _ in self._selector.select(timeout):
                self._selector.unregister(key.fd)
                return key.fd
        return None

    def close(self) -> None:
        """Watch nothing any more."""
        self._selector.close()


class Threads:
    """The connections of a process, and `count` threads that attend to them.

    `protocol` makes a Connection of a socket; `welcome` says of an address whether it may connect.
    """

    def __init__(
        self,
        application: WSGIApplication,
        protocol: Callable[[socket.socket], Connection],
        listener: socket.socket,
        count: int,
        welcome: Callable[[str], bool] | None = None,
    ) -> None:
        self.application = application
        self.protocol = protocol
        self.listener = listener
        self.welcome = welcome
        self.connections: dict[int, Connection] = {}
        self.stopping: float | None = None
        self._silent = 0.0
        self._ready = Epoll() if hasattr(select, "epoll") else Selector()
        self._stop, self._say_stop = os.pipe()
        self._ready.add(listener.fileno())
        self._ready.add(self._stop)
        listener.setblocking(False)
        self._threads = [threading.Thread(target=self._attend, daemon=True, name=f"{at}") for at in range(count)]

    def start(self) -> None:
        """Begin to serve."""
        for thread in self._threads:
            thread.start()

    def stop(self, grace: float) -> bool:
        """Take no more requests, end those that are being answered, and return whether all ended within `grace` s.

        An application at work is waited for, since it may be saving; a slow peer is not.
        """
        begun = self.stopping = time.monotonic()
        os.write(self._say_stop, b".")
        while (now := time.monotonic()) < begun + grace:
            if not any(thread.is_alive() for thread in self._threads):
                return True
            for connection in list(self.connections.values()):
                if (connection.idle and now > begun + QUIET) or (connection.waiting and now > begun + CUT):
                    hang_up(connection)
            time.sleep(0.02)
        return False

    def close(self) -> None:
        """Close what is left when all has stopped."""
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()
        self._ready.close()
        os.close(self._stop)
        os.close(self._say_stop)

    def sweep(self) -> None:
        """Give up requests that do not arrive; to be called now and then."""
        now = time.monotonic()
        for connection in list(self.connections.values()):
            if connection.overdue(now):
                # A thread sees the end and closes it: only so no descriptor is closed under another's hands.
                hang_up(connection)

    def _attend(self) -> None:
        """Take turns with the other threads until told to stop, and nobody is left who has written or will at once."""
        listener, ready = self.listener.fileno(), self._ready
        told = False
        while self.stopping is None or time.monotonic() < self.stopping + QUIET:
            fd = ready.next(self._patience(told))
            if fd is None:
                if self._patience(told):
                    continue
                return
            if fd == self._stop:
                # What can be read comes in turn: when the word comes round again, nothing was left.
                ready.again(fd)
                if told and not self._patience(told):
                    return
                if told:
                    time.sleep(0.001)
                told = True
                continue
            try:
                if fd == listener:
                    self._accept()
                else:
                    self._answer(self.connections[fd], ready.again)
            except Exception:
                # The edge: whatever is wrong, the others are served.
                from ..faults import number

                number()
                time.sleep(PAUSE)

    def _patience(self, told: bool) -> float | None:
        """Return how long to wait for what can be read: for ever, but once told to stop, for who has just connected."""
        if not told:
            return None
        return 0.01 if any(connection.fresh for connection in list(self.connections.values())) else 0.0

    def _accept(self) -> None:
        try:
            connected, address = self.listener.accept()
        except (BlockingIOError, ConnectionError):
            # Another process was quicker; or the peer has gone already.
            return
        except OSError:
            # Most often there are no descriptors left.
            self._make_room()
            time.sleep(PAUSE)
            return
        finally:
            self._ready.again(self.listener.fileno())
        if connected.family != socket.AF_UNIX:
            if self.welcome and not self.welcome(address[0]):
                connected.close()
                return
            # Else each answer would wait up to 40 ms for the acknowledgement of the one before.
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self.connections) >= CONNECTIONS:
            self._make_room()
        connection = self.protocol(connected)
        self.connections[connected.fileno()] = connection
        # A web server connects when it has something to ask: most often it is there already.
        self._answer(connection, self._ready.add)

    def _make_room(self) -> None:
        for connection in list(self.connections.values()):
            if connection.idle:
                hang_up(connection)
                return

    def _answer(self, connection: Connection, watch: Callable[[int], None]) -> None:
        fd = connection.socket.fileno()
        try:
            going_on = self._linger(connection) if connection.lingering else self._converse(connection)
        except Gone:
            going_on = False
        except Malformed as error:
            self._complain(error)
            going_on = False
        except Exception:
            # The edge: whatever is wrong with one connection, the others are served.
            from ..faults import number

            number()
            going_on = False
        if going_on:
            watch(fd)
        else:
            # Before it is closed: then its number may be another's.
            del self.connections[fd]
            connection.close()

    def _complain(self, error: Malformed) -> None:
        """Tell the administrator what was wrong, but not how often: whoever can connect could fill the log."""
        now = time.monotonic()
        if now > self._silent:
            self._silent = now + SILENCE
            print(
                f"a connection was closed, for it is not what this server speaks: {error}", file=sys.stderr, flush=True
            )

    def _converse(self, connection: Connection) -> bool:
        """Take what has arrived and answer what is complete; return whether the connection stays open."""
        connection.idle = False
        if connection.receive():
            connection.fresh = False
            while True:
                request = connection.parse()
                if request is None:
                    break
                exchange(self.application, connection, request)
                connection.done()
                if not connection.keep:
                    return connection.unread and self._begin_to_linger(connection)
        if connection.until is None and (connection.data or connection.request):
            connection.until = time.monotonic() + PATIENCE
        connection.idle = connection.until is None
        return not (self.stopping and connection.idle) or connection.fresh

    def _begin_to_linger(self, connection: Connection) -> bool:
        """Say that the answer is complete, and wait for the peer to see it and to end what it was sending."""
        connection.socket.shutdown(socket.SHUT_WR)
        connection.lingering = True
        connection.until = time.monotonic() + LINGER
        return True

    def _linger(self, connection: Connection) -> bool:
        for _ in range(16):
            try:
                if not connection.socket.recv(PIECE):
                    return False
            except BlockingIOError:
                return True
            except OSError:
                return False
        return not connection.overdue(time.monotonic())


def hang_up(connection: Connection) -> None:
    """End a connection that may be in another thread's hands; who waits for it sees its end, and closes it."""
    try:
        connection.socket.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It has ended already.
        pass
