"""The entry file: whether the server reaches it, may start it, and sees a program in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from shlex import quote

from . import Case, Finding, eyes

BOM = b"\xef\xbb\xbf"
OLD = "/usr/bin/python3"


def examine(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with the entry file, or that nothing is."""
    if not case.entry:
        return
    faults = list(_reach(case)) or [*_file(case), *(_first_line(case) if case.is_program else ())]
    yield from faults
    if not faults:
        yield Finding(f"The entry file {case.entry} is reached and read as it should be.")


def python(case: Case) -> str:
    """Return the interpreter for the first line: the one that runs this, if the server's user can start it."""
    own = os.path.abspath(sys.executable)
    usable = " " not in own and eyes.may(case.user, own, os.X_OK) and not eyes.closed(case.user, own)
    return own if usable else OLD


def new_first_line(case: Case) -> str:
    """Return the command that puts a right interpreter into the first line."""
    return f"sed -i {quote(f'1s|.*|#!{python(case)}|')} {quote(case.entry)}"


def _reach(case: Case) -> Iterator[Finding]:
    if not os.path.exists(case.entry):
        yield Finding(f"There is no entry file {case.entry}.", case.deploying)
    elif folder := eyes.closed(case.user, case.entry):
        # lighttpd also reads the folder itself.
        mode = "a+rx" if folder == os.path.dirname(case.entry) else "a+x"
        yield Finding(
            f"The user {case.user} cannot enter the folder {folder}, in which the entry file lies.",
            f"chmod {mode} {quote(folder)}",
        )


def _file(case: Case) -> Iterator[Finding]:
    file = quote(case.entry)
    if case.is_program and not eyes.may(case.user, case.entry, os.X_OK):
        yield Finding(f"The entry file {case.entry} is not executable for the user {case.user}.", f"chmod 755 {file}")
    elif not eyes.may(case.user, case.entry, os.R_OK):
        yield Finding(
            f"The user {case.user} cannot read the entry file {case.entry}.",
            f"chmod {'755' if case.is_program else '644'} {file}",
        )
    if case.content.startswith(BOM):
        yield Finding(
            f"The entry file {case.entry} begins with a byte order mark, which some editors put there.",
            f"sed -i '1s/^\\xEF\\xBB\\xBF//' {file}",
        )
    if b"\r\n" in case.content and case.is_program:
        yield Finding(
            f"The entry file {case.entry} has Windows line ends, so that no interpreter of that name is found.",
            f"sed -i 's/\\r$//' {file}",
        )


def _first_line(case: Case) -> Iterator[Finding]:
    lines = case.content.removeprefix(BOM).split(b"\n")
    if lines[0].startswith(b"#!"):
        return
    file = quote(case.entry)
    late = next((number for number, line in enumerate(lines[:10]) if line.startswith(b"#!")), 0)
    if late and not any(line.strip() and not line.startswith(b"#") for line in lines[:late]):
        yield Finding(
            f"The entry file {case.entry} names its interpreter (#!) on line {late + 1}; it has to be the first.",
            f"sed -i 1,{late}d {file}",
        )
    else:
        yield Finding(
            f"The entry file {case.entry} does not name its interpreter (#!) in the first line.",
            f"sed -i {quote(f'1i #!{python(case)}')} {file}",
        )
