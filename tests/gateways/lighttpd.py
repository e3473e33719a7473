"""A frame for lighttpd's configurations in `deploy/`: the rest of a server, in a temporary folder."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from .servers import program

if TYPE_CHECKING:
    from .servers import Run

FRAME = """\
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{site}"
server.errorlog = "{folder}/server.log"
server.upload-dirs = ("{uploads}")
server.modules = ()
{user}
{configuration}
"""


def lighttpd(run: Run, configuration: str) -> None:
    """Start lighttpd; the configuration adds its modules to server.modules with `+=`. Raise Missing."""
    server = program("lighttpd")
    uploads = run.folder / "uploads"
    uploads.mkdir()
    # It opens its log after it has stepped down.
    log = run.folder / "server.log"
    log.touch()
    who = run.installation.user
    user = ""
    if os.geteuid() == 0:
        for path in (uploads, log):
            shutil.chown(path, who, who)
        user = f'server.username = "{who}"\nserver.groupname = "{who}"'
    path = run.folder / "lighttpd.conf"
    path.write_text(
        FRAME.format(
            folder=run.folder, port=run.port, site=run.site, uploads=uploads, user=user, configuration=configuration
        )
    )
    run.start([server, "-D", "-f", path], as_root=True)
