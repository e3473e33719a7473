"""What `deploy/` holds fits every installation: at the root, below a mount, with the program installed or beside it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wiki import deploying
from wiki.deploying import DeployError, Place, filled, gateways, rendered, steps

PLACE = Place(
    folder="/home/ann/public",
    data="/var/lib/notes/data",
    python="/opt/notes/bin/python3",
    program="/opt/source",
    environment="/opt/notes",
    socket="/run/notes/notes.sock",
    address="127.0.0.1:9999",
    mount="/team/wiki",
    user="ann",
)
MOUNTS = ("", "/wiki", "/team/wiki")


def at(**values: str) -> Place:
    """The installation with other values."""
    return Place(**{**vars(PLACE), **values})


@pytest.mark.parametrize("mount", MOUNTS, ids=lambda mount: mount or "/")
@pytest.mark.parametrize("program", ["/opt/source", ""], ids=["beside", "installed"])
@pytest.mark.parametrize("gateway", gateways())
def test_every_file_fits_an_installation(gateway: str, program: str, mount: str) -> None:
    files = rendered(gateway, at(mount=mount, program=program))
    assert files
    for name, (text, mode) in files.items():
        assert text.isascii(), name
        assert "\r" not in text and text.endswith("\n") and not text.endswith("\n\n"), name
        for left in ("/srv/wiki", "/run/wiki", "127.0.0.1:8000", "www-data", "\0", "# ["):
            assert left not in text, f"{name}: {left}"
        if mount != "/wiki":
            assert not re.search(r"(?<!/team)/wiki(?![\w.-])", text), name
        if not program:
            assert "/opt/source" not in text, name
        script = text.startswith("#!")
        assert mode == (0o755 if script else 0o644), name
        if re.search(r"^#!.*python", text) or name.endswith((".py", ".wsgi", ".fcgi", ".scgi")):
            compile(text, name, "exec")
        if re.search(r"^#!.*python", text):
            assert text.startswith("#!/opt/notes/bin/python3\n"), name


@pytest.mark.parametrize("mount", MOUNTS, ids=lambda mount: mount or "/")
@pytest.mark.parametrize("gateway", gateways())
def test_every_gateway_says_what_to_do_next(gateway: str, mount: str) -> None:
    told = steps(gateway, at(mount=mount))
    assert re.search(r"^1\. ", told, re.M)
    for left in ("/srv/wiki", "/run/wiki", "127.0.0.1:8000", "www-data", "```", "**", "\n\n\n", "]("):
        assert left not in told, left


@pytest.mark.parametrize("gateway", gateways())
def test_the_example_installation_is_what_is_delivered(gateway: str) -> None:
    """Below /wiki, with the example's values, only the lines for a wiki at the root go."""
    example = Place(folder=f"/srv/wiki/{gateway}", program="/srv/wiki/program", mount="/wiki")
    for name, (text, _) in rendered(gateway, example).items():
        delivered = deploying._read(f"{deploying.folder('deploy')}/{gateway}/{name}").splitlines()
        assert set(text.splitlines()) <= set(delivered), name


def test_one_of_two_blocks_is_chosen() -> None:
    text = "a\n# [below a mount]\nb /wiki;\n  # [at the root]\n# why\n#c /\n  #d\n#    e\n# [end]\nf\n"
    assert filled(text, "cgi", at(mount="/m")) == "a\nb /m;\nf\n"
    assert filled(text, "cgi", at(mount="")) == "a\n# why\nc /\n  d\n    e\nf\n"


def test_only_the_mount_is_taken_for_it() -> None:
    text = (
        '"/wiki" /wiki/Page ^/wiki(/.*)$ http://localhost/wiki http://127.0.0.1:8000/wiki; '
        "/srv/wiki/data/wiki /srv/wiki/cgi/wiki.cgi /run/wiki/wiki.sock|x /etc/wiki /var/lib/wiki/x /wiki.cgi /wikis"
    )
    assert filled(text, "cgi", PLACE) == (
        '"/team/wiki" /team/wiki/Page ^/team/wiki(/.*)$ http://localhost/team/wiki http://127.0.0.1:9999/team/wiki; '
        "/var/lib/notes/data/wiki /home/ann/public/wiki.cgi /run/notes/notes.sock|x /etc/wiki /var/lib/wiki/x /wiki.cgi"
        " /wikis"
    )


