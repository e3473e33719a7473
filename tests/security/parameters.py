"""Which query parameters each route reads, found by watching it, and requests that give them other values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Request
from werkzeug.datastructures import ImmutableMultiDict

from wiki import web

from . import routes
from .client import Client
from .world import World

ALWAYS = frozenset({"action", "note", "redirect", "rev"})
"""Read for every page, so that they are tried once for each action rather than found."""

NOT_VARIED = frozenset({"action"})


class _Watched(ImmutableMultiDict[str, str]):
    """A query that notes which of its keys were asked for."""

    asked: set[str]

    def get(self, key: Any, *rest: Any, **named: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *rest, **named)

    def __contains__(self, key: Any) -> bool:
        self.asked.add(key)
        return super().__contains__(key)


def watched(world: World) -> set[str]:
    """Return a set into which the keys go that requests to this wiki ask for, until it is forgotten."""
    asked: set[str] = set()

    class Watching(Request):
        @property
        def args(self) -> Any:
            query = _Watched(super().args)
            query.asked = asked
            return query

    world.app.request_class = Watching
    return asked


def read(world: World, client: Client) -> dict[str, set[str]]:
    """Return for each way to ask a route (a target) the parameters that the route reads."""
    asked = watched(world)
    found = {}
    for target in routes.targets(("Public", "Nowhere")):
        asked.clear()
        client.open(target, keep=False)
        found[target] = set(asked)
    world.app.request_class = Request
    return found


def named() -> set[str]:
    """Return every parameter that the program's source asks a query for."""
    import re

    source = "".join(path.read_text("utf-8") for path in Path(str(web.__file__)).parent.glob("*.py"))
    source = source.replace("request.form.get", "").replace("form.get", "")
    return set(re.findall(r'args(?:\.get\(|\[)"(\w+)"', source)) | set(
        re.findall(r'number_of\(exchange, "(\w+)"', source)
    )


def combined(world: World, client: Client, values: list[str]) -> Iterator[str]:
    """Yield targets in which one parameter of a route after the other has each of these values, quoted already."""
    done = set()
    for target, keys in read(world, client).items():
        path, _, query = target.partition("?")
        pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
        route = (path, dict(pairs).get("action"), dict(pairs).get("do"))
        for key in sorted(keys - NOT_VARIED):
            if (route, key) not in done:
                done.add((route, key))
                rest = [f"{quote(name)}={value}" for name, value in pairs if name != key]
                for value in values:
                    yield f"{path}?{'&'.join([*rest, f'{key}={value}'])}"
