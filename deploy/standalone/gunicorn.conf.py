"""gunicorn -c gunicorn.conf.py: the wiki behind nginx, Apache, lighttpd or Caddy."""

import os

wsgi_app = "wiki.wsgi:application"
# Behind a proxy on the same machine; `127.0.0.1:8000` where it cannot reach a socket.
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
# Its heartbeat files; on a slow disk they would have busy workers killed.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
# Nobody talks to it but by signals.
control_socket_disable = True
# Whom to believe about a visitor is the wiki's setting `trusted_proxies`. gunicorn itself would take a mount from
# whoever comes over the socket, and `https` from whoever comes from this machine.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers = {}
