"""What people do with pages all day: read, write, compare, revert, rename, copy, delete, restore."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from . import chromium
from .garden import PAGE
from .serving import PASSWORD, Site, data_folder, serving
from .visitor import Visitor

WAYS: dict[str, dict[str, Any]] = {
    "desk": {},
    "phone": {"size": chromium.PHONE, "has_touch": True, "is_mobile": True},
    "without-javascript": {"java_script_enabled": False},
}


def test_the_first_visitor_becomes_administrator_by_the_printed_link_and_a_restart_keeps_everything(
    person: Callable[..., Visitor],
) -> None:
    with data_folder() as folder:
        with serving(folder, workers=1) as site:
            assert "/wiki/-/first?code=" in site.welcome
            boss = person(at=site)
            boss.page.goto(site.welcome)
            boss.fill(name="Ada", password=PASSWORD, again=PASSWORD).press("Start the wiki")
            assert "You are logged in." in boss.text
            boss.special("admin")
            assert boss.heading == "Administration"
            boss.write("Kept", "It stays.")
            late = person(at=site)
            late.page.goto(site.welcome)
            assert "has an administrator already" in late.text
        with serving(folder, workers=1) as again:
            assert again.welcome == ""
            reader = person(at=again).open("Kept")
            assert "It stays." in reader.text


@pytest.mark.parametrize("way", WAYS)
def test_a_page_lives_from_red_link_to_restoration(way: str, person: Callable[..., Visitor]) -> None:
    ann = person("Ann", **WAYS[way])
    start, name, other = f"Walk {way}", f"Walk {way}/{PAGE}", f"Walk {way}/Renamed {PAGE}"

    # A red link leads to a page that is not there; it is created, previewed and saved.
    ann.write(start, f"Look at [[{name}]] and [help](Help).")
    assert "Saved." in ann.text
    assert ann.main.locator("a.missing").inner_text().startswith(name)
    ann.follow(name, exact=False)
    assert ann.heading == "日本語"
    ann.follow("Create this page")
    ann.fill(text="# Sowing\n\nSow *beans* in March.\n\nA line that stays.").press("Preview")
    assert ann.main.locator("#preview-text em").inner_text() == "beans"
    ann.fill(comment="first words").press("Save")
    assert ann.place == f"/{name}" and "Saved." in ann.text and "Sow beans in March." in ann.text
    ann.open(start)
    assert ann.main.locator("article a.missing").count() == 0

    # It changes, is compared side by side with the words marked, and goes back.
    ann.open(name).follow("Edit").fill(text="# Sowing\n\nSow *beans* in February.\n\nA line that stays.")
    ann.fill(comment="earlier").press("Save")
    ann.follow("History")
    assert ann.main.locator("ol.history > li").count() == 2
    ann.press("Compare the chosen revisions")
    assert ann.main.locator(".diff del").all_inner_texts() == ["March"]
    assert ann.main.locator(".diff ins").all_inner_texts() == ["February"]
    assert ann.main.locator("tr.changed").count() == 1
    ann.press("Revert to revision 1")
    assert "The old text is the newest again." in ann.text and "in March" in ann.text

    # It gets another name: the links to it are shown first, then rewritten, and the old name leads there.
    ann.more("Rename")
    assert ann.main.locator("details[open] ul.names").inner_text() == start
    ann.fill(new=other).press("Rename")
    assert ann.place == f"/{other}" and "The page has its new name." in ann.text
    ann.open(name)
    assert ann.place == f"/{other}" and "Redirected from" in ann.text
    ann.open(start, "edit")
    assert other in ann.main.locator("textarea[name=text]").input_value()

    # It is copied, deleted, found among the deleted pages, and comes back.
    ann.open(other).more("Copy").fill(new=f"Walk {way}/Copy").press("Copy")
    assert ann.place == f"/Walk {way}/Copy" and "in March" in ann.text
    ann.more("Delete").fill(comment="one is enough").press("Delete")
    assert "The page is deleted." in ann.text
    ann.special("deleted", after=f"Walk {way}")
    ann.main.get_by_role("button", name=f"Restore Walk {way}/Copy").click()
    ann.page.wait_for_load_state()
    assert "The page is back." in ann.text and "in March" in ann.text
    assert ann.page.evaluate(chromium.WIDER) <= 0


def test_a_refused_name_is_said_beside_the_field_and_keeps_what_was_typed(ann: Visitor) -> None:
    ann.open("Sowing calendar", "RenamePage").fill(new="Garden/Beds", comment="a reason").press("Rename")
    assert ann.main.locator("#e-new").inner_text() == "There is already a page “Garden/Beds”."
    assert ann.main.locator("[name=comment]").input_value() == "a reason"


# -- two people -------------------------------------------------------------------------------------------------------

LINES = "".join(f"Line {number}.\n\n" for number in range(1, 8))


def test_changes_in_different_places_are_merged_by_themselves(ann: Visitor, bob: Visitor) -> None:
    ann.write("Merged", LINES)
    ann.open("Merged", "edit")
    bob.open("Merged", "edit")
    assert "Ann has had this page open for editing" in bob.text
    bob.fill(text=LINES.replace("Line 7", "Line seven")).press("Save")
    ann.fill(text=LINES.replace("Line 1.", "Line one.")).press("Save")
    assert "their changes are kept too" in ann.text
    assert "Line one." in ann.text and "Line seven." in ann.text


def test_an_overlap_comes_back_with_both_texts_and_nothing_is_lost(ann: Visitor, bob: Visitor) -> None:
    ann.write("Overlap", "The beans are green.\n")
    ann.open("Overlap", "edit")
    bob.write("Overlap", "The beans are ripe.\n", "they were")
    ann.fill(text="The beans are 緑 & <b>tall</b>.\n", comment="mine").press("Save")
    assert "Someone else has saved this page" in ann.text
    assert ann.main.locator("#f-theirs").input_value() == "The beans are ripe.\n"
    assert ann.main.locator("#f-mine").input_value() == "The beans are 緑 & <b>tall</b>.\n"
    editor = ann.main.locator("#text").input_value()
    assert "ripe" in editor and "緑 & <b>tall</b>" in editor
    assert ann.main.locator("[name=comment]").input_value() == "mine"
    ann.fill(text="The beans are ripe and 緑.\n").press("Save")
    assert "The beans are ripe and 緑." in ann.text
    ann.follow("History")
    assert ann.main.locator("ol.history > li").count() == 3


def test_a_session_that_ended_keeps_the_text(person: Callable[..., Visitor]) -> None:
    text = "What I wrote for an hour: 日本語 & <tags>.\n"
    someone = person()
    someone.log_in("Bob").open("Kept text", "edit").fill(text=text, comment="an hour")
    someone.context.clear_cookies()
    someone.press("Save")
    assert someone.main.get_by_role("alert").first.is_visible()
    assert someone.main.locator("#text").input_value() == text
    assert someone.main.locator("[name=comment]").input_value() == "an hour"
    # As the screen says: log in in another tab, then save again.
    tab = someone.context.new_page()
    tab.goto(someone.site.urls.special("login"))
    tab.fill("main [name=name]", "Bob")
    tab.fill("main [name=password]", PASSWORD)
    tab.press("main [name=password]", "Enter")
    tab.wait_for_load_state()
    tab.close()
    for _attempt in range(2):  # the first form was made without a session; it comes back with a good one
        if someone.page.locator("#text").count():
            someone.press("Save")
    assert "What I wrote for an hour" in someone.text and someone.place == "/Kept text"


# -- taking in and giving out -----------------------------------------------------------------------------------------


def wiki(site: Site, *arguments: object) -> str:
    """Return what the command says about the wiki that is being served."""
    from .serving import command

    try:
        return command(site.folder, *arguments).stdout
    except subprocess.CalledProcessError as error:
        raise AssertionError(error.stderr) from error


def test_a_folder_is_imported_and_exported_while_the_server_runs(site: Site, anyone: Visitor, tmp_path: Any) -> None:
    from .drawings import plan

    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "README.md").write_text("Start [deeper](deep/page.md).\n\n![plan](deep/plan.png)\n")
    (source / "deep" / "page.md").write_text("Up [again](../README.md#x).\n\n![plan](plan.png)\n")
    (source / "deep" / "plan.png").write_bytes(plan())
    anyone.open("Imported/deep/page")
    assert "There is no page of this name yet." in anyone.text
    wiki(site, "import", "markdown", source, "--under", "Imported")
    anyone.open("Imported").follow("deeper")
    assert anyone.place == "/Imported/deep/page"
    assert (
        anyone.main.locator("article img").evaluate("picture => picture.decode().then(() => picture.naturalWidth)")
        == 640
    )
    anyone.follow("again")
    assert anyone.place == "/Imported"
    out = tmp_path / "out"
    wiki(site, "export", "markdown", out)
    assert "Up [again](" in (out / "Imported" / "deep" / "page.md").read_text()
    again = wiki(site, "import", "markdown", out)
    assert again.startswith("0 pages and 0 files written")
