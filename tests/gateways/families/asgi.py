"""ASGI servers, through a2wsgi."""

from __future__ import annotations

from ..servers import Gateway

GATEWAYS: list[Gateway] = []
