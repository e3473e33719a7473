"""A frame for Apache's configurations in `deploy/`: the rest of a server, in a temporary folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .installation import Missing
from .servers import program

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .servers import Run

BY_HTACCESS = {
    "an_encoded_slash_is_a_slash": "Apache answers 404 to `%2F`: AllowEncodedSlashes may not stand in an .htaccess",
}
"""What cannot be done where nothing but an .htaccess can be written."""

MODULES = "/usr/lib/apache2/modules"
USUAL = ("authz_core", "alias", "rewrite", "env", "setenvif", "mime", "dir", "headers")

FRAME = """\
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/apache.pid"
Mutex file:{folder} default
ServerName localhost
Listen 127.0.0.1:{port}
User {user}
Group {user}
ErrorLog "{folder}/server.log"
{modules}
TypesConfig /etc/mime.types
DocumentRoot "{site}"
<Directory "{folder}">
    AllowOverride All
    Require all granted
</Directory>
{configuration}
"""


def apache(run: Run, configuration: str, modules: Iterable[str] = (), mpm: str = "event") -> None:
    """Start Apache with these modules beside the usual ones; raise Missing.

    Paths that a module needs for itself (ScriptSock, FcgidIPCDir, WSGISocketPrefix ...) are the configuration's.
    """
    server = program("apache2")
    wanted = (f"mpm_{mpm}", *USUAL, *modules)
    for module in wanted:
        if not os.path.exists(f"{MODULES}/mod_{module}.so"):
            raise Missing(f"Apache's mod_{module} is not installed")
    path = run.folder / "apache.conf"
    path.write_text(
        FRAME.format(
            folder=run.folder,
            port=run.port,
            user=run.installation.user,
            site=run.site,
            configuration=configuration,
            modules="\n".join(f"LoadModule {module}_module {MODULES}/mod_{module}.so" for module in wanted),
        )
    )
    run.start([server, "-d", run.folder, "-f", path, "-DFOREGROUND"], as_root=True)
