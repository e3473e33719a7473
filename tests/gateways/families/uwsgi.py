"""uWSGI: its protocol behind nginx and Apache, and its own HTTP."""

from __future__ import annotations

from ..servers import Gateway

GATEWAYS: list[Gateway] = []
