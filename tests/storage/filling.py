"""Short ways to fill a storage in tests."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from wiki.model import Attachment, Author, Facts, Link, NoSuchPage, Revision

if TYPE_CHECKING:
    from wiki.storage import Storage

NAME = "Café/日本語"
ANN = Author("id-ann", "Ann", "192.0.2.1", "host.example")
SECRET = "Ann:read"


def save(
    storage: Storage,
    name: str,
    text: str | None = "text\n",
    *,
    links: tuple[Link, ...] = (),
    acl: str | None = None,
    author: Author = ANN,
    time: int = 1_000,
    kind: str = "edit",
    comment: str = "",
) -> Revision:
    """Save the next revision of a page, as core would."""
    try:
        number = storage.page(name).number + 1
    except NoSuchPage:
        number = 1
    revision = Revision(page=name, number=number, author=author, time=time, kind=kind, comment=comment, text=text)
    return storage.put(revision, Facts(links=links, acl=acl, body=text or ""))


def delete(storage: Storage, name: str, acl: str | None = None) -> Revision:
    """Delete a page."""
    return save(storage, name, None, kind="delete", acl=acl)


def upload(storage: Storage, page: str, name: str, data: bytes | None, time: int = 5_000) -> Attachment:
    """Store a version of a file; None removes it."""
    attachment = Attachment(page=page, name=name, version=0, author=ANN, time=time, type="text/plain")
    return storage.attach(attachment, None if data is None else BytesIO(data))


def link(*targets: str, kind: str = "link") -> tuple[Link, ...]:
    """Return links of one kind."""
    return tuple(Link(kind, target) for target in targets)


def names(pages: object) -> list[str]:
    """Return the names of pages or hits."""
    return [page.name for page in pages]  # type: ignore[attr-defined]
