"""The wiki as a function: events as AWS documents them go in, answers come out. AWS itself is not tried.

PATH stands in the recorded events for the path below the stage.
"""

from __future__ import annotations

import base64
import copy
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from wiki.deploying import Place, rendered

from .conftest import absent
from .installation import PAGE, Installation, Missing

pytestmark = [pytest.mark.gateway, pytest.mark.slow, pytest.mark.xdist_group("function")]

EVENTS = {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "events").glob("*.json"))}
MOUNTS = {"apigateway-rest": "/prod", "apigateway-http-stage": "/prod"}

CALLER = """
import json, sys
import wiki_lambda
for line in sys.stdin:
    print(json.dumps(wiki_lambda.handler(json.loads(line), None)), flush=True)
"""
PROBE = """
import json, sys
from wiki.gateway.environ import regular
from wiki.gateway.function import handler
NAMES = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "HTTP_HOST", "wsgi.url_scheme", "HTTP_COOKIE")
def application(environ, start_response):
    regular(environ)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([environ.get(name) for name in NAMES]).encode()]
call = handler(application)
for line in sys.stdin:
    print(json.dumps(call(json.loads(line), None)), flush=True)
"""

Call = Callable[[dict[str, Any]], dict[str, Any]]


def event(name: str, path: str, method: str = "GET", query: str = "", body: bytes = b"", **headers: str) -> Any:
    """Return an event of a kind for a request."""
    made = json.loads(EVENTS[name].replace("PATH", path))
    several = "multiValueHeaders" in made
    for header, value in headers.items():
        if header == "cookie" and "version" in made:
            made["cookies"] = value.split("; ")
            continue
        made.get("headers", {})[header.replace("_", "-")] = value
        if several:
            made["multiValueHeaders"][header.replace("_", "-")] = [value]
    if "version" in made:
        made["rawQueryString"] = query
        made["requestContext"]["http"]["method"] = method
    else:
        made["httpMethod"] = method
        if query:
            # A load balancer hands the values on as they are, API Gateway decoded.
            as_is = name == "load-balancer"
            pairs = [tuple(each.split("=", 1)) for each in query.split("&")] if as_is else parse_qsl(query)
            made["multiValueQueryStringParameters"] = {key: [value] for key, value in pairs}
    if body:
        made["body"], made["isBase64Encoded"] = base64.b64encode(body).decode(), True
    return made


