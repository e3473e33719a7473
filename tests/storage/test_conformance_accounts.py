"""What every storage engine does with accounts, records, counters and transactions."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from wiki.model import EditConflict, Facts, NameTaken, NoSuchPage, NoSuchUser, Revision, User

from .filling import link, names, save, upload

if TYPE_CHECKING:
    from wiki.storage import Storage

ANN = User(
    id="1.2.3", name="Änn Ü", email="Ann@Example.org", hash="{X}y", admin=True, state="pending", created=5,
    settings={"language": "de", "quicklinks": ["日本", 3], "deep": {"a": None}},
)  # fmt: skip


def test_an_account_comes_back_as_it_was_put(storage: Storage) -> None:
    storage.put_user(ANN)
    assert storage.user("1.2.3") == ANN
    storage.put_user(replace(ANN, name="Anna", settings={}))
    assert storage.users() == [replace(ANN, name="Anna", settings={})]


@pytest.mark.parametrize("name", ["Änn Ü", "änn ü", "A\u0308NN U\u0308", "ann@example.ORG"])
def test_an_account_is_found_by_name_or_address_in_any_case(storage: Storage, name: str) -> None:
    storage.put_user(User(id="0", name="Zoe"))
    storage.put_user(ANN)
    assert storage.user_named(name) == ANN


def test_accounts_that_are_not_there(storage: Storage) -> None:
    storage.put_user(User(id="0", name="Zoe"))
    for name in ("", "Zo", "zoë"):
        with pytest.raises(NoSuchUser):
            storage.user_named(name)
    with pytest.raises(NoSuchUser):
        storage.user("1")
    with pytest.raises(NoSuchUser):
        storage.drop_user("1")


@pytest.mark.parametrize(
    "other",
    [
        User(id="2", name="änn ü"),
        User(id="2", name="Ben", email="ANN@example.org"),
        User(id="2", name="ann@example.org"),
        User(id="2", name="Ben", email="Änn Ü"),
        User(id="2", name="Ａnn@example.org"),
    ],
)
def test_a_name_or_address_belongs_to_one_account(storage: Storage, other: User) -> None:
    storage.put_user(ANN)
    with pytest.raises(NameTaken):
        storage.put_user(other)
    assert storage.users() == [ANN]


def test_an_account_may_keep_and_give_up_its_names(storage: Storage) -> None:
    storage.put_user(ANN)
    storage.put_user(replace(ANN, email=ANN.name))
    storage.put_user(replace(ANN, name="Neu", email=""))
    storage.put_user(User(id="2", name=ANN.name))
    storage.put_user(User(id="3", name="ohne"))
    storage.put_user(User(id="4", name="Ohne 2"))
    storage.drop_user("2")
    storage.put_user(User(id="5", name=ANN.name))
    assert [user.name for user in storage.users()] == ["Neu", "Ohne 2", "ohne", ANN.name]


def test_records_are_kept_by_kind_and_key(storage: Storage) -> None:
    storage.keep("session", "a/1", {"x": [1, "日", None]})
    storage.keep("session", "a/2", {})
    storage.keep("session", "b", {"b": True})
    storage.keep("code", "a/1", {"other": 1})
    assert storage.record("session", "a/1") == {"x": [1, "日", None]}
    assert storage.record("session", "nix") is None
    assert storage.record("session", "a/") is None
    assert list(storage.records("session")) == ["a/1", "a/2", "b"]
    assert storage.records("session", "a/") == {"a/1": {"x": [1, "日", None]}, "a/2": {}}
    assert storage.records("nix") == {}
    storage.keep("session", "b", {"b": False})
    assert storage.record("session", "b") == {"b": False}


def test_a_one_time_code_works_once(storage: Storage) -> None:
    storage.keep("code", "k", {"a": 1})
    assert storage.drop("code", "k") is True
    assert storage.drop("code", "k") is False
    assert storage.record("code", "k") is None


def test_records_expire(storage: Storage) -> None:
    storage.keep("session", "old", {}, expires=int(time.time()) - 1)
    storage.keep("session", "new", {}, expires=int(time.time()) + 1_000)
    assert storage.record("session", "old") is None
    assert storage.records("session") == {"new": {}}
    assert storage.drop("session", "old") is False


def test_what_was_kept_is_a_copy(storage: Storage) -> None:
    value = {"a": 1}
    storage.keep("k", "k", value)
    value["a"] = 2
    got = storage.record("k", "k")
    assert got == {"a": 1}
    got["a"] = 3
    assert storage.record("k", "k") == {"a": 1}


def test_tally_counts_within_a_window(storage: Storage) -> None:
    assert [storage.tally("ip", 60, 120.0 + second) for second in (0, 1, 59)] == [1, 2, 3]
    assert storage.tally("other", 60, 121.0) == 1
    assert storage.tally("ip", 3600, 121.0) == 1
    assert storage.tally("ip", 60, 180.0) == 1
    assert storage.tally("ip", 60, 181.0) == 2


# -- transactions ----------------------------------------------------------------------------------------------------


def test_a_transaction_that_fails_leaves_nothing(storage: Storage) -> None:
    save(storage, "A", "kept words", links=link("B"))
    storage.put_user(User(id="1", name="Ann"))
    storage.keep("k", "k", {"a": 1})
    with pytest.raises(RuntimeError), storage.writing():  # noqa: PT012
        save(storage, "A", "lost")
        save(storage, "B", "lost too", acl="x")
        upload(storage, "A", "f", b"lost")
        storage.rename("A", "C")
        storage.put_user(User(id="2", name="Ben"))
        storage.drop_user("1")
        storage.drop("k", "k")
        storage.tally("t", 60, 0)
        assert names(storage.pages()) == ["B", "C"]
        raise RuntimeError
    assert names(storage.pages()) == ["A"]
    assert storage.revision("A").text == "kept words"
    assert storage.wanted() == [("B", 1)]
    assert storage.acls() == [None]
    assert [user.name for user in storage.users()] == ["Ann"]
    assert storage.record("k", "k") == {"a": 1}
    assert storage.tally("t", 60, 0) == 1
    assert len(storage.changes()) == 1
    assert list(storage.check()) == []


def test_nesting_joins_the_outer_transaction(storage: Storage) -> None:
    with pytest.raises(RuntimeError), storage.writing():  # noqa: PT012
        with storage.writing():
            save(storage, "A")
        raise RuntimeError
    with pytest.raises(NoSuchPage):
        storage.page("A")
    with storage.writing(), storage.writing():
        save(storage, "A")
    assert storage.page("A").number == 1


def test_a_conflict_inside_does_not_undo_what_went_before(storage: Storage) -> None:
    with storage.writing():
        save(storage, "A", "one")
        with pytest.raises(EditConflict):
            storage.put(Revision(page="A", number=1, text="mine"), Facts())
        save(storage, "A", "two")
    assert [change.number for change in storage.history("A")] == [2, 1]


def test_others_see_all_of_a_transaction_or_nothing(storage: Storage) -> None:
    seen: list[int] = []
    save(storage, "A")

    def look() -> None:
        seen.append(storage.count())
        storage.close()

    with storage.writing():
        save(storage, "B")
        watcher = threading.Thread(target=look)
        if storage.url != "memory:":
            watcher.start()
            watcher.join()
        save(storage, "C")
    if storage.url == "memory:":
        watcher.start()
        watcher.join()
        seen[0] -= 2
    assert seen == [1]
    assert storage.count() == 3


def test_two_threads_lose_nothing(storage: Storage) -> None:
    save(storage, "P", "0")
    acknowledged: list[int] = []

    def edit(name: str) -> None:
        for turn in range(8):
            while True:
                try:
                    base = storage.revision("P")
                    storage.put(Revision(page="P", number=base.number + 1, text=f"{base.text}\n{name}{turn}"), Facts())
                    acknowledged.append(base.number + 1)
                    break
                except EditConflict:
                    continue
        storage.close()

    threads = [threading.Thread(target=edit, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(acknowledged) == list(range(2, 18))
    text = storage.revision("P").text
    assert text is not None
    assert sorted(text.split("\n")[1:]) == sorted(f"{name}{turn}" for name in "ab" for turn in range(8))


def test_tally_loses_no_count(storage: Storage) -> None:
    counts: list[int] = []

    def count() -> None:
        counts.extend(storage.tally("t", 60, 0) for _ in range(10))
        storage.close()

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == list(range(1, 31))
