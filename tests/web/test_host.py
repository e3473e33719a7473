"""What programs ask for at the root of a host, and paths that are not written as they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response

from wiki.gateway.body import Drained
from wiki.gateway.environ import regular

from .conftest import Browser

if TYPE_CHECKING:
    from flask import Flask


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """A wiki that everybody may write."""
    return make_app(anonymous_edit=True)


@pytest.fixture
def ask(app: Flask) -> Callable[..., Response]:
    """Ask for a path exactly as written, of a wiki without a mount or with one."""

    def ask(target: str, mount: str = "", length: str = "", **more: Any) -> Response:
        environ = EnvironBuilder("/", **more).get_environ()
        query = target.partition("?")[2]
        environ.update(SCRIPT_NAME=mount, PATH_INFO="", QUERY_STRING=query, REQUEST_URI=mount + target)
        # As gunicorn does: Werkzeug then takes whatever came for all there is.
        environ["wsgi.input_terminated"] = True
        environ["CONTENT_LENGTH"] = length or environ.get("CONTENT_LENGTH", "")
        regular(environ)
        return Response(*run_wsgi_app(Drained(app.wsgi_app), environ))

    return ask


def test_a_host_answers_what_programs_ask_it_for(ask: Callable[..., Response]) -> None:
    robots = ask("/robots.txt")
    assert (robots.status_code, robots.mimetype) == (200, "text/plain")
    assert "Disallow: /-/" in robots.get_data(as_text=True)
    icon = ask("/favicon.ico")
    assert icon.status_code == 302
    found = ask(icon.headers["Location"])
    assert (found.status_code, found.mimetype) == (200, "image/svg+xml")
    for path in ("/.well-known/acme-challenge/x", "/.well-known/"):
        missing = ask(path)
        assert missing.status_code == 404
        assert "action=edit" not in missing.get_data(as_text=True)


@pytest.mark.parametrize("name", ["robots.txt", "favicon.ico", ".well-known/security.txt"])
def test_a_page_of_that_name_comes_first(ask: Callable[..., Response], browser: Browser, name: str) -> None:
    assert "The page itself." not in ask(f"/{name}").get_data(as_text=True)
    assert ask(f"/{name}?action=edit").status_code == 200
    browser.save(name, "The page itself.")
    assert "The page itself." in ask(f"/{name}").get_data(as_text=True)


@pytest.mark.parametrize("name", ["robots.txt", "favicon.ico", ".well-known/security.txt"])
def test_below_a_mount_these_are_names_like_any_other(ask: Callable[..., Response], name: str) -> None:
    answer = ask(f"/{name}", mount="/wiki")
    assert answer.status_code == 404
    assert "action=edit" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "target",
    [
        "/a/../Page", "/./Page", "/-/../Page", "/-/admin/..", "/x/../-/admin", "/-/./admin", "/-/static/../robots.txt",
        "/a/%2e%2e/b", "/%2e/b", "/-/admin/%2e%2e/recent", "/..",
    ],
)  # fmt: skip
def test_dots_in_a_path_are_refused(ask: Callable[..., Response], target: str) -> None:
    for mount in ("", "/wiki"):
        assert ask(target, mount).status_code == 400


@pytest.mark.parametrize("target", ["/-//admin", "/-/admin//users", "/-/static//wiki.css", "/-/recent//"])
def test_double_slashes_below_the_reserved_prefix_are_not_found(ask: Callable[..., Response], target: str) -> None:
    assert ask(target, "/wiki").status_code == 404


@pytest.mark.parametrize("target", ["/A//B", "//A/B", "/A/B/", "/A/B//"])
def test_other_superfluous_slashes_lead_to_the_name_without(ask: Callable[..., Response], target: str) -> None:
    answer = ask(target + "?action=info", "/wiki")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/wiki/A/B?action=info")


def test_half_a_form_is_not_taken_for_a_whole(ask: Callable[..., Response], browser: Browser) -> None:
    form = browser.get("/Torn?action=edit").form(text="")
    body = b"csrf_token=" + form.fields["csrf_token"].encode() + b"&do=save&base=0&text=Only+the+beg"
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in browser.client._cookies.values())
    answer = ask(
        "/Torn?action=edit",
        "/wiki",
        method="POST",
        data=body,
        length=str(len(body) + 10),
        headers={"Cookie": cookies},
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 400
    assert browser.get("/Torn").status == 404
