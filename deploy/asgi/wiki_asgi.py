"""The wiki for ASGI servers: `uvicorn --no-proxy-headers wiki_asgi:application`, `hypercorn wiki_asgi:application`."""

import os
import sys

sys.path.insert(0, "/srv/wiki/program")
os.environ.setdefault("WIKI_DATA", "/srv/wiki/data")

from wiki.gateway.asgi import Bridge
from wiki.wsgi import application as wiki

application = Bridge(wiki)
