"""A frame for nginx's configurations in `deploy/`: the rest of a server, in a temporary folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .servers import program

if TYPE_CHECKING:
    from .servers import Run

FRAME = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/server.log;
worker_processes 1;
{user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    include /etc/nginx/mime.types;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    {around}
    server {{
        listen 127.0.0.1:{port};
        root {site};
        {configuration}
    }}
}}
"""


def nginx(run: Run, configuration: str, around: str = "") -> None:
    """Start nginx with the inside of a server { } block, and what stands beside it in http { }; raise Missing."""
    server = program("nginx")
    who = run.installation.user
    path = run.folder / "nginx.conf"
    path.write_text(
        FRAME.format(
            folder=run.folder,
            port=run.port,
            site=run.site,
            configuration=configuration,
            around=around,
            user=f"user {who};" if os.geteuid() == 0 else "",
        )
    )
    run.start([server, "-p", run.folder, "-c", path, "-e", run.folder / "server.log"], as_root=True)
