"""What is built from a checkout: a wheel of exactly the program, a source archive without anybody's data."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PLACES = {"wiki": "wiki", "templates": "wiki/templates", "static": "wiki/static", "deploy": "wiki/deploy"}
SOURCES = (
    *PLACES,
    "docs",
    "scripts",
    "tests",
    ".ci",
    "Makefile",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
)

pytestmark = pytest.mark.xdist_group("packaging")


def files(folder):
    """Return the files below a folder that belong to the project, by their path in it."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the source archive, built from a copy that has a wiki in data/."""
    clone = tmp_path_factory.mktemp("clone") / "anywiki"
    clone.mkdir()
    for name in (*SOURCES, ".gitignore", "data/README.md"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (clone / name).parent.mkdir(exist_ok=True)
            shutil.copy(source, clone / name)
    (clone / "data/wiki.db").write_text("secret")
    command = [sys.executable, "-m", "hatchling", "build", "-d", "dist"]
    subprocess.run(command, cwd=clone, check=True, capture_output=True)
    (wheel,) = (clone / "dist").glob("*.whl")
    (archive,) = (clone / "dist").glob("*.tar.gz")
    return wheel, archive


def test_the_wheel_holds_the_program_and_nothing_else(built):
    expected = set()
    for folder, place in PLACES.items():
        expected |= {place + path.removeprefix(folder) for path in files(folder) if not path.endswith((".po", ".pot"))}
    with zipfile.ZipFile(built[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        about = {name.split(".dist-info/")[1] for name in wheel.namelist() if ".dist-info/" in name}
    assert names == expected
    assert about == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    assert {"wiki/templates/layout.html", "wiki/static/wiki.css", "wiki/pages/FrontPage.md", "wiki/wsgi.py"} <= names
    assert {"wiki/translations/de/LC_MESSAGES/messages.mo"} <= names


def test_the_source_archive_holds_no_ones_data(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/test_packaging.py", "wiki/wsgi.py", "templates/layout.html", "LICENSE", "Makefile"} <= names
    assert {name for name in names if name.startswith(("data", ".ci", ".venv", "dist"))} <= {"data/README.md"}


def test_the_wheel_runs_without_the_checkout(built, tmp_path):
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(tmp_path / "site")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("WIKI_")}
    environ |= {"PYTHONPATH": str(tmp_path / "site"), "PYTHONDONTWRITEBYTECODE": "1"}

    def ran(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert re.fullmatch(r"Anywiki \d+\.\d+\.\d+\n", ran("-m", "wiki", "--version"))
    assert str(tmp_path / "site/wiki/templates") in ran(
        "-c", "from wiki import resources; print(resources.templates())"
    )
    assert ran("-m", "wiki", "init", "here").startswith(f"The wiki is in {tmp_path}/here.")
    code = (
        "from wiki.app import create_app; print(create_app('here').test_client().get('/FrontPage?action=edit').status)"
    )
    assert re.match(r"(200|403|401)", ran("-c", code))


def test_the_metadata_says_what_it_needs():
    project = PROJECT["project"]
    assert (project["name"], project["requires-python"], project["license"]) == ("anywiki", ">=3.11", "BSD-3-Clause")
    assert project["scripts"] == {"wiki": "wiki.cli:main"}
    for requirement in project["dependencies"]:
        assert re.fullmatch(r"[A-Za-z0-9-]+>=[\d.]+(,<\d+)?", requirement)


@pytest.mark.parametrize("script", [".ci/run", "scripts/environment", "scripts/test-programs"])
def test_scripts_are_sound_shell_and_may_be_run(script):
    subprocess.run(["sh", "-n", script], cwd=ROOT, check=True)
    assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize(
    "target", ["run", "test", "lint", "bench", "screenshots", "translations", "wheel", "bundle", "try-bundle", "clean"]
)
def test_make_knows_what_the_readme_names(target):
    ran = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip()


def test_no_file_names_a_package_registry():
    hosts = re.compile(r"\b(?:files\.)?python" r"hosted\.org|\bpypi\.(?:org|io)|registry\.npm" r"js", re.I)
    for path in set().union(*(files(each) for each in (*PLACES, "docs", "scripts"))) | {"Makefile", "pyproject.toml"}:
        content = (ROOT / path).read_bytes().decode("utf-8", "replace")
        assert not hosts.search(content), path


def test_the_changelog_begins_with_this_version():
    version = re.search(r'__version__ = "([^"]+)"', (ROOT / "wiki/__init__.py").read_text(encoding="utf-8"))[1]
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
