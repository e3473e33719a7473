"""Copying a whole wiki from one storage into another: pages with their exact history, files, accounts, records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO

from .markup.head import head
from .model import Attachment, Change, Facts, Page, StorageError
from .storage import Progress, Storage
from .visit import Reader

RECORDS = ("token", "subscription", "draft", "setting", "audit")
"""Kinds of records that are copied too; sessions, counters and what expires soon are not worth keeping."""


@dataclass(frozen=True, slots=True)
class Copied:
    """How much was copied."""

    pages: int
    revisions: int
    files: int
    users: int


def copy(source: Storage, target: Storage, progress: Progress | None = None) -> Copied:
    """Copy everything into an empty storage, in one transaction there; return how much it was.

    The source cannot be written meanwhile, so that nothing saved during the copy is left behind. Raises StorageError
    if the target holds anything.
    """
    if target.count() or target.count(deleted=True) or target.users():
        raise StorageError("The storage %(url)s is not empty: copy into a new one.", url=target.url)
    while source.behind():
        source.changed_elsewhere(10, progress)
    with source.writing(), target.writing():
        pages = {page.name: page for deleted in (False, True) for page in source.pages(deleted=deleted)}
        changes = in_order({name: list(history(source, name)) for name in pages})
        revisions = files = 0
        for count, (change, name) in enumerate(changes, 1):
            if progress:
                progress("changes", count, len(changes))
            if change.number:
                _copy_revision(source, target, pages[name], change.number)
                revisions += 1
            else:
                copy_file(source, target, name, change)
                files += 1
        users = source.users()
        for user in users:
            target.put_user(user)
        for kind in RECORDS:
            for record, value in source.records(kind).items():
                target.keep(kind, record, value)
    return Copied(len(pages), revisions, files, len(users))


def history(source: Storage, name: str) -> Iterator[Change]:
    """Yield all changes of a page, newest first."""
    before = None
    while changes := source.history(name, before, 500):
        yield from changes
        before = changes[-1].cursor


def in_order(changes: dict[str, list[Change]]) -> list[tuple[Change, str]]:
    """Return all changes of these pages in the order in which they can be made again: by time, but each page's
    revisions by their numbers, whatever its clock was."""
    found: list[tuple[int, Change, str]] = []
    for name, of_page in changes.items():
        moment = 0
        for change in sorted((each for each in of_page if each.number), key=lambda each: each.number):
            moment = max(moment, change.time)
            found.append((moment, change, name))
        found += [(each.time, each, name) for each in reversed(of_page) if not each.number]
    found.sort(key=lambda each: each[0])
    return [(change, name) for _, change, name in found]


def _copy_revision(source: Storage, target: Storage, page: Page, number: int) -> None:
    revision = replace(source.revision(page.name, number), page=page.name)
    facts = Facts()
    if number == page.number:
        text = revision.text
        body = "" if text is None else text[head(text).length :]
        facts = Facts(source.links(page.name), page.acl, page.format, page.redirect, body)
    target.put(revision, facts, exact=True)


def copy_file(source: Storage, target: Storage, page: str, change: Change) -> None:
    """Copy the version of a file that a change made; one whose content is lost becomes an empty one.

    Raises StorageError if a content is not what its checksum says.
    """
    wanted = change.kind == "detach"
    file = next(
        (
            each
            for each in source.attachment_versions(page, change.source)
            if each.time == change.time and each.deleted == wanted
        ),
        Attachment(page=page, name=change.source, version=0),
    )
    file = replace(file, page=page, author=change.author, time=change.time, comment=change.comment)
    if wanted:
        target.attach(file, None, exact=True)
        return
    if not file.sha256:
        target.attach(file, BytesIO(), exact=True)
        return
    with Reader(source.content(file)) as content:
        copied = target.attach(file, content, exact=True)
    if copied.sha256 != file.sha256:
        raise StorageError(
            "The file “%(name)s” of “%(page)s” is damaged; nothing was copied. See: wiki check",
            name=file.name,
            page=file.page,
        )
