"""Variables are replaced when a page is saved, and only then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.viewing import PAGE, Conversation
from wiki import variables

STAMP = "2026-09-21T"


@pytest.fixture
def talk() -> Conversation:
    """A wiki in memory and its people."""
    return Conversation()


def saved(talk: Conversation, text: str, name: str = PAGE) -> str:
    """Return what is stored when Bob saves a text."""
    talk.save(name, text, by=replace(talk.bob, email="bob@two-words.example"))
    return (talk.wiki.storage.revision(name).text or "").rstrip("\n")


def test_what_moinmoin_replaces_is_replaced(talk: Conversation) -> None:
    assert saved(talk, "@PAGE@ @ME@") == f"{PAGE} Bob"
    assert saved(talk, "@USERNAME@, @USER@") == "[[Bob]], -- [[Bob]]"
    assert saved(talk, "Yes. @SIG@").startswith(f"Yes. -- [[Bob]] <<DateTime({STAMP}")
    assert saved(talk, "@TIMESTAMP@").startswith(STAMP)
    assert saved(talk, "@DATE@ @TIME@").startswith(f"<<Date({STAMP}")
    assert saved(talk, "@MAILTO@ @EMAIL@") == (
        "<<MailTo(bob@two-words.example)>> <<MailTo(bob AT two DASH words DOT example)>>"
    )
    assert saved(talk, "write to ann@here.example and sign, @ME@") == "write to ann@here.example and sign, Bob"
    assert saved(talk, "@NOTHING@ @me@ @@ @ME") == "@NOTHING@ @me@ @@ @ME"


def test_ones_own_dict_has_more(talk: Conversation) -> None:
    talk.save("Bob/MyDict", " greeting:: Hello there\n two words:: 2\n ME:: somebody else\n")
    assert saved(talk, "@greeting@ @two words@ @ME@") == "Hello there 2 Bob"
    talk.save("Bob/MyDict", "#acl Ann:read,write,admin All:\n greeting:: secret\n")
    assert saved(talk, "@greeting@") == "@greeting@"


def test_a_template_keeps_its_variables(talk: Conversation) -> None:
    assert saved(talk, "@PAGE@ @SIG@", "MeetingTemplate") == "@PAGE@ @SIG@"
    assert saved(talk, "@ME@", "Team/MeetingTemplate") == "@ME@"


def test_programs_and_old_revisions_are_not_changed(talk: Conversation) -> None:
    talk.wiki.visit_system("Import").save(PAGE, "@ME@ was here")
    assert talk.wiki.storage.revision(PAGE).text == "@ME@ was here\n"
    saved(talk, "other")
    talk.wiki.visit(talk.ann).revert(PAGE, 1)
    assert talk.wiki.storage.revision(PAGE).text == "@ME@ was here\n"
    talk.wiki.visit(talk.ann).copy(PAGE, "Copy")
    assert talk.wiki.storage.revision("Copy").text == "@ME@ was here\n"


def test_who_has_no_account_signs_as_anonymous() -> None:
    assert (
        variables.expanded("@SIG@ @EMAIL@", PAGE, "", "", 0, dict) == "-- anonymous <<DateTime(1970-01-01T00:00:00Z)>> "
    )
