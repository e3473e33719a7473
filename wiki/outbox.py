"""Mail that waits in the store until a server has taken it: a save does not wait for it, and a failure loses none."""

from __future__ import annotations

import logging
import secrets
import subprocess
from typing import TYPE_CHECKING, Any

from .mail import Way, composed, sent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from .storage import Storage

KIND = "mail"
TRIES = 20
LIFE = 3 * 24 * 3600
"""Seconds after which a message is given up."""

log = logging.getLogger("wiki")


def put(storage: Storage, now: int, to: str, subject: str, text: str, leave: str = "") -> None:
    """Keep a message until it is delivered; `now` is in microseconds since 1970."""
    moment = now // 1_000_000
    value = {"to": to, "subject": subject, "text": text, "leave": leave, "tries": 0, "until": moment + LIFE}
    # Keys sort by time, so that the oldest leave first.
    storage.keep(KIND, f"{moment:012d}-{secrets.token_hex(6)}", value, moment + LIFE)


def deliver(storage: Storage, way: Way) -> int:
    """Send what waits and return how many messages a server took; what it did not take waits on. Raises nothing.

    Several processes may do so at once: each message is taken out by one of them.
    """
    count = 0
    taken: list[tuple[str, dict[str, Any]]] = []
    try:
        for _message in sent(way, _taken_out(storage, way, taken)):
            taken.pop()
            count += 1
    except (OSError, subprocess.SubprocessError) as error:
        log.error("mail could not be sent by %s: %s", way.server or "sendmail", error)
    except Exception:
        # The edge: delivery runs behind a request that was answered.
        log.exception("mail could not be sent")
    for key, value in taken:
        if value["tries"] < TRIES:
            storage.keep(KIND, key, {**value, "tries": value["tries"] + 1}, value["until"])
    return count


def _taken_out(storage: Storage, way: Way, taken: list[tuple[str, dict[str, Any]]]) -> Iterator[EmailMessage]:
    """Yield the messages that this process got hold of; each is in `taken` until the next is asked for."""
    for key, value in sorted(storage.records(KIND).items()):
        if not storage.drop(KIND, key):
            continue
        taken.append((key, value))
        try:
            message = composed(way.sender, value["to"], value["subject"], value["text"], value["leave"])
        except ValueError:
            log.error("a message to %r cannot be written", value["to"])
            taken.pop()
            continue
        yield message
