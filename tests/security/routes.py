"""Every route with what it answers to whom, and with the parameters that it reads.

A new route without a row here fails a test.
"""

from __future__ import annotations

from urllib.parse import quote

from wiki.web.old import GONE

PAGES = ("Public", "Top/qvname", "Nowhere")
"""The pages that the table is about: a public one that editors change, one that only Root may read, a missing one."""

STATUS: dict[str, tuple[str, str, str]] = {
    # action: answers to an anonymous visitor, an account, an editor by group, an administrator; page by page
    "show": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "raw": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "print": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "content": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "recall": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "edit": ("403 403 200 200", "403 403 403 200", "403 200 200 200"),
    "preview": ("303 303 303 303", "303 303 303 303", "303 303 303 303"),
    "info": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "diff": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "revert": ("403 403 200 200", "403 403 403 200", "403 404 404 404"),
    "RenamePage": ("403 403 200 200", "403 403 403 200", "403 404 404 404"),
    "CopyPage": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "DeletePage": ("403 403 200 200", "403 403 403 200", "403 404 404 404"),
    "restore": ("403 403 409 409", "403 403 403 409", "403 404 404 404"),
    "AttachFile": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "LikePages": ("200 200 200 200", "403 403 403 200", "200 200 200 200"),
    "backlinks": ("200 200 200 200", "403 403 403 200", "200 200 200 200"),
    "LocalSiteMap": ("200 200 200 200", "200 200 200 200", "200 200 200 200"),
    "rss_rc": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "quicklink": ("200 200 200 200", "200 200 200 200", "200 200 200 200"),
    "quickunlink": ("200 200 200 200", "200 200 200 200", "200 200 200 200"),
    "fullsearch": ("302 302 302 302", "302 302 302 302", "302 302 302 302"),
    "titlesearch": ("302 302 302 302", "302 302 302 302", "302 302 302 302"),
    "access": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "xmlrpc2": ("405 405 405 405", "405 405 405 405", "405 405 405 405"),
    **dict.fromkeys(("subscribe", "unsubscribe"), ("200 200 200 200",) * 3),
    "Save": ("200 200 200 200", "403 403 403 200", "404 404 404 404"),
    "refresh": ("200 200 200 200", "200 200 200 200", "200 200 200 200"),
    "logout": ("200 200 200 200", "200 200 200 200", "200 200 200 200"),
    **dict.fromkeys(
        (
            "recoverpass",
            "titleindex",
            "login",
            "userprefs",
            "userprofile",
            "newaccount",
            "format",
            "supplementation",
            "MyPages",
            "goto",
            "newpage",
        ),
        ("302 302 302 302",) * 3,
    ),
    **dict.fromkeys(("links", "sitemap", "sisterpages"), ("200 200 200 200",) * 3),
    **dict.fromkeys(GONE, ("410 410 410 410",) * 3),
}
"""What each action answers to a GET by the four roles, on each of PAGES. Who may not read a page that is there is told
so (403): a page's existence is no secret to who knows its exact name, all else about it is."""

SPECIAL_STATUS: dict[str, str] = {
    "static": "200 200 200 200",
    "p": "404 404 404 404",
    "search": "200 200 200 200",
    "suggest": "200 200 200 200",
    "recent": "200 200 200 200",
    "tree": "200 200 200 200",
    "index": "200 200 200 200",
    "wanted": "200 200 200 200",
    "orphans": "200 200 200 200",
    "random": "302 302 302 302",
    "deleted": "200 200 200 200",
    "new": "200 200 200 200",
    "feed": "200 200 200 200",
    "login": "200 303 303 303",
    "logout": "200 200 200 200",
    "register": "200 200 200 200",
    "preferences": "303 200 200 200",
    "appearance": "200 200 200 200",
    "sessions": "200 200 200 200",
    "first": "403 403 403 403",
    "invite": "403 403 403 403",
    "recover": "403 403 403 403",
    "admin": "403 403 403 200",
    "health": "200 200 200 200",
}
"""What each special route answers to a GET of the first of its SPECIAL_TARGETS."""

