"""The wiki as one WSGI callable: `wiki.wsgi:application`, for the data directory WIKI_DATA, else `./data`.

Importing this costs next to nothing; the wiki is loaded with the first request that the page cache cannot answer.
"""

import os
import sys
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from .pagecache import Known


class Door:
    """One wiki's door: makes the environ regular, asks the page cache, then the wiki, which it builds once."""

    def __init__(self, data: str) -> None:
        self.data = os.path.abspath(data)
        _bytecode(self.data)
        from .gateway.environ import regular
        from .pagecache import PageCache, folder

        self._lock = allocate_lock()
        self._built: tuple[WSGIApplication, Known | None] | None = None
        self._cache = PageCache(self.built, folder(self.data), regular)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Answer a request (PEP 3333)."""
        return self._cache(environ, start_response)

    def built(self) -> "tuple[WSGIApplication, Known | None]":
        """Return the wiki and what the door knows of it; while it cannot be built, an application that says so."""
        with self._lock:
            if self._built is None:
                import gc

                collecting = gc.isenabled()
                # What is loaded now stays: looking through it for garbage, while loading and at the end, takes
                # a quarter of a view under CGI.
                gc.disable()
                try:
                    from .app import create_app
                    from .gateway.body import Drained

                    app = create_app(self.data)
                    self._built = Drained(app), app.extensions.get("door")
                    gc.freeze()
                except Exception:
                    # The edge: whatever is wrong with settings, storage or installation, a visitor sees a page.
                    return _closed(self.data), None
                finally:
                    if collecting:
                        gc.enable()
            return self._built


def _closed(data: str) -> "WSGIApplication":
    """Return an application that answers 503 for the exception being handled."""
    from .faults import number, page
    from .gateway.body import Drained

    sentence = "The wiki cannot be opened at the moment: its settings, its storage or its installation need attention."
    body = page(503, number(data), sentence)

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Retry-After", "60"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        ]
        start_response("503 Service Unavailable", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return Drained(app)


def _bytecode(data: str) -> None:
    """Have byte code kept in the data directory where it could not be kept beside this module.

    Else each process that a web server starts as another user than the program's owner compiles Flask anew.
    """
    cached = __spec__.cached
    if not cached or sys.dont_write_bytecode or sys.pycache_prefix or os.path.exists(cached):
        return
    prefix = os.path.join(data, "bytecode")
    try:
        os.mkdir(prefix, 0o700)
    except OSError:
        # There already, or not to be had; only a directory that is ours alone may hold what we run.
        pass
    try:
        status = os.lstat(prefix)
        if status.st_uid == os.geteuid() and status.st_mode & 0o170077 == 0o040000:
            sys.pycache_prefix = prefix
    except OSError:
        # No data directory, or no right to it: slower, not wrong.
        pass


application = Door(os.environ.get("WIKI_DATA") or "data")
