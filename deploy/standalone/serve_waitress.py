#!/usr/bin/python3
"""The wiki with waitress, in threads: `serve_waitress.py`."""

import os
import sys

sys.path.insert(0, "/srv/wiki/program")
os.environ.setdefault("WIKI_DATA", "/srv/wiki/data")

from waitress import serve

from wiki.wsgi import application

serve(
    application,
    listen=os.environ.get("BIND", "127.0.0.1:8000"),
    threads=8,
    ident=None,
    # Whom to believe about X-Forwarded headers is the wiki's setting `trusted_proxies`.
    clear_untrusted_proxy_headers=False,
    # It puts a body onto the disk before the wiki may refuse it: a little more than `upload_limit`.
    max_request_body_size=70 << 20,
)
