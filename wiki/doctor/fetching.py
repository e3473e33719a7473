"""One request over HTTP, exactly as it is meant: no redirect followed, nothing cached."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 60
LIMIT = 2_000_000


@dataclass(frozen=True)
class Answer:
    """What came back, and how many seconds it took."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float

    @property
    def is_ours(self) -> bool:
        """Whether the wiki made this: each of its screens has a style sheet below `/-/static/`."""
        return "/-/static/" in self.body

    @property
    def is_source(self) -> bool:
        """Whether this is an entry file's text instead of what it does."""
        return self.body.lstrip("\ufeff").startswith("#!") or "from wiki.wsgi import application" in self.body


def fetched(url: str, path: str | None = None, **headers: str) -> Answer:
    """Return the answer to a GET of a URL, or of a path on its host; raise OSError or HTTPException."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=SECONDS)
    start = time.perf_counter()
    try:
        connection.request("GET", parts.path if path is None else path, headers=headers)
        response = connection.getresponse()
        body = response.read(LIMIT).decode("utf-8", "replace")
        seconds = time.perf_counter() - start
        return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, body, seconds)
    finally:
        connection.close()
