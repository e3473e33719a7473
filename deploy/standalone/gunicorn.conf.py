"""gunicorn -c gunicorn.conf.py: the wiki behind nginx or Apache."""

import os

wsgi_app = "wiki.wsgi:application"
# Behind nginx on the same machine; `127.0.0.1:8000` where the proxy cannot reach a socket.
bind = os.environ.get("BIND", "unix:/run/wiki/wiki.sock")
worker_class = "gthread"
workers = int(os.environ.get("WORKERS", "2"))
threads = 8
# A large upload over a slow line is not a hung worker: with threads this is a heartbeat, not a limit per request.
timeout = 60
graceful_timeout = 20
max_requests = 10_000
max_requests_jitter = 1_000
# Page names in UTF-8 are long when they are percent-encoded.
limit_request_line = 8190
umask = 0o077
