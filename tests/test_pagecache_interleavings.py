"""No interleaving of writers and fillers, and no crash, leaves the page cache stale: all of them are tried.

Writers and fillers are generators whose steps are the real functions of `keeper` on real files; between two steps the
scheduler may run anybody else, or end one of them as kill -9 would. A step that cannot get its lock is tried later.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from wiki import keeper
from wiki.filling import Filling, finished
from wiki.pagecache import PageCache, key

Steps = Iterator[bool]
"""Each yield ends a step; False says that it was not possible yet, and is to be tried again."""


@dataclass
class World:
    """The committed state of pages P and X, whether P shows X, the cache, and what is checked.

    `serial` is a storage that runs one writing transaction at a time, as SQLite does; else several run at once.
    """

    folder: str
    pages: dict[str, int] = field(default_factory=lambda: {"P": 1, "X": 0})
    holder: object = None
    serial: bool = True
    linked: bool = True
    running: list[keeper.Lock] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = keeper.describe(self.folder, fingerprint="1")
        self.middleware = PageCache(lambda: (lambda environ, start: [], known), self.folder)

    def path(self, name: str) -> bytes:
        known = self.middleware.known()
        assert known
        path = self.middleware.path({"wsgi.url_scheme": "http", "SCRIPT_NAME": ""}, known, name.encode())
        assert path
        return path

    def shown(self, name: str) -> bytes:
        """What a page looks like now."""
        if name == "P" and self.linked:
            return b"%d %d" % (self.pages["P"], self.pages["X"])
        return b"%d" % self.pages[name]

    def stale(self) -> list[str]:
        """The pages whose entry is not what a view would show now."""
        found = []
        for name in ("P", "X"):
            path = self.path(name)
            entry = self.middleware._entry(path, name.encode())
            answer = entry and self.middleware.response(entry, {"REQUEST_METHOD": "GET"}, path)
            if answer and answer[2] != self.shown(name):
                found.append(name)
        return found


class Writer:
    """Saves X, which P may show, or P, which shows X from then on, with the protocol; the variants are mutations."""

    def __init__(self, world: World, everything: bool = False, variant: str = "", page: str = "X") -> None:
        self.world = world
        self.evicting = keeper.Evicting(world.folder)
        self.everything = everything
        self.variant = variant
        self.page = page

    def steps(self) -> Steps:
        world, evicting = self.world, self.evicting
        if self.variant == "lock first":
            while not evicting.begin(seconds=0):
                yield False
            yield True
        while world.serial and world.holder is not None:
            yield False
        world.holder = self
        yield True
        if self.variant == "compute before locking":
            keys = self._keys()
            yield True
        if self.variant not in ("no lock", "lock first"):
            while not evicting.begin(seconds=0):
                yield False
            yield True
        if self.variant != "compute before locking":
            keys = self._keys()
            yield True
        if self.variant == "evict after commit":
            self._commit()
            yield True
            evicting.end()
            yield True
        if self.everything:
            evicting.evict_all()
            yield True
        else:
            if self.variant != "no log":
                evicting.note(keys)
                yield True
            if self.variant != "no eviction":
                evicting.forget(keys)
                yield True
        if self.variant != "evict after commit":
            self._commit()
            yield True
        evicting.end()
        yield True

    def _keys(self) -> list[bytes]:
        names = [b"P", b"X"] if self.page == "X" and self.world.linked else [self.page.encode()]
        return [found for found in map(key, names) if found]

    def _commit(self) -> None:
        self.world.pages[self.page] += 1
        self.world.linked |= self.page == "P"
        self.world.holder = None

    def crash(self) -> None:
        self.evicting.lock.release()
        if self.world.holder is self:
            self.world.holder = None


class Filler:
    """Views a page and keeps it, with the protocol; the variants are mutations of it."""

    def __init__(self, world: World, name: str = "P", variant: str = "") -> None:
        self.world = world
        self.name = name
        self.variant = variant
        known = world.middleware.known()
        assert known
        self.filling = Filling(world.folder, known, world.path(name), name.encode())

    def steps(self) -> Steps:
        filling = self.filling
        if self.variant == "mark after reading":
            body = self.world.shown(self.name)
            yield True
        if not filling.begin():
            return
        yield True
        if self.variant != "mark after reading":
            body = self.world.shown(self.name)
            yield True
        try:
            filling.write(finished([], body, []))
        except FileNotFoundError:
            # A new epoch, and the former one's entries swept away meanwhile.
            return
        yield True
        if self.variant == "no lock":
            filling.rename()
            yield True
            return
        # What `place` does, in steps.
        if not filling.lock.take(exclusive=True):
            filling.lock.release()
            filling.discard()
            return
        yield True
        if self.variant == "log not read" or filling.fresh():
            yield True
            filling.rename()
        yield True
        filling.lock.release()
        yield True

    def crash(self) -> None:
        self.filling.lock.release()


def run(actors: list[Any], order: list[int], crash: tuple[int, int] | None) -> tuple[int, ...]:
    """Run actors in an order (indexes; the rest after it), one of them ended after so many steps; return steps made."""
    running = [actor.steps() for actor in actors]
    done = [0] * len(actors)
    alive = set(range(len(actors)))
    waiting = list(order)
    idle = 0
    while alive:
        turn = waiting.pop(0) if waiting else min(alive, key=lambda index: (idle + index) % len(actors))
        if turn not in alive:
            continue
        if crash == (turn, done[turn]):
            running[turn].close()
            actors[turn].crash()
            alive.remove(turn)
            continue
        try:
            moved = next(running[turn])
        except StopIteration:
            alive.remove(turn)
            continue
        done[turn] += moved
        idle = 0 if moved else idle + 1
        assert idle < 50, "deadlock"
    return tuple(done)


def orders(first: int, second: int) -> Iterator[list[int]]:
    """All ways to interleave so many steps of actor 0 with so many of actor 1."""
    if not first or not second:
        yield [0] * first + [1] * second
        return
    for rest in orders(first - 1, second):
        yield [0, *rest]
    for rest in orders(first, second - 1):
        yield [1, *rest]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits: the scheduler decides who is next, and no test cuts the power."""
    monkeypatch.setattr(keeper, "GAP", 0)
    monkeypatch.setattr(keeper.os, "fsync", lambda descriptor: None)


