"""Mail: who is told of a change, by which server, and the link for a forgotten password."""

from __future__ import annotations

import email
import email.policy
import re
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from wiki import accounts, mail, notify, outbox
from wiki.model import User
from wiki.web.site import Site

from .conftest import PAGE, PASSWORD, PREFIX, Browser


class Server(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given (RFC 5321, as much as smtplib speaks)."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.refuses = False
        super().__init__(("127.0.0.1", 0), Conversation)

    def wait(self, count: int = 1) -> list[EmailMessage]:
        """Return the messages when there are so many."""
        end = time.monotonic() + 30
        while len(self.taken) < count and time.monotonic() < end:
            time.sleep(0.02)
        for thread in threading.enumerate():
            if thread.name == "mail":
                thread.join(30)
        return self.taken


class Conversation(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                if self.server.refuses:
                    self.wfile.write(b"451 not now\r\n")
                    continue
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (row := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(row)
                message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                assert isinstance(message, EmailMessage)
                self.server.taken.append(message)
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 yes\r\n")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.wait(0)
        server.shutdown()
        thread.join()


@pytest.fixture
def app(make_app: Callable[..., Any], server: Server) -> Any:
    return make_app(
        mail_from="wiki@example.org",
        mail_server=f"127.0.0.1:{server.server_address[1]}",
        base_url="https://wiki.example.org",
        site_name="Test",
    )


@pytest.fixture
def subscriber(site: Site, account: Callable[..., User]) -> Callable[..., User]:
    """Make accounts with an address and subscriptions."""

    def made(name: str, *patterns: str, **settings: Any) -> User:
        user = account(name)
        chosen = {"subscribed_pages": list(patterns), **settings}
        user = replace(user, email=f"{name.lower()}@example.org", settings=chosen)
        site.wiki.storage.put_user(user)
        return user

    return made


def recipients(messages: list[EmailMessage]) -> list[str]:
    return sorted(str(message["To"]) for message in messages)


def text(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


def test_who_subscribed_is_told_with_the_difference(
    as_user: Callable[..., Browser], subscriber: Callable[..., User], server: Server
) -> None:
    subscriber("Carl", PAGE)
    subscriber("Dora", "Test:Caf.*", language="de")
    subscriber("Emil", "Other.*")
    ann = as_user("Ann")
    ann.save(PAGE, "first line\nsecond line\n", "why not")
    assert recipients(server.wait(2)) == ["carl@example.org", "dora@example.org"]
    server.taken.clear()
    ann.save(PAGE, "first line\nanother line\n", "größer")
    messages = server.wait(2)
    message = next(each for each in messages if "carl" in str(each["To"]))
    assert message["Subject"] == f"[Test] {PAGE}"
    assert message["From"] == "wiki@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "action=unsubscribe" in str(message["List-Unsubscribe"])
    said = text(message)
    assert "Ann has changed the page “Café/日本語” on Test." in said
    assert "größer" in said
    assert "-second line\n+another line" in said
    assert f"https://wiki.example.org{PREFIX}/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E?action=diff&rev1=1&rev2=2" in said


def test_nobody_is_told_of_what_he_did_or_may_not_read_or_did_not_ask_for(
    as_user: Callable[..., Browser], subscriber: Callable[..., User], server: Server, site: Site
) -> None:
    subscriber("Ann", ".*")
    subscriber("Carl", ".*")
    subscriber("Dora", ".*", email_subscribed_events=["PageDeletedEvent"])
    subscriber("Emil", ".*", email_subscribed_events=["TrivialPageChangedEvent"])
    accounts.change_state(site.wiki.storage, subscriber("Frida", ".*"), "disabled")
    ann = as_user("Ann")
    ann.save("Secret", "#acl Ann:read,write,delete,admin All:\nnobody else\n")
    ann.save("Public", "words")
    assert recipients(server.wait(1)) == ["carl@example.org"]
    server.taken.clear()
    site.wiki.storage.put_user(replace(site.wiki.storage.user_named("Ann"), admin=True))
    ann.save("Public", "#acl Ann:read,write,delete,admin All:\nwords\n")
    answer = ann.get("/Public?action=DeletePage")
    ann.submit(next(form for form in answer.read.forms if "comment" in form.names))
    assert server.wait(0) == []
    form = next(form for form in ann.get("/Small?action=edit").read.forms if "text" in form.names)
    ann.submit(form, "Save", text="a little", minor="1")
    assert recipients(server.wait(1)) == ["emil@example.org"]


def test_renames_deletions_and_files_are_told(
    as_user: Callable[..., Browser], subscriber: Callable[..., User], server: Server, write: Callable[..., None]
) -> None:
    write("Old", "text")
    write("Linking", "[[Old]]")
    subscriber("Carl", "Old")
    subscriber("Dora", ".*")
    ann = as_user("Ann")
    answer = ann.get("/Old?action=RenamePage")
    ann.submit(next(form for form in answer.read.forms if "new" in form.names), new="New")
    messages = server.wait(2)
    # One mail each, though a link on another page was rewritten too.
    assert recipients(messages) == ["carl@example.org", "dora@example.org"]
    assert "has renamed the page “Old” on Test to “New”" in text(messages[0])
    server.taken.clear()
    answer = ann.get("/New?action=DeletePage")
    ann.submit(next(form for form in answer.read.forms if "comment" in form.names))
    assert "has deleted the page “New”" in text(server.wait(1)[0])


def test_a_save_does_not_wait_for_mail_and_no_mail_is_lost(
    as_user: Callable[..., Browser], subscriber: Callable[..., User], server: Server, site: Site, caplog: Any
) -> None:
    subscriber("Carl", ".*")
    ann = as_user("Ann")
    server.refuses = True
    assert ann.save("First", "text").status == 303
    server.wait(0)
    waiting = site.wiki.storage.records(outbox.KIND)
    assert [value["tries"] for value in waiting.values()] == [1]
    assert "could not be sent" in caplog.text
    server.refuses = False
    ann.save("Second", "text")
    assert sorted(str(message["Subject"]) for message in server.wait(2)) == ["[Test] First", "[Test] Second"]
    assert site.wiki.storage.records(outbox.KIND) == {}


def test_a_cgi_process_ends_before_its_mail_is_sent(
    app: Any, subscriber: Callable[..., User], server: Server, site: Site, tmp_path: Any
) -> None:
    subscriber("Carl", ".*")
    outbox.put(site.wiki.storage, site.wiki.now(), "carl@example.org", "By CGI", "text")
    program = (
        "import sys; from wiki.app import create_app; from wiki.web.mails import deliver; "
        "deliver(create_app(sys.argv[1]).extensions['wiki'], True); print('answered')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, site.instance.folder], capture_output=True, text=True, check=True, timeout=60
    )
    # The output ended with the first process: what sends holds no descriptor that a web server would wait for.
    assert (done.stdout, done.stderr) == ("answered\n", "")
    assert recipients(server.wait(1)) == ["carl@example.org"]


def test_subscriptions_begin_and_end_with_a_button(
    as_user: Callable[..., Browser], subscriber: Callable[..., User], site: Site, write: Callable[..., None]
) -> None:
    write(PAGE)
    carl = as_user("Carl")
    answer = carl.get(carl.get(f"/{PAGE}").link("Subscribe"))
    assert "no e-mail address" in answer.submit(answer.form("action=subscribe")).text
    subscriber("Carl", "Other.*")
    answer = carl.get(f"/{PAGE}?action=subscribe")
    assert answer.submit(answer.form("action=subscribe")).status == 303
    assert site.wiki.storage.user_named("Carl").settings["subscribed_pages"] == ["Other.*", PAGE]
    answer = carl.get(carl.get(f"/{PAGE}").link("Unsubscribe"))
    answer.submit(answer.form("action=unsubscribe"))
    assert site.wiki.storage.user_named("Carl").settings["subscribed_pages"] == ["Other.*"]


def test_subscriptions_are_edited_in_the_preferences(as_user: Callable[..., Browser], site: Site) -> None:
    carl = as_user("Carl")
    form = next(f for f in carl.get("/-/preferences").read.forms if "subscribed_pages" in f.names)
    assert carl.submit(form, subscribed_pages="A\n\nHelp.*\nA").status == 303
    assert site.wiki.storage.user_named("Carl").settings["subscribed_pages"] == ["A", "Help.*"]
    answer = carl.submit(form, subscribed_pages="(a+)+$")
    assert answer.status == 400
    assert "too long" in answer.text
    assert "(a+)+$" in answer.text


def test_without_a_sender_there_is_nothing_about_mail(make_app: Callable[..., Any]) -> None:
    browser = Browser(make_app())
    assert "recover" not in browser.get("/-/login").text
    assert browser.get("/-/recover").status == 403
    # Without an address that is set, a forged Host header would stand in the mail.
    assert Browser(make_app(mail_from="wiki@example.org")).get("/-/recover").status == 403


def test_a_forgotten_password_is_made_anew(
    browser: Browser, subscriber: Callable[..., User], server: Server, site: Site
) -> None:
    subscriber("Carl")
    assert "/-/recover" in browser.get("/-/login").text
    answers = [browser.get("/-/recover") for _ in range(2)]
    known = answers[0].submit(answers[0].form("/-/recover"), name="carl@example.org")
    unknown = answers[1].submit(answers[1].form("/-/recover"), name="Nobody")
    assert "on its way" in known.text
    assert re.sub(r'value="[^"]*"', "", known.text) == re.sub(r'value="[^"]*"', "", unknown.text)
    (message,) = server.wait(1)
    assert message["To"] == "carl@example.org"
    url = re.search(r"https://wiki\.example\.org(/\S+)", text(message))
    assert url
    answer = browser.get(url[1])
    new = "nine purple kettles"
    assert answer.submit(answer.form("/-/invite"), password=new, again=new).status == 303
    assert browser.session
    assert browser.get(url[1]).status == 403
    fresh = Browser(browser.app)
    assert fresh.login("Carl", PASSWORD).status == 403
    assert fresh.login("Carl", new).status == 303


def test_one_account_is_not_flooded(
    subscriber: Callable[..., User], server: Server, browser: Browser, site: Site
) -> None:
    from wiki.web import recovery

    subscriber("Carl")
    statuses = []
    for _ in range(recovery.ASKED[0] + 1):
        answer = browser.get("/-/recover")
        statuses.append(answer.submit(answer.form("/-/recover"), name="Carl").status)
    assert statuses == [200] * recovery.ASKED[0] + [429]


def test_a_name_cannot_forge_a_header() -> None:
    message = mail.composed("wiki@example.org", "a@example.org", "x\r\nBcc: evil@example.org", "text")
    assert "Bcc" not in message
    with pytest.raises(ValueError, match="linefeed"):
        mail.composed("wiki@example.org", "a@example.org\nBcc: evil@example.org", "x", "text")


def test_sendmail_is_given_the_message(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat > {tmp_path}/message\n')
    program.chmod(0o755)
    monkeypatch.setattr(mail, "SENDMAIL", str(program))
    message = mail.composed("wiki@example.org", "a@example.org", "Café", "日本語\n")
    assert list(mail.sent(mail.Way("wiki@example.org"), [message])) == [message]
    assert (tmp_path / "arguments").read_text() == "-t -oi\n"
    assert b"To: a@example.org" in (tmp_path / "message").read_bytes()
    program.write_text("#!/bin/sh\necho no >&2\nexit 75\n")
    with pytest.raises(OSError, match="75: no"):
        list(mail.sent(mail.Way("wiki@example.org"), [message]))


@pytest.mark.parametrize(
    ("pattern", "page", "expected"),
    [
        ("A", "A", True), ("A", "AB", False), ("A.*", "AB", True), ("Wiki:A", "A", True), ("Other:A", "A", False),
        ("C++", "C++", True), ("a", "A", False), ("[", "[", True), ("[", "x", False), (".*", PAGE, True),
        ("(a+)+$", "aaaa", False),
    ],
)  # fmt: skip
def test_a_subscription_fits_as_in_moinmoin(pattern: str, page: str, expected: bool) -> None:
    assert notify.fits([pattern], page, "Wiki") is expected
