"""Passenger: Apache starts the application from passenger_wsgi.py."""

from __future__ import annotations

from ..servers import Gateway

GATEWAYS: list[Gateway] = []