@pytest.fixture
def trial(tmp_path: Any) -> Callable[..., list[Any]]:
    """Run one schedule in a world of its own; return what was stale at its end."""
    count = iter(range(10**9))

    def trial(
        make: Callable[[World], list[Any]],
        order: list[int],
        crash: tuple[int, int] | None = None,
        serial: bool = True,
        linked: bool = True,
    ) -> list[Any]:
        world = World(str(tmp_path / f"{next(count)}"), serial=serial, linked=linked)
        actors = make(world)
        run(actors, order, crash)
        stale = world.stale()
        for actor in actors:
            actor.crash()
        return [(name, order, crash) for name in stale]

    return trial


def pair(everything: bool = False, writer: str = "", filler: str = "") -> Callable[[World], list[Any]]:
    return lambda world: [Writer(world, everything, writer), Filler(world, variant=filler)]


WRITER, FILLER = 7, 7


@pytest.mark.parametrize("everything", [False, True], ids=["evict", "evict_all"])
def test_no_interleaving_of_a_save_and_a_filling_is_stale(trial: Any, everything: bool) -> None:
    found = [stale for order in orders(WRITER, FILLER) for stale in trial(pair(everything), order)]
    assert found == []


@pytest.mark.parametrize("who", [0, 1], ids=["writer", "filler"])
def test_no_crash_in_any_interleaving_is_stale(trial: Any, who: int) -> None:
    found = []
    for steps in range(WRITER if who == 0 else FILLER):
        counts = (steps, FILLER) if who == 0 else (WRITER, steps)
        for order in orders(*counts):
            # Whoever crashed, a later filling must not keep what an earlier one would have.
            found += trial(lambda world: [Writer(world), Filler(world), Filler(world)], order, (who, steps))
    assert found == []


@pytest.mark.parametrize("serial", [True, False], ids=["one transaction at a time", "several"])
def test_no_sample_of_two_saves_and_two_fillings_is_stale(trial: Any, serial: bool) -> None:
    chance = random.Random(7)
    found = []
    for number in range(600):
        order = [0] * WRITER + [1] * WRITER + [2] * FILLER + [3] * FILLER
        chance.shuffle(order)
        crash = (chance.randrange(4), chance.randrange(7)) if number % 2 else None
        found += trial(
            lambda world: [Writer(world), Writer(world, page="P"), Filler(world, "P"), Filler(world, "X")],
            order,
            crash,
            serial,
            linked=number % 3 == 0,
        )
    assert found == []


def test_an_undisturbed_filling_is_kept(tmp_path: Any) -> None:
    world = World(str(tmp_path / "cache"))
    assert run([Filler(world)], [], None) == (FILLER,)
    world.pages["X"] += 1
    assert world.stale() == ["P"]


MUTATIONS = [
    ("evict after commit", ""),
    ("no lock", ""),
    ("no log", ""),
    ("no eviction", ""),
    ("", "no lock"),
    ("", "log not read"),
    ("", "mark after reading"),
]


@pytest.mark.parametrize(("writer", "filler"), MUTATIONS)
def test_the_enumeration_finds_a_mutation(trial: Any, writer: str, filler: str) -> None:

    def make(world: World) -> list[Any]:
        return [Writer(world, variant=writer), Filler(world, variant=filler)]

    def earlier(world: World) -> list[Any]:
        run([Filler(world)], [], None)
        return make(world)

    crashes: list[tuple[int, int] | None] = [None, *((0, steps) for steps in range(1, WRITER))]
    # One of the two runs as a whole between two steps of the other: most faults show then, and are found at once.
    whole = [[1] * at + [0] * WRITER + [1] * (FILLER - at) for at in range(FILLER)]
    whole += [[0] * at + [1] * FILLER + [0] * (WRITER - at) for at in range(WRITER)]
    for order in [*whole, *orders(WRITER, FILLER)]:
        for crash in crashes:
            if trial(make, order, crash) or trial(earlier, order, crash):
                return
    pytest.fail("nothing was stale although the protocol was broken")


@pytest.mark.parametrize("variant", ["", "lock first"])
def test_with_several_transactions_at_once_nothing_is_stale(trial: Any, variant: str) -> None:
    assert not any(link_and_create(trial, variant, 800))


def test_with_several_transactions_at_once_the_lock_comes_before_computing(trial: Any) -> None:
    assert any(link_and_create(trial, "compute before locking", 1))


def link_and_create(trial: Any, variant: str, samples: int) -> Iterator[list[Any]]:
    """Yield what is stale after one writer linked P to X while another created X, and somebody viewed P."""
    chance = random.Random(11)
    for number in range(samples):
        order = [0] * WRITER + [1] * WRITER + [2] * FILLER
        chance.shuffle(order)
        if number == 0:
            # P is linked, and read by the filler, after X's writer computed and before he evicts.
            order = [0] * 2 + [1] * WRITER + [2] * 3 + [0] * (WRITER - 2) + [2] * (FILLER - 3)
        yield trial(
            lambda world: [Writer(world, variant=variant), Writer(world, page="P"), Filler(world)],
            order,
            serial=False,
            linked=False,
        )
