"""The one door through which a visit changes anything: storage's transaction and the page cache's lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .model import Facts, Forbidden, Page, Revision
from .reading import Reading

if TYPE_CHECKING:
    from .core import Evicting


class Writing(Reading):
    """What every change made by a visit goes through."""

    @contextmanager
    def _writing(self) -> Iterator[Evicting]:
        """The one door for changes: a storage transaction in which the page cache's lock is held."""
        with self.wiki.cache.writing(self.storage.writing()) as evicting:
            yield evicting

    def _put(self, evicting: Evicting, revision: Revision, facts: Facts, before: Page | None) -> Revision:
        stored = self.storage.put(revision, facts)
        self.wiki.evict(evicting, revision.page, before, self.storage.page(revision.page))
        return stored

    def _require_on(self, right: str, page: Page) -> None:
        """Raise Forbidden by the state of the page inside a transaction."""
        if not self._allows(right, page.name, page.acl):
            raise Forbidden(right=right, name=page.name)

    def _deletion(self, page: Page, comment: str) -> Revision:
        return self._revision(page.name, page.number + 1, None, kind="delete", comment=comment)

    def _revision(
        self,
        page: str,
        number: int,
        text: str | None,
        kind: str = "edit",
        source: str = "",
        comment: str = "",
        minor: bool = False,
    ) -> Revision:
        """Return a revision by this visitor, now."""
        return Revision(
            page=page,
            number=number,
            text=text,
            author=self.author,
            time=self.wiki.now(),
            kind=kind,
            source=source,
            comment=comment,
            minor=minor,
        )


def one_line(comment: str) -> str:
    """Return a comment without line ends, at most 500 characters."""
    return " ".join(comment.split())[:500]
