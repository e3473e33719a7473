"""A browser reduced to what a conversation needs: exact URLs, cookies, forms."""

from __future__ import annotations

import http.client
import os
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote, urlencode


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Forms(HTMLParser):
    """Collects the fields of each form, by the form's action."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form or a field."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), {}))
        elif self.found and tag == "input" and given.get("type") in ("hidden", "text", "password"):
            self.found[-1][1][given["name"]] = given.get("value", "")
        elif self.found and tag == "textarea":
            self._area = given["name"]
            self.found[-1][1][self._area] = ""

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a text."""
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        """Note what is in a text."""
        if self._area:
            self.found[-1][1][self._area] += data


@dataclass
class Visitor:
    """Somebody with a browser of his own, at a wiki's port and mount."""

    port: int
    mount: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, host: str | None = None, **headers: str
    ) -> Answer:
        """Ask for a path below the mount, exactly as written; keep the cookies. Header names use `_` for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, self.mount + path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host or f"127.0.0.1:{self.port}")
        if self.cookies:
            connection.putheader("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        if body is not None:
            connection.send(body)
        response = connection.getresponse()
        found = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        self.cookies = {name: value for name, value in self.cookies.items() if value}
        connection.close()
        return found

    def page(self, name: str, query: str = "", **more: str) -> Answer:
        """Ask for a page."""
        return self.ask("/" + quoted(name) + (f"?{query}" if query else ""), **more)

    def form(self, answer: Answer, needed: str) -> dict[str, str]:
        """Return the fields of the first form that has a field of this name."""
        forms = Forms()
        forms.feed(answer.text)
        for _, fields in forms.found:
            if needed in fields:
                # HTML has a line break after <textarea> ignored.
                return {name: value.removeprefix("\n") for name, value in fields.items()}
        raise AssertionError(f"no form with {needed}: {answer.status} {answer.text[:2000]}")

    def submit(self, path: str, fields: dict[str, str]) -> Answer:
        """Send a form."""
        body = urlencode(fields).encode()
        return self.ask(path, "POST", body, Content_Type="application/x-www-form-urlencoded")

    def upload(self, path: str, fields: dict[str, str], name: str, content: bytes) -> Answer:
        """Send a form with a file."""
        boundary = os.urandom(12).hex()
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n')
        parts.append("Content-Type: application/octet-stream\r\n\r\n")
        body = "".join(parts).encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self.ask(path, "POST", body, Content_Type=f"multipart/form-data; boundary={boundary}")

    def edit(self, name: str) -> dict[str, str]:
        """Open the editor and return its form."""
        return self.form(self.page(name, "action=edit"), "text")

    def save(self, name: str, text: str, form: dict[str, str] | None = None) -> Answer:
        """Save a text with the form of an editor opened before, or now."""
        fields = {**(form or self.edit(name)), "text": text, "do": "save"}
        return self.submit("/" + quoted(name) + "?action=edit", fields)


def quoted(name: str) -> str:
    """Return a page's name as a URL path."""
    return quote(name, safe="/")
