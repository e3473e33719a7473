"""`wiki serve`: the wiki on a web server of this machine's own; gunicorn, waitress or Python's, whichever is there."""

from __future__ import annotations

import argparse
import importlib.util
import os
import socket
import sys
from typing import TYPE_CHECKING

from .. import accounts, instance
from ..model import WikiError
from ..urls import Urls

if TYPE_CHECKING:
    from ..settings import Settings

SERVERS = ("gunicorn", "waitress", "wsgiref")
THREADS = 8


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `serve` takes."""
    parser.description = (
        "Show the wiki in a browser. A data folder that is not there yet is made. While there is no administrator, "
        "a link is printed with which the first visitor becomes one."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1: this machine only)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (8080); 0 takes any that is free")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="gunicorn's processes (2)")
    parser.add_argument("--server", choices=SERVERS, help="which server (the first of these that is installed)")


def run(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    from . import setup

    if not 0 <= options.port <= 65535:
        raise WikiError("A port is a number from 0 to 65535.")
    if options.workers < 1:
        raise WikiError("There must be at least one worker.")
    server = options.server or next(name for name in SERVERS if importlib.util.find_spec(name))
    if not importlib.util.find_spec(server):
        raise WikiError(
            "%(server)s is not installed: pip install %(server)s, or choose another --server.", server=server
        )
    place = instance.Instance(instance.chosen(options.data))
    setup.prepare(place)
    settings = place.settings()
    os.environ["WIKI_DATA"] = place.folder
    listening = _listening(options.host, options.port)
    _greet(place, settings, listening)
    if server == "gunicorn":
        _gunicorn(listening, options.workers)
    elif server == "waitress":
        _waitress(listening)
    else:
        _wsgiref(listening)
    return 0


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens already: the address printed is one that answers. Raises WikiError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        import errno

        if error.errno == errno.EADDRINUSE:
            hint = "something else uses it. Choose another: wiki serve --port N (make run PORT=N)"
        elif error.errno == errno.EACCES:
            hint = "ports below 1024 are for root. Choose another: wiki serve --port N"
        else:
            hint = error.strerror or str(error)
        raise WikiError("Port %(port)s of %(host)s cannot be used: %(hint)s", port=port, host=host, hint=hint) from None


def _greet(place: instance.Instance, settings: Settings, listening: socket.socket) -> None:
    """Print where the wiki is, and the link for the first administrator while there is none."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    urls = Urls(settings.mount, settings.base_url or f"http://{host}:{port}")
    print(f"{settings.site_name} is on {urls.root()}  (Ctrl-C stops it; its data is in {place.folder})", flush=True)
    storage = place.storage(settings)
    if not accounts.has_admin(storage):
        link = urls.special("first", code=accounts.first_code(storage))
        print(f"There is no administrator yet. Become it here (works once): {link}", flush=True)
    storage.close()


def _gunicorn(listening: socket.socket, workers: int) -> None:
    """Become gunicorn. It inherits the socket; it believes no X-Forwarded-* header, the wiki decides about these."""
    listening.set_inheritable(True)
    command = [sys.executable, "-m", "gunicorn", "wiki.wsgi:application"]
    command += ["--bind", f"fd://{listening.fileno()}", "--workers", str(workers), "--threads", str(THREADS)]
    command += ["--log-level", "warning", "--forwarded-allow-ips", "", "--timeout", "60", "--graceful-timeout", "10"]
    if os.access("/dev/shm", os.W_OK):  # noqa: S108  # gunicorn's own heartbeat files; a slow disk would kill workers
        command += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    os.execv(sys.executable, command)


def _waitress(listening: socket.socket) -> None:
    import waitress

    from ..wsgi import application

    waitress.serve(application, sockets=[listening], threads=THREADS, ident=None, clear_untrusted_proxy_headers=False)


def _wsgiref(listening: socket.socket) -> None:
    """Serve with what Python brings along: for trying out, not for the open network."""
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

    from ..wsgi import application

    class Handler(WSGIRequestHandler):
        def get_environ(self) -> dict[str, object]:
            environ = super().get_environ()
            environ["REQUEST_URI"] = self.path
            return environ

        def log_message(self, format: str, *args: object) -> None:
            pass

        def address_string(self) -> str:
            return str(self.client_address[0])

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    server = Server(listening.getsockname()[:2], Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.server_name, server.server_port = listening.getsockname()[:2]
    server.setup_environ()
    server.set_app(application)
    try:
        server.serve_forever()
    finally:
        server.server_close()
