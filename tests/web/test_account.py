"""Logging in and out, registering, preferences and sessions: what works, and what must not."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask import Flask

from wiki import accounts, passwords
from wiki.model import Unavailable, User
from wiki.web import account as views
from wiki.web.site import Site

from .conftest import PAGE, PASSWORD, PREFIX, Answer, Browser, Clock

Write = Callable[..., None]
AsUser = Callable[..., Browser]
Account = Callable[..., User]

NEW = "a wholly new teapot"


def who(browser: Browser) -> str:
    """Return whose name the screen shows, '' for a visitor without an account."""
    answer = browser.get("/-/preferences")
    if answer.status == 303:
        return ""
    return answer.text.partition("You are logged in as ")[2].partition(".<")[0]


def without_tokens(answer: Answer) -> str:
    """Return a screen's text without the tokens of its forms, which differ each time."""
    return re.sub(r'name="csrf_token" value="\w+"', "", answer.text)


def stored(site: Site, name: str) -> User:
    """Return an account as it is stored."""
    return site.wiki.storage.user_named(name)


def names(site: Site) -> set[str]:
    """Return the names of all accounts."""
    return {user.name for user in site.wiki.storage.users()}


# -- logging in and out ------------------------------------------------------------------------------------------------


def test_who_knows_the_password_is_logged_in(browser: Browser, account: Account) -> None:
    account("Ann", email="ann@example.org")
    answer = browser.login("Ann")
    assert (answer.status, answer.location) == (303, f"{PREFIX}/?note=welcome")
    assert who(browser) == "Ann"
    other = Browser(browser.app)
    assert other.login("ANN@example.org").status == 303
    assert who(other) == "Ann"


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(browser: Browser, account: Account) -> None:
    account("Ann")
    wrong, unknown = browser.login("Ann", "not it at all"), browser.login("Nobody", "not it at all")
    assert wrong.status == unknown.status == 403
    assert without_tokens(wrong).replace("Ann", "X") == without_tokens(unknown).replace("Nobody", "X")
    assert not browser.session
    assert who(browser) == ""


