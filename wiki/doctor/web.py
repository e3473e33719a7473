"""The wiki as visitors see it: asked for over HTTP, the server's log read beside it."""

from __future__ import annotations

import dataclasses
import http.client
import os
import re
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from shlex import quote
from urllib.parse import urlsplit

from . import Case, Finding, entry, interpreter, log
from .fetching import Answer, fetched

SKEW = 60
"""Seconds by which two clocks may differ."""

ODD = "/100%25%20sure%3F"
"""A page's name with what many rewrite rules lose: `100% sure?`."""


def examine(case: Case) -> Iterator[Finding]:
    """Yield how the server answers for the wiki at a URL."""
    if not case.url:
        return
    lengths = log.ends(case.logs)
    try:
        case, first = _arrived(case)
        health = fetched(case.url + "/-/health", Authorization="Basic ZG9jdG9yOmRvY3Rvcg==")
    except ssl.SSLError as error:
        yield Finding(f"The certificate of {case.url} is not valid: {error.reason}.", "certbot renew")
        return
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        yield Finding(f"Nothing answers at {case.url}: {why}.", f"curl -v {quote(case.url)}/")
        return
    wrong = _prefix(case, first) or _prefix(case, health)
    if wrong:
        yield wrong
        return
    if health.status != 200 or health.body.strip() != "ok":
        yield from _unwell(case, first, health, lengths)
        return
    yield Finding(f"{case.url} answers.")
    checks = (_names, _authorization, _scheme, _clock, _host)
    faults = [each for check in checks if (each := check(case, first, health)) is not None]
    yield from faults
    if not faults:
        yield _times(case, health)


def _arrived(case: Case) -> tuple[Case, Answer]:
    """Return the answer to the wiki's URL, and the case with the URL that the server leads to in the end."""
    for _ in range(3):
        first = fetched(case.url + "/")
        there = urlsplit(first.headers.get("location", ""))
        if first.status not in (301, 302, 307, 308) or not there.netloc:
            break
        case = dataclasses.replace(case, url=f"{there.scheme}://{there.netloc}{there.path}".rstrip("/"))
    return case, first


# -- it does not answer as it should ----------------------------------------------------------------------------------


def _unwell(case: Case, first: Answer, health: Answer, lengths: dict[str, int]) -> Iterator[Finding]:
    folder = os.path.dirname(case.entry)
    direct = fetched(f"{case.url}/{os.path.basename(case.entry)}") if case.entry else first
    if any(each.is_source for each in (first, health, direct)):
        yield _source(case, direct, folder)
        return
    # The server writes its log when it is done with the request.
    for _ in range(20):
        told = log.translated(log.since(lengths))
        if told:
            break
        time.sleep(0.05)
    if told:
        yield from _told(case, *told)
    elif first.is_ours or health.is_ours:
        yield Finding(f"The wiki answers {health.status} at {case.url}/-/health.", f"wiki --data {case.data} check")
    elif health.status == 403:
        yield _no_programs(case, folder)
    elif health.status == 404 or health.status == 200:
        yield Finding(
            f"The server has nothing of the wiki at {case.url}.",
            case.deploying,
        )
    elif health.status in (502, 503, 504):
        yield Finding(
            f"The server answers {health.status}: it does not reach the wiki's process.", "systemctl restart wiki"
        )
    else:
        yield Finding(
            f"The server answers {health.status}, and only its error log knows why.",
            "journalctl -u lighttpd -n 20"
            if "lighttpd" in health.headers.get("server", "")
            else "wiki doctor URL --log FILE",
        )


def _source(case: Case, direct: Answer, folder: str) -> Finding:
    sentence = f"The server shows the source of the entry file at {case.url} instead of running it"
    if "lighttpd" in direct.headers.get("server", ""):
        return Finding(f"{sentence}: mod_cgi is off, or not assigned to its name.", "lighttpd-enable-mod cgi")
    file = os.path.join(folder, ".htaccess")
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            handled = "cgi-script" in opened.read()
    except OSError:
        handled = False
    if handled:
        return _override(case, folder)
    suffix = os.path.splitext(case.entry)[1] or ".cgi"
    return Finding(
        f"{sentence}: no handler is set for {suffix}.",
        f"printf 'Options +ExecCGI\\nAddHandler cgi-script {suffix}\\n' >>{quote(file)}",
    )


