"""The entry file started by hand as the server's user, with the least that a CGI program is told (RFC 3875)."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from shlex import quote
from urllib.parse import urlsplit

from . import Case, Finding, eyes, log
from .interpreter import lacking


def examine(case: Case) -> Iterator[Finding]:
    """Yield how a CGI entry answers when it is asked for its health."""
    if not case.entry.endswith(".cgi"):
        return
    mount = urlsplit(case.url).path
    environ = {
        "PATH": case.path,
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": mount,
        "PATH_INFO": "/-/health",
        "REQUEST_URI": mount + "/-/health",
        "QUERY_STRING": "",
        "SERVER_NAME": urlsplit(case.url).hostname or "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": urlsplit(case.url).netloc or "localhost",
        "REMOTE_ADDR": "127.0.0.1",
    }
    try:
        done = eyes.run(case.user, [case.entry], environ, os.path.dirname(case.entry))
    except subprocess.TimeoutExpired:
        yield Finding(f"{case.entry} does not answer within a minute.", f"wiki --data {quote(case.data)} check")
        return
    except OSError as error:
        yield Finding(f"{case.entry} cannot be started: {error.strerror}.", f"chmod 755 {quote(case.entry)}")
        return
    errors = done.stderr.decode("utf-8", "replace")
    head = re.split(rb"\r?\n\r?\n", done.stdout, maxsplit=1)[0].decode("utf-8", "replace")
    status = re.search(r"^Status: (\d+)", head, re.M | re.I)
    if status and status[1] == "200":
        yield Finding(f"Started by hand as {case.user}, it answers.")
        return
    yield _explained(case, errors, status[1] if status else "", done.returncode)


def _explained(case: Case, errors: str, status: str, code: int) -> Finding:
    module = re.search(r"ModuleNotFoundError: No module named '(\w+)", errors)
    if module:
        path = re.sub(r"^#! *", "", case.content.decode("utf-8", "replace").split("\n")[0]).split(" ")[-1]
        return lacking(case, path, [module[1]])
    known = log.translated(errors)
    if known:
        mend = known[0].mend.replace("USER", quote(case.user)).replace("DATA", quote(case.data))
        return Finding(known[0].sentence, mend.replace("ENTRY", quote(case.entry)))
    said = [line.strip() for line in errors.splitlines() if line.strip()]
    last = re.sub(r"^[\w.]+(Error|Exception): ", "", said[-1]) if said else ""
    if code < 0:
        last = f"it was ended by signal {-code}"
    what = f"answers {status}" if status else "gives no answer"
    return Finding(
        f"Started by hand as {case.user}, {case.entry} {what}: {last or 'it says nothing about why'}",
        f"wiki --data {quote(case.data)} check",
    )
