"""SCGI: a netstring of headers over a socket."""

from __future__ import annotations

from ..servers import Gateway

GATEWAYS: list[Gateway] = []
