"""Taking over what a MoinMoin 1.9 directory holds into a wiki: all revisions, files, accounts and drafts.

What is there already is left as it is, so doing it once more changes nothing, and after more was written in the old
wiki only that is added.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .copying import copy_file, history, in_order
from .model import Change, Facts, NameTaken, NoSuchUser, Revision, StorageError, WikiError
from .storage import Progress, Storage

if TYPE_CHECKING:
    from .core import Wiki

SEEDED = "Anywiki"
"""Who wrote the start pages of a new wiki: a page that nobody else has changed makes way."""

BATCH = 200
"""Pages that are taken over in one transaction."""

_LOST_FOLDERS = {
    "event-log": "hit counts",
    "plugin": "plugins, which are programs for MoinMoin",
    "dict": "word lists of the spelling checker",
}


@dataclass
class Report:
    """What was taken over, what was there already, and what could not be used, in sentences."""

    pages: int = 0
    revisions: int = 0
    deleted: int = 0
    files: int = 0
    lost: int = 0
    users: int = 0
    drafts: int = 0
    unchanged: int = 0
    left: list[str] = field(default_factory=list)


def take_over(source: Storage, folder: str, wiki: Wiki, superusers: frozenset[str], progress: Progress) -> Report:
    """Take over everything from a MoinMoin's opened directory and return what became of it."""
    report = Report()
    while source.behind():
        source.changed_elsewhere(10, progress)
    for problem in source.check(progress):
        report.left.append(f"{problem.where}: {problem.what}")
    _users(source, wiki.storage, superusers, report)
    pages = [page.name for deleted in (False, True) for page in source.pages(deleted=deleted)]
    for start in range(0, len(pages), BATCH):
        progress("pages", start, len(pages))
        with wiki.cache.writing(wiki.storage.writing()) as evicting:
            for name in pages[start : start + BATCH]:
                _page(source, wiki, name, report)
            evicting.evict_all()
    if report.lost:
        report.left.append(f"attachments: {report.lost} older contents, which MoinMoin does not keep")
    _drafts(folder, wiki.storage, report)
    for name, what in _LOST_FOLDERS.items():
        path = os.path.join(folder, name)
        if os.path.isfile(path) or any(files for _, _, files in os.walk(path)):
            report.left.append(f"{name}: {what}")
    return report


def _page(source: Storage, wiki: Wiki, name: str, report: Report) -> None:
    target = wiki.storage
    wanted = in_order({name: list(history(source, name))})
    there = wiki.page_or_none(name)
    if there is not None and {change.author.name for change in history(target, name)} == {SEEDED}:
        target.destroy(name)
        there = None
    had: set[tuple[int, int, str]] = set()
    if there is not None:
        had = {_mark(change) for change in history(target, name)}
        if not had <= {_mark(change) for change, _ in wanted}:
            report.left.append(f"{name}: the wiki has another page of this name, which stays as it is.")
            return
    new = [change for change, _ in wanted if _mark(change) not in had]
    if not new:
        report.unchanged += 1
        return
    for change in new:
        try:
            _change(source, wiki, name, change, report)
        except StorageError as error:
            report.left.append(f"{name}: {error}")
    report.pages += 1
    report.deleted += target.page(name).deleted


def _mark(change: Change) -> tuple[int, int, str]:
    """Return what tells a change from all others of its page."""
    return change.number, change.time, "" if change.number else change.source


def _change(source: Storage, wiki: Wiki, name: str, change: Change, report: Report) -> None:
    target = wiki.storage
    if not change.number:
        copy_file(source, target, name, change)
        report.files += 1
        if change.kind == "attach":
            report.lost += not target.attachment_versions(name, change.source)[0].size
        return
    revision: Revision = replace(source.revision(name, change.number), page=name)
    facts = Facts()
    if change.number == source.page(name).number:
        last = _last_text(source, name)
        facts = wiki.facts(name, last)[0] if last is not None else Facts()
        if revision.text is None:
            facts = Facts(acl=facts.acl)
    target.put(revision, facts, exact=True)
    report.revisions += 1


def _last_text(source: Storage, name: str) -> str | None:
    """Return a page's newest text, of a deleted page the one before its deletion."""
    for change in history(source, name):
        if change.number:
            text = source.revision(name, change.number).text
            if text is not None:
                return text
    return None


def _users(source: Storage, target: Storage, superusers: frozenset[str], report: Report) -> None:
    for user in source.users():
        try:
            target.user(user.id)
        except NoSuchUser:
            pass
        else:
            report.unchanged += 1
            continue
        try:
            target.put_user(replace(user, admin=user.name in superusers))
            report.users += 1
        except NameTaken:
            report.left.append(f"user/{user.id}: the wiki has another account “{user.name}”, or of its address.")
        except WikiError as error:
            report.left.append(f"user/{user.id}: {error}")


def _drafts(folder: str, target: Storage, report: Report) -> None:
    """Keep what people had not saved as records `draft`, by account and page."""
    for path, user in _draft_files(folder):
        try:
            with open(path, "rb") as file:
                found = _Plain(file, encoding="utf-8").load()
            for page, (moment, number, text) in dict(found).items():
                key = f"{user}/{page}"
                value = {"time": int(moment), "base": int(number), "text": str(text)}
                if target.record("draft", key) != value:
                    target.keep("draft", key, value)
                    report.drafts += 1
        except (OSError, ValueError, TypeError, LookupError, EOFError, pickle.UnpicklingError, AttributeError):
            report.left.append(f"{os.path.relpath(path, folder)}: this draft cannot be read.")


def _draft_files(folder: str) -> Iterator[tuple[str, str]]:
    cache = os.path.join(folder, "cache")
    for site in sorted(os.listdir(cache)) if os.path.isdir(cache) else ():
        drafts = os.path.join(cache, site, "drafts")
        for user in sorted(os.listdir(drafts)) if os.path.isdir(drafts) else ():
            yield os.path.join(drafts, user), user


class _Plain(pickle.Unpickler):
    """Reads texts, numbers, tuples and dicts; whatever else a pickle asks for is refused, since it could run."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse."""
        raise pickle.UnpicklingError(f"{module}.{name}")
