"""What programs may do with the wiki from afar: the methods of MoinMoin 1.9's XML-RPC interface, by a Visit.

The protocol is in `web.xmlrpc`. A method's parameters and result are what `xmlrpc.client` makes of them.
"""
# ruff: noqa: N802 -- a method is named as programs call it

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xmlrpc.client import Binary, DateTime, Fault

from . import names
from .markup.head import head
from .model import BadRequest, NoSuchPage, Revision

if TYPE_CHECKING:
    from .visit import Visit

VERSION = 2
"""Of the WikiRPC interface."""

MOST_CHANGES = 1000
FOUND = 100
_SYSTEM = ("Help", "System")


class Methods:
    """The methods that one visitor may call; each asks his rights. They raise WikiError, or Fault for wrong parameters.

    `html` renders a revision for him; `site_name` is the wiki's name.
    """

    def __init__(self, visit: Visit, html: Callable[[Revision], str], site_name: str, version: str) -> None:
        self.visit = visit
        self._html = html
        self._site_name = site_name
        self._version = version

    # -- about the wiki ----------------------------------------------------------------------------------------------

    def getRPCVersionSupported(self) -> int:
        """Return the version of the interface."""
        return VERSION

    def getMoinVersion(self) -> list[str]:
        """Return what answers here: name, version, and a part that is always empty."""
        return ["Anywiki", self._version, ""]

    def interwikiName(self) -> list[str]:
        """Return the wiki's name, and an identifier that is always empty."""
        return [self._site_name, ""]

    def WhoAmI(self) -> str:
        """Return who the caller is, in a sentence."""
        user = self.visit.user
        return f"You are {user.name if user else 'anonymous'}. valid={int(user is not None)}."

    def getUserProfile(self) -> dict[str, Any]:
        """Return the caller's own account; {} without one."""
        user = self.visit.user
        return {"name": user.name, "email": user.email} if user else {}

    # -- lists -------------------------------------------------------------------------------------------------------

    def getAllPages(self, options: object = None) -> list[Any]:
        """Return the names of all pages, as `getAllPagesEx` with these options."""
        return self.getAllPagesEx(options)

    def getAllPagesEx(self, options: object = None) -> list[Any]:
        """Return page names. Options of MoinMoin's that count here:

        `prefix`; `pagelist` (of these only); `include_deleted`; `exclude_non_writable`; `include_revno` makes each a
        pair of name and revision number; `mark_deleted` makes the number of a deleted page negative.
        """
        chosen = options if isinstance(options, dict) else {}
        prefix = str(chosen.get("prefix", ""))
        pages = self.visit.pages(prefix=prefix)
        if chosen.get("include_deleted"):
            pages = sorted([*pages, *self.visit.pages(prefix=prefix, deleted=True)], key=lambda page: page.name)
        if chosen.get("pagelist"):
            wanted = set(_list(chosen["pagelist"]))
            pages = [page for page in pages if page.name in wanted]
        if chosen.get("exclude_non_writable"):
            pages = [page for page in pages if self.visit.may("write", page.name)]
        if not chosen.get("include_revno"):
            return [page.name for page in pages]
        marked = bool(chosen.get("mark_deleted"))
        return [[page.name, -page.number if marked and page.deleted else page.number] for page in pages]

    def getRecentChanges(self, since: object) -> list[dict[str, Any]]:
        """Return the changes since a time (UTC), newest first: name, lastModified, author, version."""
        found = self.visit.changes(limit=MOST_CHANGES, since=_microseconds(since))
        return [_told(change) for change in found if change.number]

    def searchPages(self, words: object) -> list[list[str]]:
        """Return pairs of a page's name and a piece of its text, best first."""
        return self.searchPagesEx(words)

    def searchPagesEx(
        self,
        words: object,
        search_type: object = "text",
        length: object = 30,
        case: object = False,
        mtime: object = 0,
        regexp: object = False,
    ) -> list[list[str]]:
        """Return pairs as `searchPages`; `search_type` may be `title`, `regexp` takes the words for an expression.

        `length`, `case` and `mtime` are accepted and not used.
        """
        from . import query, search

        asked = _text(words)
        if regexp:
            asked = f'regex:"{asked}"'
        elif search_type == "title":
            asked = " ".join(f"title:{word}" for word in asked.split())
        node = query.parse(asked[: query.LENGTH])
        if node is None:
            return []
        found = []
        for hit in self.visit.search(node, FOUND).hits:
            try:
                text = self.visit.read(hit.name).text or ""
            except NoSuchPage:  # deleted since the index answered
                continue
            found.append([hit.name, "".join(piece for piece, _ in search.snippet(text, node))])
        return found

    def listLinks(self, name: object) -> list[dict[str, str]]:
        """Return what a page links to: dicts of name and type, which is always `local`."""
        rendered = self.visit.rendered(self._read(name))
        targets = {link.target for link in rendered.links if link.kind in ("link", "category")}
        return [{"name": target, "type": "local"} for target in sorted(targets)]

    # -- reading -----------------------------------------------------------------------------------------------------

    def getPage(self, name: object) -> str:
        """Return a page's text."""
        return self._read(name).text or ""

    def getPageVersion(self, name: object, number: object) -> str:
        """Return the text of a revision."""
        return self._read(name, number).text or ""

    def getPageHTML(self, name: object) -> str:
        """Return a page as HTML, without what surrounds it."""
        return self._html(self._read(name))

    def getPageHTMLVersion(self, name: object, number: object) -> str:
        """Return a revision as HTML."""
        return self._html(self._read(name, number))

    def getPageInfo(self, name: object) -> dict[str, Any]:
        """Return of a page: name, lastModified (UTC), author, version."""
        return _told(self._read(name))

    def getPageInfoVersion(self, name: object, number: object) -> dict[str, Any]:
        """Return the same of a revision."""
        return _told(self._read(name, number))

    def getProcessingInstruction(self, name: object, key: object) -> str:
        """Return the value of a processing instruction (`acl`, `format`, `language` …) of a page, '' without it."""
        return _instruction(self._read(name), _text(key))

    def getProcessingInstructionVersion(self, name: object, number: object, key: object) -> str:
        """Return the same of a revision."""
        return _instruction(self._read(name, number), _text(key))

    # -- writing -----------------------------------------------------------------------------------------------------

    def putPage(self, name: object, text: object) -> bool:
        """Save a text, which takes the place of the page's, and return True, also if it is the same."""
        written = text.data.decode("utf-8", "replace") if isinstance(text, Binary) else _text(text)
        self.visit.save(names.normal(_text(name)), written)
        return True

    def renamePage(self, name: object, new: object) -> bool:
        """Give a page another name and return True."""
        self.visit.rename(names.normal(_text(name)), _text(new), redirect=False)
        return True

    def revertPage(self, name: object, number: object) -> bool:
        """Save an old revision's text again and return True."""
        self.visit.revert(names.normal(_text(name)), _number(number))
        return True

    def deletePage(self, name: object) -> bool:
        """Delete a page and return True."""
        self.visit.delete(names.normal(_text(name)))
        return True

    # -- attachments -------------------------------------------------------------------------------------------------

    def listAttachments(self, page: object) -> list[str]:
        """Return the names of a page's files."""
        return [file.name for file in self.visit.attachments(names.normal(_text(page)))]

    def getAttachment(self, page: object, name: object) -> Binary:
        """Return a file's bytes."""
        file = self.visit.attachment(names.normal(_text(page)), names.file_normal(_text(name)))
        return Binary(b"".join(self.visit.content(file)))

    def putAttachment(self, page: object, name: object, content: object) -> bool:
        """Keep a file with a page, as a new version if there is one of this name, and return True."""
        if not isinstance(content, Binary):
            raise Fault(1, "The file's content must be base64.")
        self.visit.attach(names.normal(_text(page)), _text(name), BytesIO(content.data))
        return True

    def deleteAttachment(self, page: object, name: object) -> bool:
        """Remove a file and return True."""
        self.visit.detach(names.normal(_text(page)), names.file_normal(_text(name)))
        return True

    # ----------------------------------------------------------------------------------------------------------------

    def _read(self, name: object, number: object = None) -> Revision:
        return self.visit.read(names.normal(_text(name)), None if number is None else _number(number))


