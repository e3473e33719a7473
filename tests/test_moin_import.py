"""What a MoinMoin directory holds gets into any engine, and from there back, byte by byte."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from wiki import cli, copying
from wiki.app import open_wiki
from wiki.model import Change
from wiki.storage import Storage, open_storage

from .storage import moin_directory
from .storage.moin_directory import ADMIN, EXPECTED, SAMPLE, copied, facts, folder_of, opened


def told(storage: Storage) -> dict[str, list[Any]]:
    """Return all that is known of every change and file of every page."""
    result: dict[str, list[Any]] = {}
    for deleted in (False, True):
        for page in storage.pages(deleted=deleted):
            said: list[Any] = [page.id, page.deleted, page.number, page.acl]
            for change in storage.history(page.name, limit=1000):
                said.append(_said(change))
                if change.number:
                    revision = storage.revision(page.name, change.number)
                    said.append(revision.raw or (revision.text or "").encode())
            files = storage.attachments(page.name)
            said += [(file.name, b"".join(storage.content(file)), file.time, file.author) for file in files]
            result[page.name] = said
    return result


def _said(change: Change) -> tuple[Any, ...]:
    author = change.author
    return (change.number, change.time, change.kind, change.source, change.comment, change.minor, author)


def test_a_directory_comes_back_from_sqlite_as_it_was(tmp_path: Path) -> None:
    data = copied(tmp_path)
    storage = opened(data)
    moin_directory.save(data, "Copied", lambda text: "from 1.9\n")
    path = folder_of(data, "Copied") / "edit-log"
    path.write_text(path.read_text().replace("1795414497117426", "1999414497117426"))  # a clock that was wrong
    before = told(storage)
    between = open_storage("sqlite:copy.db", str(tmp_path))
    copying.copy(storage, between)
    assert told(between) == told(storage)
    back = open_storage("files:back", str(tmp_path))
    back.deriving = facts
    copying.copy(between, back)
    assert told(back) == told(storage)
    assert {name: said[:3] for name, said in before.items()}.keys() == told(back).keys()
    for folder in (data / "pages").iterdir():
        other = tmp_path / "back" / "pages" / folder.name
        assert (folder / "current").read_bytes() == (other / "current").read_bytes()
        for part in ("revisions", "attachments"):
            mine = {each.name: each.read_bytes() for each in (folder / part).glob("*")}
            assert mine == {each.name: each.read_bytes() for each in (other / part).glob("*")}
    assert list(back.check()) == []
    assert {user.name: user.hash for user in back.users()} == {user.name: user.hash for user in storage.users()}
    for each in (storage, between, back):
        each.close()


@pytest.fixture(params=["sqlite:wiki.db", "files:."])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new wiki's folder."""
    folder = str(tmp_path / "target")
    cli.main(["--data", folder, "init", "--storage", request.param])
    return folder


def imported(target: str, data: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert cli.main(["--data", target, "import", "moin19", str(data)]) == 0
    return capsys.readouterr().out


def test_an_import_keeps_everything_and_once_more_changes_nothing(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = copied(tmp_path)
    (tmp_path / "wikiconfig.py").write_text("class Config:\n    superuser = [u'Admin']\n    theme = f()\n")
    (data / "pages" / "Odd(abc)" / "revisions").mkdir(parents=True)
    (data / "pages" / "Odd(abc)" / "revisions" / "00000001").write_text("x\n")
    for root, folders, files in os.walk(data):
        for each in [*folders, *files]:
            os.chmod(os.path.join(root, each), 0o555)
    before = sorted(str(path) for path in data.rglob("*"))
    said = imported(target, data, capsys)
    assert "18 pages (1 of them deleted) with 29 revisions, 4 file versions, 4 accounts and 1 draft taken over" in said
    assert "Odd(abc)" in said and "event-log" in said and "theme" in said
    assert before == sorted(str(path) for path in data.rglob("*"))
    wiki = open_wiki(target)
    shutil.copytree(SAMPLE / "data", tmp_path / "second")
    for path in [tmp_path / "second", *(tmp_path / "second").rglob("*")]:
        path.chmod(0o755)
    original = opened(tmp_path / "second")
    there = told(wiki.storage)
    for name, known in told(original).items():
        # Beside the ids, and the content that MoinMoin had not kept, everything.
        assert there[name][1:] == known[1:], name
    assert wiki.storage.page("FrontPage").acl == original.page("FrontPage").acl
    users = {user.name: user for user in wiki.storage.users()}
    assert set(users) == {said["name"] for said in EXPECTED["users"]}
    assert users["Admin"].admin and not users["JürgenÖlaf"].admin
    assert users["Admin"].settings["subscribed_pages"] == ["SampleWiki:FrontPage", "Help.*"]
    assert users["OldUser"].state == "disabled"
    draft = wiki.storage.record("draft", f"{ADMIN}/FrontPage")
    assert draft is not None and draft["text"] == "draft text"
    known = told(wiki.storage)
    changes = len(wiki.storage.changes(limit=1000))
    wiki.storage.close()
    original.close()
    again = imported(target, data, capsys)
    assert "0 pages (0 of them deleted) with 0 revisions, 0 file versions, 0 accounts and 0 drafts taken over" in again
    wiki = open_wiki(target)
    assert told(wiki.storage) == known and len(wiki.storage.changes(limit=1000)) == changes
    assert list(wiki.storage.check()) == []
    wiki.storage.close()


def test_what_was_written_since_is_added_and_what_differs_is_told(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = copied(tmp_path)
    imported(target, data, capsys)
    wiki = open_wiki(target)
    wiki.visit_system("Someone").save("RstPage", "changed here\n")
    wiki.storage.close()
    moin_directory.save(data, "ToCopy", lambda text: f"{text}later\n")
    moin_directory.save(data, "RstPage", lambda text: f"{text}there too\n")
    said = imported(target, data, capsys)
    assert "1 page (0 of them deleted) with 1 revision," in said
    assert "RstPage: the wiki has another page of this name" in said
    wiki = open_wiki(target)
    assert (wiki.storage.revision("ToCopy").text or "").endswith("later\n")
    assert wiki.storage.revision("RstPage").text == "changed here\n"
    wiki.storage.close()


def test_a_draft_that_would_run_something_is_not_read(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = copied(tmp_path)
    sign = tmp_path / "sign"
    evil = f"cos\nsystem\n(S'touch {sign}'\ntR.".encode()
    (data / "cache" / "wikiconfig" / "drafts" / "1795414496.57.6783").write_bytes(evil)
    assert "this draft cannot be read" in imported(target, data, capsys)
    assert not sign.exists()


def test_a_folder_that_is_no_moinmoins_is_refused(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--data", target, "import", "moin19", str(tmp_path)]) == 1
    assert "is no MoinMoin’s data directory" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [Path(target)]
