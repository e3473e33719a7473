"""The documentation says what is there: nothing is left out, links lead somewhere, and commands do what they say."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from wiki import cli, macros, settings
from wiki.acl import RIGHTS, SPECIAL
from wiki.cli import user
from wiki.markup import MARKUPS
from wiki.markup.head import KNOWN
from wiki.query import _PREFIXES as PREFIXES
from wiki.web import dispatch, old

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FILES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "data/README.md")),
        *(ROOT / "deploy").rglob("README.md"),
        *DOCS.glob("*.md"),
    ]
)
IDS = [path.relative_to(ROOT).as_posix() for path in FILES]
each_file = pytest.mark.parametrize("path", FILES, ids=IDS)

FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.M | re.S)
LINK = re.compile(r"(?<!\\)\[[^\[\]]*\]\(([^()\s]+)\)")
FOLDERS = ("wiki", "docs", "deploy", "tests", "scripts", "bench", ".ci")
"""A text in backticks that begins with one of these and a slash is a file of the checkout."""

INTERNAL = frozenset({"openiduser"})
"""Instructions that MoinMoin's own programs write, and people do not."""


def text_of(path: Path) -> str:
    """Return a document's text."""
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """Return a document's text without its fenced blocks."""
    return FENCE.sub("", text_of(path))


def blocks(path: Path, *infos: str) -> Iterator[str]:
    """Yield the fenced blocks that have one of these words behind their fence, without their indentation."""
    for indent, info, body in FENCE.findall(text_of(path)):
        if info.strip() in infos:
            yield "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))


