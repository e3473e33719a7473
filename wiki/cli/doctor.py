"""`wiki doctor`: what keeps a web server from serving the wiki, and the command that mends it."""

from __future__ import annotations

import argparse
import os
import pwd
import sys

from .. import deployed, instance
from ..doctor import Case, data_of, eyes, findings
from ..model import WikiError
from .deploy import user_of


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `doctor` takes."""
    parser.description = (
        "Look for what keeps a web server from serving the wiki, and say how to mend it: in the entry file, its "
        "interpreter, the data folder, and what the server answers. As root it sees with the eyes of the server's "
        "user. Nothing is changed. The exit status is 1 if there is a fault."
    )
    parser.add_argument("url", metavar="URL", nargs="?", help="where the wiki is, such as https://example.org/wiki")
    parser.add_argument(
        "--entry", metavar="FILE", help="the entry file, or its folder (default: what wiki deploy wrote last)"
    )
    parser.add_argument("--user", metavar="NAME", help="whom the server runs programs as (who owns the data folder)")
    parser.add_argument(
        "--log", metavar="FILE", action="append", default=[], help="the server's error log (default: the usual places)"
    )


def run(options: argparse.Namespace) -> int:
    """Print what is found; return 1 if there is a fault."""
    case = _case(options)
    if not eyes.can_act(case.user):
        print(f"This is seen with your own eyes, not with those of {case.user}: run it as root.", file=sys.stderr)
    good, bad = ("✓", "✗") if _shows("✓✗") else ("ok ", "BAD")
    faults = 0
    for each in findings(case):
        print(f"{bad if each.mend else good} {each.sentence}", flush=True)
        if each.mend:
            faults += 1
            print(f"  mend: {each.mend}", flush=True)
    if not faults and not case.url:
        print("Name the wiki's URL to see what the server makes of it: wiki doctor URL")
    return 1 if faults else 0


def _case(options: argparse.Namespace) -> Case:
    """Return what is to be looked at, from what was said, what wiki deploy wrote, and the entry file."""
    entry = os.path.abspath(options.entry) if options.entry else ""
    if os.path.isdir(entry):
        entry = _entry_in(entry, os.listdir(entry)) or os.path.join(entry, "wiki.cgi")
    given = options.data or os.environ.get("WIKI_DATA", "")
    data = instance.chosen(given or data_of(entry))
    if not given and not os.path.isdir(data) and not data_of(entry):
        data = ""
    records = deployed.load(data)
    record = next((each for each in reversed(records) if not entry or each.folder == os.path.dirname(entry)), None)
    if record and not entry:
        entry = _entry_in(record.folder, list(record.files))
    url = (options.url or "").rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        raise WikiError("A URL begins with http:// or https://.")
    case = Case(data, entry=entry, logs=tuple(options.log))
    if not url and case.settings.base_url:
        url = case.settings.base_url + case.settings.mount
    user = options.user or (record.user if record else "")
    if not user:
        user = user_of(data if os.path.isdir(data) else "/")
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise WikiError("There is no user %(name)s on this machine.", name=user) from None
    return Case(data, user, entry, url, tuple(options.log))


def _entry_in(folder: str, names: list[str]) -> str:
    """Return the path of what the server starts or loads among the files of a folder, '' if nothing looks like it."""
    for suffix in (".cgi", ".fcgi", ".scgi", ".wsgi", "_wsgi.py"):
        for name in sorted(names, key=lambda each: (not each.startswith("wiki"), each)):
            if name.endswith(suffix) and name != "hello.cgi":
                return os.path.join(folder, name)
    return ""


def _shows(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeError:
        return False
    return True
