"""What a web server's error log or a program's standard error says, in a sentence and with its mending."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable
from shlex import quote

from . import Finding

USUAL = (
    "/var/log/apache2/error.log",
    "/var/log/httpd/error_log",
    "/var/log/lighttpd/error.log",
    "/var/log/nginx/error.log",
)

PLACES = ("/etc/apache2/conf-enabled", "/etc/httpd/conf.d", "/etc/apache2/conf.d")
"""From where Apache takes parts of its configuration on Debian, Fedora and Alpine."""

Words = dict[str, str]

CASES: list[tuple[str, Callable[[Words], tuple[str, str]]]] = [
    (
        r"(?:Options ExecCGI is off in this directory: (?P<file>\S+)|from (?P<other>\S+): Options ExecCGI is off)",
        lambda it: (
            f"The server may not run programs in {_folder(it)}: the option ExecCGI is off.",
            f"echo 'Options +ExecCGI' >>{quote(_folder(it) + '/.htaccess')}",
        ),
    ),
    (
        r"(?P<file>/\S*)/\.htaccess: (?P<what>\S+) not allowed here",
        lambda it: (
            f"The server does not accept {it['what']} in {it['file']}/.htaccess: AllowOverride is too small.",
            allowing(it["file"]),
        ),
    ),
    (
        r"(?P<file>/\S*)/\.htaccess pcfg_openfile: unable to check htaccess file",
        lambda it: (
            f"The server's user cannot enter the folder {it['file']}, or one above it.",
            f"chmod a+x {quote(it['file'])}",
        ),
    ),
    (
        r"\(filesystem path '(?P<file>[^']+)'\) because search permissions are missing",
        lambda it: (
            f"The server's user cannot enter a folder on the way to {it['file']}.",
            f"chmod a+x {quote(_folder(it))}",
        ),
    ),
    (
        r"open dirname (?P<file>/\S+) failed: Permission denied",
        lambda it: (
            f"The server's user cannot enter the folder {_folder(it)}, or one above it.",
            f"chmod a+rx {quote(_folder(it))}",
        ),
    ),
    (
        r"env: .(?P<name>[^'’]*)(?:\\r|\\015|\r)",
        lambda it: ("The entry file has Windows line ends.", "sed -i 's/\\r$//' ENTRY"),
    ),
    (
        r"(?:use -\[v\]S to pass options|env: .(?P<name>[^'’]+ [^'’]*).: No such file)",
        lambda it: (
            "The first line of the entry file gives env more than one argument, and the system passes them as one.",
            "sed -i '1s|.*|#!/usr/bin/python3|' ENTRY",
        ),
    ),
    (
        r"env: .(?P<name>[^'’]+).: (?:No such file|Permission denied)",
        lambda it: (
            f"env does not find {it['name']} in the server's PATH.",
            "sed -i '1s|.*|#!/usr/bin/python3|' ENTRY",
        ),
    ),
    (
        r"can't open file '(?P<file>[^']+)': \[Errno 13\]",
        lambda it: (
            f"The server's user cannot read the entry file {it['file']}.",
            f"chmod 755 {quote(it['file'])}",
        ),
    ),
    (
        r"(?:Permission denied\S* .*exec of '(?P<file>[^']+)' failed|^(?:.*: )?(?P<other>/\S+): Permission denied$)",
        lambda it: (
            f"The server cannot start {_file(it)}: it is not executable, or its interpreter lies below a folder that "
            "the server's user cannot enter.",
            f"chmod 755 {quote(_file(it))}",
        ),
    ),
    (
        r"(?:No such file or directory\S* .*exec of '(?P<file>[^']+)' failed|"
        r"^(?:.*: )?(?P<other>/\S+): No such file or directory$)",
        lambda it: (
            f"The server cannot start {_file(it)}: there is no such interpreter as its first line names, or it has "
            "Windows line ends.",
            f"sed -i 's/\\r$//' {quote(_file(it))}",
        ),
    ),
    (
        r"(?:Exec format error\S* .*exec of '(?P<file>[^']+)' failed|^(?:.*: )?(?P<other>/\S+): Exec format error$)",
        lambda it: (
            f"The file {_file(it)} does not begin with #! and the path of an interpreter, or has a byte order mark "
            "before it.",
            f"sed -i '1s/^\\xEF\\xBB\\xBF//' {quote(_file(it))}",
        ),
    ),
    (
        r"(?:script not found or unable to stat: (?P<file>\S+)|from (?P<other>\S+): script not found)",
        lambda it: (
            f"There is no entry file {_file(it)}.",
            f"wiki deploy cgi --to {quote(_folder(it))}",
        ),
    ),
    (
        r"ModuleNotFoundError: No module named '(?P<name>[\w.]+)'",
        lambda it: (
            f"The interpreter does not find the module {it['name']}.",
            f"python3 -m pip install {it['name'].partition('.')[0]}",
        ),
    ),
    (
        r"SyntaxError: Missing parentheses in call to 'print'",
        lambda it: ("The entry file is written for Python 2.", "wiki deploy cgi --to DIR"),
    ),
    (
        r"(?:No space left on device|database or disk is full)",
        lambda it: ("The disk with the data folder is full.", "df -h"),
    ),
    (
        r"Disk quota exceeded",
        lambda it: ("The server's user has used up his quota on the disk.", "quota"),
    ),
    (
        r"PermissionError: \[Errno 13\] Permission denied: '(?P<file>[^']+)'",
        lambda it: (
            f"The server's user cannot use {it['file']}.",
            f"chown -R USER: {quote(it['file'])}",
        ),
    ),
    (
        r"(?:attempt to write a readonly database|unable to open database file)",
        lambda it: ("The server's user cannot write the database.", "chown -R USER: DATA"),
    ),
    (
        r"(?:malformed header from script '(?P<file>[^']+)'|malformed header from script\. Bad header=)",
        lambda it: (
            "The entry file prints something before its headers: it is not the wiki's, or was changed.",
            "wiki deploy cgi --to DIR --force",
        ),
    ),
    (
        r"(?:Timeout waiting for output from CGI|Script timed out before returning headers|read timeout on CGI)",
        lambda it: ("The program does not answer in the time that the server grants.", "wiki check"),
    ),
    (
        r"CGI pid \d+ died with signal (?P<name>\d+)",
        lambda it: (
            f"The interpreter crashed with signal {it['name']}: it does not fit this system.",
            "/usr/bin/python3 -m venv ENVIRONMENT",
        ),
    ),
    (
        r"(?:connect\(\) to unix:(?P<file>\S+) failed|connect to Unix domain socket (?P<other>\S+) .*failed)",
        lambda it: (
            f"The server does not reach the wiki's socket {_file(it).rstrip(':')}: nothing listens there, or the "
            "server's user may not use it.",
            "systemctl restart wiki",
        ),
    ),
    (
        r"(?:Connection refused\) while connecting to upstream|Connection refused: AH\d+)",
        lambda it: ("Nothing listens where the server looks for the wiki.", "systemctl restart wiki"),
    ),
]
"""What a line may say (Apache's mod_cgi and mod_cgid, lighttpd, nginx, Python), and what that means."""


def allowing(folder: str) -> str:
    """Return the command that has Apache read a folder's `.htaccess`."""
    place = next((each for each in PLACES if os.path.isdir(each)), PLACES[0])
    text = f'<Directory "{folder}">\\n    AllowOverride All\\n</Directory>\\n'
    return f"printf {quote(text)} >>{place}/wiki-htaccess.conf && apachectl graceful"


def _file(it: Words) -> str:
    return it["file"] or it["other"]


def _folder(it: Words) -> str:
    return os.path.dirname(_file(it).rstrip(")"))


def translated(text: str) -> tuple[Finding, str] | None:
    """Return the first fault that a log tells of, and the file that it names ('' if none); None if there is none."""
    for pattern, meaning in CASES:
        if found := re.search(pattern, text, re.M):
            words = {"file": "", "other": "", **{key: value or "" for key, value in found.groupdict().items()}}
            return Finding(*meaning(words)), _file(words)
    return None


def ends(logs: tuple[str, ...]) -> dict[str, int]:
    """Return the logs that can be read, each with its length in bytes: those given, else those in the usual places."""
    result = {}
    for path in logs or (*USUAL, *glob.glob(os.path.expanduser("~/logs/*error*log"))):
        try:
            with open(path, "rb") as file:
                result[path] = file.seek(0, os.SEEK_END)
        except OSError:
            continue
    return result


def since(lengths: dict[str, int]) -> str:
    """Return what was written into logs since they were this long."""
    text = ""
    for path, length in lengths.items():
        try:
            with open(path, "rb") as file:
                file.seek(length)
                text += file.read(200_000).decode("utf-8", "replace")
        except OSError:
            continue
    return text
