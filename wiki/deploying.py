"""What `deploy/` holds, made fit for one installation: its paths, interpreter, mount and user in place of the examples.

The files in `deploy/` are written with the values of an example installation and are valid as they stand:

    #!/usr/bin/python3          the interpreter (first line of an entry file)
    /srv/wiki/program           the folder that holds the package `wiki`; what names it goes where it is installed
    /srv/wiki/venv              the virtual environment
    /srv/wiki/data              the data directory
    /srv/wiki/cgi               the folder in which a gateway's files lie (here `cgi`)
    /run/wiki/wiki.sock         the Unix socket; 127.0.0.1:8000 the address where a socket cannot be used
    /wiki                       the mount, wherever it is a whole segment of a URL
    www-data                    the user whom the server runs programs as

Where a wiki at the root needs other lines than one below a mount, both stand there. `#` before a line of the second
block is taken off; a `#` with one blank behind it begins a remark:

    # [below a mount]
    ScriptAlias "/wiki" "/srv/wiki/cgi/wiki.cgi"
    # [at the root]
    #ScriptAlias "/" "/srv/wiki/cgi/wiki.cgi/"
    # [end]
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .model import WikiError
from .resources import folder

README = "README.md"
SHEBANG = "#!/usr/bin/python3\n"
MARK = re.compile(r"\s*# \[(below a mount|at the root|end)\]\s*")
OPTION = re.compile(r"(?<=[^\s=]) +[\w-]+=/srv/wiki/program(?=\s|$)")
FILES = re.compile(r"(?<![\w.}])/(?:dev|etc|home|opt|proc|run|srv|tmp|usr|var)/[^\s\"';)]*")
"""Paths of files, in which `/wiki` is no mount."""

UNSAFE = set(" \"'\\$%#;{}")
"""What some configuration gives a meaning."""


class DeployError(WikiError):
    """Files for an installation cannot be made."""


@dataclass(frozen=True)
class Place:
    """One installation: what stands in its files where `deploy/` has the examples. All paths are absolute.

    `program` is the folder that holds the package, '' where the interpreter finds it by itself. `mount` is '' at the
    root, else begins with a slash and does not end with one.
    """

    folder: str
    data: str = "/srv/wiki/data"
    python: str = "/usr/bin/python3"
    program: str = ""
    environment: str = "/srv/wiki/venv"
    socket: str = "/run/wiki/wiki.sock"
    address: str = "127.0.0.1:8000"
    mount: str = ""
    user: str = "www-data"


def gateways() -> dict[str, str]:
    """Return the gateways that have a folder in `deploy/`, in alphabetical order, each with its README's title."""
    root = folder("deploy")
    found = sorted(name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name, README)))
    return {name: _read(os.path.join(root, name, README)).partition("\n")[0].lstrip("# ") for name in found}


def rendered(gateway: str, place: Place) -> dict[str, tuple[str, int]]:
    """Return the text and mode of each file that an installation needs for a gateway, by its path below `place.folder`.

    Raises DeployError for a gateway that there is not, and for values that cannot stand in such files.
    """
    if gateway not in gateways():
        raise DeployError(
            "There is no gateway “%(name)s”. There are: %(known)s.", name=gateway, known=", ".join(gateways())
        )
    _check(place)
    root = os.path.join(folder("deploy"), gateway)
    result = {}
    for name in _names(root):
        text = filled(_read(os.path.join(root, name)), gateway, place)
        result[name] = text, 0o755 if text.startswith("#!") else 0o644
    return result


def steps(gateway: str, place: Place) -> str:
    """Return what is to be done with a gateway's files: the numbered lists of its README, with what introduces them."""
    lines = _read(os.path.join(folder("deploy"), gateway, README)).splitlines()
    result: list[str] = []
    inside = False
    for number, line in enumerate(lines):
        if re.match(r"1\. ", line):
            before = [each for each in lines[:number] if each][-1:]
            while result and not result[-1]:
                result.pop()
            result += ["", *before, ""] if before and before[0].endswith(":") else [""]
            inside = True
        elif line and not re.match(r"\d+\. |  ", line):
            inside = False
        if inside and not line.strip().startswith("```"):
            result.append(line)
    text = re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", "\n".join(result).replace("**", ""))
    return filled(text.strip("\n"), gateway, place)


