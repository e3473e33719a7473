"""What stands around every screen's content: the site's header, navigation, page head and footer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from gettext import NullTranslations

    from ..model import User

Words = Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One deed offered in the page head.

    `key` names its icon; `primary` makes it the filled button (one per screen); `shortcut` is the single key that
    wiki.js binds to it and `accesskey` the browser's own; `current` marks the screen that is being shown.
    """

    key: str
    label: str
    url: str
    primary: bool = False
    rel: str = ""
    accesskey: str = ""
    shortcut: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Everything that layout.html shows. It names no other page's state, because anonymous pages are cached.

    `theme` is '' (as the device wishes), 'light' or 'dark'. `title` is the h1, `name` the page that the screen is
    about ('' if none). `crumbs` are (label, url) of what lies above; `links` and `quicklinks` are the left navigation
    as (label, url, current); `trail` are the pages seen last, `footer` more links, as (label, url); `feeds` (title,
    url). `notice` is (text, kind) with a kind of `ok`, `info`, `warning` or `error`, or None. `here` is the path to
    come back to after logging in. `wide` gives the whole width to the content. `shortcuts` is False for a user who
    switched single-key shortcuts off.
    """

    site_name: str
    language: str = "en"
    direction: str = "ltr"
    theme: str = ""
    user: User | None = None
    may_admin: bool = False
    may_register: bool = False
    title: str = ""
    name: str = ""
    crumbs: tuple[tuple[str, str], ...] = ()
    actions: tuple[Action, ...] = ()
    more: tuple[Action, ...] = ()
    links: tuple[tuple[str, str, bool], ...] = ()
    quicklinks: tuple[tuple[str, str, bool], ...] = ()
    trail: tuple[tuple[str, str], ...] = ()
    notice: tuple[str, str] | None = None
    search: str = ""
    canonical: str = ""
    feeds: tuple[tuple[str, str], ...] = ()
    footer: tuple[tuple[str, str], ...] = ()
    here: str = ""
    wide: bool = False
    shortcuts: bool = True


def template_words(translation: NullTranslations) -> tuple[Words, Words]:
    """Return `_` and `ngettext` as templates use them: parameters are escaped unless they are Markup.

    `_("By %(name)s", name=…)`; `ngettext("%(count)s page", "%(count)s pages", n)` fills `count` by itself. A text
    without parameters is taken as it is, so that a `%` in it needs no doubling.
    """

    def gettext(message: str, **params: object) -> str:
        text = translation.gettext(message)
        return Markup(text) % params if params else text

    def ngettext(singular: str, plural: str, count: int, **params: object) -> str:
        return Markup(translation.ngettext(singular, plural, count)) % {"count": count, **params}

    return gettext, ngettext
