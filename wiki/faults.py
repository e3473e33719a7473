"""Errors that nobody expected: logged with a number, which is all that the visitor is told."""

from __future__ import annotations

import os
import sys
import traceback
from html import escape


def number(data: str | None = None) -> str:
    """Log the exception being handled, to stderr and to a data directory's `error.log`, and return its number."""
    trace = traceback.format_exc()
    name = os.urandom(4).hex()
    if data is not None:
        try:
            from .instance import Instance

            name = Instance(data).note(trace)
        except Exception:
            # Half an installation is one of the things to be reported here.
            pass
    try:
        # A line break within a message must not begin what looks like a record of its own.
        sys.stderr.write(f"error {name}\n" + "".join(f"    {line}\n" for line in trace.splitlines()))
        sys.stderr.flush()
    except (OSError, ValueError):
        # A server may have closed it.
        pass
    return name


def page(status: int, name: str, sentence: str = "") -> bytes:
    """Return a plain page for an error of this number, which needs neither templates nor settings."""
    title = "Something went wrong" if status == 500 else "The wiki is not available"
    told = sentence or "This is not your fault. Please try again in a little while."
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title></head>\n<body><main><h1>{title}</h1>\n<p>{escape(told)}</p>\n"
        f"<p>If it stays like this, tell the wiki’s administrator the number of this error: <code>{name}</code>.</p>"
        "</main></body></html>\n"
    ).encode()
