"""Every screen of the wiki in one list: what axe looks at, what is photographed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .garden import LONG, PAGE, SECRET
from .serving import MOUNT, PASSWORD, Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

BEDS = "Garden/Beds"

Deed = Callable[["Page"], None]


@dataclass(frozen=True, kw_only=True)
class Screen:
    """One screen: the template that makes it, where it is, who sees it, and what is plain to see only there.

    `deed` is done after it was opened; `wiki` is the fixture it is shown on: the garden's, a
    `fresh` one that has no administrator yet, or an `old` one, a MoinMoin's whose rights nobody has confirmed.
    """

    name: str
    template: str
    where: Callable[[Site], str]
    mark: str
    who: str = ""
    deed: Deed | None = None
    wiki: str = "site"
    status: int = 200
    within: str = "html"
    """What axe judges: an open menu may lie over a part of what is behind it."""

    only: str = ""
    """The one size (of chromium.SIZES) that has this screen, '' = all."""

    def show(self, page: Page, site: Site) -> None:
        """Open this screen in a browser tab of who may see it."""
        answer = page.goto(self.where(site))
        assert answer is not None and answer.status == self.status, (self.name, answer and answer.status)
        if self.deed is not None:
            self.deed(page)
        page.locator(self.mark).first.wait_for(state="visible")


def at(name: str, action: str = "", **query: object) -> Callable[[Site], str]:
    """Return where a page or an action on it is."""
    return lambda site: site.urls.page(name, action, **query)


def special(path: str, **query: object) -> Callable[[Site], str]:
    """Return where a screen below `/-/` is."""
    return lambda site: site.urls.special(path, **query)


def pressing(label: str, **fields: str) -> Deed:
    """Return a deed: fill in fields of the main form, then press a button."""

    def deed(page: Page) -> None:
        main = page.get_by_role("main")
        for name, value in fields.items():
            main.locator(f"[name={name}]").first.fill(value)
        main.get_by_role("button", name=label, exact=True).click()
        page.wait_for_load_state()

    return deed


def _opening(selector: str) -> Deed:
    return lambda page: page.locator(selector).last.click()


def _conflict(page: Page) -> None:
    """Save as somebody would who opened the page before its last changes."""
    page.locator("[name=base]").evaluate("field => { field.value = '1' }")
    pressing("Save", text="Something else altogether.\n")(page)


def _unproved(page: Page) -> None:
    page.locator("#f-email-old").fill("wrong")
    page.get_by_role("button", name="Change the address").click()
    page.wait_for_load_state()


def _suggestions(page: Page) -> None:
    page.locator("#search").press_sequentially("Gar")


def _keys(page: Page) -> None:
    page.keyboard.press("?")


def _screen(name: str, template: str, where: Callable[[Site], str], mark: str, **more: object) -> Screen:
    return Screen(name=name, template=f"{template}.html", where=where, mark=mark, **more)  # type: ignore[arg-type]


def front(site: Site) -> str:
    """Return where the front page is."""
    return site.urls.root()


SCREENS = (
    # -- reading
    _screen("front", "page", front, "article.text"),
    _screen("page", "page", at(BEDS), "article.text img", who="Ann"),
    _screen("page-anonymous", "page", at(BEDS), "article.text table"),
    _screen("page-cjk", "page", at(PAGE), "article.text h1"),
    _screen("page-right-to-left", "page", at("עברית"), "article.text[dir=rtl]"),
    _screen("page-wide", "page", at(LONG), "article.text pre", who="Root"),
    _screen("page-old", "page", at(BEDS, "recall", rev=1), ".box.warning", who="Ann"),
    _screen("page-redirected", "page", at(BEDS, redirect="Redirected"), ".box.info"),
    _screen("page-saved", "page", at(BEDS, note="saved"), ".box.ok", who="Ann"),
    _screen("page-include", "page", at("Café/Menu"), "article.text table"),
    _screen("page-more", "page", at(BEDS), ".actions .panel", who="Ann", deed=_opening(".actions summary")),
    _screen(
        "page-menu", "page", at(BEDS), ".top .panel.start", deed=_opening(".top summary"), within=".top", only="phone"
    ),
    _screen("page-account", "page", at(BEDS), ".top .panel.end", who="Root", deed=_opening(".top summary")),
    _screen("page-suggestions", "page", at("Garden"), "#suggestions li", deed=_suggestions),
    _screen("page-shortcuts", "page", at(BEDS), "dialog[open]", who="Ann", deed=_keys),
    _screen("category", "page", at("CategoryGarden"), "article.text a"),
    _screen("help", "page", at("Help/Markdown"), "article.text pre"),
    _screen("print", "print", at(BEDS, "print"), "body.print article"),
    _screen("missing", "missing", at("Compost"), ".empty", status=404, who="Ann"),
    _screen("missing-anonymous", "missing", at("Compost"), ".empty", status=404),
    _screen("missing-deleted", "missing", at("Spam"), ".box.warning", status=404, who="Root"),
    _screen("forbidden", "error", at(SECRET), "p.lead[role=alert]", status=403),
    _screen("error", "error", at(BEDS, "nonsense"), "p.lead[role=alert]", status=400),
    # -- writing
    _screen("edit", "edit", at(BEDS, "edit"), "#text", who="Ann"),
    _screen("edit-new", "edit", at("Water butt", "edit"), "#text", who="Ann"),
    _screen("edit-preview", "edit", at(BEDS, "edit"), "#preview-text h2", who="Ann", deed=pressing("Preview")),
    _screen(
        "edit-changes",
        "edit",
        at(BEDS, "edit"),
        "#changes .diff",
        who="Ann",
        deed=pressing("Show changes", text="Beans and peas.\n"),
    ),
    _screen("edit-conflict", "edit", at(BEDS, "edit"), "#f-theirs", who="Ann", deed=_conflict),
    _screen("edit-refused", "edit", at("Water butt", "edit"), ".box.error", who="Ann", deed=pressing("Save")),
    _screen("source", "source", at(BEDS, "edit"), "#f-text", status=403),
    _screen("new", "new", special("new", parent="Garden"), "#f-name", who="Ann"),
    # -- history
    _screen("history", "history", at(BEDS, "info"), "ol.history", who="Ann"),
    _screen("history-anonymous", "history", at(LONG, "info"), "ol.history"),
    _screen("diff", "diff", at(BEDS, "diff", rev1=1, rev2=2), ".diff ins", who="Ann"),
    _screen("diff-large", "diff", at(BEDS, "diff", rev1=3, rev2=4), ".diff .added"),
    _screen("diff-same", "diff", at(BEDS, "diff", rev1=2, rev2=4), ".empty"),
    _screen("revert", "message", at(BEDS, "revert", rev=1), "form.one .primary", who="Ann"),
    # -- whole pages
    _screen("rename", "rename", at("Garden", "RenamePage"), "#f-rewrite, #f-with_subpages", who="Ann"),
    _screen(
        "rename-taken",
        "rename",
        at("Sowing calendar", "RenamePage"),
        "#e-new",
        who="Ann",
        deed=pressing("Rename", new=BEDS),
    ),
    _screen("copy", "copy", at(BEDS, "CopyPage"), "#f-new", who="Ann"),
    _screen("delete", "delete", at("Garden", "DeletePage"), "form .danger", who="Ann"),
    _screen("restore", "message", at("Spam", "restore"), "form.one .primary", who="Root"),
    _screen("access", "access", at(BEDS, "access"), "table.data", who="Ann"),
    _screen("access-own", "access", at(SECRET, "access"), "table.data", who="Ann"),
    # -- files
    _screen("attachments", "attachments", at(BEDS, "AttachFile"), "table.data", who="Ann"),
    _screen("attachments-none", "attachments", at("Garden", "AttachFile"), ".empty"),
    _screen(
        "attachment", "attachment", lambda site: site.urls.file(BEDS, "plan.png", do="view"), ".picture img", who="Ann"
    ),
    _screen(
        "attachment-removed",
        "attachment",
        lambda site: site.urls.file(BEDS, "gone.txt", do="view"),
        ".box.warning",
        who="Ann",
    ),
    _screen(
        "attachment-delete",
        "message",
        lambda site: site.urls.file(BEDS, "plan.png", do="del"),
        "form.one .danger",
        who="Ann",
    ),
    # -- finding
    _screen("search", "search", special("search", q="beans"), "ol.results mark"),
    _screen("search-empty", "search", special("search"), "#q"),
    _screen("search-tips", "search", special("search"), "details[open] dl", deed=_opening("main summary")),
    _screen("search-none", "search", special("search", q="gooseberries"), ".empty", who="Ann"),
    _screen("search-refused", "search", special("search", q="regex:("), ".box", status=400),
    _screen("recent", "recent", special("recent"), "section.day"),
    _screen("recent-some", "recent", special("recent", author="Bob"), "details[open] form", who="Ann"),
    _screen("recent-none", "recent", special("recent", author="Nobody"), ".empty"),
    _screen("tree", "tree", special("tree"), "nav.tree"),
    _screen("tree-below", "tree", at("Garden", "LocalSiteMap"), "nav.tree"),
    _screen("index", "index", special("index"), "nav.letters"),
    _screen("wanted", "names", special("wanted"), "ul.names a.missing"),
    _screen("orphans", "names", special("orphans"), "ul.names"),
    _screen("backlinks", "names", at(BEDS, "backlinks"), "ul.names"),
    _screen("backlinks-none", "names", at("Water", "backlinks"), ".empty"),
    _screen("deleted", "deleted", special("deleted"), "ol.deleted", who="Root"),
    # -- accounts
    _screen("login", "login", special("login"), "#f-password"),
    _screen(
        "login-wrong",
        "login",
        special("login"),
        ".box.error",
        deed=pressing("Log in", name="Ann", password="wrong one"),
    ),
    _screen("register", "register", special("register"), "#f-again"),
    _screen(
        "register-refused",
        "register",
        special("register"),
        ".box.error",
        deed=pressing("Register", name="Ann", password="short, not", again="the same"),
    ),
    _screen("recover", "recover", special("recover"), "#f-name"),
    _screen("recover-sent", "recover", special("recover"), ".box.ok", deed=pressing("Send the link", name="Nobody")),
    _screen("invite", "invite", lambda site: site.invitation("Bob"), "#f-again"),
    _screen("invite-used", "error", special("invite", code="spent"), "p.lead[role=alert]", status=403),
    _screen("first", "first", lambda site: site.first(), "#f-again", wiki="fresh"),
    _screen("first-file", "first", lambda site: site.first_by_file(), "#f-code"),
    _screen("front-fresh", "page", front, "article.text", wiki="fresh"),
    _screen("appearance", "appearance", special("appearance"), "#f-theme"),
    _screen("preferences", "preferences", special("preferences"), "#f-quicklinks", who="Root"),
    _screen("preferences-refused", "preferences", special("preferences"), ".box.error", who="Ann", deed=_unproved),
    _screen("logout", "message", special("logout"), "form.one .primary", who="Ann"),
    _screen("admin", "admin", special("admin"), "dl.definitions", who="Root"),
    _screen(
        "admin_rights",
        "admin_rights",
        special("login", next=f"{MOUNT}/-/admin/rights"),
        "#f-default",
        wiki="old",
        deed=pressing("Log in", name="Root", password=PASSWORD),
    ),
    _screen("admin_users", "admin_users", special("admin/users"), "ul.accounts", who="Root"),
    _screen("admin_users-none", "admin_users", special("admin/users", q="nobody"), ".empty", who="Root"),
)
"""Every screen and the states that look different, those of empty lists and refused forms among them."""
