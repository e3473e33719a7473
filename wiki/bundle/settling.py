"""Finding a bundle's data folder: outside what the web server shows, else inside and proven to be kept from visitors.

The choice is remembered in `-/data/folder.txt`, relative to that folder.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

from .. import codefile, resources
from ..instance import KEY, Instance
from ..model import WikiError
from . import places

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

OWN = "-"
"""The bundle's own folder in the web space."""

REMEMBERED = "folder.txt"
CONFIRMED = "checked.txt"
RULES = "HTTP_X_ANYWIKI_RULES"
"""What the bundle's .htaccess sets; suexec lets only such names through."""

CONTROL = "wiki.css"


class NotYet(Exception):
    """The wiki cannot be opened; `title` says what is wrong, `sentences` what to do."""

    def __init__(self, title: str, *sentences: str, code: tuple[str, ...] = ()) -> None:
        super().__init__(title)
        self.title = title
        self.sentences = sentences
        self.code = code

    def page(self) -> bytes:
        """Return a page that needs neither templates nor settings. Lines of `code` stand below the sentences."""
        title = escape(self.title)
        body = "".join(f"<p>{escape(each)}</p>\n" for each in self.sentences)
        body += "".join(f"<pre>{escape(each)}</pre>\n" for each in self.code)
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title></head>\n<body><main><h1>{title}</h1>\n{body}"
            "<p>Then load this page again.</p></main></body></html>\n"
        ).encode("utf-8", "replace")


def settled(root: str, environ: WSGIEnvironment) -> str:
    """Return the data folder of the bundle in a folder, made ready if it is new; raise NotYet."""
    with _alone(root):
        own = os.path.join(root, OWN, "data")
        parents = places.outside(root, environ.get("DOCUMENT_ROOT", ""), _home())
        data = _remembered(own) or places.existing(root, parents)
        if not data:
            _require_rules(environ)
            data = places.made(root, parents) or _inside(own, parents, environ)
        _prepare(data)
        _remember(own, data)
        return data


@contextmanager
def _alone(root: str) -> Iterator[None]:
    """Keep other first visits waiting."""
    descriptor = -1
    try:
        try:
            descriptor = os.open(root, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            pass  # no right to list the folder, or no locks there: what follows bears company
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _home() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return ""


def _require_rules(environ: WSGIEnvironment) -> None:
    """Raise NotYet unless the bundle's .htaccess counts: it hides the script, and all but static files."""
    if environ.get(RULES):
        return
    script = environ.get("SCRIPT_FILENAME", "").rpartition("/")[2] or "wiki.cgi"
    if script not in environ["wiki.raw_path"] and environ["PATH_INFO"] not in ("", "/"):
        return  # a rewrite rule led here
    raise NotYet(
        "The file .htaccess does not count here",
        "The wiki needs the file .htaccess that came with it, beside wiki.cgi.",
        "Perhaps it was not uploaded: many programs hide files whose name begins with a dot. Upload it again.",
        "If it is there, this host ignores it. Ask the host to allow it for this folder (in Apache’s words: "
        "AllowOverride FileInfo Options Indexes AuthConfig). A web server that knows no .htaccess, such as nginx or "
        "lighttpd, needs a configuration of its own instead of this bundle.",
    )


def _remembered(own: str) -> str:
    """Return the folder of the last visit, '' if none is remembered; raise NotYet if it has gone."""
    try:
        with open(os.path.join(own, REMEMBERED), "rb") as file:
            place = os.fsdecode(file.read().strip())
    except OSError:
        return ""
    data = os.path.normpath(os.path.join(os.path.realpath(own), place))
    if os.path.isdir(data):
        return data
    raise NotYet(
        "The wiki’s data folder is not there",
        "It should be here. Bring it back, or correct the path in the file that remembers it (the second line below).",
        "To begin with a new and empty wiki, delete that file.",
        code=(data, os.path.join(own, REMEMBERED)),
    )


def _remember(own: str, data: str) -> None:
    """Write down where the data is, if that can be done; else it is looked for each time."""
    place = os.path.relpath(data, os.path.realpath(own))
    path = os.path.join(own, REMEMBERED)
    temporary = f"{path}.{secrets.token_hex(6)}"
    try:
        with open(temporary, "xb") as file:
            file.write(os.fsencode(place) + b"\n")
        os.replace(temporary, path)
    except OSError:
        pass


def _inside(own: str, parents: list[str], environ: WSGIEnvironment) -> str:
    """Return a data folder below `-/data` that nobody can guess, once it is certain that none of it is served."""
    from . import proof

    try:
        word = proof.put(own)
    except OSError:
        raise _nowhere(own, parents) from None
    url = f"{environ['SCRIPT_NAME']}/{OWN}/data/canary.txt"
    static = os.path.join(os.path.dirname(own), "static", resources.bundle(), CONTROL)
    try:
        with open(static, "rb") as file:
            content = file.read()
        found = proof.verdict(environ, (f"{OWN}/static/{resources.bundle()}/{CONTROL}", content), f"{OWN}/data", word)
    except OSError:
        found = proof.UNKNOWN
    better = f"Better still, make a folder outside the web space into which the wiki may write:{_hint(parents)}"
    if found == proof.SERVED:
        raise NotYet(
            "The wiki’s data would be shown to everybody",
            "The only folder into which the wiki may write lies in the web space, and this host shows what is in it, "
            "although the file .htaccess there forbids it. So nothing was stored. You can see it yourself: the first "
            "address below shows a file that nobody should see.",
            "Ask the host to heed .htaccess files (in Apache’s words: AllowOverride AuthConfig), also in a server that "
            "stands before Apache.",
            better,
            code=(url, *(os.path.join(each, places.HOLDER) for each in parents[:1])),
        )
    if found == proof.UNKNOWN and not os.path.exists(os.path.join(own, CONFIRMED)):
        raise NotYet(
            "Please look whether the wiki’s data is protected",
            "The only folder into which the wiki may write lies in the web space, and this host cannot ask itself "
            "whether visitors are kept out of it. Please open the first address below in your browser.",
            "If it says “Forbidden” or “Not found”, all is well: put an empty file named checked.txt into the folder "
            "of the second line, with your FTP program. If it shows a text about a canary, the wiki cannot be kept "
            "here: ask the host to heed .htaccess files.",
            better,
            code=(url, own, *(os.path.join(each, places.HOLDER) for each in parents[:1])),
        )
    proof.remove(own)
    data = os.path.join(own, secrets.token_hex(8))
    os.mkdir(data, 0o700)
    return data


def _nowhere(own: str, parents: list[str]) -> NotYet:
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    return NotYet(
        "The wiki may not write anywhere",
        f"Programs run on this host as the user “{user}”, who may make no file here or beside the web space. Make one "
        "of these folders and let that user write into it: with your FTP program, set its permissions to 777; with a "
        "shell, give it to that user. The first is the best.",
        code=(*(os.path.join(each, places.HOLDER) for each in parents), own),
    )


def _hint(parents: list[str]) -> str:
    return " the last line below." if parents else " but there is none above this one."


def _prepare(data: str) -> None:
    """Make what a new wiki needs, and the code for its owner before all else; raise NotYet."""
    if os.path.exists(os.path.join(data, KEY)):
        return
    from ..cli import setup

    try:
        codefile.offer(data)
        setup.prepare(Instance(data))
    except (OSError, WikiError) as error:
        raise NotYet(
            "The wiki’s data folder cannot be used", f"{error}. Is the disk space used up?", code=(data,)
        ) from None
