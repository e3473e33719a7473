"""The wiki with waitress, on any system: `WIKI_DATA=data python serve_waitress.py [PORT]`."""

import sys

from waitress import serve

from wiki.wsgi import application

port = sys.argv[1] if len(sys.argv) > 1 else "8080"
# Whom to believe about X-Forwarded headers is the wiki's setting `trusted_proxies`.
serve(application, listen=f"127.0.0.1:{port}", clear_untrusted_proxy_headers=False, max_request_body_size=1 << 40)
