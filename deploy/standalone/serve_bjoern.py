#!/usr/bin/python3
"""The wiki with bjoern, which is written in C: one request at a time, but quickly. `serve_bjoern.py`."""

import os
import sys

sys.path.insert(0, "/srv/wiki/program")
os.environ.setdefault("WIKI_DATA", "/srv/wiki/data")

import bjoern

from wiki.wsgi import application

host, _, port = os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")
bjoern.run(application, host, int(port))
