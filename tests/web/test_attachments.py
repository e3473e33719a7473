"""Files in a browser: uploaded, shown, replaced, brought back, and inert whatever they hold."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from wiki.web.site import Site

from .conftest import PAGE, Browser

Write = Callable[..., None]
AsUser = Callable[..., Browser]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def upload(browser: Browser, name: str, content: bytes, **more: str) -> int:
    """Upload a file to PAGE through its form; return the status."""
    page = browser.get(f"/{PAGE}?action=AttachFile")
    form = page.form("AttachFile")
    data = {**form.fields, **more, "file": (io.BytesIO(content), name)}
    return browser.open(form.action, "POST", data=data, content_type="multipart/form-data").status


@pytest.fixture
def ann(as_user: AsUser, write: Write) -> Browser:
    """Somebody with an account, and a page to attach to."""
    write(PAGE, "![a picture](bild.png)\n")
    return as_user("Ann")


def test_a_picture_is_uploaded_and_seen_in_the_page(ann: Browser) -> None:
    assert "Upload" in ann.get(f"/{PAGE}").text
    assert upload(ann, "bild.png", PNG) == 303
    page = ann.get(f"/{PAGE}")
    assert "<img" in page.text and 'alt="a picture"' in page.text
    picture = ann.get(f"/{PAGE}?action=AttachFile&do=get&target=bild.png")
    assert picture.body == PNG and picture.headers["Content-Type"] == "image/png"


def test_a_file_is_replaced_and_its_old_version_brought_back(ann: Browser) -> None:
    upload(ann, "a.pdf", b"one")
    upload(ann, "a.pdf", b"two")
    url = f"/{PAGE}?action=AttachFile&do=get&target=a.pdf"
    assert ann.get(url).body == b"two"
    assert ann.get(f"{url}&version=1").body == b"one"
    shown = ann.get(f"/{PAGE}?action=AttachFile&do=view&target=a.pdf")
    asked = ann.get(shown.link("Bring back"))
    asked.submit(asked.form(button="Bring back"))
    assert ann.get(url).body == b"one"


def test_a_file_is_removed_after_asking(ann: Browser) -> None:
    upload(ann, "a.txt", b"x")
    asked = ann.get(f"/{PAGE}?action=AttachFile&do=del&target=a.txt")
    assert ann.get(f"/{PAGE}?action=AttachFile&do=get&target=a.txt").status == 200
    asked.submit(asked.form(button="Remove"))
    assert ann.get(f"/{PAGE}?action=AttachFile&do=get&target=a.txt").status == 404


@pytest.mark.parametrize(
    "name", ["x.html", "x.xhtml", "x.xml", "x.js", "x.py", "x.php", "x.cgi", "x", "x.png.html", ".htaccess"]
)
def test_what_could_run_is_only_offered_to_be_saved(ann: Browser, name: str) -> None:
    upload(ann, name, b"<script>alert(1)</script>")
    answer = ann.get(f"/{PAGE}?action=AttachFile&do=get&target={name.lstrip('.')}")
    assert answer.status == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"].startswith("application/octet-stream")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_drawing_is_shown_but_sandboxed(ann: Browser) -> None:
    upload(ann, "x.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')
    answer = ann.get(f"/{PAGE}?action=AttachFile&do=get&target=x.svg")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_ranges_and_conditions_are_answered(ann: Browser) -> None:
    upload(ann, "a.txt", b"0123456789")
    url = f"/{PAGE}?action=AttachFile&do=get&target=a.txt"
    part = ann.get(url, {"Range": "bytes=2-4"})
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    tag = ann.get(url).headers["ETag"]
    assert ann.get(url, {"If-None-Match": tag}).status == 304
    assert ann.open(url, "HEAD").headers["Content-Length"] == "10"


def test_a_name_passes_through_the_header_safely(ann: Browser) -> None:
    upload(ann, 'a";\r\nX: é.txt', b"x")
    files = [file.name for file in ann.site.wiki.storage.attachments(PAGE)]
    answer = ann.get(f"/{PAGE}", action="AttachFile", do="get", target=files[0])
    assert answer.status == 200 and "\n" not in answer.headers["Content-Disposition"]
    assert "X" not in answer.headers


def test_too_large_a_file_is_refused_with_a_sentence(as_user: AsUser, make_app: Callable[..., object]) -> None:
    site: Site
    app = make_app(upload_limit=1000, anonymous_edit=True)
    browser = Browser(app)  # type: ignore[arg-type]
    browser.save(PAGE, "x")
    assert upload(browser, "a.txt", b"x" * 2000) == 413
    site = browser.site
    assert site.wiki.storage.attachments(PAGE) == []


def test_files_of_a_secret_page_are_refused(browser: Browser, secret: str, site: Site) -> None:
    site.wiki.visit_system("Setup").attach(secret, "a.txt", io.BytesIO(b"canary"))
    for query in ("", "&do=get&target=a.txt", "&do=view&target=a.txt", "&do=get&target=a.txt&version=1"):
        assert browser.get(f"/{secret}?action=AttachFile{query}").status == 403
