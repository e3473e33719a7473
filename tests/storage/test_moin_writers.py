"""Several programs writing one MoinMoin directory: ours, an old MoinMoin, whoever copies files into it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wiki import names
from wiki.app import open_wiki
from wiki.model import EditConflict, NoSuchPage, Unavailable, User
from wiki.storage.files import FilesStorage, locks

from . import moin_directory
from .filling import delete, save, upload
from .moin_directory import copied, folder_of, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
SAVES = 25


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return copied(tmp_path)


@pytest.fixture
def moin(data: Path) -> Iterator[FilesStorage]:
    storage = opened(data)
    yield storage
    storage.close()


def caught_up(storage: FilesStorage) -> list[str]:
    found: list[str] = []
    while storage.behind():
        found += storage.changed_elsewhere(5)
    return found


@pytest.mark.slow
def test_two_of_ours_and_an_old_moinmoin_lose_no_line(data: Path) -> None:
    page = "Busy"
    moin_directory.save(data, page, lambda text: "begun\n")
    module = [sys.executable, "-m"]
    commands = [[*module, "tests.storage.saving", str(data), page, f"ours{number}", str(SAVES)] for number in range(2)]
    commands.append([*module, "tests.storage.moin_directory", str(data), page, "moin", str(SAVES)])
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    outputs = [process.communicate(timeout=300) for process in running]
    assert [error for _, error in outputs if "Traceback" in error] == []
    acknowledged = [line for output, _ in outputs for line in output.splitlines()]
    assert len(acknowledged) == 3 * SAVES
    wiki = open_wiki(str(data))
    wiki.catch_up(5)
    storage = wiki.storage
    revision = storage.revision(page)
    assert revision.number == 1 + len(acknowledged)
    lines = Counter((revision.text or "").splitlines())
    assert [line for line in acknowledged if lines[line] != 1] == []
    history = [change for change in storage.history(page, limit=500) if change.number]
    assert sorted(change.number for change in history) == list(range(1, revision.number + 1))
    # Everybody's line is in both logs.
    own = (folder_of(data, page) / "edit-log").read_text("utf-8").splitlines()
    assert len(own) == revision.number
    assert set(own) <= set((data / "edit-log").read_text("utf-8").splitlines())
    assert list(storage.check()) == []
    storage.close()


def test_lists_catch_up_with_what_was_saved_renamed_deleted_and_attached(data: Path, moin: FilesStorage) -> None:
    page_id = moin.page("ToCopy").id
    moin_directory.save(data, "ToCopy", lambda text: f"{text}more\n")
    moin_directory.save(data, "Fresh", lambda text: "new\n")
    moin_directory.rename(data, "ToCopy", "Moved Away")
    moin_directory.save(data, "Copied", lambda text: None)
    moin_directory.attach(data, "Fresh", "f.txt", b"1")
    assert {"ToCopy", "Moved Away", "Fresh", "Copied"} <= set(caught_up(moin))
    there = {page.name for page in moin.pages()}
    assert {"Fresh", "Moved Away"} <= there and not {"ToCopy", "Copied"} & there
    assert moin.page("Moved Away").id == page_id
    kinds = [change.kind for change in moin.changes(limit=5)]
    assert kinds == ["attach", "delete", "rename", "edit", "edit"]
    assert [file.name for file in moin.attachments("Fresh")] == ["f.txt"]
    assert caught_up(moin) == []
    assert list(moin.check()) == []


def test_remarks_and_older_files_follow_a_moinmoins_rename(data: Path, moin: FilesStorage) -> None:
    long = "x" * 300
    save(moin, "Own", "text\n", comment=long)
    upload(moin, "Own", "f", b"first")
    upload(moin, "Own", "f", b"second")
    moin_directory.rename(data, "Own", "Theirs")
    caught_up(moin)
    assert [change.comment for change in moin.history("Theirs") if change.number == 1] == [long]
    versions = moin.attachment_versions("Theirs", "f")
    assert [b"".join(moin.content(file)) for file in versions] == [b"second", b"first"]
    with pytest.raises(NoSuchPage):
        moin.page("Own")


def test_what_is_copied_in_without_a_log_is_found(data: Path, moin: FilesStorage, tmp_path: Path) -> None:
    shutil.copytree(folder_of(data, "ToCopy"), folder_of(data, "Rsynced"))
    shutil.rmtree(folder_of(data, "Copied"))
    time.sleep(0.01)
    caught_up(moin)
    there = {page.name for page in moin.pages()}
    assert "Rsynced" in there and "Copied" not in there
    assert moin.page("Rsynced").id != moin.page("ToCopy").id


def test_another_log_in_its_place_has_everything_looked_at(data: Path, moin: FilesStorage) -> None:
    (folder_of(data, "ToCopy") / "revisions" / "00000002").write_text("from the other machine\n")
    (folder_of(data, "ToCopy") / "current").write_text("00000002\n")
    other = data / "edit-log.other"
    shutil.copy(data / "edit-log", other)
    os.replace(other, data / "edit-log")
    assert "ToCopy" in caught_up(moin)
    assert moin.body("ToCopy") == "from the other machine\n"


def test_a_save_over_a_revision_that_moinmoin_has_written_meanwhile_is_refused(data: Path, moin: FilesStorage) -> None:
    with pytest.raises(EditConflict), moin.writing():  # noqa: PT012 - the conflict shows at the transaction's end
        save(moin, "Copied", "before")
        save(moin, "ToCopy", "mine")
        moin_directory.save(data, "ToCopy", lambda text: "theirs\n")
    assert moin.revision("ToCopy").text == "theirs\n"
    assert moin.page("Copied").number == 2
    assert not (folder_of(data, "ToCopy") / "current-locked").exists()
    assert not (folder_of(data, "Copied") / "revisions" / "00000003").exists()
    assert os.listdir(data / "anywiki" / "begun") == os.listdir(data / "anywiki" / "new") == []


def test_a_lock_is_waited_for_and_a_stale_one_is_broken(
    data: Path, moin: FilesStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(data, "ToCopy")
    os.rename(folder / "current", folder / "current-locked")
    assert moin.page("ToCopy").number == 1 and moin.revision("ToCopy").text
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    monkeypatch.setattr(locks.take, "__defaults__", (0.05,))
    with pytest.raises(Unavailable):
        save(moin, "ToCopy", "mine\n")
    assert (folder / "current-locked").exists() and moin.page("ToCopy").number == 1
    monkeypatch.setattr(locks, "STALE", 0.0)
    # Who left the lock had written one more revision, whole.
    (folder / "revisions" / "00000002").write_text("theirs\n")
    with pytest.raises(EditConflict):
        save(moin, "ToCopy", "mine\n")
    assert (folder / "current").read_text() == "00000002\n"
    assert moin.revision("ToCopy").text == "theirs\n"
    assert save(moin, "ToCopy", "mine\n").number == 3


def test_half_a_text_that_a_crash_left_is_put_aside(
    data: Path, moin: FilesStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(data, "ToCopy")
    os.rename(folder / "current", folder / "current-locked")
    (folder / "revisions" / "00000002").write_bytes("hälf".encode()[:2])
    monkeypatch.setattr(locks, "STALE", 0.0)
    assert save(moin, "ToCopy", "mine\n").number == 2
    assert moin.revision("ToCopy").text == "mine\n"
    assert len(os.listdir(data / "anywiki" / "aside")) == 1


def test_a_page_whose_editor_only_left_a_lock_can_be_created(data: Path, moin: FilesStorage) -> None:
    folder = folder_of(data, "Begun")
    folder.mkdir()
    (folder / "edit-lock").write_bytes(b"1\t00000000\tLOCK\tBegun\t\t\t\t\t\n")
    with pytest.raises(NoSuchPage):
        moin.page("Begun")
    assert save(moin, "Begun", "text\n").number == 1
    assert (folder / "edit-lock").exists()
    assert list(moin.check()) == []


def test_the_first_change_of_an_underlay_page_copies_it(data: Path, tmp_path: Path) -> None:
    below = tmp_path / "underlay" / "pages"
    for name, text in (("HelpContents", "below\n"), ("FrontPage", "hidden\n")):
        revisions = below / names.quote(name) / "revisions"
        revisions.mkdir(parents=True)
        (revisions / "00000001").write_text(text)
        (revisions.parent / "current").write_text("00000001")
    (below / "HelpContents" / "attachments").mkdir()
    (below / "HelpContents" / "attachments" / "p.png").write_bytes(b"png")
    storage = opened(data, str(tmp_path / "underlay"))
    assert storage.revision("HelpContents").text == "below\n"
    assert storage.page("FrontPage").number == 6
    assert "HelpContents" in {page.name for page in storage.pages()}
    page_id = storage.page("HelpContents").id
    assert save(storage, "HelpContents", "mine\n").number == 2
    own = folder_of(data, "HelpContents")
    assert (own / "revisions" / "00000001").read_text() == "below\n"
    assert (own / "attachments" / "p.png").read_bytes() == b"png"
    line = (own / "edit-log").read_text().split("\t")
    assert line[1:3] == ["00000002", "SAVE"]
    assert (below / "HelpContents" / "current").read_text() == "00000001"
    assert storage.page("HelpContents").id == page_id
    delete(storage, "HelpContents")
    assert storage.page("HelpContents").deleted
    moin_directory.save(data, "HelpIndex", lambda text: "x\n")
    assert caught_up(storage) and list(storage.check()) == []
    storage.close()


def test_the_index_may_be_deleted_at_any_moment(data: Path, moin: FilesStorage) -> None:
    ids = {page.name: page.id for page in moin.pages()}
    save(moin, "ToCopy", "minor\n", comment="c" * 300)
    before = [(change.page, change.number, change.kind, change.comment) for change in moin.changes(limit=500)]
    shutil.rmtree(data / "anywiki-cache")
    assert moin.revision("ToCopy").text == "minor\n"
    save(moin, "ToCopy", "again\n")
    caught_up(moin)
    assert {page.name: page.id for page in moin.pages()} == ids
    after = [(change.page, change.number, change.kind, change.comment) for change in moin.changes(limit=500)]
    assert sorted(after) == sorted([*before, ("ToCopy", 3, "edit", "")])


def test_odd_folders_are_told_by_name_and_stop_nothing(data: Path) -> None:
    pages = data / "pages"

    def page(folder: bytes | str, text: bytes = b"text\n") -> Path:
        path = Path(os.fsdecode(os.path.join(os.fsencode(pages), os.fsencode(folder))))
        (path / "revisions").mkdir(parents=True)
        (path / "revisions" / "00000001").write_bytes(text)
        (path / "current").write_text("00000001\n")
        return path

    page("Caf(C3A9)")
    page("Caf(c3a9)", b"exact\n")
    page("Cafe(cc81)", b"decomposed\n")
    page("NFD(65cc81)", b"alone\n")
    page("Odd(abc)")
    page("4(28)2d(29)16_Notes")
    page("Ann(2f)MoinEditorBackup")
    page("Latin", "Grüße\n".encode("latin-1"))
    page(b"raw\xff")
    (page("Lost") / "current").unlink()
    (page("Broken") / "current").write_text("x\n")
    (page("Truncated") / "edit-log").write_bytes(b"1795414496616651\t00000001\tSA")
    (pages / "OnlyLock").mkdir()
    (pages / "OnlyLock" / "edit-lock").touch()
    (page("Orphan") / "revisions" / "00000002").write_text("never named\n")
    storage = opened(data)
    assert storage.revision("Café").text == "exact\n"
    assert storage.revision("Caf(C3A9)").text == "text\n"
    assert storage.revision("Cafe(cc81)").text == "decomposed\n"
    assert storage.revision("NFDé").text == "alone\n"
    assert storage.page_by_id(storage.page("Caf(C3A9)").id).name == "Caf(C3A9)"
    assert storage.revision("4(2d)16_Notes").text == "text\n"
    assert storage.revision("Latin").raw == "Grüße\n".encode("latin-1")
    assert storage.revision("Truncated").author.id == ""
    assert storage.revision("Broken").text == "text\n"
    assert storage.revision("Orphan").text == "text\n"
    for missing in ("Lost", "OnlyLock", "Ann/MoinEditorBackup"):
        with pytest.raises(NoSuchPage):
            storage.page(missing)
    problems = list(storage.check())
    told = " ".join(f"{problem.where} {problem.what}" for problem in problems)
    for part in (
        "Caf(C3A9)", "Cafe(cc81)", "NFD(65cc81)", "Odd(abc)", "4(28)2d(29)16_Notes", "Ann(2f)MoinEditorBackup",
        "Latin", "raw", "Lost", "Broken", "Truncated", "Orphan",
    ):  # fmt: skip
        assert part in told, part
    assert "OnlyLock" not in told
    assert save(storage, "Lost", "new\n").number == 1
    storage.close()


def test_what_is_not_ours_in_a_profile_stays_byte_for_byte(data: Path, moin: FilesStorage) -> None:
    path = data / "user" / moin_directory.ADMIN
    path.write_text(path.read_text("utf-8") + "zz_unknown=ä\tb \nodd line\n", "utf-8")
    before = path.read_text("utf-8").splitlines()
    user = moin.user(moin_directory.ADMIN)
    changed = {**user.settings, "language": "de", "quicklinks": ["FrontPage", "A B"], "theme": "dark"}
    moin.put_user(replace(user, email="new@example.org", settings=changed, admin=True, state="pending"))
    after = path.read_text("utf-8").splitlines()
    different = {(old, new) for old, new in zip(before[1:], after[1:], strict=True) if old != new}
    assert different == {
        ("email=admin@example.org", "email=new@example.org"),
        ("language=en", "language=de"),
        ("disabled=0", "disabled=1"),
        ("quicklinks[]=FrontPage\t[[Projects/Alpha|Alpha]]\tSampleWiki:RecentChanges", "quicklinks[]=FrontPage\tA B"),
    }
    read = opened(data).user(moin_directory.ADMIN)
    assert read == replace(user, email="new@example.org", settings=changed, admin=True, state="pending")


def test_an_account_that_the_old_wiki_made_or_changed_is_seen(data: Path, moin: FilesStorage) -> None:
    (data / "user" / "1795414499.11.22").write_text("name=Nora\nenc_password={SSHA}x\ntz_offset=-5\n", "utf-8")
    assert moin.user_named("nora").settings == {"tz_offset": -5 * 3600}
    path = data / "user" / "1795414499.11.22"
    path.write_text("name=Nora\nemail=n@example.org\n", "utf-8")
    assert moin.user_named("Nora").email == "n@example.org"
    path.unlink()
    assert "Nora" not in {user.name for user in moin.users()}
    moin.put_user(User(id="1795414499.12.5", name="Ours"))
    said = (data / "user" / "1795414499.12.5").read_text("utf-8").splitlines()
    assert said[0].startswith("# Data saved '") and said[0].endswith("for id '1795414499.12.5'")
    assert {"name=Ours", "disabled=0"} <= set(said)
