"""Macros about attachments."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from .. import names
from ..markup import Hole, Rendered
from ..model import NoSuchPage
from .listing import LIMIT, entries, matching

if TYPE_CHECKING:
    from . import Call


def AttachList(call: Call) -> Markup:
    """Return the files of a page (this one if none is named), of a media type, whose names match an expression.

    The media type may be its beginning: `image` or `image/*` for all images.
    """
    view = call.view
    positional, named = call.arguments
    page, mime, pattern = (*positional, "", "", "")[:3]
    page = named.get("page", page)
    mime = named.get("mime", mime)
    pattern = named.get("regex", pattern)
    name = names.resolve(page, call.page) if page else call.page
    files = view.visit.attachments(name)
    if not files and name != call.page and not view.visit.existing({name}):
        raise NoSuchPage(name=name)
    if mime:
        files = [file for file in files if _is_of(file.type, mime)]
    if pattern:
        wanted = set(matching([file.name for file in files], pattern))
        files = [file for file in files if file.name in wanted]
    items = [
        Markup('<a href="{}">{}</a> ({}, {})').format(
            view.urls.file(name, file.name), file.name, view.size(file.size), view.when(file.time)
        )
        for file in files[:LIMIT]
    ]
    return entries(call, items, view.urls.page(name, "AttachFile") if len(files) > LIMIT else "")


def AttachInfo(call: Call) -> Markup:
    """Return how many files a page has, this one if none is named, with a link to them."""
    view = call.view
    name = names.resolve(call.text, call.page) if call.text else call.page
    count = len(view.visit.attachments(name))
    text = view.ngettext("%(count)s file", "%(count)s files", count) % {"count": count}
    return Markup('<a href="{}">{}</a>').format(view.urls.page(name, "AttachFile"), text)


def EmbedObject(call: Call) -> Markup:
    """Return a picture, or for any other file a link to it: no foreign program runs in a page.

    Arguments: the file (`Page/file.pdf` for another page's), width, height, and what to show instead; MoinMoin's
    further ones are ignored.
    """
    view = call.view
    positional, named = call.arguments
    target, _width, _height, alt = (*positional, "", "", "", "")[:4]
    target = named.get("target", target).removeprefix("attachment:")
    folder, _, file = target.rpartition("/")
    name = names.resolve(folder, call.page) if folder else call.page
    size = tuple(
        (key, value) for key in ("width", "height") if (value := named.get(key, "")).isdigit() and len(value) < 5
    )
    alt = named.get("alt", alt) or file
    hole = Hole("image", name, names.file_normal(file), (("alt", alt), *size))
    return Markup(view.fill(Rendered((hole,))))


def _is_of(type: str, wanted: str) -> bool:
    return type == wanted or type.startswith(wanted.removesuffix("*").removesuffix("/") + "/")
