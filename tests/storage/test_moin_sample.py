"""The sample that a real MoinMoin 1.9.11 wrote yields what its `expected.json` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wiki.acl import members
from wiki.model import NoSuchPage

from .moin_directory import ADMIN, EDITOR, EXPECTED, copied, folder_of, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wiki.storage.files import FilesStorage

PAGES: dict[str, dict[str, Any]] = EXPECTED["pages"]


@pytest.fixture(scope="module")
def moin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilesStorage]:
    storage = opened(copied(tmp_path_factory.mktemp("sample")))
    yield storage
    storage.close()


def test_these_pages_are_there_and_no_others(moin: FilesStorage) -> None:
    there = {
        name for name, facts in PAGES.items() if not ("current" in facts and facts["current"] not in facts["revs"])
    }
    assert {page.name for page in moin.pages()} == there
    assert [page.name for page in moin.pages(deleted=True)] == ["ToDelete"]
    for name in EXPECTED["absent"]:
        with pytest.raises(NoSuchPage):
            moin.page(name)


@pytest.mark.parametrize("name", [name for name, facts in PAGES.items() if "revs" in facts])
def test_revisions(moin: FilesStorage, name: str) -> None:
    facts = PAGES[name]
    texts = [change.number for change in moin.history(name) if change.number and change.kind != "delete"]
    assert sorted(texts) == facts["revs"]
    assert moin.page(name).number == facts.get("current", facts["revs"][-1])
    for number in facts["revs"]:
        revision = moin.revision(name, number)
        on_disk = (folder_of(moin_path(moin), name) / "revisions" / f"{number:08d}").read_bytes()
        assert (revision.raw or (revision.text or "").encode()) == on_disk
        assert revision.text == on_disk.decode().replace("\r", "")
        assert revision.size == len(on_disk)


def moin_path(moin: FilesStorage) -> Path:
    from pathlib import Path

    return Path(moin.tree.root)


def test_the_front_page_was_reverted_and_began_below(moin: FilesStorage) -> None:
    history = moin.history("FrontPage")
    assert [(change.number, change.kind, change.source) for change in history] == [
        (6, "revert", "2"), (5, "edit", ""), (4, "edit", ""), (3, "edit", ""), (2, "edit", ""), (1, "edit", ""),
    ]  # fmt: skip
    assert history[0].comment == "back to 2"
    assert history[0].time == 1795414496705979
    assert [change.author.name for change in history] == ["Admin", *["JürgenÖlaf"] * 3, "Admin", ""]
    assert history[0].author.id == ADMIN and history[1].author.id == EDITOR
    assert history[1].comment == "edit 2 äöü"
    assert "EditorsGroup" in (moin.page("FrontPage").acl or "")


def test_a_rename_a_copy_and_a_deletion(moin: FilesStorage) -> None:
    renamed = moin.history("Renamed Page")
    assert [(change.kind, change.source, change.comment) for change in renamed] == [
        ("rename", "ToRename", "renamed it"), ("edit", "", ""),
    ]  # fmt: skip
    assert (moin.revision("Renamed Page").text or "").startswith("## page was renamed from ToRename\n")
    copied_page = moin.history("Copied")
    assert [(change.kind, change.source, change.comment) for change in copied_page] == [
        ("copy", "ToCopy", "cp"), ("edit", "", ""),
    ]  # fmt: skip
    deleted = moin.history("ToDelete")
    assert [(change.number, change.kind, change.comment) for change in deleted] == [
        (3, "delete", "gone"), (2, "edit", ""), (1, "edit", ""),
    ]  # fmt: skip
    assert moin.revision("ToDelete").text is None
    assert moin.page("Projects/Beta").redirect == PAGES["Projects/Beta"]["redirect"]


def test_attachments_and_their_log(moin: FilesStorage) -> None:
    assert {file.name for file in moin.attachments("Projects/Alpha")} == set(PAGES["Projects/Alpha"]["attachments"])
    said = [(change.kind, change.source) for change in reversed(moin.history("Projects/Alpha"))]
    assert said == [
        ("edit", ""), ("attach", "pic one.png"), ("attach", "grüße.txt"), ("attach", "del.txt"), ("detach", "del.txt"),
    ]  # fmt: skip
    file = moin.attachment("Projects/Alpha", "grüße.txt")
    assert (
        b"".join(moin.content(file))
        == (folder_of(moin_path(moin), "Projects/Alpha") / "attachments" / "grüße.txt").read_bytes()
    )
    assert file.sha256 and file.author.name == "Admin" and file.time == 1795414497251382
    removed = moin.attachment_versions("Projects/Alpha", "del.txt")
    assert [version.deleted for version in removed] == [True, False]


def test_members_of_groups(moin: FilesStorage) -> None:
    assert list(members(moin.revision("EditorsGroup").text or "")) == PAGES["EditorsGroup"]["members"]
    assert "EditorsGroup" in members(moin.revision("AllEditorsGroup").text or "")


@pytest.mark.parametrize("said", EXPECTED["users"], ids=lambda said: said["name"])
def test_accounts(moin: FilesStorage, said: dict[str, Any]) -> None:
    user = moin.user_named(said["name"])
    assert user.name == said["name"]
    assert user.hash.startswith(said["scheme"].split(" ")[0])
    assert user.email == said.get("email", user.email)
    assert user.state == ("disabled" if said.get("disabled") else "active")
    for key in ("quicklinks", "subscribed_pages", "tz_offset", "language"):
        if key in said:
            assert user.settings[key] == said[key]
    assert user.created == int(float(".".join(user.id.split(".")[:2])) * 1_000_000)
    assert not user.admin


def test_the_sample_is_sound(moin: FilesStorage) -> None:
    assert list(moin.check()) == []


def test_recent_changes_are_those_of_all_logs(moin: FilesStorage) -> None:
    changes = [change for change in moin.changes(limit=500) if change.author.id]
    lines = (moin_path(moin) / "edit-log").read_text("utf-8").splitlines()
    told = {(int(line.split("\t")[0]), line.split("\t")[8]) for line in lines}
    assert told <= {(change.time, change.comment) for change in changes}
    assert moin.changes(limit=1)[0].time == max(moment for moment, _ in told)
