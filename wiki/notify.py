"""Who is told of a change by mail, and in what words: those whose subscriptions fit the page and who may read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import i18n
from .i18n import N_
from .model import Attachment, BadRequest, NoSuchRevision, Revision, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .core import Wiki
    from .urls import Urls

DIFF_CHARACTERS = 20_000
"""The most of a difference that a mail has."""

DIFF_SIZE = 200_000
"""Bytes of a text beyond which no difference is made."""

PATTERNS = 100
"""The most subscriptions that one account may have."""

EVENTS = {
    "edit": "PageChangedEvent",
    "revert": "PageRevertedEvent",
    "rename": "PageRenamedEvent",
    "copy": "PageCopiedEvent",
    "delete": "PageDeletedEvent",
    "attach": "FileAttachedEvent",
    "detach": "FileRemovedEvent",
}
TRIVIAL = "TrivialPageChangedEvent"
"""What MoinMoin 1.9 calls a change of each kind among the events that an account wants mail for."""

DEEDS = {
    "edit": N_("%(who)s has changed the page “%(page)s” on %(wiki)s."),
    "new": N_("%(who)s has made the page “%(page)s” on %(wiki)s."),
    "revert": N_("%(who)s has reverted the page “%(page)s” on %(wiki)s to an old revision."),
    "rename": N_("%(who)s has renamed the page “%(old)s” on %(wiki)s to “%(page)s”."),
    "copy": N_("%(who)s has copied a page to “%(page)s” on %(wiki)s."),
    "delete": N_("%(who)s has deleted the page “%(page)s” on %(wiki)s."),
    "attach": N_("%(who)s has attached “%(old)s” to the page “%(page)s” on %(wiki)s."),
    "detach": N_("%(who)s has removed “%(old)s” from the page “%(page)s” on %(wiki)s."),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to be sent: to whom, and what it says. `leave` is where the subscription ends."""

    to: User
    subject: str
    text: str
    leave: str


def fits(patterns: Iterable[object], page: str, wiki_name: str) -> bool:
    """Say whether a subscription fits a page: a name or a regular expression that fits all of it, as in MoinMoin 1.9.

    Either may have the wiki's name and a colon before. An expression that could take too long fits nothing.
    """
    from .patterns import compiled

    for each in patterns:
        pattern = str(each)
        for name in (page, f"{wiki_name}:{page}"):
            if pattern == name:
                return True
            try:
                compiled(pattern)
                if re.fullmatch(pattern, name):
                    return True
            except (BadRequest, re.error):
                continue
    return False


def notices(
    wiki: Wiki, change: Revision | Attachment, site_name: str, urls: Urls, author: User | None
) -> Iterator[Notice]:
    """Yield a notice of a change for each account that subscribed to the page, wants to know, and may read it now."""
    minor = isinstance(change, Revision) and change.minor
    kind = _kind(change)
    pages = {change.page}
    if isinstance(change, Revision) and change.kind == "rename":
        pages.add(change.source)
    for user in wiki.storage.subscribers():
        if user.state != "active" or not user.email or (author is not None and user.id == author.id):
            continue
        wanted = user.settings.get("email_subscribed_events")
        event = TRIVIAL if minor else EVENTS[kind]
        if event not in wanted if isinstance(wanted, list) else minor:
            continue
        patterns = user.settings.get("subscribed_pages", [])[:PATTERNS]
        if not any(fits(patterns, page, site_name) for page in pages):
            continue
        if wiki.visit(user).may("read", change.page):
            yield _notice(wiki, change, kind, site_name, urls, user)


def _kind(change: Revision | Attachment) -> str:
    if isinstance(change, Revision):
        return change.kind
    return "detach" if change.deleted else "attach"


def _notice(wiki: Wiki, change: Revision | Attachment, kind: str, site_name: str, urls: Urls, user: User) -> Notice:
    language = str(user.settings.get("language") or "")
    _ = i18n.translation(language).gettext
    revision = change if isinstance(change, Revision) else None
    new = revision is not None and kind == "edit" and revision.number == 1
    values = {
        "who": change.author.name or change.author.address or _("anonymous"),
        "page": change.page,
        "wiki": site_name,
        "old": revision.source if revision else change.name if isinstance(change, Attachment) else "",
    }
    if kind == "rename" and not wiki.visit(user).may("read", values["old"]):
        values["old"] = "…"
    lines = [_(DEEDS["new" if new else kind]) % values, ""]
    if change.comment:
        lines += [_("Summary: %(comment)s") % {"comment": change.comment}, ""]
    number = revision.number if revision else 0
    if number > 1:
        lines += [urls.page(change.page, "diff", rev1=number - 1, rev2=number), ""]
    else:
        lines += [urls.page(change.page) if revision else urls.page(change.page, "AttachFile"), ""]
    if revision is not None:
        lines += [_difference(wiki, revision)]
    leave = urls.page(change.page, "unsubscribe")
    lines += ["-- ", _("You get this because you subscribed to this page."), urls.special("preferences"), ""]
    subject = f"[{site_name}] {change.page}"
    return Notice(user, subject, "\n".join(lines), leave)


def _difference(wiki: Wiki, revision: Revision) -> str:
    """Return what a revision changed, as a unified difference; '' for a deletion or where it would be too long."""
    from difflib import unified_diff

    if revision.text is None or len(revision.text) > DIFF_SIZE:
        return ""
    old = ""
    if revision.number > 1:
        try:
            old = wiki.storage.revision(revision.page, revision.number - 1).text or ""
        except NoSuchRevision:
            return ""
    if len(old) > DIFF_SIZE:
        return ""
    rows = unified_diff(old.splitlines(), revision.text.splitlines(), "", "", lineterm="", n=2)
    text = "\n".join(list(rows)[2:])
    return text[:DIFF_CHARACTERS] + ("\n…" if len(text) > DIFF_CHARACTERS else "") + "\n"