@pytest.fixture(scope="module")
def folder(installation: Installation) -> Iterator[Path]:
    """A folder that every user may read."""
    try:
        installation.need("apig_wsgi")
    except Missing as missing:
        absent(missing)
    made = Path(tempfile.mkdtemp(prefix="anywiki-function-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def calling(installation: Installation, folder: Path, code: str, data: Path) -> Iterator[Call]:
    """Yield a function that has an event answered in another process."""
    place = Place(str(folder), str(data), installation.python, str(installation.program))
    for name, (text, _mode) in rendered("lambda", place).items():
        (folder / name).write_text(text)
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{folder}:{installation.program}", "HOME": str(folder)}
    user: dict[str, Any] = {} if os.geteuid() else {"user": installation.user, "group": installation.user}
    with subprocess.Popen(
        [installation.python, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ,
        cwd=folder, **user,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout

        def call(event: dict[str, Any]) -> dict[str, Any]:
            print(json.dumps(event), file=process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        yield call
        process.stdin.close()


@pytest.fixture(scope="module")
def probe(installation: Installation, folder: Path) -> Iterator[Call]:
    """What an application would be told."""
    yield from calling(installation, folder, PROBE, folder / "none")


@pytest.fixture(scope="module")
def wiki(installation: Installation, folder: Path) -> Iterator[Call]:
    """A wiki."""
    yield from calling(installation, folder, CALLER, installation.data(folder / "data"))


def content(answer: dict[str, Any]) -> bytes:
    """Return an answer's body."""
    return base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()


def headers(answer: dict[str, Any]) -> dict[str, list[str]]:
    """Return an answer's headers, whichever form they have."""
    found = {name.lower(): [value] for name, value in answer.get("headers", {}).items()}
    found |= {name.lower(): values for name, values in answer.get("multiValueHeaders", {}).items()}
    if answer.get("cookies"):
        found["set-cookie"] = answer["cookies"]
    return found


def save(call: Call, name: str, text: str) -> tuple[str, dict[str, Any]]:
    """Save a text; return the editor that was open before, and the answer."""
    page = quote(PAGE)
    opened = call(event(name, f"/{page}", query="action=edit"))
    editor = content(opened).decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', editor))
    form = {**fields, "text": text, "do": "save"}
    cookie = "; ".join(each.partition(";")[0] for each in headers(opened).get("set-cookie", []))
    sent = event(
        name, f"/{page}", "POST", "action=edit", urlencode(form).encode(), cookie=cookie,
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    return editor, call(sent)


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/Caf%C3%A9/%E6%97%A5", "/Café/日"),
        ("/Café/日", "/Café/日"),
        ("/Café/100%41", "/Café/100%41"),
        ("/100%25", "/100%"),
        ("/100%", "/100%"),
        ("/a%2Fb", "/a/b"),
        ("/C++", "/C++"),
        ("/", "/"),
    ],
)
def test_a_path_arrives_decoded_or_not(probe: Call, name: str, path: str, expected: str) -> None:
    script, info, _query, address, host, scheme, _ = json.loads(content(probe(event(name, path))))
    assert (script, info.encode("latin-1").decode()) == (MOUNTS.get(name, ""), expected)
    assert (address, scheme) == ("198.51.100.7", "https")
    assert host in EVENTS[name]


@pytest.mark.parametrize("name", EVENTS)
def test_queries_and_cookies_arrive(probe: Call, name: str) -> None:
    sent = event(name, "/Page", query="action=raw&q=%C3%A9%26", cookie="a=1; b=2")
    _script, _info, query, *_, cookies = json.loads(content(probe(sent)))
    assert dict(parse_qsl(query)) == {"action": "raw", "q": "é&"}
    assert cookies.replace("; ", ";") == "a=1;b=2"


def test_a_stage_with_a_domain_of_its_own_is_no_part_of_the_path(probe: Call) -> None:
    sent = copy.deepcopy(event("apigateway-http-stage", "/Page"))
    for path in ("/Page", "/production"):
        sent["rawPath"] = sent["requestContext"]["http"]["path"] = path
        assert json.loads(content(probe(sent)))[:2] == ["", path]


@pytest.mark.parametrize("name", EVENTS)
def test_a_page_is_seen_edited_and_a_file_comes_down(wiki: Call, name: str) -> None:
    mount, page = MOUNTS.get(name, ""), quote(PAGE)
    answer = wiki(event(name, f"/{page}"))
    assert answer["statusCode"] == 200
    assert f'href="{mount}/' in content(answer).decode()
    packed = wiki(event(name, f"/{page}", accept_encoding="gzip"))
    assert packed["statusCode"] == 200
    text, saved = save(wiki, name, f"Saved through {name}.")
    assert saved["statusCode"] == 303, content(saved).decode()[:2000]
    [location] = headers(saved)["location"]
    assert location.partition("?")[0].endswith(f"{mount}/{page}")
    assert f"Saved through {name}." in content(wiki(event(name, f"/{page}"))).decode()
    static = re.search(rf'{mount}(/-/static/[^"]+/wiki\.css)', text)
    assert static
    style = wiki(event(name, static[1], accept_encoding="gzip"))
    assert (style["statusCode"], style["isBase64Encoded"]) == (200, True)
    assert content(style).startswith(b"\x1f\x8b")


def test_a_wiki_in_a_read_only_folder_is_read_and_not_written(installation: Installation, folder: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give the folder to another user")
    data = installation.data(folder / "packed", page_cache=False)
    # The first editor that is opened makes the secret key.
    first = calling(installation, folder, CALLER, data)
    next(first)(event("function-url", "/Page", query="action=edit"))
    next(first, None)
    for path in (data, *data.rglob("*")):
        shutil.chown(path, "root", "root")
        path.chmod(0o755 if path.is_dir() else 0o644)
    caller = calling(installation, folder, CALLER, data)
    call = next(caller)
    answer = call(event("function-url", f"/{quote(PAGE)}"))
    assert answer["statusCode"] == 200, content(answer).decode()
    assert "First text." in content(answer).decode()
    _, saved = save(call, "function-url", "Cannot be kept.")
    assert saved["statusCode"] == 503
    assert "Cannot be kept." in content(saved).decode()
    next(caller, None)
