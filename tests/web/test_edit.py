"""Writing in a browser: nothing that was typed is ever lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wiki.model import Unavailable
from wiki.web.site import Site

from .conftest import PAGE, PREFIX, SESSION, Browser, Form

Write = Callable[..., None]
AsUser = Callable[..., Browser]
LINES = "".join(f"line {n}\n\n" for n in range(20))


def editor(browser: Browser, name: str = PAGE) -> Form:
    """Open the editor and return its form."""
    answer = browser.get(f"/{name}?action=edit")
    assert answer.status == 200, answer.text
    return next(form for form in answer.read.forms if "text" in form.names)


def written(answer_form: Form) -> str:
    """Return what stands in the editor."""
    return answer_form.fields["text"]


def test_a_page_is_created_and_changed(as_user: AsUser) -> None:
    ann = as_user("Ann")
    saved = ann.save(PAGE, "Grüße")
    assert saved.status == 303 and saved.location.startswith(f"{PREFIX}/Caf%C3%A9/")
    assert "Grüße" in saved.follow().text
    assert written(editor(ann)) == "Grüße\n"


def test_preview_shows_the_text_and_saves_nothing(as_user: AsUser) -> None:
    ann = as_user("Ann")
    answer = ann.submit(editor(ann), "Preview", text="# *bold* plans")
    assert answer.status == 200 and "<em>bold</em>" in answer.text
    assert "# *bold* plans" in answer.text
    assert ann.get(f"/{PAGE}").status == 404


def test_the_preview_of_the_script_is_the_page_alone(as_user: AsUser) -> None:
    ann = as_user("Ann")
    answer = ann.post(f"/{PAGE}?action=preview", {"text": "**x** [[Nowhere]]"})
    assert "<strong>x</strong>" in answer.text and "<html" not in answer.text


def test_show_changes_marks_what_this_edit_does(as_user: AsUser) -> None:
    ann = as_user("Ann")
    ann.save(PAGE, "one two three")
    answer = ann.submit(editor(ann), "Show changes", text="one four three")
    assert answer.status == 200
    assert "<ins>four</ins>" in answer.text and "<del>two</del>" in answer.text


def test_others_changes_elsewhere_are_merged(as_user: AsUser) -> None:
    ann, bob = as_user("Ann"), as_user("Bob")
    ann.save(PAGE, LINES)
    his = editor(bob)
    ann.save(PAGE, LINES.replace("line 2\n", "line two\n"))
    answer = bob.submit(his, "Save", text=LINES.replace("line 15\n", "line fifteen\n"))
    assert "note=merged" in answer.location
    page = answer.follow().text
    assert "line two" in page and "line fifteen" in page


def test_an_overlap_comes_back_with_both_texts_and_can_be_saved(as_user: AsUser) -> None:
    ann, bob = as_user("Ann"), as_user("Bob")
    ann.save(PAGE, LINES)
    his = editor(bob)
    ann.save(PAGE, LINES.replace("line 2\n", "line two\n"))
    answer = bob.submit(his, "Save", text=LINES.replace("line 2\n", "line zwei\n"))
    assert answer.status == 409
    form = next(form for form in answer.read.forms if "text" in form.names)
    assert "line two" in written(form) and "line zwei" in written(form)
    assert form.fields["base"] == "2"
    done = bob.submit(form, "Save", text=LINES.replace("line 2\n", "line two (zwei)\n"))
    assert done.status == 303


def test_the_text_survives_an_expired_session(as_user: AsUser) -> None:
    ann = as_user("Ann")
    form = editor(ann)
    ann.client.delete_cookie(SESSION, domain="localhost", path=f"{PREFIX}/")
    answer = ann.submit(form, "Save", text="precious words")
    assert answer.status == 403
    assert "precious words" in answer.text
    assert ann.get(f"/{PAGE}").status == 404


def test_the_text_survives_a_missing_right(as_user: AsUser, write: Write) -> None:
    ann = as_user("Ann")
    form = editor(ann)
    write(PAGE, "#acl All:read\nlocked\n")
    answer = ann.submit(form, "Save", text="precious words")
    assert answer.status == 403 and "precious words" in answer.text


def test_the_text_survives_being_too_large(as_user: AsUser) -> None:
    ann = as_user("Ann")
    answer = ann.submit(editor(ann), "Save", text="precious words " * 80_000)
    assert answer.status == 413 and answer.text.count("precious words") >= 80_000


def test_the_text_survives_a_full_disk(as_user: AsUser, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = as_user("Ann")
    form = editor(ann)

    def full(*_: object, **__: object) -> None:
        raise Unavailable()

    monkeypatch.setattr(type(site.wiki.storage), "put", full)
    answer = ann.submit(form, "Save", text="precious words")
    assert answer.status == 503 and "precious words" in answer.text
    assert answer.headers["Cache-Control"].startswith("private")


def test_a_form_without_our_token_saves_nothing_but_keeps_the_text(as_user: AsUser) -> None:
    ann = as_user("Ann")
    form = editor(ann)
    for token in ("", "0" * 80):
        answer = ann.submit(form, "Save", text="precious words", csrf_token=token)
        assert answer.status == 403 and "precious words" in answer.text
    foreign = ann.open(
        f"/{PAGE}?action=edit",
        "POST",
        {"Origin": "http://evil.example"},
        data={**form.fields, "text": "x", "do": "save"},
    )
    assert foreign.status == 403
    assert ann.get(f"/{PAGE}").status == 404


def test_who_may_not_write_sees_the_source(browser: Browser, write: Write) -> None:
    write(PAGE, "some *source*\n")
    answer = browser.get(f"/{PAGE}?action=edit")
    assert answer.status == 403 and "some *source*" in answer.text


def test_anonymous_editing_is_one_setting(make_app: Callable[..., object]) -> None:
    browser = Browser(make_app(anonymous_edit=True))  # type: ignore[arg-type]
    saved = browser.save(PAGE, "by nobody")
    assert saved.status == 303
    assert "Saved" in saved.follow().text
    assert SESSION not in browser.cookies


def test_the_editor_says_who_else_has_the_page_open(as_user: AsUser) -> None:
    ann, bob = as_user("Ann"), as_user("Bob")
    assert "Ann" not in bob.get(f"/{PAGE}?action=edit").text
    editor(ann)
    assert "Ann" in bob.get(f"/{PAGE}?action=edit").text
    ann.submit(editor(ann), "Save", text="done")
    assert "Ann has had this page open" not in bob.get(f"/{PAGE}?action=edit").text


def test_a_new_page_begins_with_its_template(as_user: AsUser, write: Write) -> None:
    write("MeetingTemplate", "# @PAGE@\n\nby @ME@\n")
    ann = as_user("Ann")
    assert "MeetingTemplate" in ann.get(f"/{PAGE}").text
    answer = ann.get(f"/{PAGE}?action=edit&template=MeetingTemplate")
    form = next(form for form in answer.read.forms if "text" in form.names)
    assert written(form) == f"# {PAGE}\n\nby Ann\n"


def test_a_new_page_is_named_in_a_form(as_user: AsUser) -> None:
    ann = as_user("Ann")
    assert ann.get("/-/new", name="Child", parent="Parent").location.startswith(f"{PREFIX}/Parent/Child?action=edit")
    hostile = ann.get("/-/new", name="x", nametemplate="%999999999Y %Q %s")
    assert hostile.status == 303 and len(hostile.location) < 300


def test_hostile_text_comes_back_as_text(as_user: AsUser) -> None:
    ann = as_user("Ann")
    hostile = "</textarea><script>alert(1)</script>"
    answer = ann.submit(editor(ann), "Preview", text=hostile, comment='"><img src=x onerror=alert(1)>')
    assert "<script>alert" not in answer.text and "<img src=x" not in answer.text
    form = next(form for form in answer.read.forms if "text" in form.names)
    assert written(form) == hostile
