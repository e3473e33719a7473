"""How a visitor is recognised: by his session; further ways (REMOTE_USER, tokens, OIDC) join here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import accounts
from ..model import User

if TYPE_CHECKING:
    from flask import Request

    from ..web.site import Site


def recognised(site: Site, request: Request) -> tuple[User | None, str]:
    """Return the visitor's account (None if anonymous) and session token ('' if none that is valid)."""
    if site.settings.remote_user and (name := request.environ.get("REMOTE_USER")):
        from .remote_user import account

        return account(site.wiki.storage, str(name)), ""
    token = request.cookies.get("wiki_session", "")
    if not token:
        return None, ""
    found = accounts.session_user(site.wiki.storage, token, site.wiki.now() / 1_000_000)
    if found is None:
        return None, ""
    user, _session = found
    return (user, token) if user.state == "active" else (None, "")
