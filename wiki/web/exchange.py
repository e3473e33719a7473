"""One request and what its answer needs: the visit, the language, URLs, the form's token.

Views take it as their first argument.
"""

from __future__ import annotations

import hmac
import secrets
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Request, Response
from markupsafe import Markup

from .. import i18n
from ..model import BadRequest, Forbidden, TooMany, User, WikiError
from ..urls import Urls
from ..view import View
from ..visit import Visit

if TYPE_CHECKING:
    from .site import Site

SESSION = "wiki_session"
FORM = "wiki_form"
THEME = "wiki_theme"
LANGUAGE = "wiki_language"

FORM_SECONDS = 7 * 24 * 3600


class StaleForm(Forbidden):
    """The form was not made by this wiki for this visitor, or his session has ended since."""

    message = "This form has expired: you logged in or out meanwhile, or it was open for long. Please send it again."


class Exchange:
    """One request to one site and its answer in the making. `name` and `action` are set for page actions."""

    def __init__(self, site: Site, request: Request) -> None:
        self.site = site
        self.request = request
        self.name = ""
        self.action = ""
        self.status = 200
        self._cookies: list[tuple[str, str, int | None]] = []
        self._form_key = request.cookies.get(FORM, "")
        self.visits: list[Visit] = []
        self.mail_waits = False

    # -- who -------------------------------------------------------------------------------------------------------

    @cached_property
    def _login(self) -> tuple[User | None, str]:
        """Who it is, and the session token ('' without one)."""
        from ..auth import recognised

        return recognised(self.site, self.request)

    @property
    def user(self) -> User | None:
        """The visitor's account, or None."""
        return self._login[0]

    @property
    def session(self) -> str:
        """The visitor's session token, '' without one."""
        return self._login[1]

    @property
    def address(self) -> str:
        """The visitor's network address."""
        return self.request.remote_addr or ""

    @cached_property
    def visit(self) -> Visit:
        """The visitor's visit to the wiki."""
        return self.visit_as(self.user, trusted=self.user is not None and not self.session)

    def visit_as(self, user: User | None, trusted: bool = False) -> Visit:
        """Return a visit of an account from the visitor's address; what it changes, subscribers are told of."""
        visit = self.site.wiki.visit(user, self.address, trusted=trusted)
        self.visits.append(visit)
        return visit

    # -- URLs ------------------------------------------------------------------------------------------------------

    @cached_property
    def urls(self) -> Urls:
        """URLs below the mount, without host."""
        return Urls(self.request.environ.get("SCRIPT_NAME", ""))

    @cached_property
    def absolute_urls(self) -> Urls:
        """URLs with scheme and host: for feeds and mail."""
        base = self.site.settings.base_url or f"{self.request.scheme}://{self.request.host}"
        return Urls(self.urls.mount, base.removesuffix(self.urls.mount) if self.urls.mount else base)

    @property
    def raw_path_differs(self) -> bool:
        """Whether the path as sent holds what the page's name does not show: empty segments."""
        below = self._raw_path.removeprefix(self.urls.mount)
        return "" in below.removeprefix("/").split("/") and below not in ("", "/")

    @property
    def _raw_path(self) -> str:
        return str(self.request.environ.get("wiki.raw_path", ""))

    def refuse_dots(self, path: str) -> None:
        """Raise BadRequest if a path has a segment `.` or `..`, as decoded or as sent.

        A web server's access rules may have been written for what such a path leads to.
        """
        if not {".", ".."}.isdisjoint((*path.split("/"), *self._raw_path.split("/"))):
            raise BadRequest("A path with “.” or “..” is not accepted.")

    def local(self, url: str) -> str:
        """Return a URL to go back to, if it leads to this wiki and nowhere else, else ''."""
        if not url.startswith(f"{self.urls.mount}/") or url.startswith("//") or "\\" in url or not url.isprintable():
            return ""
        parts = urlsplit(url)
        return "" if parts.scheme or parts.netloc else url

    # -- language --------------------------------------------------------------------------------------------------

    @cached_property
    def language(self) -> str:
        """The visitor's language: of this browser (his cookie), else of his account, else the wiki's."""
        wanted = self.request.cookies.get(LANGUAGE, "") or (self.user.settings.get("language") if self.user else "")
        return wanted if wanted in i18n.available() else self.site.settings.language

    @cached_property
    def theme(self) -> str:
        """'light', 'dark', or '' where the system decides."""
        wanted = self.request.cookies.get(THEME, "") or (self.user.settings.get("theme") if self.user else "")
        return wanted if wanted in ("light", "dark") else ""

    @cached_property
    def timezone(self) -> str | int:
        """The visitor's time zone by its IANA name, or in minutes east of UTC for an account that came with such."""
        chosen = self.user.settings if self.user else {}
        if chosen.get("timezone"):
            return str(chosen["timezone"])
        offset = chosen.get("tz_offset")  # MoinMoin's, in seconds
        return offset // 60 if isinstance(offset, int) and offset else self.site.settings.timezone

    @cached_property
    def translation(self) -> Any:
        """The language's catalogue, with gettext and ngettext."""
        return i18n.translation(self.language)

    def gettext(self, text: str) -> str:
        """Return an interface string in the visitor's language."""
        return str(self.translation.gettext(text))

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Return an interface string for a number in the visitor's language."""
        return str(self.translation.ngettext(one, many, count))

    def said(self, error: WikiError) -> str:
        """Return an error's message in the visitor's language."""
        text = self.gettext(error.message)
        try:
            params = dict(error.params)
            if "right" in params:
                params["right"] = self.gettext(str(params["right"]))
            return text % params if params else text.replace("%%", "%")
        except (KeyError, ValueError, TypeError):
            return str(error)

    def when(self, time: int, style: str = "") -> Markup:
        """Return a time (microseconds) as a `<time>` element in the visitor's language and time zone."""
        from datetime import UTC, datetime

        exact = datetime.fromtimestamp(time / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = i18n.formatted(time, self.timezone, self.language, style)
        return Markup('<time datetime="{}">{}</time>').format(exact, text)

    # -- forms ----------------------------------------------------------------------------------------------------

    @cached_property
    def csrf_token(self) -> str:
        """The token that a form of this visitor carries. Without a session a cookie of its own is the key."""
        if not self.session and not self._form_key:
            self._form_key = secrets.token_urlsafe(24)
            self.set_cookie(FORM, self._form_key, FORM_SECONDS)
        return self._token(self.session or self._form_key)

    def _token(self, key: str, salt: str = "") -> str:
        """Return a token for a key: another one each time, so that compressed pages do not give it away (BREACH)."""
        salt = salt or secrets.token_hex(8)
        return salt + hmac.new(self.site.secret, f"form:{salt}:{key}".encode(), "sha256").hexdigest()

    @property
    def form_is_ours(self) -> bool:
        """Whether the form was made for this visitor, by its token, and the browser names no other origin."""
        origin = self.request.headers.get("Origin", "")
        if origin and origin != "null" and urlsplit(origin).netloc.lower() != self.request.host.lower():
            return False
        sent = self.request.form.get("csrf_token", "") or self.request.headers.get("X-CSRF-Token", "")
        key = self.session or self._form_key
        return bool(key) and hmac.compare_digest(self._token(key, sent[:16] or "-").encode(), sent.encode())

    def check_form(self) -> None:
        """Raise StaleForm unless the form is ours. The editor is left to check by itself, so that it keeps the text."""
        if self.action != "edit" and not self.form_is_ours:
            raise StaleForm()

    def limit(self, what: str, count: int, seconds: int, key: str = "") -> None:
        """Raise TooMany if this happens more than so often in so many seconds, by the visitor's address or a key."""
        now = self.site.wiki.now() / 1_000_000
        if self.site.wiki.storage.tally(f"{what}:{key or self.address}", seconds, now) > count:
            raise TooMany(seconds=seconds)

    # -- answers --------------------------------------------------------------------------------------------------

    def view(self, name: str, preview: bool = False) -> View:
        """Return what fills a page's rendering for this visitor."""
        from .. import macros

        return View(
            self.visit,
            self.urls,
            name,
            macros.find,
            self.gettext,
            self.ngettext,
            self.when,
            dict(self.request.args.items()),
            preview,
            day=lambda time: self.when(time, "date"),
            size=lambda count: i18n.size(count, self.language),
        )

    def render(
        self,
        template: str,
        status: int = 200,
        title: str = "",
        wide: bool = False,
        feeds: tuple[tuple[str, str], ...] = (),
        **values: Any,
    ) -> Response:
        """Return a template as an answer. `title` is the screen's heading; `values` are the template's variables."""
        from .chrome import framed
        from .frame import template_words

        translate, translate_many = template_words(self.translation)
        text = self.site.templates.get_template(template).render(
            frame=framed(self, title, wide=wide, feeds=feeds),
            urls=self.urls,
            static=self.site.static_url(self.urls),
            csrf_token=_Lazy(lambda: self.csrf_token),
            _=translate,
            ngettext=translate_many,
            when=self.when,
            size=lambda number: i18n.size(number, self.language),
            status=status,
            **values,
        )
        return self.finish(Response(text, status, mimetype="text/html"))

    def redirect(self, url: str, status: int = 303, keep_query: bool = False) -> Response:
        """Return a redirect to a URL of this wiki."""
        if keep_query and (query := self.request.query_string.decode("latin-1")):
            url = f"{url}?{query}"
        response = Response("", status, mimetype="text/plain")
        response.headers["Location"] = url
        response.autocorrect_location_header = False
        return self.finish(response)

    def one_button(self) -> Response:
        """Return a form with one button, for an old GET URL that would change something."""
        return self.render(
            "message.html",
            title=self.gettext("Please confirm"),
            message=self.gettext("This changes something, so please confirm it with the button."),
            url=self.here(),
            label=self.gettext("Continue"),
            fields={},
            danger=False,
            back=self.urls.page(self.name) if self.name else self.urls.root(),
        )

    def here(self) -> str:
        """Return the URL of this request below the mount, with its query."""
        query = self.request.query_string.decode("latin-1")
        path = (
            self.urls.mount + "/" + "/".join(_quoted(part) for part in self.request.path.removeprefix("/").split("/"))
        )
        return f"{path}?{query}" if query else path

    def set_cookie(self, key: str, value: str, seconds: int | None = None) -> None:
        """Set a cookie with the answer; `seconds` of 0 forgets it, None keeps it for the browser's session."""
        self._cookies.append((key, value, seconds))

    def finish(self, response: Response) -> Response:
        """Return an answer with the cookies that were set on the way."""
        for key, value, seconds in self._cookies:
            response.set_cookie(
                key,
                value,
                max_age=seconds,
                path=f"{self.urls.mount}/",
                secure=self.request.scheme == "https",
                httponly=key not in (THEME, LANGUAGE),
                samesite="Lax",
            )
        self._cookies.clear()
        return response


class _Lazy:
    """A string that is made when it is shown: a page without a form sets no cookie."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __str__(self) -> str:
        return str(self._make())

    def __html__(self) -> str:
        return str(self._make())


def _quoted(part: str) -> str:
    from urllib.parse import quote

    return quote(part, safe="~!$'()*,;:@-._")
