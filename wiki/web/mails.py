"""After a request: who subscribed is told of what it changed, and what waits in the outbox is sent."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from .. import notify, outbox
from ..mail import Way
from ..model import WikiError

if TYPE_CHECKING:
    from flask import Response

    from .exchange import Exchange
    from .site import Site

log = logging.getLogger("wiki")


def told(exchange: Exchange, response: Response) -> None:
    """Put notices of what this request changed into the outbox, and have them sent when the answer is out."""
    site = exchange.site
    if not site.sends_mail:
        return
    wiki = site.wiki
    try:
        for visit in exchange.visits:
            for change in visit.done:
                for notice in notify.notices(wiki, change, site.settings.site_name, exchange.absolute_urls, visit.user):
                    outbox.put(wiki.storage, wiki.now(), notice.to.email, notice.subject, notice.text, notice.leave)
                    exchange.mail_waits = True
    except WikiError:
        # What was asked for is done and stored: that nobody is told of it must not look like a failure.
        log.exception("subscribers could not be told")
    if exchange.mail_waits:
        alone = bool(exchange.request.environ.get("wsgi.run_once"))
        response.call_on_close(lambda: deliver(site, alone))


def deliver(site: Site, alone: bool) -> None:
    """Send what waits, without anybody waiting for it: in a thread, or for a CGI process in one of its own."""
    way = way_of(site)
    if not alone:
        threading.Thread(target=outbox.deliver, args=(site.wiki.storage, way), name="mail").start()
        return
    if os.fork():
        os.wait()
        return
    try:
        # The parent waits for the first child only, which ends at once; the web server waits for the output's end.
        if os.fork() == 0:
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.closerange(3, 256)
            outbox.deliver(site.instance.storage(site.settings), way)
    finally:
        os._exit(0)


def way_of(site: Site) -> Way:
    """Return how mail leaves, by the settings."""
    chosen = site.settings
    return Way(chosen.mail_from, chosen.mail_server, chosen.mail_encryption, chosen.mail_login, chosen.mail_password)
