"""Files of a page: uploaded, seen, replaced, and the old one back."""

from __future__ import annotations

from . import drawings
from .visitor import Visitor

WIDTH = "picture => picture.decode().then(() => picture.naturalWidth)"
PDF = {"name": "sowing – 暦.pdf", "mimeType": "application/pdf", "buffer": drawings.pdf()}


def picture(width: int) -> dict[str, object]:
    """Return a picture of some width as a browser sends it."""
    return {"name": "plan.png", "mimeType": "image/png", "buffer": drawings.plan(width=width, height=120)}


def upload(visitor: Visitor, *files: dict[str, object]) -> None:
    """Choose files in the form that is shown and send them."""
    visitor.main.locator("[type=file]").set_input_files(list(files))  # type: ignore[arg-type]
    visitor.press("Upload")


def test_a_picture_is_uploaded_seen_replaced_and_the_old_one_comes_back(ann: Visitor) -> None:
    ann.write("Uploads/日本", "![the plan](plan.png)\n\n[calendar](<sowing – 暦.pdf>)\n")
    ann.follow("Files")
    upload(ann, picture(300), PDF)
    assert "The file is kept." in ann.text
    assert ann.main.locator("tbody th a").all_inner_texts() == ["plan.png", "sowing – 暦.pdf"]

    shown = ann.open("Uploads/日本").main.locator("article img")
    assert shown.evaluate(WIDTH) == 300
    assert shown.get_attribute("alt") == "the plan"
    href = ann.main.get_by_role("link", name="calendar").get_attribute("href")
    answer = ann.page.request.get(ann.site.base + str(href))
    assert answer.body() == PDF["buffer"]
    assert answer.headers["content-type"] == "application/pdf"

    ann.follow("Files").follow("plan.png")
    upload(ann, picture(200))
    assert ann.open("Uploads/日本").main.locator("article img").evaluate(WIDTH) == 200

    ann.follow("Files").follow("plan.png")
    assert ann.main.locator(".picture img").evaluate(WIDTH) == 200
    ann.follow("Bring back version 1").press("Bring back")
    assert ann.open("Uploads/日本").main.locator("article img").evaluate(WIDTH) == 300


def test_a_removed_file_can_be_brought_back(ann: Visitor) -> None:
    ann.write("Uploads/removed", "![plan](plan.png)")
    ann.follow("Files")
    upload(ann, picture(100))
    ann.follow("plan.png").follow("Delete").press("Remove")
    assert "The file is removed." in ann.text
    ann.page.goto(ann.site.urls.file("Uploads/removed", "plan.png", do="view"))
    ann.follow("Bring back version 1").press("Bring back")
    assert ann.open("Uploads/removed").main.locator("article img").evaluate(WIDTH) == 100


def test_a_web_page_that_was_uploaded_does_not_run_here(ann: Visitor) -> None:
    ann.write("Uploads/hostile", "A file.")
    ann.follow("Files")
    upload(
        ann,
        {"name": "page.html", "mimeType": "text/html", "buffer": b"<script>document.title = 'ran'</script>"},
        {
            "name": "picture.svg",
            "mimeType": "image/svg+xml",
            "buffer": b"<svg xmlns='http://www.w3.org/2000/svg' width='9'><script>top.ran = 1</script></svg>",
        },
    )
    with ann.page.expect_download() as download:
        ann.main.get_by_role("link", name="Get page.html").click()
    assert download.value.suggested_filename == "page.html"
    answer = ann.page.request.get(ann.site.urls.file("Uploads/hostile", "picture.svg"))
    assert answer.headers["content-security-policy"].startswith("sandbox")
