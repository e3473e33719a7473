"""What a proxy in front of gunicorn says about the visitor counts where the settings name it, and nowhere else."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import absent
from .families import standalone
from .installation import Installation, Missing
from .nginx import nginx
from .servers import Gateway, Run, program, serving
from .visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.gateway, pytest.mark.slow, pytest.mark.xdist_group("proxies")]

CLAIMS = {
    "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil",
    "Script-Name": "/evil", "Script_Name": "/evil", "Path_Info": "/evil", "Proxy": "http://evil.example",
}  # fmt: skip


@contextmanager
def site(gateway: Gateway, installed: Installation) -> Iterator[Run]:
    folder = Path(tempfile.mkdtemp(prefix="anywiki-proxy-", dir="/tmp"))
    folder.chmod(0o777 if os.geteuid() == 0 else 0o755)
    try:
        with serving(gateway, installed, folder) as run:
            yield run
    except Missing as missing:
        absent(missing)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def found(gateway: str, variant: str = "", mount: str = "/wiki") -> Gateway:
    """Return a row of the table."""
    [row] = [
        each
        for each in standalone.GATEWAYS
        if (each.server, each.variant, each.mount) == (f"{gateway} and gunicorn", variant, mount)
    ]
    return row


def feed(connection: http.client.HTTPConnection, mount: str) -> str:
    """Return the feed of changes, whose links are absolute, as somebody gets it who claims to be somebody else."""
    connection.request("GET", f"{mount}/-/feed/recent.atom", headers=CLAIMS | {"X-Forwarded-Proto": "gopher"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.status == 200, text
    return text


def addresses(run: Run) -> set[str]:
    """Return the addresses that are kept with the changes of a page that was saved by visitors."""
    code = "import json, sys; from wiki.app import open_wiki; wiki = open_wiki(sys.argv[1]); "
    code += "print(json.dumps([wiki.storage.revision('Seen').author.address]))"
    environ = {**os.environ, "PYTHONPATH": str(run.installation.program)}
    made = subprocess.run(
        [run.installation.python, "-c", code, str(run.data)], capture_output=True, text=True, check=True, env=environ
    )
    return set(json.loads(made.stdout))


@pytest.mark.parametrize(
    ("proxy", "variant"),
    [*((proxy, "") for proxy in standalone.PROXIES), *((proxy, standalone.STRIPPED) for proxy in standalone.STRIPPING)],
)
def test_a_trusted_proxy_says_who_and_where(installation: Installation, proxy: str, variant: str) -> None:
    with site(found(proxy, variant), installation) as run:
        text = feed(http.client.HTTPConnection("127.0.0.1", run.port, timeout=60), "/wiki")
        assert f"http://127.0.0.1:{run.port}/wiki/" in text
        assert "evil" not in text
        visitor = Visitor(run.port, "/wiki")
        fields = {**visitor.edit("Seen"), "text": "By somebody.", "do": "save"}
        body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        answer = visitor.ask(
            "/Seen?action=edit", "POST", body, Content_Type="application/x-www-form-urlencoded",
            X_Forwarded_For="203.0.113.9",
        )  # fmt: skip
        assert answer.status == 303, answer.text[:1000]
        assert addresses(run) == {"127.0.0.1"}


def test_a_proxy_that_is_not_trusted_says_nothing(installation: Installation) -> None:
    with site(replace(found("nginx"), settings={}), installation) as run:
        text = feed(http.client.HTTPConnection("127.0.0.1", run.port, timeout=60), "/wiki")
        assert "evil" not in text
        visitor = Visitor(run.port, "/wiki")
        assert visitor.save("Seen", "By somebody.").status == 303
        assert addresses(run) <= {""}


def test_https_ends_at_the_proxy(installation: Installation) -> None:
    def start(run: Run) -> None:
        standalone._gunicorn(run)
        run.wait(run.socket)
        made = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
        made += ["-keyout", str(run.folder / "key.pem"), "-out", str(run.folder / "certificate.pem")]
        subprocess.run(made, check=True, capture_output=True)
        lines = f"listen 127.0.0.1:{run.backend} ssl; ssl_certificate {run.folder}/certificate.pem; "
        nginx(run, lines + f"ssl_certificate_key {run.folder}/key.pem;\n" + run.deployed("nginx.conf"))

    with site(replace(found("nginx"), start=start), installation) as run:
        run.wait(run.backend)
        context = ssl._create_unverified_context()
        text = feed(http.client.HTTPSConnection("127.0.0.1", run.backend, timeout=60, context=context), "/wiki")
        assert f"https://127.0.0.1:{run.backend}/wiki/" in text
        connection = http.client.HTTPSConnection("127.0.0.1", run.backend, timeout=60, context=context)
        connection.request("GET", "/wiki/-/login")
        cookies = connection.getresponse().getheader("Set-Cookie") or ""
        connection.close()
        assert "; Secure" in cookies


def test_gunicorn_closes_after_its_answer_to_a_body_without_end(installation: Installation) -> None:
    [row] = [each for each in standalone.GATEWAYS if each.server == "gunicorn" and not each.mount]
    with site(row, installation) as run, socket.create_connection(("127.0.0.1", run.port), 60) as connection:
        connection.sendall(b"POST /Page?action=edit HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n")
        sent, answer = 0, b""
        try:
            while sent < 200_000_000:
                sent += connection.send(b"x" * 65536)
        except OSError:
            # It has closed, as it should.
            pass
        try:
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            # What was still on its way makes the system reset the connection.
            pass
        assert sent < 200_000_000, "it reads on and on"
        assert not answer or answer.startswith(b"HTTP/1.1 413")
        log = (run.folder / "output0.log").read_text()
        assert "Traceback" not in log


def test_gunicorn_takes_apart_what_was_sent_in_chunks(installation: Installation) -> None:
    [row] = [each for each in standalone.GATEWAYS if each.server == "gunicorn" and not each.mount]
    with site(row, installation) as run:
        visitor = Visitor(run.port, "")
        form = {**visitor.edit("Chunked"), "text": "In chunks.", "do": "save"}
        body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
        connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=60)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Transfer-Encoding": "chunked"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        pieces = (body[at : at + 7] for at in range(0, len(body), 7))
        connection.request("POST", "/Chunked?action=edit", pieces, headers, encode_chunked=True)
        assert connection.getresponse().status == 303
        connection.close()
        assert "In chunks." in visitor.page("Chunked").text
