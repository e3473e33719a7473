"""`python -m bench`: what the usual things cost, as ratios from one run, each with its goal; see docs/benchmarks.md.

QUICK=1 takes less than two minutes; PEERS=1 also measures another wiki with the same pages;
ONLY=cgi,views,gateways,edits,scale leaves the rest out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from .report import Report


def main() -> int:
    """Measure, print, and return 1 if a goal was missed."""
    quick = os.environ.get("QUICK", "") not in ("", "0")
    report = Report()
    for key, (title, measure) in _sections(report, quick).items():
        if key not in os.environ.get("ONLY", key).split(","):
            continue
        report.begin(title)
        try:
            measure()
        except Exception as error:
            # The other figures are still worth having.
            report.failed(title, error)
    return 0 if report.table() else 1


def _sections(report: Report, quick: bool) -> dict[str, tuple[str, Callable[[], None]]]:
    from . import gateways, instances, load, scale, starts

    sizes = scale.SIZES
    if quick and not instances.is_made(sizes[-1]):
        sizes = sizes[:-1]
    sections: dict[str, tuple[str, Callable[[], None]]] = {
        "cgi": ("A request under CGI", lambda: starts.measure(report, 12 if quick else 40)),
        "views": ("Views by gunicorn", lambda: load.views(report, 4 if quick else 12)),
        "gateways": ("Gateways of ours behind nginx", lambda: gateways.measure(report, 5 if quick else 12)),
        "edits": ("People who edit at once", lambda: load.edits(report, 5 if quick else 15)),
        "scale": ("Small and large wikis", lambda: scale.measure(report, sizes, 40, 30 if quick else 150)),
    }
    if os.environ.get("PEERS", "") not in ("", "0"):
        from . import peers

        sections["peers"] = ("Another wiki with the same pages", lambda: peers.measure(report, 5 if quick else 10))
    return sections


if __name__ == "__main__":
    sys.exit(main())
