"""What a visitor may do with a wiki, on each embedded engine."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from wiki import query
from wiki.core import Wiki
from wiki.model import (
    BadName,
    BadRequest,
    EditConflict,
    Forbidden,
    NoSuchFile,
    NoSuchPage,
    PageExists,
    TooLarge,
)
from wiki.visit import Visit

from .conftest import PAGE

LINES = "\n".join(f"line {n}" for n in range(20)) + "\n"


def test_a_saved_text_is_read_back(ann: Visit, nobody: Visit) -> None:
    saved = ann.save(PAGE, "Grüße\r\naus Wien", base=0, comment="first\nsave")
    assert saved.revision.number == 1
    found = nobody.read(PAGE)
    assert found.text == "Grüße\naus Wien\n"
    assert (found.author.name, found.comment, found.author.address) == ("Ann", "first save", "192.0.2.1")


def test_names_are_normalised_before_saving(ann: Visit) -> None:
    ann.save("  A  b / c ", "x", base=0)
    assert ann.read("A b/c").text == "x\n"
    with pytest.raises(BadName):
        ann.save("A/../B", "x", base=0)


def test_saving_the_same_text_again_makes_no_revision(ann: Visit) -> None:
    ann.save(PAGE, "x", base=0)
    again = ann.save(PAGE, "x\n", base=1)
    assert again.unchanged and again.revision.number == 1


def test_an_empty_new_page_is_refused(ann: Visit) -> None:
    with pytest.raises(BadRequest):
        ann.save(PAGE, "  \n", base=0)


def test_too_large_a_text_is_refused_and_nothing_is_stored(ann: Visit) -> None:
    with pytest.raises(TooLarge):
        ann.save(PAGE, "x" * 1_000_001, base=0)
    with pytest.raises(NoSuchPage):
        ann.read(PAGE)


def test_changes_in_different_places_are_merged(ann: Visit, bob: Visit) -> None:
    ann.save(PAGE, LINES, base=0)
    ann.save(PAGE, LINES.replace("line 3\n", "line three\n"), base=1)
    merged = bob.save(PAGE, LINES.replace("line 15\n", "line fifteen\n"), base=1)
    assert merged.merged and merged.revision.number == 3
    text = bob.read(PAGE).text or ""
    assert "line three" in text and "line fifteen" in text


def test_an_overlap_comes_back_with_both_texts(ann: Visit, bob: Visit) -> None:
    ann.save(PAGE, LINES, base=0)
    ann.save(PAGE, LINES.replace("line 3\n", "line three\n"), base=1)
    with pytest.raises(EditConflict) as caught:
        bob.save(PAGE, LINES.replace("line 3\n", "line drei\n"), base=1, labels=("hers", "mine"))
    assert caught.value.theirs is not None and "line three" in (caught.value.theirs.text or "")
    assert "line three" in caught.value.merged and "line drei" in caught.value.merged
    assert bob.read(PAGE).number == 2


def test_two_new_pages_of_one_name_conflict_or_merge_but_lose_nothing(ann: Visit, bob: Visit) -> None:
    ann.save(PAGE, "hers", base=0)
    with pytest.raises(EditConflict) as caught:
        bob.save(PAGE, "his", base=0)
    assert "hers" in caught.value.merged and "his" in caught.value.merged


def test_a_base_that_never_was_is_refused(ann: Visit) -> None:
    ann.save(PAGE, "x", base=0)
    with pytest.raises(BadRequest):
        ann.save(PAGE, "y", base=7)


def test_revert_makes_an_old_text_the_newest(ann: Visit) -> None:
    ann.save(PAGE, "one", base=0)
    ann.save(PAGE, "two", base=1)
    ann.revert(PAGE, 1)
    assert ann.read(PAGE).text == "one\n"
    newest = ann.history(PAGE)[0]
    assert (newest.number, newest.kind, newest.source) == (3, "revert", "1")


def test_a_deleted_page_can_be_found_and_restored(ann: Visit) -> None:
    ann.save(PAGE, "[[Other]]", base=0)
    ann.delete(PAGE, "away")
    with pytest.raises(NoSuchPage):
        ann.read(PAGE)
    assert [page.name for page in ann.pages(deleted=True)] == [PAGE]
    assert ann.all_names() == []
    assert ann.backlinks("Other") == []
    ann.restore(PAGE)
    assert ann.read(PAGE).text == "[[Other]]\n"
    assert ann.backlinks("Other") == [PAGE]
    with pytest.raises(PageExists):
        ann.restore(PAGE)


def test_copy_takes_text_and_files_along(ann: Visit) -> None:
    ann.save(PAGE, "text", base=0)
    ann.attach(PAGE, "a.txt", io.BytesIO(b"content"))
    ann.copy(PAGE, "Copy")
    assert ann.read("Copy").text == "text\n"
    file = ann.attachment("Copy", "a.txt")
    assert b"".join(ann.content(file)) == b"content"
    assert ann.history("Copy")[-1].kind == "copy"
    with pytest.raises(PageExists):
        ann.copy(PAGE, "Copy")


# -- renaming --------------------------------------------------------------------------------------------------------


def test_rename_keeps_history_leaves_a_redirect_and_rewrites_links(ann: Visit) -> None:
    ann.save("Old", "text", base=0)
    ann.attach("Old", "a.txt", io.BytesIO(b"x"))
    ann.save("Linking", "See [[Old]] and [[Old#part|label]], but not `[[Old]]`.", base=0)
    page_id = ann.page("Old").id
    done = ann.rename("Old", PAGE)
    assert done.rewritten == ("Linking",)
    assert ann.read("Linking").text == f"See [[{PAGE}]] and [[{PAGE}#part|label]], but not `[[Old]]`.\n"
    assert ann.page_by_id(page_id).name == PAGE
    assert [change.number for change in ann.history(PAGE) if change.number] == [2, 1]
    assert ann.page("Old").redirect == PAGE
    assert [file.name for file in ann.attachments(PAGE)] == ["a.txt"]


def test_rename_there_and_back_leaves_everything_readable(ann: Visit) -> None:
    ann.save("A", "text", base=0)
    ann.rename("A", "B")
    ann.rename("B", "A")
    assert ann.read("A").text == "text\n"
    assert ann.page("B").redirect == "A"


def test_rename_onto_another_page_is_refused(ann: Visit) -> None:
    ann.save("A", "a", base=0)
    ann.save("B", "b", base=0)
    with pytest.raises(PageExists):
        ann.rename("A", "B")
    assert ann.read("A").text == "a\n"


def test_a_deleted_page_makes_way_and_is_kept(ann: Visit) -> None:
    ann.save("A", "a", base=0)
    ann.save("B", "old b", base=0)
    ann.delete("B")
    ann.rename("A", "B")
    assert ann.read("B").text == "a\n"
    assert [page.name for page in ann.pages(deleted=True)] == ["B (1)"]
    ann.restore("B (1)")
    assert ann.read("B (1)").text == "old b\n"


def test_the_stub_of_a_rename_carries_the_acl(root: Visit, nobody: Visit) -> None:
    root.save("Secret", "#acl Root:read,write\ncanary", base=0)
    root.rename("Secret", "Hidden")
    with pytest.raises(Forbidden):
        nobody.read("Secret")


def test_the_new_name_of_a_secret_page_is_not_written_into_public_pages(root: Visit, ann: Visit) -> None:
    root.save("Secret", "#acl Root:read,write\nx", base=0)
    ann.save("Public", "[[Secret]]", base=0)
    root.save("Same", "#acl Root:read,write\n[[Secret]]", base=0)
    done = root.rename("Secret", "Hidden")
    assert done.rewritten == ("Same",) and done.left == ("Public",)
    assert ann.read("Public").text == "[[Secret]]\n"


def test_rename_rewrites_only_pages_that_its_author_may_write(root: Visit, ann: Visit) -> None:
    ann.save("Old", "x", base=0)
    root.save("Locked", "#acl All:read\n[[Old]]", base=0)
    root.save("Unseen", "#acl Root:read,write\n[[Old]]", base=0)
    done = ann.rename("Old", "New")
    assert done.rewritten == () and done.left == ("Locked",)
    assert "[[Old]]" in (root.read("Unseen").text or "")


# -- rights ----------------------------------------------------------------------------------------------------------


def test_a_new_wiki_lets_everybody_read_and_accounts_write(nobody: Visit, ann: Visit) -> None:
    ann.save(PAGE, "x", base=0)
    assert nobody.may("read", PAGE) and not nobody.may("write", PAGE)
    with pytest.raises(Forbidden):
        nobody.save(PAGE, "y", base=1)


def test_only_who_has_admin_changes_an_acl_line(ann: Visit, root: Visit) -> None:
    with pytest.raises(Forbidden):
        ann.save(PAGE, "#acl Ann:read,write\nx", base=0)
    root.save(PAGE, "#acl Ann:read,write,admin All:read\nx", base=0)
    ann.save(PAGE, "#acl Ann:read,write,admin\nx", base=1)
    assert ann.page(PAGE).acl == "Ann:read,write,admin"


def test_an_old_revision_without_the_acl_line_does_not_open_the_page(ann: Visit, root: Visit, nobody: Visit) -> None:
    ann.save(PAGE, "open", base=0)
    root.save(PAGE, "#acl Root:read,write\nclosed", base=1)
    with pytest.raises(Forbidden):
        nobody.read(PAGE, 1)
    with pytest.raises(Forbidden):
        ann.revert(PAGE, 1)


def test_reverting_past_an_acl_change_needs_admin(root: Visit, ann: Visit) -> None:
    root.save(PAGE, "#acl Ann:read,write,revert\nold", base=0)
    root.save(PAGE, "#acl Ann:read,write,revert All:read\nnew", base=1)
    with pytest.raises(Forbidden):
        ann.revert(PAGE, 1)


def test_a_deleted_page_keeps_the_acl_of_its_last_text(root: Visit, nobody: Visit) -> None:
    root.save(PAGE, "#acl Root:read,write,delete\ncanary", base=0)
    root.delete(PAGE)
    with pytest.raises(Forbidden):
        nobody.read(PAGE, 1)
    with pytest.raises(Forbidden):
        nobody.history(PAGE)
    assert nobody.pages(deleted=True) == []


def test_group_pages_give_rights_to_their_members(
    root: Visit, ann: Visit, bob: Visit, visit: Callable[..., Visit]
) -> None:
    root.save("TeamGroup", " * Ann\n * CoreGroup\n", base=0)
    root.save("CoreGroup", "* Cleo\n", base=0)
    root.save(PAGE, "#acl TeamGroup:read,write\nx", base=0)
    assert visit("Ann").may("write", PAGE)
    assert visit("Cleo").may("write", PAGE)
    assert not visit("Bob").may("read", PAGE)


def test_what_may_not_be_read_appears_in_no_list(root: Visit, nobody: Visit, ann: Visit) -> None:
    root.save("Secret/Canary", "#acl Root:read,write\nhushhush [[Open]] [[Nowhere]]", base=0)
    ann.save("Open", "[[Secret/Canary]]", base=0)
    for who in (nobody, ann):
        assert who.all_names() == ["Open"]
        assert who.count() == 1
        assert [change.page for change in who.changes()] == ["Open"]
        assert who.backlinks("Open") == []
        assert who.wanted() == []
        assert [branch.name for branch in who.branches()] == ["Open"]
        assert who.existing({"Secret/Canary", "Open"}) == {"Open"}
        assert who.titles("canary") == []
        assert who.similar("Secret/Canari") == []
        assert set(who.random(9)) == {"Open"}
        assert who.search(query.Word("hushhush")).hits == ()
        for read in (who.read, who.history, who.attachments):
            with pytest.raises(Forbidden):
                read("Secret/Canary")
    assert root.count() == 2


def test_the_right_is_asked_again_inside_the_transaction(wiki: Wiki, root: Visit, ann: Visit) -> None:
    root.save(PAGE, "x", base=0)
    made = wiki.rendered
    closed = []

    def rendered_while_the_page_is_closed(*args: object) -> object:
        if not closed:
            closed.append(True)
            root.save(PAGE, "#acl Root:read,write\nx", base=1)
        return made(*args)  # type: ignore[arg-type]

    wiki.rendered = rendered_while_the_page_is_closed  # type: ignore[assignment,method-assign]
    with pytest.raises(Forbidden):
        ann.save(PAGE, "y", base=1)
    assert "y" not in (root.read(PAGE).text or "")


# -- attachments -----------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_and_its_old_version_brought_back(ann: Visit) -> None:
    ann.save(PAGE, "x", base=0)
    ann.attach(PAGE, "bild ü.png", io.BytesIO(b"one"), "first")
    second = ann.attach(PAGE, "bild ü.png", io.BytesIO(b"two"))
    assert (second.version, second.type) == (2, "image/png")
    ann.reattach(PAGE, "bild ü.png", 1)
    newest = ann.attachment(PAGE, "bild ü.png")
    assert newest.version == 3 and b"".join(ann.content(newest)) == b"one"
    ann.detach(PAGE, "bild ü.png")
    assert ann.attachments(PAGE) == []
    with pytest.raises(NoSuchFile):
        ann.attachment(PAGE, "bild ü.png")
    assert [version.deleted for version in ann.attachment_versions(PAGE, "bild ü.png")] == [True, False, False, False]
    assert [change.kind for change in ann.history(PAGE)] == ["detach", "attach", "attach", "attach", "edit"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/../b", "\\..\\c", "C:\\dir\\file.txt"])
def test_a_file_name_is_never_a_path(ann: Visit, name: str) -> None:
    ann.save(PAGE, "x", base=0)
    kept = ann.attach(PAGE, name, io.BytesIO(b"x")).name
    assert "/" not in kept and "\\" not in kept and kept not in (".", "..")


def test_files_need_the_rights_of_their_page(root: Visit, nobody: Visit, ann: Visit) -> None:
    root.save(PAGE, "#acl Root:read,write,delete\nx", base=0)
    file = root.attach(PAGE, "a.txt", io.BytesIO(b"canary"))
    for refused in (
        lambda: nobody.attachment(PAGE, "a.txt"),
        lambda: nobody.content(file),
        lambda: nobody.attachment_versions(PAGE, "a.txt"),
        lambda: ann.attach(PAGE, "a.txt", io.BytesIO(b"y")),
        lambda: ann.detach(PAGE, "a.txt"),
        lambda: ann.reattach(PAGE, "a.txt", 1),
    ):
        with pytest.raises(Forbidden):
            refused()


def test_destroy_is_for_administrators_and_leaves_nothing(ann: Visit, root: Visit) -> None:
    ann.save(PAGE, "canary", base=0)
    with pytest.raises(Forbidden):
        ann.destroy(PAGE)
    root.destroy(PAGE)
    with pytest.raises(NoSuchPage):
        root.page(PAGE)
    assert root.changes() == []
