"""What a page may cost its reader: bytes, requests, shifts of layout."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .garden import LONG
from .screens import BEDS
from .serving import Site
from .visitor import Visitor

BYTES = 30_000
REQUESTS = 3
SHIFT = 0.02

SHIFTED = """new Promise(done => { let sum = 0;
  new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value })
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 150) })"""


@pytest.mark.parametrize("who", ["", "Ann"])
@pytest.mark.parametrize("name", ["", BEDS, "Help/Editing"])
def test_a_read_page_is_light(name: str, who: str, person: Callable[..., Visitor]) -> None:
    visitor = person(who)
    visitor.open(name)
    visitor.page.wait_for_load_state("networkidle")
    asked = [request for request in visitor.requests if request.resource_type not in ("image", "other")]
    total = 0
    for request in asked:
        sizes = request.sizes()
        total += sizes["responseBodySize"] + sizes["responseHeadersSize"]
        answer = request.response()
        assert answer is not None and answer.headers["content-encoding"] == "gzip"
    assert len(asked) <= REQUESTS
    assert total <= BYTES
    assert {request.resource_type for request in asked} <= {"document", "stylesheet", "script"}


def test_a_second_visit_sends_no_body_again(anyone: Visitor) -> None:
    anyone.open(BEDS)
    anyone.page.wait_for_load_state("networkidle")
    anyone.requests.clear()
    anyone.open(BEDS)
    anyone.page.wait_for_load_state("networkidle")
    # What comes from the browser's cache has a size below nothing.
    sizes = [max(0, request.sizes()["responseBodySize"]) for request in anyone.requests if request.response()]
    assert len(sizes) >= REQUESTS and sum(sizes) == 0


def test_a_stylesheet_may_be_kept_for_good_and_the_page_is_asked_again(site: Site, anyone: Visitor) -> None:
    anyone.open(BEDS)
    answers = {request.resource_type: request.response() for request in anyone.requests}
    page, style = answers["document"], answers["stylesheet"]
    assert page is not None and style is not None
    assert "immutable" in style.headers["cache-control"]
    again = anyone.page.request.get(site.urls.page(BEDS), headers={"If-None-Match": page.headers["etag"]})
    assert again.status == 304


@pytest.mark.parametrize("name", ["", LONG, "Help/Markdown", BEDS])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_while_a_page_is_read(name: str, width: int, person: Callable[..., Visitor]) -> None:
    visitor = person(size=(width, 800)).open(name)
    visitor.page.wait_for_load_state("networkidle")
    assert visitor.page.evaluate(SHIFTED) <= SHIFT
