"""The tables of gateways for the README and deploy/README.md, from the rows that the tests run."""

from __future__ import annotations

import ast
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from wiki import deploying

from .families import ELSEWHERE, GATEWAYS, NOT_TRIED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .servers import Gateway

CONVERSATION = sorted(Path(__file__).parent.glob("test_conversation*.py"))


def overview() -> str:
    """Return a row for each family: its folder, the servers through which it was tried, and at which mounts."""
    lines = ["| gateway | through | at |", "|---|---|---|"]
    for name, title in deploying.gateways().items():
        rows = [gateway for gateway in GATEWAYS if gateway.family == name]
        link = f"[{title.partition(':')[0]}](deploy/{name}/README.md)"
        servers = "; ".join(dict.fromkeys(each.server for each in rows))
        lines.append(f"| {link} | {servers or ELSEWHERE.get(name, 'not tried')} | {_mounts(rows)} |")
    lines += [f"| {what} | not tried: {reason} | |" for what, reason in NOT_TRIED.items()]
    return "\n".join(lines) + "\n"


def details() -> str:
    """Return a row for each server of each family with what it cannot do, and the conversation that all of them hold."""
    lines = ["| folder | through | at | cannot |", "|---|---|---|---|"]
    for name in deploying.gateways():
        rows = [gateway for gateway in GATEWAYS if gateway.family == name]
        if not rows:
            lines.append(f"| [{name}]({name}/README.md) | {ELSEWHERE.get(name, 'not tried')} | | |")
        for (server, variant), group in groupby(rows, lambda each: (each.server, each.variant)):
            same = list(group)
            through = f"{server}, {variant}" if variant else server
            cells = (f"[{name}]({name}/README.md)", through, _mounts(same), "; ".join(_cannot(same)))
            lines.append(f"| {' | '.join(cells)} |")
    lines += [f"| | {what} | | not tried: {reason} |" for what, reason in NOT_TRIED.items()]
    return "\n".join(lines) + "\n\nThe conversation:\n\n" + "".join(f"- {each}\n" for each in conversation())


def conversation() -> Iterator[str]:
    """Yield what every gateway is asked, in the words of the tests."""
    for path in CONVERSATION:
        for each in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
                yield each.name.removeprefix("test_").replace("_", " ")


def _mounts(rows: list[Gateway]) -> str:
    return " and ".join(f"`{mount or '/'}`" for mount in dict.fromkeys(each.mount for each in rows))


def _cannot(rows: list[Gateway]) -> Iterator[str]:
    """Yield each exception once, with the mount where only one has it."""
    for what, reason in {pair: None for each in rows for pair in each.cannot.items()}:
        having = [each for each in rows if what in each.cannot]
        where = "" if len(having) == len(rows) else f" (at {_mounts(having)})"
        yield f"“{what.replace('_', ' ')}”{where}: {reason}"
