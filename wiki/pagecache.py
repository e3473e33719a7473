"""The page cache's reading side: finished pages for certainly anonymous visitors, sent without loading the wiki.

Every module and every line here is paid for by each cached hit under CGI, so this file imports nothing that a bare
interpreter has not loaded anyway. What describes, fills and evicts is in `keeper`, and loaded on a miss.

An entry is three files below `pages/<epoch>/<site>/`: the body, the body compressed, and the head (what it is of, what
the other two must be, the response's headers). The path is the page's name with a suffix that no folder has.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORMAT = "anywiki 1"
PROGRAM = os.path.join(os.path.dirname(__file__), "__init__.py")
BODY, GZIP, HEAD = b".html", b".html.gz", b".head"
ODD = bytes(range(32)) + b'\x7f"#%?\\'
"""Bytes that a server's rewrite rule cannot carry into a file name."""
COOKIES = ("wiki_session", "wiki_theme", "wiki_language")
"""Who has one of these cookies, under whatever prefix, gets his pages from the program."""
COMMON = [("Cache-Control", "no-cache"), ("Vary", "Cookie, Accept-Encoding")]
MEMO_ENTRIES, MEMO_BYTES = 256, 16 << 20


class Known:
    """What the door knows of the settings, which it may not read itself: written by `keeper.describe`.

    `mount` is None where it is not configured; `hosts` is empty where any is answered (then no page may show its own
    host name). `fingerprint` stands for settings, program and templates; `stamps` are the files it was made from.
    `program` is the `installed` of the program that wrote it.
    """

    __slots__ = (
        "epoch",
        "fingerprint",
        "front_page",
        "hosts",
        "mount",
        "on",
        "program",
        "proxies",
        "remote_user",
        "stamps",
        "text",
    )

    def __init__(self, text: str) -> None:
        """Read the file's text; raise ValueError or KeyError if it is not whole."""
        first, *lines = text.split("\n")
        if first != FORMAT:
            raise ValueError(first)
        self.stamps = []
        fields = {}
        for line in lines:
            name, _, value = line.partition("=")
            if name == "stamp":
                self.stamps.append(value)
            else:
                fields[name] = value
        self.text = text
        self.epoch = fields["epoch"]
        self.on = fields["on"] == "yes"
        self.mount = fields.get("mount")
        self.hosts = fields["hosts"].split()
        self.front_page = fields["front_page"].encode()
        self.proxies = fields["proxies"].split()
        self.remote_user = fields["remote_user"] == "yes"
        self.program = fields["program"]
        self.fingerprint = fields["fingerprint"]
        if "end" not in fields:
            raise ValueError("truncated")


class Entry:
    """A finished page: its head, and of its two bodies those that were asked for."""

    __slots__ = ("body", "etag", "gzip", "head", "headers", "stamps")

    def __init__(self, head: bytes) -> None:
        """Read a head; raise ValueError if it is not whole. `body` and `gzip` are stamps until they are loaded."""
        self.head = head
        lines = head.decode("utf-8", "surrogateescape").split("\n")
        first, self.etag, body, zipped, count, _name, *rest = lines
        if first != FORMAT or rest.pop() != "end":
            raise ValueError(first)
        self.body: str | bytes = body
        self.gzip: str | bytes = zipped
        self.stamps = rest[: int(count)]
        self.headers = [(name, value) for name, _, value in (line.partition(": ") for line in rest[int(count) :])]


