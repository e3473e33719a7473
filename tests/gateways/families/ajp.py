"""AJP 1.3 behind Apache's mod_proxy_ajp."""

from __future__ import annotations

import os
import shutil

from ..apache import apache
from ..servers import Gateway, Run, both


def _apache(run: Run) -> None:
    secret = run.place / "secret.conf"
    secret.write_text(f"Define WIKI_AJP_SECRET {os.urandom(24).hex()}\n")
    secret.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(secret, run.installation.user)
    run.start([run.deploy("wiki.ajp"), "--bind", f"127.0.0.1:{run.backend}"])
    run.wait(run.backend)
    apache(run, run.deployed("apache.conf"), ["proxy", "proxy_ajp"])


GATEWAYS = both(Gateway("ajp", "Apache mod_proxy_ajp", _apache))