def test_values_that_look_like_examples_stay() -> None:
    place = at(folder="/srv/wiki/data", data="/srv/wiki/cgi", mount="/www-data", user="wiki")
    text = "/srv/wiki/cgi /srv/wiki/data www-data /wiki"
    assert filled(text, "cgi", place) == "/srv/wiki/data /srv/wiki/cgi wiki /www-data"


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ('sys.path.insert(0, "/srv/wiki/program")\n', ""),
        ("Environment=PYTHONPATH=/srv/wiki/program\n", ""),
        ("pythonpath = /srv/wiki/program\n", ""),
        ("Daemon wiki python-path=/srv/wiki/program threads=8\n", "Daemon wiki threads=8\n"),
    ],
)
def test_the_program_is_not_named_where_it_is_installed(line: str, left: str) -> None:
    assert filled(line, "cgi", at(program="")) == left
    assert filled(line, "cgi", PLACE) == line.replace("/srv/wiki/program", "/opt/source")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"data": "/srv/my wiki"}, "cannot stand"),
        ({"folder": '/srv/"'}, "cannot stand"),
        ({"data": "data"}, "cannot stand"),
        ({"python": "/" + "x" * 130}, "too long"),
        ({"mount": "wiki"}, "A mount is"),
        ({"mount": "/wiki/"}, "A mount is"),
        ({"mount": "/w;x"}, "A mount is"),
        ({"user": "ann; rm"}, "no user's name"),
    ],
)
def test_what_no_configuration_can_say_is_refused(values: dict[str, str], why: str) -> None:
    with pytest.raises(DeployError, match=why):
        rendered("cgi", at(**values))
    with pytest.raises(DeployError, match=r"There are: .*cgi"):
        rendered("gopher", PLACE)


def test_whatever_an_archive_made_of_a_file_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgi").mkdir()
    (tmp_path / "cgi/README.md").write_text("# CGI\n")
    (tmp_path / "cgi/wiki.cgi").write_bytes(b"\xef\xbb\xbf#!/usr/bin/python3\r\npass\r\n")
    monkeypatch.setattr(deploying, "folder", lambda name: str(tmp_path))
    assert rendered("cgi", PLACE) == {"wiki.cgi": ("#!/opt/notes/bin/python3\npass\n", 0o755)}


def test_steps_are_the_numbered_lists_with_what_introduces_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cgi").mkdir()
    (tmp_path / "cgi/README.md").write_text(
        "# CGI\n\nWhy.\n\n1. One\n   more\n2. `a /wiki`\n\n   ```sh\n   cp /srv/wiki/cgi/x y\n   ```\n\nThen **this**:\n\n"
        "1. [Two](x.md)\n\n| 1. | no |\n"
    )
    monkeypatch.setattr(deploying, "folder", lambda name: str(tmp_path))
    assert steps("cgi", PLACE).splitlines() == [
        *("1. One", "   more", "2. `a /team/wiki`", "", "   cp /home/ann/public/x y", "", "Then this:", "", "1. Two"),
    ]


def test_hello_says_the_version_and_where_a_newer_one_is() -> None:
    """Python 2 runs it too where there is one; the grammar of the oldest that can be asked for has to do."""
    script = Path(deploying.folder("deploy"), "cgi/hello.cgi")
    ast.parse(script.read_text(), feature_version=(3, 4))
    for python in filter(None, (sys.executable, shutil.which("python2.7"))):
        done = subprocess.run([python, script], capture_output=True, check=False)
        if b"pyenv: " in done.stderr:
            continue  # a stand-in for a version that is not chosen here
        head, _, body = done.stdout.decode().partition("\r\n\r\n")
        assert head.startswith("Content-Type: text/plain"), done.stderr
        assert body.startswith("Python "), body
        assert "That is new enough." in body or "The wiki needs 3.11." in body
        assert os.path.realpath(script) in body
