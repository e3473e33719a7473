"""The table of gateways: a module for each family, with its rows and how they are started."""

from __future__ import annotations

from ..servers import Gateway
from . import ajp, asgi, cgi, fastcgi, mod_python, mod_wsgi, passenger, scgi, standalone, uwsgi

FAMILIES = (cgi, fastcgi, scgi, ajp, mod_wsgi, mod_python, passenger, uwsgi, standalone, asgi)
GATEWAYS: list[Gateway] = [gateway for family in FAMILIES for gateway in family.GATEWAYS]
