"""The wiki's URLs: where a page, an action, a file and the special pages lie below the mount."""

from __future__ import annotations

from urllib.parse import quote, urlencode

SAFE = "/~!$'()*,;:@-._"
"""Characters that stay as they are in a path. `+` and `&` are quoted: gateways and proxies differ about them."""


def quoted(name: str) -> str:
    """Return a page name as a URL path without leading slash (RFC 3986; UTF-8)."""
    return quote(name, safe=SAFE, errors="replace")


class Urls:
    """Builds URLs for one mount: '' or '/wiki'; `base` ('https://host', no slash) makes them absolute."""

    def __init__(self, mount: str = "", base: str = "") -> None:
        self.mount = mount.rstrip("/")
        self.base = base.rstrip("/")

    def page(self, name: str, action: str = "", anchor: str = "", **query: object) -> str:
        """Return the URL of a page, or of an action on it. Query values of None or '' are left out."""
        path = quoted(name)
        if name == "-" or name.startswith("-/"):
            path = "-/" + path
        pairs = [("action", action)] if action else []
        return self._url(path, pairs + list(query.items()), anchor)

    def special(self, path: str, anchor: str = "", **query: object) -> str:
        """Return the URL of what belongs to no page: `special('search', q='x')` is `/-/search?q=x`."""
        return self._url("-/" + quoted(path), list(query.items()), anchor)

    def file(self, page: str, name: str, version: int | None = None, do: str = "get") -> str:
        """Return the URL of an attachment: MoinMoin's, so that old links keep working."""
        return self.page(page, "AttachFile", do=do, target=name, version=version)

    def permanent(self, page_id: str) -> str:
        """Return the page's link that survives renames."""
        return self.special(f"p/{page_id}")

    def root(self) -> str:
        """Return the URL of the front page."""
        return f"{self.base}{self.mount}/"

    def _url(self, path: str, query: list[tuple[str, object]], anchor: str) -> str:
        pairs = [(key, str(value)) for key, value in query if value is not None and value != ""]
        url = f"{self.base}{self.mount}/{path}"
        if pairs:
            url += "?" + urlencode(pairs, errors="replace")
        if anchor:
            url += "#" + quoted(anchor)
        return url