class PageCache:
    """WSGI middleware that answers from finished pages, and has the wiki's answers kept where its views allow it.

    `factory` returns the application and what it was described as; it is called on the first miss. `regular` makes an
    environ regular, knowing what there is to know. `folder` is the cache folder.

    On a miss that may be kept, `environ["wiki.keep"]` is a dict: a view whose finished page the anonymous visitor may
    read, and which depends on nothing but what is evicted, sets `name` to the page's name and may set `stamps` to a
    list of `stamp(path)`, taken before it read the page, of files that other programs write.
    """

    def __init__(
        self,
        factory: "Callable[[], tuple[WSGIApplication, Known | None]]",
        folder: str,
        regular: "Callable[[WSGIEnvironment, Known | None], object] | None" = None,
    ) -> None:
        self.factory = factory
        self.folder = folder
        self.regular = regular
        self._pages = os.fsencode(folder) + b"/pages/"
        self._built: tuple[WSGIApplication, Known | None] | None = None
        self._known: tuple[bytes, Known] | None = None
        self._memo: dict[bytes, Entry] = {}
        self._memo_bytes = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Answer from the cache, or have the application answer."""
        known = self.known()
        built = self._built
        if built is None and known is None:
            built = self._build()
            known = self.known()
        door = built[1] if built else known
        if self.regular:
            self.regular(environ, door)
        name = path = None
        if known and known.on and same(door, known):
            name = page_name(environ, known)
            path = self.path(environ, known, name) if name else None
        if known and name and path:
            entry = self._entry(path, name)
            response = entry and self.response(entry, environ, path)
            if response:
                status, headers, body = response
                environ["wiki.hit"] = True
                start_response(status, headers)
                return [body] if body else []
        app, door = built or self._build()
        if known and name and path and environ["REQUEST_METHOD"] == "GET" and same(door, known):
            from .filling import Filling

            filling = Filling.started(self.folder, known, path, name)
            if filling:
                return self._filled(app, filling, environ, start_response)
        return app(environ, start_response)

    def known(self) -> Known | None:
        """Return what the door knows, None if it was never told, or not by this program, or from other settings."""
        try:
            raw = read(os.fsencode(self.folder) + b".info")
            if self._known is None or self._known[0] != raw:
                self._known = raw, Known(raw.decode("utf-8", "surrogateescape"))
        except (OSError, ValueError, KeyError):
            return None
        known = self._known[1]
        return known if known.program == installed() and unchanged(known.stamps) else None

    def path(self, environ: "WSGIEnvironment", known: Known, name: bytes) -> bytes | None:
        """Return where the entry of a page lies, without suffix, None where this site or name is not kept."""
        site: str = environ["wsgi.url_scheme"]
        if known.hosts:
            host = environ.get("HTTP_HOST", "").lower()
            # Any other port would make an entry for each that somebody thinks of.
            bare, colon, port = host.rpartition(":")
            if host not in known.hosts and not (colon and port == environ.get("SERVER_PORT") and bare in known.hosts):
                return None
            site += "_" + host
        site += environ["SCRIPT_NAME"].replace("/", "+")
        relative = key(name)
        if relative is None or not site.isascii() or not site.isprintable():
            return None
        return self._pages + known.epoch.encode() + b"/" + site.encode() + b"/" + relative

    def response(
        self, entry: Entry, environ: "WSGIEnvironment", path: bytes = b""
    ) -> "tuple[str, list[tuple[str, str]], bytes] | None":
        """Return what an entry answers to a request, None if its body has gone meanwhile."""
        zipped = bool(entry.gzip) and takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        common = [("ETag", f'"{entry.etag}-gz"' if zipped else f'"{entry.etag}"'), *COMMON]
        condition = environ.get("HTTP_IF_NONE_MATCH")
        if condition and names_etag(condition, entry.etag):
            return "304 Not Modified", common, b""
        body = entry.gzip if zipped else entry.body
        if isinstance(body, str):
            if environ["REQUEST_METHOD"] == "HEAD":
                size = body.split(" ", 1)[0]
                return "200 OK", [*entry.headers, *common, *self._lengths(size, zipped)], b""
            found = read(path + (GZIP if zipped else BODY), body)
            if not found:
                return None
            body = found
            if zipped:
                entry.gzip = body
            else:
                entry.body = body
            self._remember(path, entry, len(body))
        headers = [*entry.headers, *common, *self._lengths(str(len(body)), zipped)]
        return "200 OK", headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else body

    @staticmethod
    def _lengths(size: str, zipped: bool) -> list[tuple[str, str]]:
        if zipped:
            return [("Content-Encoding", "gzip"), ("Content-Length", size)]
        return [("Content-Length", size)]

    def _entry(self, path: bytes, name: bytes) -> Entry | None:
        # The head is read each time, since no stamp of a file tells two of the same clock tick apart.
        try:
            head = read(path + HEAD)
            entry = self._memo.get(path)
            if entry is None or entry.head != head:
                # A file system that ignores case or Unicode form may have found another page's entry.
                if head.split(b"\n", 6)[5] != name:
                    return None
                entry = Entry(head)
        except (OSError, ValueError, IndexError):
            return None
        return entry if unchanged(entry.stamps) else None

    def _remember(self, path: bytes, entry: Entry, size: int) -> None:
        if len(self._memo) >= MEMO_ENTRIES or self._memo_bytes > MEMO_BYTES:
            self._memo.clear()
            self._memo_bytes = 0
        self._memo[path] = entry
        self._memo_bytes += size

    def _build(self) -> "tuple[WSGIApplication, Known | None]":
        built = self.factory()
        if built[1]:
            self._built = built
        return built

    def _filled(
        self, app: "WSGIApplication", filling: "Filling", environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        keep: dict[str, object] = {}
        environ["wiki.keep"] = keep
        # The application must give the whole page, whatever version this visitor has.
        condition = environ.pop("HTTP_IF_NONE_MATCH", None)
        environ.pop("HTTP_IF_MODIFIED_SINCE", None)
        held: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status, headers, exc_info=None):  # type: ignore[no-untyped-def]
            if filling.accepts(keep, status, headers) and not exc_info:
                held[:] = [(status, headers)]
                return held.append
            held.clear()
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        result = app(environ, start)
        if not held:
            return result
        try:
            body = b"".join(result)
        finally:
            close = getattr(result, "close", None)
            if close:
                close()
        status, headers = held[0]
        entry = filling.keep(keep, headers, body)
        if condition:
            environ["HTTP_IF_NONE_MATCH"] = condition
        response = entry and self.response(entry, environ)
        if response:
            status, headers, body = response
        start_response(status, headers)
        return [body]


if TYPE_CHECKING:
    from .filling import Filling


def same(door: Known | None, known: Known) -> bool:
    """Say whether a process that was built as the one runs with the settings that the other describes."""
    return door is not None and door.fingerprint == known.fingerprint


def folder(data: str) -> str:
    """Return the cache folder of a data directory: MoinMoin's own `cache` holds drafts, and is not ours to clean."""
    return os.path.join(data, "anywiki-cache" if os.path.isdir(os.path.join(data, "pages")) else "cache")