def filled(text: str, gateway: str, place: Place) -> str:
    """Return a text of `deploy/GATEWAY/` with an installation's values in it."""
    if text.startswith(SHEBANG):
        text = f"#!{place.python}\n" + text.removeprefix(SHEBANG)
    text = "".join(_chosen(text, below_mount=bool(place.mount)))
    if not place.program:
        # `python-path=…` goes out of its line; any other line that names the program goes whole.
        lines = OPTION.sub("", text).splitlines(keepends=True)
        text = "".join(line for line in lines if "/srv/wiki/program" not in line)
    values = {
        "/srv/wiki/program": place.program,
        "/srv/wiki/venv": place.environment,
        "/srv/wiki/data": place.data,
        f"/srv/wiki/{gateway}": place.folder,
        "/run/wiki/wiki.sock": place.socket,
        "/run/wiki": os.path.dirname(place.socket),
    }
    # Values may look like what is still to be replaced: they wait behind signs that no text has.
    held = list(values.values())
    for number, written in enumerate(values):
        text = re.sub(re.escape(written) + r"(?![\w-])", f"\0{number}\0", text)
    for path in sorted(set(FILES.findall(text)), key=len, reverse=True):
        text = text.replace(path, f"\0{len(held)}\0")
        held.append(path)
    words = {
        "/wiki": place.mount,
        "www-data": place.user,
        "127.0.0.1:8000": place.address,
        "RuntimeDirectory=wiki": f"RuntimeDirectory={os.path.basename(os.path.dirname(place.socket))}",
    }
    text = re.sub(
        r"(?<!\0)/wiki(?![\w.-])|\bwww-data\b|\b127\.0\.0\.1:8000\b|\bRuntimeDirectory=wiki\b",
        lambda match: words[match[0]],
        text,
    )
    while "\0" in text:
        text = re.sub("\0(\\d+)\0", lambda match: held[int(match[1])], text)
    return text


def _chosen(text: str, below_mount: bool) -> Iterator[str]:
    """Yield the lines of a text that count below a mount, or at the root."""
    block = ""
    for line in text.splitlines(keepends=True):
        if mark := MARK.fullmatch(line):
            block = mark[1] if mark[1] != "end" else ""
        elif block == "at the root" and not below_mount:
            yield re.sub(r"^(\s*)#(?! \S)", r"\1", line)
        elif not block or (block == "below a mount" and below_mount):
            yield line


def _names(root: str) -> Iterator[str]:
    for path, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            relative = os.path.relpath(os.path.join(path, name), root)
            if relative != README and not name.endswith(".pyc"):
                yield relative


def _read(path: str) -> str:
    # Whatever a checkout or an archive made of the file, a server wants it so: no byte order mark, Unix line ends.
    with open(path, encoding="utf-8-sig") as file:
        return file.read()


def _check(place: Place) -> None:
    for path in (place.folder, place.data, place.python, place.program, place.environment, place.socket):
        if path and not (path.startswith("/") and path.isprintable() and not set(path) & UNSAFE):
            raise DeployError(
                "The path %(path)s cannot stand in every server's configuration: choose one without blanks, quotation "
                "marks and signs such as $ or #.", path=path,
            )  # fmt: skip
    if len(place.python) > 120:
        raise DeployError(
            "The path of the interpreter, %(path)s, is too long for the first line of a script.", path=place.python
        )
    if not re.fullmatch(r"(/[\w.~-]+)*", place.mount, re.A):
        raise DeployError("A mount is a path such as /wiki, of letters, digits and - . _ ~, or empty.")
    if not re.fullmatch(r"[a-z_][\w.-]*\$?", place.user, re.I | re.A):
        raise DeployError("“%(name)s” is no user's name.", name=place.user)
