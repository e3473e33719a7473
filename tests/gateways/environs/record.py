"""Records what each gateway hands over: `python -m tests.gateways.environs.record ENVIRONMENT [GATEWAY …]`, as root.

ENVIRONMENT is a virtual environment of /usr/bin/python3 with the extra `gateways`. Each real server is started
once at the root and once below /wiki with an application that answers with its environ; REQUESTS are sent, and one
JSON file per gateway is written beside this script. What a server answered by itself is kept as its status.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

from .frame import Frame
from .served import GATEWAYS

HERE = Path(__file__).parent

REQUESTS: dict[str, tuple[str, bytes]] = {
    # name: method, and the target below the mount; PORT stands for the port
    "utf-8": ("GET", b"/Caf%C3%A9/%E6%97%A5"),
    "raw utf-8": ("GET", "/Café".encode()),
    "slash": ("GET", b"/a%2Fb"),
    "percent": ("GET", b"/100%25"),
    "percent percent": ("GET", b"/a%252Fb"),
    "question mark": ("GET", b"/What%3F"),
    "hash": ("GET", b"/C%23"),
    "plus": ("GET", b"/C++"),
    "ampersand": ("GET", b"/a&b;c=d,e"),
    "blank": ("GET", b"/a%20b"),
    "double slash": ("GET", b"/a//b"),
    "dots": ("GET", b"/a/../b"),
    "trailing slash": ("GET", b"/a/"),
    "mount": ("GET", b""),
    "mount slash": ("GET", b"/"),
    "query": ("GET", "/Page?q=é&x=%C3%A9+%2B&y=//".encode()),
    "absolute": ("GET", b"http://127.0.0.1:PORT/Caf%C3%A9?q=1"),
    "post": ("POST", b"/Page"),
    "chunked": ("POST", b"/Page"),
}
SENT_HEADERS = b"Authorization: Basic QW5uOng=\r\nProxy: http://evil.example\r\nX-Forwarded-For: 10.9.9.9\r\n"


def ask(port: int, mount: str, method: str, target: bytes, chunked: bool) -> int | dict[str, object]:
    """Send one request, byte for byte, and return the environ that came back, or the server's own status."""
    if target.startswith(b"http:"):
        line = target.replace(b"PORT", b"%d" % port, 1)
        head, _, path = line.partition(b"//")
        host, _, path = path.partition(b"/")
        line = head + b"//" + host + mount.encode() + b"/" + path
    else:
        line = mount.encode() + target or b"/"
    sent = (
        method.encode()
        + b" "
        + line
        + b" HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n" % port
        + SENT_HEADERS
    )
    if method == "POST":
        sent += b"Content-Type: text/plain\r\n"
        sent += (
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            if chunked
            else b"Content-Length: 5\r\n\r\nhello"
        )
    else:
        sent += b"\r\n"
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.settimeout(15)
        connection.sendall(sent)
        got = b""
        try:
            while piece := connection.recv(65536):
                got += piece
        except OSError:
            pass
    status = int(got.split(None, 2)[1]) if got.startswith(b"HTTP/") else 0
    start, end = got.find(b"{"), got.rfind(b"}")
    if status != 200 or start < 0:
        return status
    content = got[start : end + 1].replace(b":%d" % port, b":8000").replace(b'"%d"' % port, b'"8000"')
    return dict(json.loads(content))


def record(name: str, environment: Path) -> None:
    """Write one gateway's file: what is the same in all environs of a mount stands once, under `always`."""
    found = {}
    for mount in ("", "/wiki"):
        if name.endswith("stripped") and not mount:
            continue
        frame = Frame(environment, mount)
        try:
            GATEWAYS[name](frame)
            frame.wait(frame.port)
            environs = {}
            for request, (method, target) in REQUESTS.items():
                if not mount and request == "mount":
                    continue
                answer = ask(frame.port, mount, method, target, request == "chunked")
                if isinstance(answer, dict):
                    answer = {key: str(value) if isinstance(value, str) else value for key, value in answer.items()}
                    answer = json.loads(
                        json.dumps(answer)
                        .replace(f":{frame.inner}", ":8001")
                        .replace(f'"{frame.inner}"', '"8001"')
                        .replace(str(frame.folder), "/srv/wiki")
                    )
                environs[request] = answer
            recorded = [each for each in environs.values() if isinstance(each, dict)]
            if not recorded:
                print(frame.logs(), file=sys.stderr)
            always = {
                key: value
                for key, value in (recorded[0] if recorded else {}).items()
                if all(each.get(key, ...) == value for each in recorded)
            }
            rest = {
                request: each
                if isinstance(each, int)
                else {key: value for key, value in each.items() if key not in always}
                for request, each in environs.items()
            }
            found[mount or "/"] = {"always": always, **rest}
        except Exception as error:
            print(f"{name} {mount}: {error!r}\n{frame.logs()}", file=sys.stderr)
        finally:
            frame.stop()
    lines = []
    for mount, environs in found.items():
        inner = ",\n".join(f"  {json.dumps(request)}: {json.dumps(each)}" for request, each in environs.items())
        lines.append(f" {json.dumps(mount)}: {{\n{inner}\n }}")
    (HERE / (name.replace(" ", "-") + ".json")).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    for chosen in sys.argv[2:] or GATEWAYS:
        print(chosen, flush=True)
        record(chosen, Path(sys.argv[1]))
