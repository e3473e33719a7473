"""The table of gateways: a module for each family, with its rows and how they are started."""

from __future__ import annotations

from ..servers import Gateway
from . import ajp, asgi, cgi, fastcgi, mod_python, mod_wsgi, passenger, scgi, standalone, uwsgi

FAMILIES = (cgi, fastcgi, scgi, ajp, mod_wsgi, mod_python, passenger, uwsgi, standalone, asgi)
GATEWAYS: list[Gateway] = [gateway for family in FAMILIES for gateway in family.GATEWAYS]

ELSEWHERE: dict[str, str] = {"lambda": "events as AWS documents them; AWS itself is not tried"}
"""How folders of `deploy/` are tried for which no server is started here."""

NOT_TRIED = {
    "IIS": "there is no Windows to try it on",
    "Caddy": "any proxy that hands the URL on as it is will do",
    "AWS Lambda itself": "only recorded events",
}
"""What people ask for and nobody has tried, with the reason."""