METHODS = frozenset(name for name in vars(Methods) if not name.startswith("_"))
"""What may be called by name."""


def _told(change: Any) -> dict[str, Any]:
    return {
        "name": change.page,
        "lastModified": DateTime(time.gmtime(change.time / 1_000_000)),
        "author": change.author.name or change.author.host or change.author.address or "anonymous",
        "version": change.number,
    }


def _instruction(revision: Revision, key: str) -> str:
    parsed = head(revision.text or "")
    values = {"acl": parsed.acl, "format": parsed.format, "redirect": parsed.redirect, "language": parsed.language}
    return values.get(key.lower()) or parsed.pragma(key)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Fault(1, "A text was expected.")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Fault(1, "A revision's number was expected.")
    return value


def _list(value: object) -> list[str]:
    if not isinstance(value, list):
        raise Fault(1, "A list was expected.")
    return [_text(item) for item in value]


def _microseconds(value: object) -> int:
    """Return a time (UTC, as dateTime.iso8601 has it) in microseconds since 1970."""
    import calendar

    written = str(value.value) if isinstance(value, DateTime) else str(value)
    try:
        return calendar.timegm(time.strptime(written, "%Y%m%dT%H:%M:%S")) * 1_000_000
    except ValueError:
        raise BadRequest("“%(text)s” is no time such as 20261124T08:00:00.", text=written) from None
