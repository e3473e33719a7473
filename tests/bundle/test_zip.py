"""What is in the zip, and how: modes, line ends, pure Python, licences; the same each time."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from .hosts import ROOT, bundling


@pytest.fixture(scope="module")
def files(bundle: Path) -> dict[str, bytes]:
    """The files in the zip by their path."""
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_everything_but_two_files_is_below_one_folder(files: dict[str, bytes]) -> None:
    assert {name for name in files if not name.startswith("-/")} == {".htaccess", "wiki.cgi"}
    assert {name.split("/")[1] for name in files if name.startswith("-/")} == {"data", "program", "static"}
    assert [name for name in files if name.startswith("-/data/")] == ["-/data/.htaccess"]


def test_the_script_may_be_run_and_is_unix_text(bundle: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(bundle) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        assert {entry.create_system for entry in archive.infolist()} == {3}
    assert modes.pop("wiki.cgi") == 0o100755
    assert set(modes.values()) == {0o100644}
    for name in ("wiki.cgi", ".htaccess"):
        assert b"\r" not in files[name]
        assert files[name].isascii()
    assert files["wiki.cgi"].startswith(b"#!/bin/sh\n")
    assert b"@NAME@" not in files["wiki.cgi"]
    subprocess.run(["sh", "-n"], input=files["wiki.cgi"], check=True)
    (start,) = [name for name in files if name.endswith("/start.py") and name.count("/") == 3]
    assert f"./{start}".encode() in files["wiki.cgi"]


def test_nothing_in_it_was_compiled(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        assert not name.endswith((".so", ".pyd", ".pyc", ".c", ".po")), name
        assert content[:4] not in (b"\x7fELF", b"\xcf\xfa\xed\xfe"), name
        assert not content.startswith(b"MZ"), name


def test_it_says_what_it_brings_along_and_under_which_licence(files: dict[str, bytes]) -> None:
    (name,) = [name for name in files if name.endswith("/PACKAGES.txt")]
    folder, text = name.removesuffix("PACKAGES.txt"), files[name].decode()
    rows = dict(re.findall(r"^(\S+ \S+): (.+)$", text, re.M))
    brought = {name.removeprefix(folder).partition("/")[0] for name in files if name.startswith(folder)}
    brought = {name for name in brought if name.endswith(".dist-info")}
    assert len(rows) == len(brought) > 10
    for each, licence in rows.items():
        package, version = each.split()
        assert f"{package.lower().replace('-', '_')}-{version}.dist-info" in {name.lower() for name in brought}, each
        assert len(licence) < 60
    for file in re.findall(r"\S+\.dist-info/\S+|\S+/LICENSE\S*", text):
        assert folder + file in files, file
    assert folder + "LICENSE" in files


def test_what_the_web_server_sends_is_the_same_as_what_the_program_would(files: dict[str, bytes]) -> None:
    sent = {name: content for name, content in files.items() if re.match("-/static/[^/]+/", name)}
    assert {name.rpartition("/")[2] for name in sent} == {path.name for path in (ROOT / "static").iterdir()}
    for name, content in sent.items():
        _, _, mark, file = name.split("/")
        assert files[f"-/program/{mark}/wiki/static/{file}"] == content


def test_the_same_sources_give_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    made = bundling()
    made.packed(made.contents(), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_each_byte_of_the_program_changes_its_name() -> None:
    made = bundling()
    program = made.program

    def changed() -> dict[str, bytes]:
        files: dict[str, bytes] = program()
        return {**files, "wiki/names.py": files["wiki/names.py"] + b"\n"}

    before = made.contents()["wiki.cgi"]
    made.program = changed
    assert made.contents()["wiki.cgi"] != before


def test_the_date_is_said_by_the_environment_or_the_last_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    made = bundling()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000001")
    assert made.date() == (2023, 11, 14, 22, 13, 20)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert made.date()[0] == 1980
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    monkeypatch.setattr(made, "ROOT", ROOT)
    assert made.date()[0] >= 2024
