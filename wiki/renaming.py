"""Giving a page another name: history and files go with it, a redirect stays, links elsewhere are rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import names
from .markup.head import head
from .model import EditConflict, Facts, Forbidden, PageExists, Revision
from .writing import Writing, one_line

if TYPE_CHECKING:
    from .core import Evicting


@dataclass(frozen=True, slots=True)
class Renamed:
    """What became of a rename: the new name, the pages whose links were rewritten, and those that could not be."""

    name: str
    rewritten: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class Renaming(Writing):
    """The renaming part of a visit."""

    def linking(self, name: str) -> list[tuple[str, bool]]:
        """Return the pages that link to a page and whether the visitor may write them."""
        return [(page, self.may("write", page)) for page in self.backlinks(name, kinds=("link", "include", "category"))]

    def rename(self, old: str, new: str, comment: str = "", redirect: bool = True, rewrite: bool = True) -> Renamed:
        """Give a page another name; its history and files go with it. One transaction.

        `redirect` leaves a page under the old name that leads to the new one and carries its ACL; `rewrite` changes
        the links on pages that the visitor may write. Raises NoSuchPage, PageExists, Forbidden, BadName.
        """
        for right in ("write", "delete"):
            self.require(right, old)
        current = self.read(old)
        text = current.text or ""
        new = names.normal(new)
        if new == old:
            raise PageExists(name=new)
        self._may_take(new, old)
        rewritten, left = self._rewritten(old, new) if rewrite else ([], [])
        facts, rendered = self.wiki.facts(new, text)
        parsed = head(text)
        stub = (f"#acl {parsed.acl}\n" if parsed.acl is not None else "") + f"#redirect {new}\n"
        stub_facts, _ = self.wiki.facts(old, stub)
        with self._writing() as evicting:
            page = self.storage.page(old)
            if page.number != current.number:
                raise EditConflict(name=old, theirs=self.storage.revision(old))
            for right in ("write", "delete"):
                self._require_on(right, page)
            self._make_way(evicting, new, old)
            self.storage.rename(old, new)
            moved = self._revision(new, page.number + 1, text, kind="rename", source=old, comment=one_line(comment))
            self.wiki.evict(evicting, old, page, None)
            stored = self._put(evicting, moved, facts, None)
            if redirect:
                self._put(evicting, self._revision(old, 1, stub, kind="rename", source=new), stub_facts, None)
            done = []
            for revision, page_facts in rewritten:
                there = self.wiki.page_or_none(revision.page)
                if there and there.number + 1 == revision.number and self._allows("write", there.name, there.acl):
                    self._put(evicting, revision, page_facts, there)
                    done.append(revision.page)
                else:
                    left.append(revision.page)
        if rendered is not None:
            self.wiki.fragments.keep(stored.page_id, stored.number, new, text, rendered)
        self.done.append(stored)
        return Renamed(new, tuple(done), tuple(left))

    def _may_take(self, new: str, old: str) -> None:
        """Raise unless the new name is free for the visitor: no page there, a deleted one, or the stub of a rename."""
        page = self.wiki.page_or_none(new)
        if not self._allows("write", new, page.acl if page else None):
            raise Forbidden(right="write", name=new)
        if page is not None and not page.deleted and page.redirect != old:
            raise PageExists(name=new)

    def _make_way(self, evicting: Evicting, new: str, old: str) -> None:
        """Move what lies under the new name aside: its history is kept, as a deleted page with a number in its name."""
        self._may_take(new, old)
        page = self.wiki.page_or_none(new)
        if page is None:
            return
        if not page.deleted:
            self._put(evicting, self._deletion(page, ""), Facts(acl=page.acl), page)
        free = next(name for i in range(1, 10_000) if self.wiki.page_or_none(name := aside(new, i)) is None)
        self.storage.rename(new, free)

    def _rewritten(self, old: str, new: str) -> tuple[list[tuple[Revision, Facts]], list[str]]:
        """Return the revisions that rewriting links makes, with their facts, and the pages that cannot be rewritten."""
        from .markup.wikilinks import rewritten

        ready: list[tuple[Revision, Facts]] = []
        left: list[str] = []
        acl = self.effective(old, self.storage.page(old).acl)
        public = self.wiki.visit().may("read", old)
        for name, writable in self.linking(old):
            if name == old:
                continue
            if not public and self.effective(name, self.storage.page(name).acl) != acl:
                # The new name of a page that not everybody may read is told only where the same people read it.
                left.append(name)
                continue
            page = self.storage.revision(name)
            parsed = head(page.text or "")
            text = rewritten(page.text or "", parsed.format or self.wiki.rules.markup, name, old, new)
            if not writable or text == page.text:
                left.append(name)
                continue
            revision = self._revision(name, page.number + 1, text, comment=f"{old} → {new}", minor=True)
            ready.append((revision, self.wiki.facts(name, text)[0]))
        return ready, left


def aside(name: str, count: int) -> str:
    """Return the name under which a page that made way for a rename is kept."""
    return f"{name} ({count})"
