"""History, comparing, reverting; renaming, copying, deleting, restoring: in a browser."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import PAGE, PREFIX, Browser

Write = Callable[..., None]
AsUser = Callable[..., Browser]


def test_history_lists_revisions_and_files_and_is_paged(as_user: AsUser, write: Write) -> None:
    for number in range(60):
        write(PAGE, f"text {number}\n", comment=f"comment {number}")
    page = as_user("Ann").get(f"/{PAGE}?action=info")
    assert "comment 59" in page.text and "comment 5<" not in page.text
    older = page.browser.get(page.link("Older"))
    assert "comment 0" in older.text


def test_any_two_revisions_are_compared_with_changed_words_marked(browser: Browser, write: Write) -> None:
    write(PAGE, "the quick brown fox\n")
    write(PAGE, "the quick red fox\n")
    write(PAGE, "the slow red fox\n")
    page = browser.get(f"/{PAGE}?action=diff&rev1=1&rev2=3")
    assert page.status == 200
    assert "<del>" in page.text and "<ins>" in page.text and "brown" in page.text and "slow" in page.text
    swapped = browser.get(f"/{PAGE}?action=diff&rev1=3&rev2=1")
    assert swapped.text.count("<ins>") == page.text.count("<ins>")
    newest = browser.get(f"/{PAGE}?action=diff")
    assert "<del>quick</del>" in newest.text and "<ins>slow</ins>" in newest.text
    assert browser.get(f"/{PAGE}?action=diff&rev1=1&rev2=99").status == 404


def test_a_get_asks_before_reverting_and_changes_nothing(as_user: AsUser, write: Write) -> None:
    write(PAGE, "old\n")
    write(PAGE, "new\n")
    ann = as_user("Ann")
    asked = ann.get(f"/{PAGE}?action=revert&rev=1")
    assert asked.status == 200 and ann.get(f"/{PAGE}?action=raw").text == "new\n"
    done = asked.submit(asked.form(button="Revert"))
    assert done.status == 303 and ann.get(f"/{PAGE}?action=raw").text == "old\n"


def test_a_page_is_renamed_after_showing_which_links_change(as_user: AsUser, write: Write) -> None:
    write("Old", "text\n")
    write("Linking", "[[Old]]\n")
    ann = as_user("Ann")
    asked = ann.get("/Old?action=RenamePage")
    assert "Linking" in asked.text
    done = asked.submit(asked.form("RenamePage"), new=PAGE)
    assert done.status == 303
    assert ann.get("/Linking?action=raw").text == f"[[{PAGE}]]\n"
    assert ann.get("/Old").status == 302


def test_a_rename_onto_another_page_keeps_the_form(as_user: AsUser, write: Write) -> None:
    write("Old", "text\n")
    write("Taken", "text\n")
    ann = as_user("Ann")
    asked = ann.get("/Old?action=RenamePage")
    refused = asked.submit(asked.form("RenamePage"), new="Taken", comment="my reason")
    assert refused.status == 409 and "my reason" in refused.text


def test_subpages_come_along(as_user: AsUser, write: Write) -> None:
    for name in ("Old", "Old/A", "Old/A/B"):
        write(name, f"text of {name}\n")
    ann = as_user("Ann")
    asked = ann.get("/Old?action=RenamePage")
    asked.submit(asked.form("RenamePage"), new="New", with_subpages="1")
    assert ann.get("/New/A/B?action=raw").text == "text of Old/A/B\n"


def test_a_page_is_copied(as_user: AsUser, write: Write) -> None:
    write(PAGE, "text\n")
    ann = as_user("Ann")
    asked = ann.get(f"/{PAGE}?action=CopyPage")
    done = asked.submit(asked.form("CopyPage"), new="Copy")
    assert done.location.startswith(f"{PREFIX}/Copy")
    assert ann.get("/Copy?action=raw").text == "text\n"


def test_a_deleted_page_is_found_and_restored(as_user: AsUser, write: Write) -> None:
    write(PAGE, "text\n")
    ann = as_user("Ann")
    asked = ann.get(f"/{PAGE}?action=DeletePage")
    asked.submit(asked.form("DeletePage"), comment="not needed")
    missing = ann.get(f"/{PAGE}")
    assert missing.status == 404 and "not needed" in missing.text
    listed = ann.get("/-/deleted")
    assert PAGE in listed.text
    restored = listed.submit(listed.form(button="Restore"))
    assert restored.status == 303 and ann.get(f"/{PAGE}?action=raw").text == "text\n"
