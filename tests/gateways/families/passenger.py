"""Passenger: Apache starts the application from passenger_wsgi.py."""

from __future__ import annotations

from ..apache import apache
from ..servers import Gateway, Run

FRAME = """\
PassengerRoot /usr/lib/ruby/vendor_ruby/phusion_passenger/locations.ini
PassengerDefaultRuby /usr/bin/ruby
PassengerInstanceRegistryDir "{folder}/registry"
PassengerDisableSecurityUpdateCheck on
PassengerDisableAnonymousTelemetry on
"""


def _apache(run: Run) -> None:
    run.deploy("passenger_wsgi.py")
    for folder in (run.place / "public", run.folder / "registry"):
        folder.mkdir()
    apache(run, FRAME.format(folder=run.folder) + run.deployed("apache.conf"), ["passenger"])


GATEWAYS = [
    Gateway("passenger", "Apache mod_passenger", _apache),
    Gateway(
        "passenger",
        "Apache mod_passenger",
        _apache,
        mount="/wiki",
        cannot={
            "an_absolute_url_in_the_request_line_is_understood": "Passenger cuts the mount's length off the whole URL",
        },
    ),
]
