"""What every storage engine does: pages, revisions and lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from wiki.model import (
    Author,
    Branch,
    Change,
    EditConflict,
    Facts,
    Link,
    NoSuchPage,
    NoSuchRevision,
    PageExists,
    Revision,
)
from wiki.query import Word
from wiki.storage import Inherited

from .filling import ANN, NAME, SECRET, delete, link, names, save, upload

if TYPE_CHECKING:
    from wiki.storage import Storage


def test_a_revision_comes_back_as_it_was_put(storage: Storage) -> None:
    put = Revision(
        page=NAME, number=1, author=ANN, time=123, kind="copy", source="Alt", comment="wie’s 日本", minor=True,
        text="Grüße\n", raw=b"Gr\xfc\xdfe\r\n",
    )  # fmt: skip
    stored = storage.put(put, Facts(body="Grüße\n"))
    assert stored == replace(put, size=7, page_id=stored.page_id, position=stored.position)
    assert stored.page_id
    assert storage.revision(NAME) == storage.revision(NAME, 1) == stored


def test_a_page_knows_its_newest_revision_and_facts(storage: Storage) -> None:
    save(storage, NAME)
    revision = storage.put(
        Revision(page=NAME, number=2, time=9, text="b"), Facts(acl="All:read", format="moin", redirect="Ziel")
    )
    page = storage.page(NAME)
    assert (page.number, page.time, page.deleted) == (2, revision.time, False)
    assert (page.acl, page.format, page.redirect) == ("All:read", "moin", "Ziel")
    assert storage.page_by_id(page.id) == page


@pytest.mark.parametrize("name", ["A", "Ä/ö", "日本語", "a'b\"c;--", "100%", "a_b", "A\u0301", "😀/x", "🏳️‍🌈"])
def test_any_name_is_a_name(storage: Storage, name: str) -> None:
    save(storage, name, "x")
    save(storage, f"{name}/below", "x")
    assert storage.page(name).name == name
    assert names(storage.pages(prefix=f"{name}/")) == [f"{name}/below"]
    assert storage.existing([name, f"{name}x"]) == {name}


def test_names_are_case_sensitive_and_not_folded(storage: Storage) -> None:
    save(storage, "Straße")
    with pytest.raises(NoSuchPage):
        storage.page("straße")
    with pytest.raises(NoSuchPage):
        storage.page("STRASSE")
    assert storage.caseless("STRASSE") == ["Straße"]
    assert storage.caseless("straße") == ["Straße"]
    assert storage.caseless("Straße") == []
    assert storage.caseless("Strasé") == []


def test_what_is_not_there_is_refused_by_name(storage: Storage) -> None:
    for call in (storage.page, storage.page_by_id, storage.revision, storage.history, storage.body, storage.destroy):
        with pytest.raises(NoSuchPage):
            call("Nix")
    with pytest.raises(NoSuchPage):
        storage.rename("Nix", "Nox")
    save(storage, "A")
    with pytest.raises(NoSuchRevision):
        storage.revision("A", 2)
    with pytest.raises(NoSuchRevision):
        storage.revision("A", 0)
    assert storage.links("Nix") == ()


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_taken_or_skipped_number_is_a_conflict(storage: Storage, number: int) -> None:
    first = save(storage, "A", "theirs")
    with pytest.raises(EditConflict) as caught:
        storage.put(Revision(page="A", number=number, text="mine"), Facts(body="mine"))
    assert caught.value.theirs == first
    assert storage.revision("A") == first


def test_a_new_page_begins_with_one(storage: Storage) -> None:
    with pytest.raises(EditConflict) as caught:
        storage.put(Revision(page="A", number=2, text="x"), Facts())
    assert caught.value.theirs is None
    with pytest.raises(NoSuchPage):
        storage.page("A")


def test_time_moves_forward_on_a_page(storage: Storage) -> None:
    assert save(storage, "A", time=1_000).time == 1_000
    assert save(storage, "A", time=500).time == 1_001
    assert save(storage, "A", time=1_001).time == 1_002
    assert save(storage, "A", time=2_000).time == 2_000


def test_copying_keeps_numbers_times_and_ids(storage: Storage) -> None:
    storage.put(Revision(page="A", number=3, time=50, text="x", page_id="abc"), Facts(), exact=True)
    storage.put(Revision(page="A", number=7, time=40, text="y"), Facts(), exact=True)
    assert [change.number for change in storage.history("A")] == [3, 7]
    assert storage.page("A").id == storage.revision("A").page_id == "abc"
    assert storage.revision("A", 7).time == 40
    with pytest.raises(EditConflict):
        storage.put(Revision(page="A", number=7, text="z"), Facts(), exact=True)
    with pytest.raises(NoSuchRevision):
        storage.revision("A", 4)


def test_an_id_belongs_to_one_page(storage: Storage) -> None:
    for name in "AB":
        storage.put(Revision(page=name, number=1, text="x", page_id="abc"), Facts(), exact=True)
    assert storage.page_by_id("abc").name == "A"
    assert storage.page("B").id not in ("abc", "")


def test_a_deleted_page_keeps_its_history(storage: Storage) -> None:
    save(storage, "A", "old", acl=SECRET, links=link("B"))
    delete(storage, "A", acl=SECRET)
    page = storage.page("A")
    assert (page.deleted, page.number, page.acl) == (True, 2, SECRET)
    assert storage.revision("A").text is None
    assert storage.revision("A", 1).text == "old"
    assert storage.pages() == []
    assert names(storage.pages(deleted=True)) == ["A"]
    assert storage.pages(deleted=True, readable=[None]) == []
    assert (storage.count(), storage.count(deleted=True)) == (0, 1)
    assert storage.existing(["A"]) == set()
    assert storage.body("A") == ""
    assert storage.acls() == [SECRET]
    save(storage, "A", "again")
    assert names(storage.pages()) == ["A"]
    assert storage.pages(deleted=True) == []


def test_the_body_is_what_was_given(storage: Storage) -> None:
    for number, (text, body) in enumerate(
        [("#acl x\nbody", "body"), ("text", "something else"), ("text", ""), ("ä日\n", "日\n")], start=1
    ):
        storage.put(Revision(page="A", number=number, text=text), Facts(body=body))
        assert storage.body("A") == body


def test_history_has_all_changes_newest_first_and_pages(storage: Storage) -> None:
    save(storage, NAME, "1", time=1_000)
    upload(storage, NAME, "f.txt", b"12345", time=2_000)
    save(storage, NAME, "2", time=3_000, comment="zwei")
    upload(storage, NAME, "f.txt", None, time=4_000)
    history = storage.history(NAME)
    assert [(change.kind, change.number, change.source, change.size) for change in history] == [
        ("detach", 0, "f.txt", 0),
        ("edit", 2, "", 1),
        ("attach", 0, "f.txt", 5),
        ("edit", 1, "", 1),
    ]
    assert type(history[1]) is Change
    assert history[1].comment == "zwei"
    assert history[1].author == ANN
    assert {change.page_id for change in history} == {storage.page(NAME).id}
    assert storage.history(NAME, limit=2) == history[:2]
    assert storage.history(NAME, before=history[1].cursor) == history[2:]
    assert storage.history(NAME, before=history[-1].cursor) == []


def test_a_rename_takes_everything_along(storage: Storage) -> None:
    save(storage, "A", "words here", links=link("B"))
    upload(storage, "A", "f.txt", b"x")
    page_id = storage.page("A").id
    storage.rename("A", "Neu/日")
    with pytest.raises(NoSuchPage):
        storage.page("A")
    assert storage.page("Neu/日").id == page_id
    assert storage.revision("Neu/日", 1).page == "Neu/日"
    assert {change.page for change in storage.history("Neu/日")} == {"Neu/日"}
    assert storage.attachments("Neu/日")[0].page == "Neu/日"
    assert b"".join(storage.content(storage.attachments("Neu/日")[0])) == b"x"
    assert storage.backlinks("B") == ["Neu/日"]
    assert storage.branches() == [Branch("Neu", False, True)]
    save(storage, "Neu/日", "two")
    assert storage.page("Neu/日").number == 2


def test_a_rename_overwrites_nothing(storage: Storage) -> None:
    save(storage, "A")
    save(storage, "B")
    delete(storage, "B")
    with pytest.raises(PageExists):
        storage.rename("A", "B")
    assert storage.page("A").number == 1


def test_what_is_destroyed_is_gone(storage: Storage) -> None:
    save(storage, "A", "some words", acl=SECRET, links=link("B"))
    save(storage, "C", links=link("A"))
    upload(storage, "A", "f.txt", b"x")
    page_id = storage.page("A").id
    storage.destroy("A")
    for call, value in ((storage.page, "A"), (storage.page_by_id, page_id), (storage.attachments, "A")):
        with pytest.raises(NoSuchPage):
            call(value)
    assert [change.page for change in storage.changes()] == ["C"]
    assert storage.backlinks("B") == []
    assert storage.wanted() == [("A", 1)]
    assert storage.acls() == [None]
    assert save(storage, "A", "new").number == 1
    assert storage.page("A").id != page_id
    assert storage.attachments("A") == []


# -- lists -----------------------------------------------------------------------------------------------------------


def test_names_sort_by_code_point(storage: Storage) -> None:
    unsorted = ["b", "B", "a/b", "a b", "a", "Ä", "Z", "日", "😀", "\uffee", "a-b", "a0"]
    for name in unsorted:
        save(storage, name)
    assert names(storage.pages()) == sorted(unsorted)


def test_pages_are_listed_in_pieces_of_what_is_readable(storage: Storage) -> None:
    for number in range(10):
        save(storage, f"P{number}", acl=(SECRET, None, "All:read")[number % 3])
    assert names(storage.pages(readable=[None], limit=2)) == ["P1", "P4"]
    assert names(storage.pages(readable=[None], after="P4", limit=2)) == ["P7"]
    assert names(storage.pages(readable=[None, "All:read"], limit=3)) == ["P1", "P2", "P4"]
    assert names(storage.pages(readable=[SECRET, "unknown"])) == ["P0", "P3", "P6", "P9"]
    assert storage.pages(readable=[]) == []
    assert storage.pages(readable=["unknown"]) == []
    assert storage.count(readable=[None]) == 3
    assert storage.count(readable=[]) == 0
    assert storage.count(prefix="P1") == 1
    assert storage.acls() == [None, SECRET, "All:read"] or set(storage.acls()) == {None, SECRET, "All:read"}
    assert storage.existing([f"P{number}" for number in range(3)], readable=[None]) == {"P1"}
    assert len(storage.existing([f"P{number}" for number in range(1200)])) == 10


@pytest.mark.parametrize("prefix", ["a", "a%", "a_", "A", "\U0010ffff", "\ud7ff", ""])
def test_a_prefix_is_taken_literally(storage: Storage, prefix: str) -> None:
    every = ["a", "ab", "a%b", "a_b", "A", "Ab", "b", "\U0010ffff", "\U0010ffffx", "\ud7ffa", "\ue000"]
    for name in every:
        save(storage, name)
    assert names(storage.pages(prefix=prefix)) == sorted(name for name in every if name.startswith(prefix))
    assert storage.count(prefix=prefix) == len(storage.pages(prefix=prefix))


def test_changes_of_all_pages_newest_first(storage: Storage) -> None:
    save(storage, "A", time=100)
    save(storage, "B", time=300, author=Author("", "Gast"))
    save(storage, "A/x", time=200)
    save(storage, "AB", time=200)
    upload(storage, "A", "f", b"1", time=400)
    changes = storage.changes()
    assert [change.page for change in changes] == ["A", "B", "AB", "A/x", "A"]
    assert changes == sorted(changes, key=lambda change: change.cursor, reverse=True)
    pieces = [storage.changes(limit=2)]
    while pieces[-1]:
        pieces.append(storage.changes(limit=2, before=pieces[-1][-1].cursor))
    assert [change for piece in pieces for change in piece] == changes
    assert [change.page for change in storage.changes(prefix="A")] == ["A", "A/x", "A"]
    assert [change.page for change in storage.changes(prefix="A", author="id-ann", since=200)] == ["A", "A/x"]
    assert [change.page for change in storage.changes(since=300)] == ["A", "B"]
    assert [change.page for change in storage.changes(author="Gast")] == ["B"]
    assert storage.changes(author="Ann") == []
    assert storage.changes(prefix="Nix") == []


def test_pages_without_an_acl_may_have_that_of_an_ancestor(storage: Storage) -> None:
    for name in ("A", "A/x", "A/x/y", "B", "B/x"):
        save(storage, name, "word", acl=SECRET if name == "A" else "All:read" if name == "A/x" else None)
    own = {"A": SECRET, "A/x": "All:read"}
    readable = Inherited([None, "All:read"], lambda: own, lambda acl: acl != SECRET)
    assert names(storage.pages(readable=readable)) == ["A/x", "A/x/y", "B", "B/x"]
    own["A/x"] = SECRET
    readable = Inherited([None, "All:read"], lambda: own, lambda acl: acl != SECRET)
    assert names(storage.pages(readable=readable, limit=2)) == ["A/x", "B"]
    assert storage.count(readable=readable) == 3
    assert [change.page for change in storage.changes(readable=readable, limit=3)] == ["B/x", "B", "A/x"]
    assert names(storage.search(Word("word"), readable=readable).hits) == ["B", "A/x", "B/x"]
    assert storage.existing(["A/x/y", "B"], readable=readable) == {"B"}


def test_changes_hide_what_may_not_be_read_now(storage: Storage) -> None:
    save(storage, "A", time=1)
    save(storage, "S", time=2)
    assert len(storage.changes(readable=[None])) == 2
    save(storage, "S", acl=SECRET, time=3)
    assert [change.page for change in storage.changes(readable=[None])] == ["A"]
    delete(storage, "S", acl=SECRET)
    assert [change.page for change in storage.changes(readable=[None], limit=1)] == ["A"]
    assert len(storage.changes(readable=[SECRET])) == 3
    assert storage.changes(readable=[]) == []


def test_branches_make_a_tree(storage: Storage) -> None:
    for name in ("a", "a b", "a-b/c", "a/b/c", "a/d", "b/c/d", "a!", "日/本"):
        save(storage, name)
    save(storage, "secret/x", acl=SECRET)
    top = [
        Branch("a", True, True),
        Branch("a b", True, False),
        Branch("a!", True, False),
        Branch("a-b", False, True),
        Branch("b", False, True),
        Branch("日", False, True),
    ]
    assert storage.branches(readable=[None]) == top
    assert storage.branches(readable=[None], after="a", limit=2) == top[1:3]
    assert storage.branches(readable=[None], after="a-a") == top[3:]
    assert storage.branches("a") == [Branch("a/b", False, True), Branch("a/d", True, False)]
    assert storage.branches("b/c") == [Branch("b/c/d", True, False)]
    assert storage.branches("b/c/d") == storage.branches("nix") == []
    assert Branch("secret", False, True) in storage.branches()
    delete(storage, "a/b/c")
    assert storage.branches("a") == [Branch("a/d", True, False)]


def test_links_come_back_in_order(storage: Storage) -> None:
    links = (Link("link", "B"), Link("include", "A"), Link("file", "B", "f.txt"), Link("pages", ""), Link("link", "A"))
    save(storage, "P", links=links)
    assert storage.links("P") == links
    save(storage, "P", links=links[:1])
    assert storage.links("P") == links[:1]
    delete(storage, "P")
    assert storage.links("P") == ()


def test_backlinks_by_kind_and_detail(storage: Storage) -> None:
    save(storage, "A", links=(*link("T"), *link("T", kind="include")))
    save(storage, "B", links=(Link("file", "T", "f"), Link("pages", "")))
    save(storage, "C", links=link("T"), acl=SECRET)
    save(storage, "D", links=link("T", kind="category"))
    save(storage, "E", links=link("t"))
    assert storage.backlinks("T") == ["A", "C", "D"]
    assert storage.backlinks("T", readable=[None]) == ["A", "D"]
    assert storage.backlinks("T", after="A", limit=1) == ["C"]
    assert storage.backlinks("T", after="A", limit=1, readable=[None]) == ["D"]
    assert storage.backlinks("T", kinds=("include",)) == ["A"]
    assert storage.backlinks("T", kinds=("file",)) == storage.backlinks("T", kinds=("file",), detail="f") == ["B"]
    assert storage.backlinks("T", kinds=("file",), detail="") == []
    assert storage.backlinks("", kinds=("pages",)) == ["B"]
    delete(storage, "A")
    assert storage.backlinks("T") == ["C", "D"]


def test_wanted_follows_pages_that_come_go_and_move(storage: Storage) -> None:
    save(storage, "A", links=(*link("W", "X", "A"), *link("W", kind="include"), Link("category", "K")))
    save(storage, "B", links=link("W", "A"))
    save(storage, "S", links=link("W", "Geheim"), acl=SECRET)
    assert storage.wanted() == [("W", 3), ("Geheim", 1), ("X", 1)]
    assert storage.wanted(readable=[None]) == [("W", 2), ("X", 1)]
    assert storage.wanted(limit=1, offset=1) == [("Geheim", 1)]
    save(storage, "W", acl=SECRET)
    assert storage.wanted(readable=[None]) == [("X", 1)]
    delete(storage, "W")
    assert storage.wanted()[0] == ("W", 3)
    storage.destroy("W")
    save(storage, "Y")
    storage.rename("Y", "W")
    assert storage.wanted() == [("Geheim", 1), ("X", 1)]
    storage.rename("A", "Y")
    assert storage.wanted() == [("A", 2), ("Geheim", 1), ("X", 1)]
    storage.destroy("W")
    assert storage.wanted()[0] == ("W", 3)


def test_orphans_are_linked_by_no_other_readable_page(storage: Storage) -> None:
    save(storage, "A", links=link("A", "B"))
    save(storage, "B", links=link("C", kind="category"))
    save(storage, "C")
    save(storage, "D")
    save(storage, "S", links=link("D"), acl=SECRET)
    assert storage.orphans() == ["A", "C", "S"]
    assert storage.orphans(readable=[None]) == ["A", "C", "D"]
    assert storage.orphans(after="A", limit=1) == ["C"]
    delete(storage, "A")
    assert storage.orphans() == ["B", "C", "S"]


def test_random_pages_are_different_and_readable(storage: Storage) -> None:
    assert storage.random() == []
    for number in range(30):
        save(storage, f"P{number}", acl=SECRET if number % 2 else None)
    delete(storage, "P0")
    picked = storage.random(5, readable=[None])
    assert len(picked) == len(set(picked)) == 5
    assert all(int(name[1:]) % 2 == 0 and name != "P0" for name in picked)
    assert sorted(storage.random(100)) == names(storage.pages())
    assert len({storage.random()[0] for _ in range(60)}) > 1


def test_reindex_derives_everything_anew(storage: Storage) -> None:
    save(storage, "A", "alpha beta")
    save(storage, "B", "gone", acl=SECRET)
    delete(storage, "B")

    def facts(revision: Revision) -> Facts:
        assert revision.text is not None
        acl = SECRET if revision.page == "B" else None
        return Facts(links=link("Neu"), acl=acl, format="moin", body=revision.text.replace("beta", "gamma"))

    told: list[tuple[str, int, int]] = []
    storage.reindex(facts, progress=lambda *step: told.append(step))
    assert told
    assert (storage.page("A").format, storage.links("A"), storage.body("A")) == ("moin", link("Neu"), "alpha gamma")
    assert storage.wanted() == [("Neu", 1)]
    assert (storage.page("B").acl, storage.links("B")) == (SECRET, ())
    assert list(storage.check()) == []


def test_a_sound_storage_has_no_problems(storage: Storage) -> None:
    save(storage, NAME, "日本語 text", links=link("X", NAME), acl=SECRET)
    save(storage, NAME, "日本語 other text", links=link("Y"))
    save(storage, "Y", "x" * 100_000)
    upload(storage, NAME, "f", b"x" * 300_000)
    upload(storage, NAME, "f", None)
    storage.rename(NAME, "Z")
    delete(storage, "Y")
    assert list(storage.check()) == []


def test_nothing_changed_elsewhere_in_a_store_of_ones_own(storage: Storage) -> None:
    save(storage, "A")
    assert storage.changed_elsewhere() == []


def test_a_closed_storage_opens_again(storage: Storage) -> None:
    save(storage, "A", "kept")
    storage.close()
    assert storage.revision("A").text == "kept"
