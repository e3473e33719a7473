"""Runs a protocol's server: its command line, processes that share a socket, and the signals that end them."""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import sys
import time
from typing import TYPE_CHECKING

from . import cgi, listening
from .threads import Threads

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from _typeshed.wsgi import WSGIApplication

    from .exchange import Connection

PROCESSES, THREADS = 2, 8
GRACE = 20.0
"""Seconds that an application at work is given to end what it is doing."""

SWEEP = 5.0
"""Seconds between two looks for requests that do not arrive."""

STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


def serve(
    application: WSGIApplication,
    protocol: Callable[[socket.socket], Connection],
    arguments: Sequence[str] | None = None,
) -> None:
    """Serve until stopped, on the socket that this process was started with, else as its arguments say; then exit.

    Started as a CGI program it answers that one request, and looks at no arguments: they would be the visitor's.
    """
    listener = listening.given()
    if listener is None and "REQUEST_METHOD" in os.environ:
        cgi.run(application)
        return
    listening.quiet()
    options = _options(arguments, listener is not None)
    welcome = _welcome(options.sources) if options.sources else None
    own = ""
    if listener is None:
        try:
            listener = listening.made(options.bind, options.group, welcome is not None)
        except listening.Unusable as error:
            sys.exit(str(error))
        own = os.path.abspath(options.bind[5:]) if options.bind.startswith("unix:") else ""
        print(f"listening on {options.bind}", file=sys.stderr, flush=True)
    inode = os.stat(own).st_ino if own else 0

    def work(signals: Signals, parent: int | None) -> None:
        _work(Threads(application, protocol, listener, options.threads, welcome), signals, parent)

    try:
        if options.processes:
            _supervise(work, options.processes)
        else:
            work(Signals(*STOP, signal.SIGHUP), None)
    finally:
        with contextlib.suppress(FileNotFoundError):
            if own and os.stat(own).st_ino == inode:
                os.unlink(own)
    _end()


def _options(arguments: Sequence[str] | None, given: bool) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Serve the wiki: on the socket that is this program's standard input, where a web server or "
        "systemd started it with one, else on --bind. SIGTERM, SIGINT and SIGUSR1 stop it; SIGHUP has its processes "
        "begin anew."
    )
    parser.add_argument("--bind", metavar="ADDRESS", required=not given, help="unix:PATH or HOST:PORT")
    parser.add_argument("--group", default="", help="a group that may use the Unix socket as well, such as www-data")
    parser.add_argument(
        "--from", dest="sources", action="append", metavar="ADDRESS",
        help="the address or network of a web server on another machine; may be repeated; no others may connect",
    )  # fmt: skip
    parser.add_argument(
        "--processes", type=int, default=0 if given else PROCESSES, metavar="N",
        help=f"processes ({PROCESSES}); 0: this one only, which is what a web server that started it expects",
    )  # fmt: skip
    parser.add_argument("--threads", type=int, default=THREADS, metavar="N", help=f"threads of each ({THREADS})")
    options = parser.parse_args(arguments)
    if not options.sources:
        # FastCGI 1.0, 3.2: who started this process may say so.
        options.sources = [each for each in os.environ.get("FCGI_WEB_SERVER_ADDRS", "").split(",") if each]
    if not 0 <= options.processes <= 1000 or not 1 <= options.threads <= 1000:
        parser.error("there are 0 to 1000 processes with 1 to 1000 threads each")
    return options


def _welcome(sources: list[str]) -> Callable[[str], bool]:
    from .environ import believed

    return lambda address: believed(address.removeprefix("::ffff:"), sources)


class Signals:
    """Signals as they come, waited for together with a descriptor; for the main thread."""

    def __init__(self, *numbers: int) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda number, frame: None)
        # Who started this process may have held them back.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)

    def wait(self, timeout: float, other: int | None = None) -> set[int]:
        """Return the signals that came; also SIGTERM if the other descriptor can be read; none after the timeout."""
        waiting = select.poll()
        for fd in (self._read, other):
            if fd is not None:
                waiting.register(fd, select.POLLIN)
        ready = [fd for fd, _ in waiting.poll(timeout * 1000)]
        found = set(os.read(self._read, 4096)) if self._read in ready else set()
        if other in ready:
            found.add(signal.SIGTERM)
        return found

    def close(self) -> None:
        """Let another take its place."""
        os.close(self._read)
        os.close(self._write)


def _work(threads: Threads, signals: Signals, parent: int | None) -> None:
    """Serve in this process until a signal comes, or the process at the other end of the pipe `parent` has ended."""
    threads.start()
    while not signals.wait(SWEEP, parent):
        threads.sweep()
    if not threads.stop(GRACE):
        print("an application did not end its work in time", file=sys.stderr, flush=True)


def _supervise(work: Callable[[Signals, int | None], None], count: int) -> None:
    """Keep so many processes at work until told to stop; SIGHUP has them replaced, each when it has ended its work."""
    watched = (*STOP, signal.SIGHUP, signal.SIGCHLD)
    signals = Signals(*watched)
    # Nobody writes to it: it is readable when this process, whose end is the only one, has ended.
    alive, _held = os.pipe()
    children: dict[int, float] = {}
    stopping = 0.0
    while children or not stopping:
        while len(children) < count and not stopping:
            children[_fork(work, signals, watched, alive, _held)] = time.monotonic()
        came = signals.wait(SWEEP)
        if came & {*STOP} and not stopping:
            stopping = time.monotonic()
        if came & {*STOP, signal.SIGHUP}:
            _tell(children, signal.SIGTERM)
        if stopping and time.monotonic() > stopping + GRACE + 2:
            _tell(children, signal.SIGKILL)
        for pid in _ended(children):
            lived = time.monotonic() - children.pop(pid)
            if lived < 1 and not stopping and signals.wait(1) & {*STOP}:
                # One that cannot even begin must not keep the machine busy.
                stopping = time.monotonic()
                _tell(children, signal.SIGTERM)


def _fork(
    work: Callable[[Signals, int | None], None], signals: Signals, watched: tuple[int, ...], alive: int, held: int
) -> int:
    """Begin a process that works, and return its number."""
    # What comes before the child has its own pipe would be taken for the parent's.
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    pid = os.fork()
    if pid == 0:
        try:
            os.close(held)
            signals.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # A terminal that is closed tells all; what becomes of the children is for their parent to say.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            own = Signals(*STOP)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
            work(own, alive)
        except Exception:
            # The edge of a process: a child must not go on as its parent.
            from ..faults import number

            number()
            os._exit(1)
        finally:
            _end()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
    return pid


def _tell(children: dict[int, float], number: int) -> None:
    for pid in children:
        os.kill(pid, number)


def _ended(children: dict[int, float]) -> list[int]:
    """Return the children that have ended, whatever told them to."""
    return [pid for pid in list(children) if os.waitpid(pid, os.WNOHANG)[0]]


def _end() -> None:
    """End this process at once: what still works had its time, and an interpreter takes its own to end."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(0)