def commands(block: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of `wiki` in a block of shell lines."""
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        first = True
        for place, word in enumerate(words):
            if (first and word == "wiki") or word.endswith("/bin/wiki"):
                rest = words[place + 1 :]
                end = next((at for at, each in enumerate(rest) if each in ("|", "<", ">", "&&", ";")), len(rest))
                yield rest[:end]
            first = word in ("|", "&&", ";") or bool(re.fullmatch(r"[A-Z_]+=.*", word))


def anchors(path: Path) -> set[str]:
    """Return the ids that GitHub gives the headings of a document."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", prose(path), re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        found.add(plain)
    return found


def headings(name: str) -> list[str]:
    """Return the headings of a document in `docs/`."""
    return re.findall(r"^#+ (.+)$", prose(DOCS / name), re.M)


def rows(path: Path, below: str = "") -> list[str]:
    """Return the first cell of each row of a document's tables, or of those below one heading."""
    text = prose(path)
    if below:
        text = re.split(r"^#+ ", text.partition(f"# {below}\n")[2], maxsplit=1, flags=re.M)[0]
    return [cell.strip() for cell in re.findall(r"^\| *(.+?) *(?<!\\)\|", text, re.M)]


# -- nothing is left out ----------------------------------------------------------------------------------------------


def test_every_setting_and_no_other_has_its_heading() -> None:
    assert headings("settings.md")[1:] == list(settings.SETTINGS)


def test_every_command_has_its_heading() -> None:
    found = headings("commands.md")
    assert [title for title in found[1:] if " " not in title] == list(cli.COMMANDS)
    assert {f"user {deed}" for deed in user.DEEDS} | {"import markdown", "export markdown"} <= set(found)


def test_every_macro_and_no_other_has_its_row() -> None:
    found = [match[1] for row in rows(DOCS / "writing.md", "Macros") if (match := re.match(r"`<<(\w+)", row))]
    assert sorted(found) == sorted(macros.REGISTRY)


def test_every_action_and_no_other_has_its_row() -> None:
    found = re.findall(r"`\?action=(\w+)", "\n".join(rows(DOCS / "urls.md", "Actions on pages")))
    gone = {name for name, route in dispatch.ACTIONS.items() if route.view == "old:gone"}
    assert sorted(found) == sorted(set(dispatch.ACTIONS) - gone)
    text = (DOCS / "urls.md").read_text("utf-8")
    assert gone == set(old.GONE)
    assert all(f"`?action={name}`" in text for name in gone)


def test_every_special_url_and_no_other_has_its_row() -> None:
    found = re.findall(r"`/-/(\w+)", "\n".join(rows(DOCS / "urls.md", "What belongs to no page")))
    assert set(found) == set(dispatch.SPECIALS)


def test_every_gateway_has_its_readme_and_its_rows() -> None:
    folders = sorted(path.name for path in (ROOT / "deploy").iterdir() if path.is_dir())
    assert folders
    for name in folders:
        assert (ROOT / "deploy" / name / "README.md").exists(), name
        assert f"](deploy/{name}/README.md)" in "\n".join(re.findall(r"^\|.*$", text_of(ROOT / "README.md"), re.M))
        assert f"[{name}]({name}/README.md)" in rows(ROOT / "deploy/README.md"), name


def test_every_right_name_markup_instruction_and_prefix_is_explained() -> None:
    assert {f"`{word}`" for word in (*RIGHTS, *SPECIAL)} <= set(rows(DOCS / "access.md"))
    writing = text_of(DOCS / "writing.md")
    assert all(f"`{name}`" in writing for name in MARKUPS)
    assert all(re.search(rf"`#{word}\b", writing) for word in KNOWN - INTERNAL)
    searching = "\n".join(rows(DOCS / "searching.md"))
    assert all(f"`{prefix}:" in searching for prefix in PREFIXES)


def test_every_document_is_listed_in_the_readme() -> None:
    readme = text_of(ROOT / "README.md")
    for path in DOCS.glob("*.md"):
        assert f"](docs/{path.name}" in readme, path.name


def test_what_a_new_data_folder_holds_is_explained(tmp_path: Path) -> None:
    from wiki.app import create_app
    from wiki.cli.setup import prepare
    from wiki.instance import Instance

    data = tmp_path / "data"
    place = Instance(str(data))
    prepare(place)
    create_app(str(data))
    place.note("An error.")
    explained = "\n".join(rows(ROOT / "data/README.md"))
    for path in data.iterdir():
        assert f"`{path.name}" in explained, path.name


# -- what is generated -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """scripts/documentation.py."""
    spec = importlib.util.spec_from_file_location("documentation", ROOT / "scripts/documentation.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_up_to_date(script: ModuleType) -> None:
    assert len(script.PARTS) == 4
    for part, (file, _make) in script.PARTS.items():
        text = text_of(ROOT / file)
        assert script.written(part, text) == text, f"{file}: run scripts/documentation.py"


def test_a_stale_part_is_noticed(script: ModuleType) -> None:
    text = text_of(DOCS / "settings.md")
    stale = text.replace("`WIKI_SITE_NAME`\n", "`WIKI_NAME`\n")
    assert stale != text
    assert script.written("settings", stale) == text
    with pytest.raises(ValueError, match="markers"):
        script.written("settings", text.replace(script.END, ""))


# -- what it refers to -------------------------------------------------------------------------------------------------


@each_file
def test_links_lead_to_a_file_and_a_heading(path: Path) -> None:
    for url in LINK.findall(re.sub(r"`[^`\n]*`", "", prose(path))):
        if re.match(r"[a-z]+:", url):
            continue
        place, _, anchor = url.partition("#")
        target = (path.parent / place).resolve() if place else path
        assert target.exists(), url
        assert target.is_relative_to(ROOT), url
        if anchor:
            assert anchor in anchors(target), url


@each_file
def test_files_that_are_named_exist(path: Path) -> None:
    for name in re.findall(r"`([\w./-]+/[\w./-]*)`", prose(path)):
        if name.partition("/")[0] in FOLDERS:
            assert (ROOT / name).exists() or (path.parent / name).exists(), name


@each_file
def test_no_document_names_a_machine_or_a_registry(path: Path) -> None:
    registries = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com"))]
    for word in [*registries, *(f"/{folder}/" for folder in ("work", "tmp"))]:
        assert word not in text_of(path), word


def test_links_and_headings_are_really_found() -> None:
    assert LINK.findall(r"[a](b.md#c) ![d](e.png) \[f](g)") == ["b.md#c", "e.png"]
    assert {"gunicorn-behind-nginx", "from-a-wheel"} <= anchors(DOCS / "installing.md")


# -- its commands ------------------------------------------------------------------------------------------------------


@each_file
def test_commands_are_understood(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks(path, "console", "console run"):
        found = list(commands(block))
        assert found or "run" in block, block
        for arguments in found:
            try:
                cli._parser(arguments).parse_args(arguments)
            except SystemExit:
                pytest.fail(f"wiki {shlex.join(arguments)}: {capsys.readouterr().err}")


@each_file
def test_commands_in_the_text_are_there(path: Path) -> None:
    for words in re.findall(r"`wiki ([a-z]+(?: [a-z0-9]+)*)", prose(path)):
        command, *rest = words.split()
        assert command in cli.COMMANDS, words
        if command in ("user", "import", "export") and rest:
            assert f"{command} {rest[0]}" in headings("commands.md"), words


def test_calls_of_the_command_are_found_in_a_line() -> None:
    assert list(commands("A=b wiki x y\nsudo -u wiki /opt/bin/wiki z > file # wiki no")) == [["x", "y"], ["z"]]
    assert list(commands("echo wiki | wiki render && wiki check\nls wiki")) == [["render"], ["check"]]


RUN = [path for path in FILES if any(blocks(path, "console run"))]


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.name)
def test_commands_marked_for_it_do_run(path: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    wiki = programs / "wiki"
    wiki.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m wiki "$@"\n')
    wiki.chmod(0o755)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environ = {key: value for key, value in os.environ.items() if not key.startswith(settings.PREFIX)}
    environ |= {"PATH": f"{programs}:{environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-euc", "\n".join(blocks(path, "console run"))],
        cwd=scratch, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_has_the_two_commands_and_a_picture() -> None:
    readme = text_of(ROOT / "README.md")
    lines = "\n".join(blocks(ROOT / "README.md", "sh"))
    for target in ("run", "test"):
        assert f"make {target}" in lines
        assert re.search(rf"^{target}:", text_of(ROOT / "Makefile"), re.M)
    assert "![" in readme and "(docs/screenshot.png)" in readme
    for target in set(re.findall(r"(?:`|^ *)make ([a-z-]+)", "\n".join(map(text_of, FILES)), re.M)):
        assert re.search(rf"^{target}:", text_of(ROOT / "Makefile"), re.M), target
