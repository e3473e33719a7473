"""mod_wsgi: Python inside Apache, or in its daemon processes."""

from __future__ import annotations

from ..servers import Gateway

GATEWAYS: list[Gateway] = []
