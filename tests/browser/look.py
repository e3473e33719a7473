"""Render every template with sample data and photograph it: light and dark, on a phone and a desk, with axe's findings.

`python tests/browser/look.py OUT [--axe axe.min.js] [--only history,diff] [--language de]` writes HTML and PNG files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: E402
from markupsafe import Markup  # noqa: E402

from wiki import diff, i18n  # noqa: E402
from wiki.acl import Explanation  # noqa: E402
from wiki.markup import Heading  # noqa: E402
from wiki.model import Attachment, Author, Branch, Change, Revision, User  # noqa: E402
from wiki.urls import Urls  # noqa: E402
from wiki.web.changes import Filter, Group  # noqa: E402
from wiki.web.frame import Action, Frame, template_words  # noqa: E402

MOUNT = "/w/iki"
NAME = "Café/日本語"
NOW = 1_773_324_300_000_000
DAY = 86_400_000_000
ADA, BOB = Author("u1", "Ada Lovelace"), Author("", "", "203.0.113.7")
URLS = Urls(MOUNT)


def change(number: int, **values: Any) -> Change:
    """Return a change of the ordinary page, a day older for each number less."""
    given = {
        "author": ADA,
        "time": NOW - (9 - number) * DAY,
        "size": 900 + 211 * number,
        "comment": "",
        "page": NAME,
        **values,
    }
    return Change(number=number, **given)


def frame(title: str = "", **values: Any) -> Frame:
    """Return the frame of a logged-in administrator on the ordinary page."""
    page = URLS.page
    given: dict[str, Any] = {
        "site_name": "Garden Society",
        "title": title or NAME,
        "name": NAME,
        "user": User(id="u1", name="Ada Lovelace", email="ada@example.org", admin=True),
        "may_admin": True,
        "may_register": True,
        "crumbs": (("Café", page("Café")),),
        "actions": (
            Action(
                key="edit",
                label="Edit",
                url=page(NAME, "edit"),
                primary=True,
                accesskey="e",
                shortcut="e",
                rel="nofollow",
            ),
            Action(
                key="history",
                label="History",
                url=page(NAME, "info"),
                shortcut="h",
                current=title.startswith("History"),
            ),
            Action(key="attach", label="Files", url=page(NAME, "AttachFile")),
        ),
        "more": tuple(
            Action(key=key, label=key.title(), url=page(NAME, key))
            for key in ("links", "tree", "print", "rename", "copy", "delete")
        ),
        "links": (
            ("Front page", URLS.root(), False),
            ("Recent changes", URLS.special("recent"), title == "Recent changes"),
            ("Page tree", URLS.special("tree"), False),
            ("All pages", URLS.special("index"), False),
            ("Random page", URLS.special("random"), False),
            ("Help", page("Help"), False),
        ),
        "quicklinks": (("Sowing calendar", page("Sowing calendar"), False), ("Café/日本語", page(NAME), True)),
        "footer": (("About this wiki", page("About")),),
        "here": page(NAME),
    }
    return Frame(**{**given, **values})


def special(title: str, **values: Any) -> Frame:
    """Return the frame of a screen that belongs to no page."""
    return frame(title, **{"name": "", "crumbs": (), "actions": (), "more": (), **values})


ARTICLE = Markup('''
<p>Vegetables in a <a href="/w/iki/Garden">small garden</a> need a plan. See also <a class="missing" rel="nofollow" href="/w/iki/Compost">Compost</a>,
<a href="https://example.org/">an outside page</a> and <code>sow --early</code>.<sup id="fr1"><a href="#fn1">1</a></sup></p>
<h2 id="soil">Soil and light</h2><p>What a bed gets in <strong>March</strong> it gives back in <em>August</em>. Press <kbd>Ctrl</kbd>.</p>
<ul><li>loam<ul><li>sandy</li><li>heavy</li></ul></li><li>sand</li></ul>
<ul><li><input type="checkbox" checked disabled aria-label="done"> dig</li><li><input type="checkbox" disabled aria-label="open"> water</li></ul>
<h2 id="plan">Plan</h2>
<table><thead><tr><th scope="col">Plant</th><th scope="col">Sow</th><th scope="col">Harvest</th></tr></thead>
<tbody><tr><td>Broad bean</td><td>March</td><td>July</td></tr><tr><td>Pea</td><td>April</td><td>July</td></tr></tbody></table>
<div class="admonition warning"><p class="admonition-title">Frost</p><p>Cover young plants until the middle of May.</p></div>
<div class="admonition note"><p class="admonition-title">Note</p><p>Worms are friends.</p></div>
<h3 id="code">A calendar</h3>
<div class="highlight"><pre><code><span class="kn">from</span> <span class="nn">garden</span> <span class="kn">import</span> <span class="n">Bed</span>

<span class="k">def</span> <span class="nf">water</span><span class="p">(</span><span class="n">bed</span><span class="p">:</span> <span class="n">Bed</span><span class="p">)</span> <span class="o">-&gt;</span> <span class="kc">None</span><span class="p">:</span>
    <span class="sd">"""Give ten litres."""</span>
    <span class="n">bed</span><span class="o">.</span><span class="n">water</span> <span class="o">+=</span> <span class="mi">10</span>  <span class="c1"># a can</span>
</code></pre></div>
<h2 id="sums">Sums</h2><p><math display="block"><mi>A</mi><mo>=</mo><mfrac><mrow><mi>b</mi><mo>⋅</mo><mi>h</mi></mrow><mn>2</mn></mfrac></math></p>
<blockquote><p>A garden is never finished.</p></blockquote>
<dl><dt>Tilth</dt><dd>Soil that crumbles.</dd></dl>
<div class="footnotes"><ol><li id="fn1">An old proverb. <a href="#fr1">↩</a></li></ol></div>
''')
HEADINGS = (
    Heading(2, "soil", "Soil and light"),
    Heading(2, "plan", "Plan"),
    Heading(3, "code", "A calendar"),
    Heading(2, "sums", "Sums"),
)
OLD = "# Beans\n\nSow broad beans in March.\nWater them every day.\nA line that stays.\nAnother one.\n\n1\n2\n3\n4\n5\n6\n\nGone.\n日本語の本文。\n"
NEW = "# Beans\n\nSow broad beans in late February.\nWater them every day.\nA line that stays.\nAnother one.\n\n1\n2\n3\n4\n5\n6\n\n日本語の文章。\nNew at the end.\n"
CHANGES = [
    change(0, kind="attach", source="plan.png", time=NOW + 2 * DAY, size=48_213),
    change(9, comment="Beans are sown earlier now, says the almanac"),
    change(8, minor=True, author=BOB),
    change(7, kind="revert", source="5", comment="vandalism"),
    change(6, author=Author("u3", "משה")),
    change(5, kind="rename", source="Old name"),
    change(1, comment="first notes <script>alert(1)</script>"),
]
FILES = [
    Attachment(
        page=NAME,
        name="plan of the beds.png",
        version=3,
        size=48_213,
        type="image/png",
        author=ADA,
        time=NOW,
        comment="new bed",
    ),
    Attachment(
        page=NAME,
        name="übersicht-日本.pdf",
        version=1,
        size=3_812_000,
        type="application/pdf",
        author=BOB,
        time=NOW - DAY,
    ),
]
USERS = [
    User(id="u1", name="Ada Lovelace", email="ada@example.org", admin=True, created=NOW),
    User(id="u2", name="Bob", email="bob@example.org", created=NOW - 90 * DAY),
    User(id="u4", name="Eve", state="disabled", created=NOW - 30 * DAY),
]


@dataclass
class Found:
    """A search result as search.html wants it."""

    name: str
    title: Markup
    snippets: list[Markup]
    time: int = NOW
    size: int = 4211


@dataclass
class Conflict:
    """A conflict as edit.html wants it."""

    theirs: Revision
    mine: str
    rows: object


EDITOR: dict[str, Any] = {
    "text": NEW,
    "base": 9,
    "comment": "",
    "minor": False,
    "may_minor": True,
    "markup": "markdown",
    "help": "/w/iki/Help",
    "preview": None,
    "changes": None,
    "error": "",
    "others": (),
    "conflict": None,
}
LIST = {"newer": "", "older": "/w/iki/-/recent?before=1"}
SHOWN = {
    "article": ARTICLE,
    "language": "",
    "direction": "",
    "headings": HEADINGS,
    "notes": (),
    "files": 2,
    "may_revert": True,
    "page_id": "x1",
}
SOME = ["Garden", "Garden/Tools", "Café/Menu", "日本"]

Screen = tuple[str, Callable[[], Frame], dict[str, Any]]


def screens() -> dict[str, Screen]:
    """Return every screen by a name: its template, its frame and its variables."""
    theirs = Revision(page=NAME, number=10, author=BOB, time=NOW, text=OLD, comment="tidied")
    conflict = Conflict(theirs, NEW, diff.rows(OLD, NEW))
    anonymous = {"user": None, "may_admin": False, "quicklinks": ()}
    wide = {"wide": True}
    return {
        "page": ("page.html", frame, {**SHOWN, "revision": CHANGES[1], "newest": 9}),
        "page-anonymous": (
            "page.html",
            lambda: frame(**anonymous),
            {**SHOWN, "revision": CHANGES[1], "newest": 9, "headings": ()},
        ),
        "page-old": (
            "page.html",
            lambda: frame(notice=("Saved.", "ok")),
            {**SHOWN, "revision": change(3), "newest": 9},
        ),
        "missing": (
            "missing.html",
            frame,
            {
                "may_create": True,
                "near": SOME,
                "backlinks": SOME[:1],
                "templates": ["RecipeTemplate"],
                "deleted": None,
                "may_restore": False,
            },
        ),
        "missing-deleted": (
            "missing.html",
            frame,
            {
                "may_create": True,
                "near": [],
                "backlinks": [],
                "templates": [],
                "deleted": CHANGES[1],
                "may_restore": True,
            },
        ),
        "edit": ("edit.html", lambda: frame(f"Edit “{NAME}”", **wide), {**EDITOR, "others": [("Bob", NOW)]}),
        "edit-preview": (
            "edit.html",
            lambda: frame(f"Edit “{NAME}”", **wide),
            {**EDITOR, "preview": ARTICLE, "changes": diff.rows(OLD, NEW)},
        ),
        "conflict": ("edit.html", lambda: frame(f"Edit “{NAME}”", **wide), {**EDITOR, "conflict": conflict}),
        "error": (
            "error.html",
            lambda: special("Not allowed"),
            {
                "status": 403,
                "message": "You may not read the page “Secret”.",
                "id": "a8f3",
                "links": [("Log in", "/w/iki/-/login")],
            },
        ),
        "message": (
            "message.html",
            lambda: frame("Please confirm"),
            {
                "message": "This changes something, so please confirm it with the button.",
                "url": "/w/iki/x",
                "label": "Continue",
                "fields": {"a": 1},
                "danger": False,
                "back": "/w/iki/",
            },
        ),
        "history": (
            "history.html",
            lambda: frame(f"History of “{NAME}”"),
            {"changes": CHANGES, "newest": 9, "may_revert": True, **LIST},
        ),
        "diff": (
            "diff.html",
            lambda: frame(f"Changes of “{NAME}”", **wide),
            {
                "old": change(8),
                "new": CHANGES[1],
                "newest": 9,
                "rows": diff.rows(OLD, NEW),
                "added": 3,
                "removed": 1,
                "earlier": "/w/iki/x?a",
                "later": "",
                "may_revert": True,
            },
        ),
        "search": (
            "search.html",
            lambda: special("Search", search="bean"),
            {
                "q": "bean",
                "results": [
                    Found(
                        "Broad bean",
                        Markup("Broad <mark>bean</mark>"),
                        [Markup("… sow the <mark>bean</mark>s in March, before anything else …")],
                    ),
                    Found("Garden/Plan", Markup("Garden/Plan"), [Markup("… one row of <mark>bean</mark>s …")]),
                ],
                "total": 42,
                "more": False,
                "notice": "",
                "refused": False,
                "exact": "",
                "create": "bean",
                "similar": [],
                **LIST,
            },
        ),
        "search-none": (
            "search.html",
            lambda: special("Search"),
            {
                "q": "xyzzy",
                "results": [],
                "total": 0,
                "more": False,
                "notice": "",
                "refused": False,
                "exact": "",
                "create": "xyzzy",
                "similar": SOME[:1],
                "newer": "",
                "older": "",
            },
        ),
        "recent": (
            "recent.html",
            lambda: special("Recent changes"),
            {
                "days": [
                    ("Thursday, 12 March 2026", [Group(tuple(CHANGES[1:4]))]),
                    (
                        "Wednesday, 11 March 2026",
                        [Group((CHANGES[0],)), Group((change(4, kind="delete", page="Spam"),)), Group((CHANGES[-1],))],
                    ),
                ],
                "wanted": Filter(),
                "feed": "/w/iki/-/feed/recent.atom",
                "filters": (("All", "/w/iki/a", True), ("Without minor edits", "/w/iki/b", False)),
                **LIST,
            },
        ),
        "tree": (
            "tree.html",
            lambda: special("Page tree"),
            {
                "nodes": [
                    (
                        Branch("Café", True, True),
                        [(Branch("Café/Menu", True, False), ()), (Branch("Café/日本語", True, True), ())],
                    ),
                    (Branch("Garden", False, True), [(Branch("Garden/Tools", True, False), ())]),
                    (Branch("Zoo", True, False), ()),
                ],
                "at": "",
                "older": "",
            },
        ),
        "index": (
            "index.html",
            lambda: special("All pages"),
            {
                "letters": [("B", ["Beans", "Beds"]), ("C", ["Café", "Café/Menu"]), ("日", ["日本"])],
                "total": 5,
                "newer": "",
                "older": "",
            },
        ),
        "names": (
            "names.html",
            lambda: special("Wanted pages"),
            {
                "intro": "Pages that others link to but that do not exist yet.",
                "items": [("Compost", "3 links", False), ("Garden", "1 link", True)],
                "empty": "None.",
                **LIST,
            },
        ),
        "attachments": (
            "attachments.html",
            lambda: frame(f"Files of “{NAME}”"),
            {"files": FILES, "may_write": True, "may_delete": True, "limit": 50_000_000, "error": "", "comment": ""},
        ),
        "attachment": (
            "attachment.html",
            lambda: frame("plan of the beds.png"),
            {
                "file": FILES[0],
                "versions": [
                    FILES[0],
                    replace(FILES[0], version=2, deleted=True),
                    replace(FILES[0], version=1, author=BOB),
                ],
                "picture": False,
                "used": [NAME],
                "may_write": True,
                "may_delete": True,
                "limit": 0,
                "error": "",
            },
        ),
        "rename": (
            "rename.html",
            lambda: frame(f"Rename “{NAME}”"),
            {
                "new": "Café/Tokyo?",
                "comment": "",
                "subpages": SOME[:2],
                "with_subpages": True,
                "links": SOME,
                "rewrite": True,
                "errors": {"new": "There is already a page “Café/Tokyo”."},
            },
        ),
        "copy": (
            "copy.html",
            lambda: frame(f"Copy “{NAME}”"),
            {"new": "Café/Copy", "comment": "", "subpages": [], "with_subpages": False, "files": 2, "errors": {}},
        ),
        "delete": (
            "delete.html",
            lambda: frame(f"Delete “{NAME}”"),
            {"comment": "", "subpages": SOME[:2], "with_subpages": False, "backlinks": SOME, "error": ""},
        ),
        "deleted": (
            "deleted.html",
            lambda: special("Deleted pages"),
            {
                "deletions": [
                    (change(4, kind="delete", page="Spam", comment="spam"), True),
                    (change(2, kind="delete"), False),
                ],
                **LIST,
            },
        ),
        "login": (
            "login.html",
            lambda: special("Log in", **anonymous),
            {
                "name": "ada",
                "next": "/w/iki/",
                "error": "Name or password are wrong.",
                "may_register": True,
                "may_recover": True,
                "providers": [("Log in with Example", "/x")],
            },
        ),
        "register": (
            "register.html",
            lambda: special("Register", **anonymous),
            {
                "name": "ada",
                "email": "",
                "next": "",
                "code": "",
                "began": "1.sig",
                "errors": {"name": "There is already an account “ada”.", "again": "The two are different."},
                "approval": True,
            },
        ),
        "first": (
            "first.html",
            lambda: special("A new wiki", **anonymous),
            {
                "new": True,
                "file": "/home/ada/wiki-data/first-code.txt",
                "name": "",
                "email": "",
                "code": "",
                "errors": {},
            },
        ),
        "appearance": (
            "appearance.html",
            lambda: special("Appearance"),
            {"theme": "", "language": "en", "languages": [("en", "English"), ("de", "Deutsch")], "next": "/w/iki/"},
        ),
        "preferences": (
            "preferences.html",
            lambda: special("Preferences"),
            {
                "name": "Ada Lovelace",
                "sessions": [("k1", "Firefox on Linux", NOW, True), ("k2", "", NOW - DAY, False)],
                "values": {
                    "wide": False,
                    "email": "ada@example.org",
                    "language": "",
                    "timezone": "",
                    "theme": "",
                    "quicklinks": "Garden\n日本",
                    "subscribed_pages": "Garden\nTeam/.*",
                    "shortcuts": True,
                },
                "languages": [("", "As the wiki"), ("de", "Deutsch")],
                "zones": [("", "As the wiki"), ("Europe/Berlin", "Europe/Berlin")],
                "errors": {},
                "has_password": True,
                "mail": True,
            },
        ),
        "admin": (
            "admin.html",
            lambda: special("Administration"),
            {
                "tabs": (("Overview", "/a", True), ("Accounts", "/b", False)),
                "rows": (("Pages", 1204), ("Storage", "sqlite:wiki.db")),
                "pending": 2,
                "unsettled": True,
            },
        ),
        "admin_rights": (
            "admin_rights.html",
            lambda: special("Rights"),
            {
                "tabs": (("Overview", "/a", False), ("Rights", "/b", True)),
                "path": "/srv/moin/wikiconfig.py",
                "unread": ("acl_rights_default", "navi_bar"),
                "unsettled": True,
                "values": {"before": "", "default": "Known:read All:read", "after": ""},
                "hierarchic": False,
            },
        ),
        "access": (
            "access.html",
            frame,
            {
                "acl": None,
                "default": "Known:read,write All:read",
                "rows": [("read", Explanation(True, "Known:read,write", "default")), ("admin", Explanation(False))],
            },
        ),
        "new": ("new.html", lambda: special("New page"), {"parent": "Café"}),
        "invite": (
            "invite.html",
            lambda: special("Choose a password", **anonymous),
            {"name": "Bob", "code": "c0de", "errors": {}},
        ),
        "recover": ("recover.html", lambda: special("Forgotten password", **anonymous), {"sent": False}),
        "recover-sent": ("recover.html", lambda: special("Forgotten password", **anonymous), {"sent": True}),
        "source": (
            "source.html",
            lambda: frame(**anonymous),
            {"text": OLD, "message": "You may not edit the page “Café/日本語”.", "may_login": True},
        ),
        "print": ("print.html", frame, {**SHOWN, "revision": CHANGES[1], "newest": 9}),
        "admin_users": (
            "admin_users.html",
            lambda: special("Administration"),
            {
                "pending": [User(id="u9", name="Zoë", email="zoe@example.org", state="pending", created=NOW)],
                "users": USERS,
                "tabs": (("Accounts", "/a", True), ("Settings", "/b", False)),
                "q": "",
                **LIST,
            },
        ),
    }


def rendered(template: str, shown: Frame, values: dict[str, Any], language: str = "en") -> str:
    """Return a template's HTML. An unknown variable is an error here, though not on the site."""
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    words, plural = template_words(i18n.translation(language))
    return environment.get_template(template).render(
        frame=replace(shown, language=language),
        urls=URLS,
        static=lambda name: f"{MOUNT}/-/static/{name}",
        csrf_token="token",
        _=words,
        ngettext=plural,
        when=lambda time, style="": Markup('<time datetime="2026">{}</time>').format(
            i18n.formatted(time, 0, language, style)
        ),
        size=lambda count: i18n.size(count, language),
        **values,
    )