def test_an_unknown_name_costs_as_much_as_a_wrong_password(
    browser: Browser, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account("Ann")
    asked: list[str] = []
    monkeypatch.setattr(passwords, "verify", lambda _password, kept: bool(asked.append(kept)))
    for name in ("Ann", "Nobody"):
        browser.login(name)
    assert len(asked) == 2
    assert asked[0].startswith("$scrypt$")
    assert asked[1] == ""  # verify() makes a hash of its own then


def test_attempts_are_limited_for_an_account_before_the_password_is_tried(
    browser: Browser, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account("Ann")
    for _ in range(views.LOGINS_FOR_ONE[0]):
        assert browser.login("Ann", "wrong password").status == 403
    monkeypatch.setattr(passwords, "verify", lambda _password, _kept: pytest.fail("the password was tried"))
    refused = browser.login("ann")
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert not browser.session


def test_the_owner_gets_in_again_after_a_while(browser: Browser, account: Account, clock: Clock) -> None:
    account("Ann")
    for _ in range(views.LOGINS_FOR_ONE[0] + 1):
        last = browser.login("Ann", "wrong password")
    assert last.status == 429
    clock.advance(2 * views.LOGINS_FOR_ONE[1])
    assert browser.login("Ann").status == 303


def test_attempts_are_limited_for_an_address(browser: Browser, account: Account) -> None:
    statuses = [browser.login(f"Name {number}", "wrong password").status for number in range(views.LOGINS[0] + 1)]
    assert statuses == [403] * views.LOGINS[0] + [429]


def test_a_session_that_was_planted_is_not_taken_over(browser: Browser, account: Account) -> None:
    account("Ann")
    browser.client.set_cookie("wiki_session", "planted", domain="localhost", path=f"{PREFIX}/")
    browser.login("Ann")
    assert browser.session not in ("", "planted")
    first = browser.session
    browser.logout()
    browser.login("Ann")
    assert browser.session not in ("", first)


def test_the_session_cookie_is_out_of_reach_for_scripts(browser: Browser, account: Account) -> None:
    account("Ann")
    cookies = browser.login("Ann").headers.getlist("Set-Cookie")
    (cookie,) = [cookie for cookie in cookies if cookie.startswith("wiki_session=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert f"Path={PREFIX}/" in cookie
    assert "Max-Age" in cookie


def test_without_remembering_the_cookie_ends_with_the_browser(browser: Browser, account: Account) -> None:
    account("Ann")
    cookies = browser.login("Ann", remember=None).headers.getlist("Set-Cookie")
    (cookie,) = [cookie for cookie in cookies if cookie.startswith("wiki_session=")]
    assert "Max-Age" not in cookie
    assert "Expires" not in cookie


def test_a_session_is_over_after_logging_out_also_for_who_kept_the_cookie(as_user: AsUser) -> None:
    browser = as_user("Ann")
    token = browser.session
    assert browser.logout().location == f"{PREFIX}/?note=bye"
    assert not browser.session
    browser.client.set_cookie("wiki_session", token, domain="localhost", path=f"{PREFIX}/")
    assert who(browser) == ""


def test_logging_out_by_a_link_only_asks(as_user: AsUser) -> None:
    browser = as_user("Ann")
    asked = browser.get("/-/logout")
    assert who(browser) == "Ann"
    assert browser.submit(asked.form("/-/logout", button="Continue")).status == 303
    assert who(browser) == ""


def test_a_disabled_account_is_out_at_once(as_user: AsUser, site: Site) -> None:
    browser = as_user("Ann")
    accounts.change_state(site.wiki.storage, stored(site, "Ann"), "disabled")
    assert who(browser) == ""
    refused = browser.login("Ann")
    assert refused.status == 403
    assert "disabled" in refused.text
    assert "disabled" not in browser.login("Ann", "wrong password").text


def test_an_old_hash_is_made_anew(
    browser: Browser, account: Account, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    account("Ann")
    old = stored(site, "Ann").hash
    monkeypatch.setattr(passwords, "LOG_N", 5)
    browser.login("Ann", "wrong password")
    assert stored(site, "Ann").hash == old
    browser.login("Ann")
    new = stored(site, "Ann").hash
    assert new != old
    assert passwords.verify(PASSWORD, new)
    browser.logout()
    browser.login("Ann")
    assert stored(site, "Ann").hash == new


def test_one_comes_back_to_where_one_was(browser: Browser, account: Account, write: Write) -> None:
    account("Ann")
    write(PAGE)
    form = browser.get(browser.get(f"/{PAGE}").link("Log in"))
    answer = browser.submit(form.form("/-/login"), name="Ann", password=PASSWORD)
    assert answer.location == f"{PREFIX}/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E?note=welcome"


def test_nobody_is_led_to_another_site(browser: Browser, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account("Ann")
    monkeypatch.setattr(views, "LOGINS", (1000, 300))
    monkeypatch.setattr(views, "LOGINS_FOR_ONE", (1000, 300))
    evil = (
        "https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "https:evil.example",
        "///evil.example", "http:///evil.example", "javascript:alert(1)", f"{PREFIX}\\evil",
        f"{PREFIX}/\t/evil.example",
        f"{PREFIX}.evil.example/", "/elsewhere", f"{PREFIX}/x\r\nSet-Cookie: a=b", f"{PREFIX}/-/logout",
    )  # fmt: skip
    for target in evil:
        for url, fields in (("/-/login", {"next": target}), (f"/-/login?{urlencode({'next': target})}", {})):
            visitor = Browser(browser.app)
            answer = visitor.post(url, {"name": "Ann", "password": PASSWORD, **fields})
            assert answer.location == f"{PREFIX}/?note=welcome", target
            assert "a=b" not in str(answer.headers), target


def test_a_form_from_elsewhere_logs_nobody_in_or_out(browser: Browser, as_user: AsUser, account: Account) -> None:
    account("Ann")
    data = {"name": "Ann", "password": PASSWORD}
    assert browser.post("/-/login", data, token=False).status == 403
    assert browser.post("/-/login", data, headers={"Origin": "https://evil.example"}).status == 403
    assert browser.post("/-/login", {**data, "csrf_token": Browser(browser.app).token()}).status == 403
    assert not browser.session
    ann = as_user("Ann")
    assert ann.post("/-/logout", token=False).status == 403
    assert ann.post("/-/sessions", {"others": "1"}, token=False).status == 403
    assert who(ann) == "Ann"


# -- new accounts ------------------------------------------------------------------------------------------------------


def fill_in(browser: Browser, seconds: float = 10.0, **values: str) -> Answer:
    """Fill in the form for a new account, taking so much time, and send it."""
    form = browser.get("/-/register").form("/-/register")
    now = browser.site.wiki.now
    browser.site.wiki.now = lambda: now() + int(seconds * 1_000_000)
    return browser.submit(form, **{"name": "Ann", "password": PASSWORD, "again": PASSWORD, **values})


def test_an_open_wiki_lets_one_in_at_once(make_app: Callable[..., Flask]) -> None:
    browser = Browser(make_app(registration="open"))
    assert fill_in(browser).location == f"{PREFIX}/?note=welcome"
    assert who(browser) == "Ann"
    assert not stored(browser.site, "Ann").admin


def test_where_approval_is_asked_for_one_has_to_wait(make_app: Callable[..., Flask]) -> None:
    browser = Browser(make_app(registration="approval"))
    assert fill_in(browser).location == f"{PREFIX}/?note=pending"
    assert stored(browser.site, "Ann").state == "pending"
    assert who(browser) == ""
    refused = browser.login("Ann")
    assert refused.status == 403
    assert "let you in" in refused.text


def test_a_closed_wiki_makes_no_accounts(make_app: Callable[..., Flask]) -> None:
    browser = Browser(make_app(registration="closed"))
    assert browser.get("/-/register").status == 403
    assert browser.post("/-/register", {"name": "Ann", "password": PASSWORD, "again": PASSWORD}).status == 403
    assert names(browser.site) == set()


@pytest.mark.parametrize(
    ("base", "host", "address", "headers", "state"),
    [
        ("", "localhost", "127.0.0.1", {}, "active"),
        ("", "127.0.0.1:8080", "::1", {}, "active"),
        ("http://localhost:8080", "localhost:8080", "127.0.0.1", {}, "active"),
        ("", "wiki.example.org", "127.0.0.1", {}, "pending"),
        ("", "localhost", "192.0.2.1", {}, "pending"),
        ("", "localhost", "127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, "pending"),
        ("https://wiki.example.org", "127.0.0.1:8080", "127.0.0.1", {}, "pending"),
    ],
)
def test_registration_is_open_on_this_machine_only(
    make_app: Callable[..., Flask], base: str, host: str, address: str, headers: dict[str, str], state: str
) -> None:
    from flask import request

    from wiki.web.exchange import Exchange

    app = make_app(base_url=base)
    with app.test_request_context(
        "/", base_url=f"http://{host}/", headers=headers, environ_base={"REMOTE_ADDR": address}
    ):
        mode = views.registration(Exchange(app.extensions["wiki"], request))
    assert mode == {"active": "open", "pending": "approval"}[state]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "All"}, "name"),
        ({"name": "EditorGroup"}, "name"),
        ({"name": "Ann:read"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "taken"}, "name"),
        ({"email": "no address"}, "email"),
        ({"email": "Taken@example.org"}, "email"),
        ({"password": "short", "again": "short"}, "password"),
        ({"password": "password", "again": "password"}, "password"),
        ({"again": "something else"}, "again"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    make_app: Callable[..., Flask], values: dict[str, str], field: str
) -> None:
    browser = Browser(make_app(registration="open"))
    accounts.new_user(browser.site.wiki.storage, "Taken", PASSWORD, "taken@example.org")
    answer = fill_in(browser, **values)
    assert answer.status == 400
    assert f'id="e-{field}"' in answer.text
    assert names(browser.site) == {"Taken"}
    assert PASSWORD not in answer.text
    if field != "name":
        assert "“Taken”" not in answer.text


@pytest.mark.parametrize(
    "values", [{"seconds": 0.5}, {"website": "https://spam.example"}, {"began": "1.2"}, {"began": ""}]
)
def test_programs_get_no_account(make_app: Callable[..., Flask], values: dict[str, object]) -> None:
    browser = Browser(make_app(registration="open"))
    answer = fill_in(browser, **values)  # type: ignore[arg-type]
    assert answer.status == 400
    assert names(browser.site) == set()
    assert fill_in(browser).status == 303


def test_only_so_many_accounts_come_from_one_address(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "REGISTRATIONS", (2, 3600))
    app = make_app(registration="open")
    wiki = app.extensions["wiki"].wiki
    now, late = wiki.now, wiki.now() % (3600 * 1_000_000)
    wiki.now = lambda: now() - late  # the hour that is counted has just begun
    assert [fill_in(Browser(app), name=f"User {number}").status for number in range(3)] == [303, 303, 429]


def test_a_store_that_cannot_be_written_is_no_error_of_the_form(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise Unavailable()

    monkeypatch.setattr(accounts, "new_user", full)
    assert fill_in(Browser(make_app(registration="open"))).status == 503


# -- links with a one-time code ----------------------------------------------------------------------------------------


def test_the_first_administrator_comes_in_by_a_code_once(browser: Browser, site: Site) -> None:
    code = accounts.first_code(site.wiki.storage)
    form = browser.get(f"/-/first?code={code}").form("/-/first")
    weak = browser.submit(form, name="Root", password="root", again="root")
    assert weak.status == 400
    answer = browser.submit(weak.form("/-/first"), name="Root", password=PASSWORD, again=PASSWORD)
    assert answer.status == 303
    assert stored(site, "Root").admin
    assert browser.get("/-/admin").status == 200
    assert Browser(browser.app).get(f"/-/first?code={code}").status == 403


def test_without_the_code_nobody_becomes_administrator(browser: Browser, site: Site) -> None:
    accounts.first_code(site.wiki.storage)
    data = {"name": "Eve", "password": PASSWORD, "again": PASSWORD}
    for code in ("", "guessed"):
        assert browser.get(f"/-/first?code={code}").status == 403
        assert browser.post("/-/first", {**data, "code": code}).status == 403
    assert names(site) == set()


def test_a_wiki_with_an_administrator_makes_no_second_first_one(browser: Browser, site: Site, account: Account) -> None:
    code = accounts.first_code(site.wiki.storage)
    account("Root", admin=True)
    assert browser.get(f"/-/first?code={code}").status == 403
    data = {"name": "Eve", "password": PASSWORD, "again": PASSWORD, "code": code}
    assert browser.post("/-/first", data).status == 403
    assert names(site) == {"Root"}


def test_a_name_that_is_taken_leaves_the_code_good(browser: Browser, site: Site, account: Account) -> None:
    account("Ann")
    code = accounts.first_code(site.wiki.storage)
    form = browser.get(f"/-/first?code={code}").form("/-/first")
    taken = browser.submit(form, name="Ann", password=PASSWORD, again=PASSWORD)
    assert taken.status == 400
    assert browser.submit(taken.form("/-/first"), name="Root", password=PASSWORD, again=PASSWORD).status == 303


def test_an_invitation_sets_a_password_once_and_ends_old_sessions(
    browser: Browser, as_user: AsUser, site: Site
) -> None:
    old = as_user("Ann")
    code = accounts.invite_code(site.wiki.storage, stored(site, "Ann"))
    form = browser.get(f"/-/invite?code={code}").form("/-/invite")
    assert browser.submit(form, password="short", again="short").status == 400
    assert browser.submit(form, password=NEW, again=NEW).status == 303
    assert who(browser) == "Ann"
    assert who(old) == ""
    assert Browser(browser.app).login("Ann").status == 403
    assert Browser(browser.app).login("Ann", NEW).status == 303
    assert browser.get(f"/-/invite?code={code}").status == 403


# -- preferences -------------------------------------------------------------------------------------------------------


def test_settings_are_kept_and_work(as_user: AsUser, write: Write) -> None:
    write(PAGE)
    browser = as_user("Ann")
    form = browser.get("/-/preferences").form("/-/preferences", do="settings")
    answer = browser.submit(
        form, theme="dark", timezone="Asia/Tokyo", quicklinks=f"  {PAGE} \n\nOther\nOther", shortcuts=None, wide="1"
    )
    assert answer.status == 303
    shown = answer.follow()
    assert 'data-theme="dark"' in shown.text
    assert 'data-shortcuts="off"' in shown.text
    assert '<body class="wide"' in shown.text
    fields = shown.form("/-/preferences", do="settings").fields
    assert fields["quicklinks"] == f"{PAGE}\nOther"
    assert fields["timezone"] == "Asia/Tokyo"
    assert "shortcuts" not in fields
    assert shown.link(PAGE) == f"{PREFIX}/Caf%C3%A9/%E6%97%A5%E6%9C%AC%E8%AA%9E"


@pytest.mark.parametrize(
    "values",
    [{"timezone": "Mars/Base"}, {"quicklinks": "a/../b"}, {"theme": "pink"}, {"language": "../x"}, {"do": "other"}],
)
def test_settings_that_cannot_be_are_refused(as_user: AsUser, site: Site, values: dict[str, str]) -> None:
    browser = as_user("Ann")
    form = browser.get("/-/preferences").form("/-/preferences", do="settings")
    assert browser.submit(form, **values).status == 400
    assert stored(site, "Ann").settings == {}


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(as_user: AsUser, site: Site) -> None:
    here, there = as_user("Ann"), as_user("Ann")
    link = accounts.invite_code(site.wiki.storage, stored(site, "Ann"))
    form = here.get("/-/preferences").form("/-/preferences", do="password")
    wrong = here.submit(form, old="not it at all", password=NEW, again=NEW)
    assert wrong.status == 400
    assert 'id="e-old"' in wrong.text
    assert who(there) == "Ann"
    assert here.submit(form, old=PASSWORD, password=NEW, again=NEW).status == 303
    assert who(here) == "Ann"
    assert who(there) == ""
    assert there.get(f"/-/invite?code={link}").status == 403
    assert there.login("Ann").status == 403
    assert there.login("Ann", NEW).status == 303


def test_a_new_address_needs_the_password(as_user: AsUser, account: Account, site: Site) -> None:
    account("Bob", email="bob@example.org")
    browser = as_user("Ann")
    form = browser.get("/-/preferences").form("/-/preferences", do="email")
    wrong = browser.submit(form, email="ann@example.org", old="not it at all")
    assert wrong.status == 400
    assert 'id="e-email-old"' in wrong.text
    taken = browser.submit(form, email="BOB@example.org", old=PASSWORD)
    assert 'id="e-email"' in taken.text
    assert "“Bob”" not in taken.text
    assert stored(site, "Ann").email == ""
    assert browser.submit(form, email="ann@example.org", old=PASSWORD).status == 303
    assert stored(site, "Ann").email == "ann@example.org"


def test_guessing_the_present_password_is_limited(as_user: AsUser) -> None:
    browser = as_user("Ann")
    form = browser.get("/-/preferences").form("/-/preferences", do="password")
    statuses = [browser.submit(form, old="wrong one", password=NEW, again=NEW).status for _ in range(11)]
    assert statuses == [400] * 10 + [429]


def test_sessions_can_be_ended_one_by_one_or_all_but_this(as_user: AsUser) -> None:
    here, second, third = as_user("Ann"), as_user("Ann"), as_user("Ann")
    listed = here.get("/-/preferences")
    assert listed.text.count("This one") == 1
    keys = [form.fields["key"] for form in listed.read.forms if "key" in form.names]
    assert len(keys) == 3
    theirs = next(key for key in keys if accounts.is_session(key, second.session))
    here.submit(listed.form("/-/sessions", key=theirs))
    assert (who(here), who(second), who(third)) == ("Ann", "", "Ann")
    here.submit(here.get("/-/preferences").form(button="everywhere else"))
    assert (who(here), who(third)) == ("Ann", "")
    assert here.submit(here.get("/-/preferences").form("/-/preferences", do="logout")).location == f"{PREFIX}/?note=bye"
    assert who(here) == ""


def test_nobody_ends_the_sessions_of_others(as_user: AsUser, site: Site) -> None:
    ann, bob = as_user("Ann"), as_user("Bob")
    (key,) = accounts.sessions(site.wiki.storage, stored(site, "Ann").id)
    bob.post("/-/sessions", {"key": key})
    bob.post("/-/sessions", {"others": "1"})
    assert who(ann) == "Ann"


def test_who_has_no_account_chooses_colours_by_cookie(browser: Browser) -> None:
    assert browser.get("/-/preferences").location == f"{PREFIX}/-/appearance"
    form = browser.get(f"/-/appearance?next={PREFIX}/-/recent").form("/-/appearance")
    answer = browser.submit(form, theme="dark")
    assert answer.location == f"{PREFIX}/-/recent"
    assert 'data-theme="dark"' in answer.follow().text
    browser.submit(browser.get("/-/appearance").form("/-/appearance"), theme="")
    assert "data-theme" not in browser.get("/-/recent").text
    assert browser.post("/-/appearance", {"next": "//evil.example", "theme": "light"}).location == f"{PREFIX}/"
    assert browser.post("/-/appearance", {"theme": "light"}, token=False).status == 403


def test_what_an_account_chose_goes_before_a_cookie(as_user: AsUser) -> None:
    browser = as_user("Ann")
    browser.client.set_cookie("wiki_theme", "light", domain="localhost", path=f"{PREFIX}/")
    browser.submit(browser.get("/-/appearance").form("/-/appearance"), theme="dark")
    assert 'data-theme="dark"' in browser.get("/-/recent").text
    assert "wiki_theme" not in browser.cookies


def test_quick_links_come_and_go_by_post_only(as_user: AsUser, browser: Browser, write: Write, secret: str) -> None:
    write(PAGE)
    ann = as_user("Ann")
    asked = ann.get(f"/{PAGE}?action=quicklink")
    assert ann.get("/-/preferences").form("/-/preferences", do="settings").fields["quicklinks"] == ""
    assert ann.submit(asked.form(button="Continue")).status == 303
    assert ann.get("/-/preferences").form("/-/preferences", do="settings").fields["quicklinks"] == PAGE
    ann.submit(ann.get(f"/{PAGE}?action=quickunlink").form(button="Continue"))
    assert ann.get("/-/preferences").form("/-/preferences", do="settings").fields["quicklinks"] == ""
    assert ann.post(f"/{secret}?action=quicklink").status == 403
    assert ann.post("/Missing?action=quicklink").status == 404
    assert browser.post(f"/{PAGE}?action=quicklink").status == 403


def test_no_cache_keeps_the_screens_of_accounts(as_user: AsUser, browser: Browser, site: Site) -> None:
    code = accounts.first_code(site.wiki.storage)
    assert "no-store" in browser.get(f"/-/first?code={code}").headers["Cache-Control"]
    ann = as_user("Ann")
    for visitor, url in ((ann, "/-/preferences"), (browser, "/-/login"), (browser, "/-/register")):
        assert visitor.get(url).headers["Cache-Control"] == "private, no-store"


def test_whom_the_web_server_recognised_is_logged_in_only_if_the_setting_says_so(
    make_app: Callable[..., Flask], browser: Browser
) -> None:
    server = {"environ_overrides": {"REMOTE_USER": "Grace"}}
    assert "Grace" not in browser.open("/-/recent", **server).text
    trusting = Browser(make_app(remote_user=True))
    assert "Grace" in trusting.open("/-/recent", **server).text
    trusting.site.wiki.visit_system("Setup").save("Closed", "#acl Trusted:read All:\nfor the trusted\n")
    assert trusting.get("/Closed").status == 403
    assert "for the trusted" in trusting.open("/Closed", **server).text
    odd = {"environ_overrides": {"REMOTE_USER": "All"}}
    assert trusting.open("/Closed", **odd).status == 403
