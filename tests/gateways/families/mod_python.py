"""mod_python: a handler of ours inside Apache."""

from __future__ import annotations

from ..servers import Gateway

GATEWAYS: list[Gateway] = []