def _override(case: Case, folder: str) -> Finding:
    return Finding(f"The server ignores {folder}/.htaccess: AllowOverride is None.", log.allowing(folder))


def _no_programs(case: Case, folder: str) -> Finding:
    if case.entry and os.path.exists(os.path.join(folder, ".htaccess")):
        return _override(case, folder)
    return Finding(
        "The server answers 403: it may not run programs there (Options ExecCGI), or may not read the folder.",
        f"echo 'Options +ExecCGI' >>{quote(folder or '.')}/.htaccess",
    )


def _told(case: Case, found: Finding, file: str) -> Iterator[Finding]:
    """Yield what the log says; where it names an entry file of this machine, what exactly is wrong with that."""
    if file and not case.entry and os.path.isfile(file):
        known = dataclasses.replace(case, entry=file)
        exact = [each for check in (entry, interpreter) for each in check.examine(known) if each.mend]
        if exact:
            yield from exact
            return
    yield found


# -- it answers, but not right ----------------------------------------------------------------------------------------


def _prefix(case: Case, first: Answer) -> Finding | None:
    path = urlsplit(case.url).path
    found = re.search(r'"([^"]*)/-/static/', first.body)
    if not found or found[1] == path:
        return None
    setting = f'mount = "{path}"'
    file = os.path.join(case.data, "wiki.toml")
    return Finding(
        f"The wiki is at {path or '/'}, but its links lead to {found[1] or '/'}.",
        f"sed -i '/^mount *=/d' {quote(file)} && echo {quote(setting)} >>{quote(file)}",
    )


def _names(case: Case, first: Answer, health: Answer) -> Finding | None:
    if fetched(case.url + ODD).is_ours:
        return None
    return Finding(
        "Page names with % or ? do not arrive: a rewrite rule of the server appends the path.",
        f"{case.deploying} --force",
    )


def _authorization(case: Case, first: Answer, health: Answer) -> Finding | None:
    if "authorization" in health.headers.get("wiki-heard", "authorization"):
        return None
    where = os.path.join(os.path.dirname(case.entry), ".htaccess")
    return Finding(
        "The server keeps the Authorization header from the wiki, so that programs cannot log in.",
        f"echo 'CGIPassAuth On' >>{quote(where)}",
    )


def _scheme(case: Case, first: Answer, health: Answer) -> Finding | None:
    heard = health.headers.get("wiki-heard", "https").partition(" ")[0]
    if heard == "https" or not case.url.startswith("https:"):
        return None
    file = os.path.join(case.data, "wiki.toml")
    proxies = """trusted_proxies = ["unix", "127.0.0.1", "::1"]"""
    return Finding(
        "The wiki does not learn that its visitors come by https: the server in front of it is none of its "
        "trusted_proxies.",
        f"sed -i '/^trusted_proxies *=/d' {quote(file)} && echo {quote(proxies)} >>{quote(file)}",
    )


def _clock(case: Case, first: Answer, health: Answer) -> Finding | None:
    try:
        there = parsedate_to_datetime(first.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return None
    skew = round(there - time.time())
    if abs(skew) <= SKEW + first.seconds:
        return None
    ahead = "ahead of" if skew > 0 else "behind"
    return Finding(
        f"The server's clock is {abs(skew)} seconds {ahead} this machine's: one of them is wrong.",
        "timedatectl set-ntp true",
    )


def _host(case: Case, first: Answer, health: Answer) -> Finding | None:
    base = case.settings.base_url
    if not base or urlsplit(base).netloc == urlsplit(case.url).netloc:
        return None
    file = os.path.join(case.data, "wiki.toml")
    right = f"{urlsplit(case.url).scheme}://{urlsplit(case.url).netloc}"
    return Finding(
        f"Feeds and mails lead to {base}, but the wiki is at {right}.",
        f"sed -i {quote(f's|^base_url *=.*|base_url = {chr(34)}{right}{chr(34)}|')} {quote(file)}",
    )


def _times(case: Case, health: Answer) -> Finding:
    again = fetched(case.url + "/")
    cached = again.headers.get("cache-control") == "no-cache"
    from_where = "from the page cache" if cached else "without the page cache"
    return Finding(
        f"A page {from_where} takes {again.seconds * 1000:.0f} ms, an answer of the program "
        f"{health.seconds * 1000:.0f} ms."
    )
