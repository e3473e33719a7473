"""AJP 1.3 behind Apache's mod_proxy_ajp."""

from __future__ import annotations

from ..servers import Gateway

GATEWAYS: list[Gateway] = []
