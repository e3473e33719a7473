#!/usr/bin/python3
"""The wiki with cheroot, CherryPy's server, pure Python: `serve_cheroot.py`."""

import os
import signal
import sys

sys.path.insert(0, "/srv/wiki/program")
os.environ.setdefault("WIKI_DATA", "/srv/wiki/data")

from cheroot.wsgi import Server

from wiki.wsgi import application

host, _, port = os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")
server = Server((host, int(port)), application, numthreads=8, max=8, request_queue_size=100)
# What the wiki did not read it would read into memory: a little more than `upload_limit`.
server.max_request_body_size = 70 << 20
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
server.safe_start()
