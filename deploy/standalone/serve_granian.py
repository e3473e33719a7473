#!/usr/bin/python3
"""The wiki with granian, a server written in Rust: `serve_granian.py`."""

import os
import sys

sys.path.insert(0, "/srv/wiki/program")
os.environ.setdefault("WIKI_DATA", "/srv/wiki/data")

from granian import Granian
from granian.constants import Interfaces

if __name__ == "__main__":
    host, _, port = os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")
    server = Granian("wiki.wsgi:application", host, int(port), interface=Interfaces.WSGI, workers=2, blocking_threads=8)
    server.serve()