def page_name(environ: "WSGIEnvironment", known: Known) -> bytes | None:
    """Return the page (UTF-8) of which a request is a plain view by a certainly anonymous visitor, else None."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or environ.get("QUERY_STRING"):
        return None
    if environ.get("HTTP_AUTHORIZATION") or environ.get("REMOTE_USER"):
        return None
    cookie = environ.get("HTTP_COOKIE")
    if cookie and any(name in cookie for name in COOKIES):
        return None
    path = environ.get("PATH_INFO", "")
    try:
        return path[1:].encode("latin-1") or known.front_page if path[:1] == "/" else None
    except UnicodeError:
        return None


def key(name: bytes) -> bytes | None:
    """Return the path of a page's entry below its site, None for what is no page's normal name or below `/-/`.

    Names that a rewrite rule or a file system cannot carry are written in hexadecimal below the folder `=`.
    """
    parts = name.split(b"/")
    if parts[0] == b"-":
        return None
    plain = parts[0] != b"=" and len(name.translate(None, ODD)) == len(name)
    for part in parts:
        if part in (b"", b".", b".."):
            return None
        if len(part) > 240 or part[0] == 46 or part.endswith((BODY, GZIP, HEAD)):
            plain = False
    if plain:
        return name
    digits = name.hex().encode()
    return b"=/" + b"/".join(digits[at : at + 200] for at in range(0, len(digits), 200))


def stamp(path: str) -> str:
    """Return what tells one state of a file from the next: size, time of change in nanoseconds, inode; and its path."""
    try:
        status = os.stat(path)
    except OSError:
        return f"- - - {path}"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino} {path}"


def installed() -> str:
    """Return what tells one installation of the program from the next, wherever it lies: state and inode of a file."""
    # Who unpacks a new version over this one, or beside it, restarts nothing and touches no setting.
    return stamp(PROGRAM).rpartition(" ")[0]


def unchanged(stamps: list[str]) -> bool:
    """Say whether all files are still in the state that these stamps tell of."""
    return all(stamp(line.split(" ", 3)[3]) == line for line in stamps)


def read(path: bytes, state: str = "") -> bytes:
    """Return a file's bytes, b"" if it is in another state than told (size, time, inode); raise OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        if state:
            return b""
        raise
    try:
        status = os.fstat(descriptor)
        if state and state != f"{status.st_size} {status.st_mtime_ns} {status.st_ino}":
            return b""
        content = os.read(descriptor, status.st_size)
        while len(content) < status.st_size:
            more = os.read(descriptor, status.st_size - len(content))
            if not more:
                raise OSError("the file became shorter")
            content += more
        return content
    finally:
        os.close(descriptor)


def takes_gzip(header: str) -> bool:
    """Say whether an Accept-Encoding header allows gzip (RFC 9110, 12.5.3): named, and not with a weight of 0."""
    if "gzip" not in header:
        return False
    for part in header.split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            name, _, value = weight.partition("=")
            return name.strip() not in ("q", "Q") or value.strip().strip("0.") != ""
    return False


def names_etag(header: str, etag: str) -> bool:
    """Say whether an If-None-Match header names this page, in either coding (RFC 9110, 13.1.2: weak comparison)."""
    for part in header.split(","):
        value = part.strip().removeprefix("W/")
        if value in ("*", f'"{etag}"', f'"{etag}-gz"'):
            return True
    return False