ACTION_QUERIES: dict[str, tuple[str, ...]] = {
    "show": ("", "redirect=Public", "rev=1", "note=saved", "action=show"),
    "raw": ("action=raw", "action=raw&rev=1"),
    "print": ("action=print", "action=print&rev=1"),
    "content": ("action=content",),
    "recall": ("action=recall&rev=1",),
    "edit": ("action=edit", "action=edit&rev=1", "action=edit&template=HiddenTemplate"),
    "preview": ("action=preview",),
    "info": ("action=info", "action=info&before=9999999999999999-9"),
    "diff": ("action=diff", "action=diff&rev1=1&rev2=2"),
    "revert": ("action=revert&rev=1",),
    "RenamePage": ("action=RenamePage",),
    "CopyPage": ("action=CopyPage",),
    "DeletePage": ("action=DeletePage",),
    "restore": ("action=restore",),
    "AttachFile": (
        "action=AttachFile", "action=AttachFile&do=get&target=qvfile.txt", "action=AttachFile&do=view&target=qvfile.txt",
        "action=AttachFile&do=get&target=shown.png", "action=AttachFile&do=view&target=shown.png",
        "action=AttachFile&do=del&target=shown.png", "action=AttachFile&do=revert&target=shown.png&version=1",
    ),
    "LikePages": ("action=LikePages",),
    "backlinks": ("action=backlinks", "action=backlinks&after=A"),
    "LocalSiteMap": ("action=LocalSiteMap", "action=LocalSiteMap&after=A"),
    "rss_rc": ("action=rss_rc", "action=rss_rc&items=100", "action=rss_rc&page=Hidden", "action=rss_rc&page=Top/"),
    "quicklink": ("action=quicklink",),
    "quickunlink": ("action=quickunlink",),
    "fullsearch": ("action=fullsearch&advancedsearch=1&and_terms=zebra", "action=fullsearch&value=zebra", "action=fullsearch&value=zebra&regex=1"),
    "titlesearch": ("action=titlesearch&value=Top",),
    "access": ("action=access",),
    "xmlrpc2": ("action=xmlrpc2",),
    "Save": ("action=Save", "action=Save&rev=1"),
    "titleindex": ("action=titleindex", "action=titleindex&mimetype=text/plain", "action=titleindex&mimetype=text/xml"),
    "goto": ("action=goto&target=Top", "action=goto"),
    "newpage": ("action=newpage&pagename=Fresh&parent=Public&template=HiddenTemplate",),
    "format": ("action=format&mimetype=text/plain", "action=format"),
    **{name: (f"action={name}",) for name in (
        "subscribe", "unsubscribe", "recoverpass", "links", "sitemap", "sisterpages", "login", "logout", "userprefs", "userprofile", "newaccount", "refresh", "supplementation",
        "MyPages", *GONE,
    )},
}  # fmt: skip
"""Ways to ask for each action by GET; {page} is put before."""

SPECIAL_TARGETS: dict[str, tuple[str, ...]] = {
    "static": ("/-/static/0/wiki.css", "/-/static/0/none.css"),
    "p": ("/-/p/none",),
    "search": (
        "/-/search", "/-/search?q=zebra", "/-/search?q=qv", "/-/search?q=title:qv", "/-/search?q=Top", "/-/search?q=regex:qv.*",
        "/-/search?q=Hiddem", "/-/search?q=linkto:Public", "/-/search?q=zebra+-Public", "/-/search?q=zebra&start=20",
    ),
    "suggest": ("/-/suggest?q=qv", "/-/suggest?q=Top", "/-/suggest?q=i"),
    "recent": (
        "/-/recent", "/-/recent?days=1", "/-/recent?minor=0", "/-/recent?under=Top", "/-/recent?author=Setup",
        "/-/recent?before=9999999999999999-9",
    ),
    "tree": ("/-/tree", "/-/tree?at=Top", "/-/tree?after=A"),
    "index": ("/-/index", "/-/index?after=A"),
    "wanted": ("/-/wanted", "/-/wanted?start=0"),
    "orphans": ("/-/orphans", "/-/orphans?after=A"),
    "random": ("/-/random",),
    "deleted": ("/-/deleted", "/-/deleted?after=A"),
    "new": ("/-/new", "/-/new?name=Fresh&parent=Public&template=HiddenTemplate"),
    "feed": ("/-/feed/recent.atom?items=100", "/-/feed/recent.atom?under=Top", "/-/feed/page.atom?page=Hidden", "/-/feed/none"),
    "login": ("/-/login", f"/-/login?next={quote('/wiki/Public')}"),
    "logout": ("/-/logout",),
    "register": ("/-/register",),
    "preferences": ("/-/preferences",),
    "appearance": ("/-/appearance",),
    "sessions": ("/-/sessions",),
    "first": ("/-/first?code=none",),
    "invite": ("/-/invite?code=none",),
    "recover": ("/-/recover",),
    "admin": ("/-/admin", "/-/admin/users?q=n&after=A"),
    "health": ("/-/health",),
}  # fmt: skip
"""Targets of each special route by GET."""


def target(page: str, query: str = "") -> str:
    """Return the raw target of a page, with a query."""
    return "/" + quote(page, safe="/") + (f"?{query}" if query else "")


def targets(pages: tuple[str, ...] = PAGES) -> list[str]:
    """Return a target for every way to ask each route, for each of these pages."""
    found = [target(page, query) for page in pages for queries in ACTION_QUERIES.values() for query in queries]
    return found + [each for group in SPECIAL_TARGETS.values() for each in group]
