#!/usr/bin/python3
"""The wiki with Python alone, one request at a time, to try it out: `serve_wsgiref.py`."""

import os
import sys

sys.path.insert(0, "/srv/wiki/program")
os.environ.setdefault("WIKI_DATA", "/srv/wiki/data")

from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from wiki.wsgi import application


class Server(WSGIServer):
    """Lets more wait in line than Python's five."""

    request_queue_size = 100


class Handler(WSGIRequestHandler):
    """Tells the wiki the URL as it was sent, and writes no log of requests."""

    def get_environ(self) -> dict[str, object]:
        """Return what is known of a request."""
        return {**super().get_environ(), "REQUEST_URI": self.path}

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


host, _, port = os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")
make_server(host, int(port), application, Server, Handler).serve_forever()
