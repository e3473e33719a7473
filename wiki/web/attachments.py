"""The files of a page, by MoinMoin 1.9's `?action=AttachFile&do=…`: listed, sent, uploaded, removed, brought back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, cast
from urllib.parse import quote

from flask import Response

from ..model import Attachment, BadRequest, NoSuchFile, TooLarge, WikiError
from ..pictures import SHOWN_TYPES
from .exchange import Exchange

INLINE = SHOWN_TYPES | {"text/plain", "application/pdf", "audio/mpeg", "audio/ogg", "video/mp4", "video/webm"}
"""What a browser may show itself. All else is only offered to be saved: an HTML file would run in the wiki's name."""

SANDBOX = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'; frame-ancestors 'self'"
)
DOCUMENT = "default-src 'none'; frame-ancestors 'self'"


def attachments(exchange: Exchange, name: str) -> Response:
    """Do what `do` says with a page's files."""
    source = exchange.request.form if exchange.request.method == "POST" else exchange.request.args
    deed = source.get("do", exchange.request.args.get("do", ""))
    target = source.get("target", exchange.request.args.get("target", ""))
    if exchange.request.method == "POST":
        return _changed(exchange, name, deed, target)
    if deed in ("get", "view") or (deed == "" and target):
        if not target:
            raise BadRequest("This address does not say which file.")
        return _sent(exchange, name, target) if deed == "get" else _one(exchange, name, target)
    if deed in ("del", "revert"):
        return _asked(exchange, name, deed, target)
    return _list(exchange, name)


def _list(exchange: Exchange, name: str, error: WikiError | None = None) -> Response:
    visit = exchange.visit
    visit.page(name)
    return exchange.render(
        "attachments.html",
        error.status if error else 200,
        title=exchange.gettext("Files of “%(name)s”") % {"name": name},
        files=visit.attachments(name),
        may_write=visit.may("write", name),
        may_delete=visit.may("delete", name),
        limit=exchange.site.wiki.rules.upload_limit,
        error=exchange.said(error) if error else "",
        comment=exchange.request.form.get("comment", ""),
    )


def _one(exchange: Exchange, name: str, target: str, error: WikiError | None = None) -> Response:
    visit = exchange.visit
    versions = visit.attachment_versions(name, target)
    file = versions[0]
    return exchange.render(
        "attachment.html",
        error.status if error else 200,
        title=target,
        file=file,
        versions=versions,
        picture=file.type in SHOWN_TYPES,
        used=visit.storage.backlinks(name, ("file",), target, readable=visit.readable, limit=100),
        may_write=visit.may("write", name),
        may_delete=visit.may("delete", name),
        limit=exchange.site.wiki.rules.upload_limit,
        error=exchange.said(error) if error else "",
    )


def _changed(exchange: Exchange, name: str, deed: str, target: str) -> Response:
    if deed in ("upload", "attach", ""):
        return _uploaded(exchange, name, target)
    visit, comment = exchange.visit, exchange.request.form.get("comment", "")
    if deed == "del":
        visit.detach(name, target, comment)
        return exchange.redirect(exchange.urls.page(name, "AttachFile", note="detached"))
    if deed == "revert":
        visit.reattach(name, target, _version(exchange) or 0, comment)
        return exchange.redirect(exchange.urls.file(name, target, do="view") + "&note=attached")
    raise BadRequest("There is no action “%(action)s”.", action=deed)


def _uploaded(exchange: Exchange, name: str, target: str) -> Response:
    """Keep the files that were sent; `target` (or MoinMoin's `rename`) names a single one."""
    form = exchange.request.form
    files = [file for file in exchange.request.files.getlist("file") if file.filename]
    wanted = target or form.get("rename", "")
    try:
        if not files:
            raise BadRequest("No file was chosen.")
        if wanted and len(files) > 1:
            raise BadRequest("Choose one file to replace this one.")
        limit = exchange.site.wiki.rules.upload_limit
        for file in files:
            size = file.stream.seek(0, 2)
            file.stream.seek(0)
            if size > limit:
                raise TooLarge(limit=limit)
        for file in files:
            content = cast(BinaryIO, file.stream)
            exchange.visit.attach(name, wanted or file.filename or "", content, form.get("comment", ""))
    except WikiError as error:
        if wanted:
            try:
                return _one(exchange, name, wanted, error)
            except NoSuchFile:
                pass
        return _list(exchange, name, error)
    return exchange.redirect(exchange.urls.page(name, "AttachFile", note="attached"))


def _asked(exchange: Exchange, name: str, deed: str, target: str) -> Response:
    """Ask before a file is removed or an old version brought back."""
    version = _version(exchange)
    file = exchange.visit.attachment(name, target, version)
    remove = deed == "del"
    message = (
        exchange.gettext("Remove the file “%(file)s” from “%(name)s”? Its versions can be brought back.")
        if remove
        else exchange.gettext("Make version %(version)s of “%(file)s” the newest?")
    )
    return exchange.render(
        "message.html",
        title=exchange.gettext("Remove a file") if remove else exchange.gettext("Bring back an old version"),
        message=message % {"file": file.name, "name": name, "version": file.version},
        url=exchange.urls.page(name, "AttachFile"),
        label=exchange.gettext("Remove") if remove else exchange.gettext("Bring back"),
        fields={"do": deed, "target": target, "version": version or ""},
        danger=remove,
        back=exchange.urls.file(name, target, do="view"),
    )


def _version(exchange: Exchange) -> int | None:
    text = exchange.request.values.get("version", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest("“%(key)s” must be the number of a version.", key="version")
    return int(text)


def _sent(exchange: Exchange, name: str, target: str) -> Response:
    """Send a file's bytes, or a range of them (RFC 9110 section 14); inert, whatever it is."""
    version = _version(exchange)
    file = exchange.visit.attachment(name, target, version)
    if file.deleted:
        raise NoSuchFile(page=name, name=target)
    request = exchange.request
    response = Response(mimetype=file.type if file.type in INLINE else "application/octet-stream")
    if file.type == "text/plain":
        response.mimetype = "text/plain"
    response.set_etag(f"{file.sha256[:32]}")
    response.headers["Content-Disposition"] = _disposition(file)
    # A browser's PDF viewer does not start in a sandbox; it runs no script of the file in our name.
    response.headers["Content-Security-Policy"] = DOCUMENT if file.type == "application/pdf" else SANDBOX
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = (
        "private, no-cache" if version is None else "private, max-age=31536000, immutable"
    )
    if request.if_none_match.contains(file.sha256[:32]):
        response.status_code = 304
        return response
    start, end = _range(exchange, file)
    if start is not None:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    response.headers["Content-Length"] = str(end - (start or 0))
    if request.method != "HEAD":
        response.response = _pieces(exchange, file, start or 0, end)
    return response


def _range(exchange: Exchange, file: Attachment) -> tuple[int | None, int]:
    """Return the start (None = all) and the end of what is asked for. Several ranges at once are answered with all."""
    wanted = exchange.request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None, file.size
    found = wanted.range_for_length(file.size)
    return found or (None, file.size)


def _pieces(exchange: Exchange, file: Attachment, start: int, end: int) -> Iterator[bytes]:
    return exchange.visit.content(file, start, end)


def _disposition(file: Attachment) -> str:
    """Return a Content-Disposition (RFC 6266) that any name passes through safely."""
    kind = "inline" if file.type in INLINE else "attachment"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in file.name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
