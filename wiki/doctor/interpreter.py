"""The interpreter of the entry file: whether the server's user can start it, and whether it has what the wiki needs."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from shlex import quote

from .. import resources
from . import Case, Finding, eyes
from .entry import BOM, new_first_line, python

NEEDED = {
    "wiki": "",
    "flask": "flask",
    "sqlite_utils": "sqlite-utils",
    "markdown": "Markdown",
    "bleach": "bleach",
    "pygments": "Pygments",
    "latex2mathml": "latex2mathml",
    "docutils": "docutils",
    "passlib": "libpass",
}
"""What has to be importable, and the names of the packages that bring it."""

PROBE = """
import json, os, sys
if sys.argv[1]:
    sys.path.insert(0, sys.argv[1])
missing, compiled = [], {}
try:
    from importlib.util import find_spec
    for name in sys.argv[2:]:
        spec = find_spec(name)
        if spec is None:
            missing.append(name)
        elif spec.origin and spec.cached:
            folder = os.path.dirname(spec.origin)
            compiled[name] = [folder, os.path.exists(spec.cached) or os.access(folder, os.W_OK)]
except ImportError:
    pass
sys.stdout.write(json.dumps({"version": list(sys.version_info[:3]), "missing": missing, "compiled": compiled}))
"""
"""Understood by Python 2 as well, since it may be the one that is asked."""


def examine(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with the interpreter that the first line names, or that nothing is."""
    line = case.content.removeprefix(BOM).split(b"\n")[0].rstrip(b"\r")
    if not case.is_program or not line.startswith(b"#!"):
        return
    words = os.fsdecode(line[2:]).split()
    faults = list(_named(case, words)) if words else [_wrong(case, "The first line names no interpreter")]
    if not faults:
        faults = list(_asked(case, words))
    yield from faults
    if not faults:
        yield Finding(f"Its interpreter {words[-1]} can be started by {case.user} and has what the wiki needs.")


def _wrong(case: Case, sentence: str) -> Finding:
    return Finding(f"{sentence} ({case.entry}).", new_first_line(case))


def _program(case: Case, words: list[str]) -> str:
    """Return the path of the interpreter, '' if `env` does not find it."""
    if os.path.basename(words[0]) != "env":
        return words[0]
    names = [word for word in words[1:] if word != "-S" and "=" not in word]
    with eyes.acting(case.user):
        return shutil.which(names[0], path=case.path) or "" if names else ""


def _named(case: Case, words: list[str]) -> Iterator[Finding]:
    """Yield why the system does not start what the first line names."""
    is_env = os.path.basename(words[0]) == "env"
    if len(words) > 2 and words[1] != "-S":
        yield _wrong(
            case,
            f"The first line, #!{' '.join(words)}, has more than one argument, and the system passes them as a single "
            "one",
        )
    elif is_env and not _program(case, words):
        yield _wrong(case, f"{words[0]} does not find {words[-1]} in the server's PATH")
    else:
        path = _program(case, words)
        if not os.path.exists(path):
            yield _wrong(case, f"There is no interpreter {path}, which the first line names")
        elif folder := eyes.closed(case.user, path):
            yield Finding(
                f"The user {case.user} cannot start {path}, since it lies below {folder}, which he cannot enter.",
                f"chmod a+x {quote(folder)}",
            )
        elif not eyes.may(case.user, path, os.X_OK) or os.path.isdir(path):
            yield Finding(f"The user {case.user} cannot start the interpreter {path}.", f"chmod a+rx {quote(path)}")


def _asked(case: Case, words: list[str]) -> Iterator[Finding]:
    """Yield what the interpreter itself says."""
    path = _program(case, words)
    command = [path, "-c", PROBE, case.program or "", *NEEDED]
    try:
        done = eyes.run(case.user, command, {"PATH": case.path})
        told = json.loads(done.stdout)
        version = ".".join(map(str, told["version"]))
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
        said = done.stderr.decode(errors="replace").strip().splitlines() if isinstance(error, ValueError) else [error]
        yield _wrong(case, f"The interpreter {path} does not run as {case.user}: {said[-1] if said else 'no answer'}")
        return
    if told["version"] < [3, 11]:
        yield _wrong(case, f"{path} is Python {version}, and the wiki needs 3.11 or newer")
        return
    # Where the entry makes its own way to the program, only the program itself can tell what is missing.
    if case.program is not None and told["missing"]:
        yield lacking(case, path, told["missing"])
    elif case.program is not None and (slow := _compiled_anew(case, path, told["compiled"])):
        yield slow


def _compiled_anew(case: Case, path: str, compiled: dict[str, tuple[str, bool]]) -> Finding | None:
    """Return the fault that compiled byte code is kept nowhere; see `_bytecode` in `wsgi.py`."""
    uncompiled = [folder for folder, kept in compiled.values() if not kept]
    if not uncompiled:
        return None
    sentence = "Python cannot keep compiled byte code anywhere, so that every start compiles the program anew."
    own = os.path.join(case.data, "bytecode")
    if not compiled["wiki"][1]:
        # The door keeps it in the data folder then, unless what is there is not the user's alone.
        if not os.path.lexists(own):
            return None
        there = os.lstat(own)
        if there.st_mode & 0o170077 == 0o040000 and pwd.getpwuid(there.st_uid).pw_name == case.user:
            return None
        return Finding(sentence, f"rm -r {quote(own)}")
    return Finding(sentence, f"{quote(path)} -m compileall -q {' '.join(map(quote, uncompiled))}")


def lacking(case: Case, path: str, missing: list[str]) -> Finding:
    """Return the fault that an interpreter does not find some modules."""
    if "wiki" in missing:
        right = os.path.dirname(resources.PACKAGE)
        if case.program:
            return Finding(
                f"The folder {case.program}, which {case.entry} names, does not hold the wiki's program.",
                f"sed -i {quote(f's|{case.program}|{right}|')} {quote(case.entry)}",
            )
        return _wrong(case, f"The wiki's program is not installed in {path}")
    names = [NEEDED.get(name, name) for name in missing]
    sentence = f"{path} lacks what the wiki needs: {', '.join(names)}."
    own = python(case)
    if os.path.realpath(os.path.dirname(own)) != os.path.realpath(os.path.dirname(path)) and _has(case, own, missing):
        return Finding(sentence, new_first_line(case))
    return Finding(sentence, f"{quote(path)} -m pip install {' '.join(map(quote, names))}")


def _has(case: Case, path: str, names: list[str]) -> bool:
    try:
        done = eyes.run(case.user, [path, "-c", PROBE, case.program or "", *names], {"PATH": case.path})
        told = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return told["version"] >= [3, 11] and not told["missing"]
