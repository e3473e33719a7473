"""Mail: composed with the headers that programs' mail should have, and handed to a server or to `sendmail`."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from smtplib import SMTP

SENDMAIL = "/usr/sbin/sendmail"
SECONDS = 20
"""How long a mail server may take for each step."""


@dataclass(frozen=True, slots=True)
class Way:
    """How mail leaves: the sender's address, and a server (`host` or `host:port`; '' = the program `sendmail`).

    `encryption` is `starttls`, `tls` or ''; `login` and `password` are for servers that ask who one is.
    """

    sender: str
    server: str = ""
    encryption: str = ""
    login: str = ""
    password: str = ""


def composed(sender: str, to: str, subject: str, text: str, leave: str = "") -> EmailMessage:
    """Return a message; `leave` is the URL where one stops getting such mail (RFC 2369). ValueError for a bad header.

    RFC 3834: `Auto-Submitted` keeps vacation programs from answering.
    """
    from email.utils import formatdate, make_msgid

    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("> ") or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    if leave:
        message["List-Unsubscribe"] = f"<{leave}>"
    message.set_content(text, cte="quoted-printable" if len(text) < 100_000 else "base64")
    return message


def sent(way: Way, messages: Iterable[EmailMessage]) -> Iterator[EmailMessage]:
    """Send messages over one connection and yield each that was taken; raise OSError (smtplib's errors are such)."""
    if not way.server:
        yield from _by_sendmail(messages)
        return
    with _connected(way) as server:
        for message in messages:
            server.send_message(message)
            yield message


def _connected(way: Way) -> SMTP:
    import smtplib
    import ssl

    host, _, port = way.server.rpartition(":") if way.server.rpartition(":")[2].isdigit() else (way.server, "", "0")
    if way.encryption == "tls":
        server: SMTP = smtplib.SMTP_SSL(host, int(port), timeout=SECONDS, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, int(port), timeout=SECONDS)
    try:
        if way.encryption == "starttls":
            server.starttls(context=ssl.create_default_context())
        if way.login:
            server.login(way.login, way.password)
    except BaseException:
        server.close()
        raise
    return server


def _by_sendmail(messages: Iterable[EmailMessage]) -> Iterator[EmailMessage]:
    import subprocess

    for message in messages:
        done = subprocess.run([SENDMAIL, "-t", "-oi"], input=bytes(message), capture_output=True, timeout=SECONDS * 3)
        if done.returncode:
            raise OSError(f"{SENDMAIL} ended with {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-500:]}")
        yield message