def main() -> int:
    """Write what was asked for; return 1 if axe found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--axe", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("--language", default="en")
    parser.add_argument("--widths", default="1280,390")
    parser.add_argument("--themes", default="light,dark")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import Route, sync_playwright

    wanted = {key: screen for key, screen in screens().items() if not options.only or key in options.only.split(",")}
    documents = {
        key: rendered(template, make(), values, options.language) for key, (template, make, values) in wanted.items()
    }

    def answer(route: Route) -> None:
        path = route.request.url.split("?")[0].removeprefix("http://wiki.test")
        if path.startswith(f"{MOUNT}/-/static/"):
            route.fulfill(path=ROOT / "static" / path.rpartition("/")[2])
        elif path.removeprefix("/screen/") in documents:
            policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; form-action 'self'; base-uri 'none'"
            route.fulfill(
                body=documents[path.removeprefix("/screen/")],
                headers={"content-type": "text/html; charset=utf-8", "content-security-policy": policy},
            )
        elif route.request.url.endswith("action=preview"):
            route.fulfill(body=str(ARTICLE), headers={"content-type": "text/html; charset=utf-8"})
        else:
            route.fulfill(status=404, body="")

    found = 0
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        for theme in options.themes.split(","):
            for width in map(int, options.widths.split(",")):
                context = browser.new_context(
                    viewport={"width": width, "height": 800},
                    color_scheme=theme,
                    bypass_csp=bool(options.axe),
                    reduced_motion="reduce",
                )
                tab = context.new_page()
                tab.route("**/*", answer)
                tab.on(
                    "console",
                    lambda message: (
                        print("console:", message.text)
                        if message.type == "error" and "404" not in message.text
                        else None
                    ),
                )
                tab.on("pageerror", lambda error: print("script:", error))
                for key, html in documents.items():
                    (options.out / f"{key}.html").write_text(html)
                    tab.goto(f"http://wiki.test/screen/{key}")
                    tab.wait_for_load_state("networkidle")
                    over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
                    if over > 0:
                        print(f"{key} {theme} {width}: {over} px too wide")
                        found += 1
                    tab.screenshot(path=options.out / f"{key}-{theme}-{width}.png", full_page=True)
                    if options.axe:
                        tab.evaluate(Path(options.axe).read_text())
                        tags = "['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']"
                        result = tab.evaluate(f"axe.run({{runOnly: {tags}}})")
                        for violation in result["violations"]:
                            found += 1
                            print(
                                f"{key} {theme} {width}: {violation['id']}: {violation['nodes'][0]['html'][:160]} ({len(violation['nodes'])})"
                            )
                context.close()
        browser.close()
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
