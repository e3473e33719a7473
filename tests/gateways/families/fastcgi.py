"""FastCGI: processes that stand, spoken to by records over a socket."""

from __future__ import annotations

from ..servers import Gateway

GATEWAYS: list[Gateway] = []
