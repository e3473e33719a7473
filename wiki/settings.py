"""Every setting of a wiki, declared once: name, type, default, help; read from `wiki.toml` and `WIKI_*` variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from .model import WikiError

FILE = "wiki.toml"
"""The settings file's name in the data folder."""

PREFIX = "WIKI_"
"""`WIKI_SITE_NAME=…` in the environment overrides `site_name` of the file."""


class SettingsError(WikiError):
    """A setting cannot be used; the message names the file, the key and what is allowed."""

    message = "The wiki's settings cannot be used: %(reason)s"


def _setting(default: Any, help: str, choices: tuple[str, ...] = (), least: float = 0) -> Any:
    return field(default=default, metadata={"help": help, "choices": choices, "least": least})


@dataclass(frozen=True)
class Settings:
    """What an administrator may choose. The type of the default is the type of the setting."""

    site_name: str = _setting("Wiki", "The wiki's name, shown on every page.")
    language: str = _setting("en", "Language of the interface for visitors who chose none: en, de, pt-BR …")
    timezone: str = _setting("UTC", "Time zone for visitors who chose none, such as Europe/Berlin.")
    front_page: str = _setting("FrontPage", "Name of the page shown at the wiki's root.")
    storage: str = _setting("sqlite:wiki.db", "Where pages are kept; relative paths lie in the data folder.")
    mount: str = _setting(
        "", "Path below which the wiki lies, such as /wiki; / is the root. Empty: as the gateway says."
    )
    base_url: str = _setting("", "Scheme and host in e-mails, feeds and redirects, such as https://wiki.example.org.")
    allowed_hosts: tuple[str, ...] = _setting((), "Host names that requests may ask for. Empty: any.")
    markup: str = _setting("markdown", "Markup of pages without a #format line.")
    acl_before: str = _setting("", "Rights that come before those of every page.")
    acl_default: str = _setting("Known:read,write,delete,revert All:read", "Rights of pages without an #acl line.")
    acl_after: str = _setting("", "Rights that come after those of every page.")
    acl_hierarchic: bool = _setting(
        False, "Whether a page without an #acl line has that of the nearest page above it that has one."
    )
    superusers: tuple[str, ...] = _setting(
        (), "Accounts of a MoinMoin directory that are administrators, by name. Others are made so by an administrator."
    )
    anonymous_edit: bool = _setting(
        False, "Whether visitors without an account may edit the pages that have no #acl line."
    )
    registration: str = _setting(
        "auto",
        "Who gets an account: open = everybody; approval = whom an administrator lets in; closed = whom one "
        "invites; auto = open on this machine's own address (localhost), approval elsewhere.",
        choices=("auto", "open", "approval", "closed"),
    )
    moin_shared: bool = _setting(
        False, "Whether an old MoinMoin uses this data folder too: then new passwords are kept in a form that it reads."
    )
    mail_from: str = _setting("", "Sender's address of the wiki's mail. Empty: no mail is sent. Needs base_url too.")
    mail_server: str = _setting("", "Mail server as host or host:port. Empty: the program sendmail.")
    mail_encryption: str = _setting(
        "", "How to speak to the mail server: starttls, tls, or empty for neither.", choices=("", "starttls", "tls")
    )
    mail_login: str = _setting("", "Name by which the mail server knows the wiki, if it asks.")
    mail_password: str = _setting("", "Password for it.")
    page_cache: bool = _setting(True, "Whether finished pages are kept for anonymous visitors.")
    page_limit: int = _setting(1_000_000, "The most bytes that a page's text may have.", least=1)
    upload_limit: int = _setting(64 * 1024 * 1024, "The most bytes that an uploaded file may have.", least=1)
    session_days: int = _setting(30, "Days until who logged in has to do so again.", least=1)
    remote_user: bool = _setting(False, "Whether to believe the web server's REMOTE_USER variable.")
    trusted_proxies: tuple[str, ...] = _setting(
        (), "Addresses or networks whose X-Forwarded-* headers are believed; unix: a local socket."
    )
    render_seconds: float = _setting(
        2.0, "Seconds that rendering a page may take before its source is shown.", least=0.1
    )
    group_pages: str = _setting(r"\S+Group", "Names of the pages that are groups, as a regular expression.")
    dict_pages: str = _setting(r"\S+Dict", "Names of the pages that are dictionaries, as a regular expression.")
    template_pages: str = _setting(r"\S+Template", "Names of the pages that are templates, as a regular expression.")
    category_pages: str = _setting(r"Category\S+", "Names of the pages that are categories, as a regular expression.")
    interwiki_name: str = _setting("", "What other wikis call this one in links such as OtherWiki:Page.")
    underlay: str = _setting(
        "", "Folder of the pages that a MoinMoin was shipped with, which are shown where the wiki has none of its own."
    )
    wikiconfig: str = _setting(
        "", "MoinMoin's wikiconfig.py, or its folder. Empty: in a MoinMoin's data folder, or one above."
    )
    unsettled: bool = False
    """Whether the rights are those of a MoinMoin and could not be read."""


SETTINGS: dict[str, Field[Any]] = {each.name: each for each in fields(Settings) if each.metadata}
"""Every setting's dataclass field by name; its metadata has help and choices."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: what to call the place in a sentence, and how the key is written there."""

    place: str
    key: str


def load(folder: str, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a data folder: defaults, overridden by its `wiki.toml`, overridden by `WIKI_*` variables.

    Raises SettingsError for an unknown key, a wrong type or a value that is not allowed.
    """
    values: dict[str, Any] = {}
    unsettled = False
    for name, value, source in given(folder, environ):
        unsettled = unsettled or source.key == _UNSETTLED
        values[name] = _checked(SETTINGS[name], value, source)
    return Settings(**values, unsettled=unsettled)


def sources(folder: str) -> list[str]:
    """Return the files that settings are read from, there or not."""
    result = [os.path.join(folder, FILE)]
    if os.path.isdir(os.path.join(folder, "pages")):
        from . import moin_config

        result += moin_config.files(folder)
    return result


def given(folder: str, environ: Mapping[str, str] | None = None) -> list[tuple[str, Any, Source]]:
    """Return what is set outside the defaults, weakest first: name, unchecked value, and where it comes from."""
    path = os.path.join(folder, FILE)
    read = _read(path)
    environ = os.environ if environ is None else environ
    result = _moin(folder, read, environ)
    for name, value in read.items():
        source = Source(path, name)
        if name not in SETTINGS:
            raise _unknown(source)
        result.append((name, value, source))
    for name in SETTINGS:
        key = PREFIX + name.upper()
        if key in environ:
            source = Source("the environment", key)
            result.append((name, _parsed(SETTINGS[name], environ[key], source), source))
    return result


_UNSETTLED = "(not known)"


def _moin(folder: str, read: Mapping[str, Any], environ: Mapping[str, str]) -> list[tuple[str, Any, Source]]:
    """Return what a MoinMoin's directory says, if the wiki is in one: where pages are, their markup, its wikiconfig."""
    storage = environ.get("WIKI_STORAGE") or read.get("storage") or ""
    if not storage and not os.path.exists(os.path.join(folder, "wiki.db")):
        storage = "files:."
    scheme, _, path = str(storage).partition(":")
    root = os.path.join(folder, path or ".")
    if scheme != "files" or not os.path.isdir(os.path.join(root, "pages")):
        return []
    from . import moin_config

    if not moin_config.is_tree(root):
        return []
    place = Source("the MoinMoin directory", "")
    result: list[tuple[str, Any, Source]] = [("storage", storage, place), ("markup", "moin", place)]
    config = moin_config.load(root, str(environ.get("WIKI_WIKICONFIG") or read.get("wikiconfig") or ""))
    for name, value in config.values.items():
        source = Source(config.path, name)
        try:
            _checked(SETTINGS[name], value, source)
        except SettingsError:
            continue
        result.append((name, value, source))
    said = any(name in read or PREFIX + name.upper() in environ for name in moin_config.RIGHTS)
    if not config.settled and not said:
        result.append(("acl_before", moin_config.CLOSED, Source(config.path, _UNSETTLED)))
    if "underlay" not in config.values and os.path.isdir(os.path.join(root, "..", "underlay", "pages")):
        result.append(("underlay", os.path.abspath(os.path.join(root, "..", "underlay")), place))
    return result


def as_toml(settings: Settings, commented: bool = False) -> str:
    """Return all settings as a `wiki.toml` with their help; `commented` puts those at their default behind a `#`."""
    blocks = []
    for name, each in SETTINGS.items():
        value = getattr(settings, name)
        mark = "# " if commented and value == each.default else ""
        blocks.append(f"# {describe(name)}\n{mark}{name} = {_toml(value)}\n")
    return "\n".join(blocks)


def describe(name: str) -> str:
    """Return a setting's help, with its default, on one line."""
    each = SETTINGS[name]
    return f"{each.metadata['help']} Default: {_toml(each.default)}"


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(
            "The settings file %(path)s cannot be read: %(why)s.", path=path, why=error.strerror or error
        ) from None
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise SettingsError("The settings file %(path)s is not valid TOML: %(why)s.", path=path, why=error) from None


def _unknown(source: Source) -> SettingsError:
    import difflib

    near = difflib.get_close_matches(source.key, SETTINGS, 1)
    hint = f"Did you mean “{near[0]}”?" if near else f"There are: {', '.join(SETTINGS)}."
    return SettingsError(
        "%(place)s: there is no setting “%(key)s”. %(hint)s", place=source.place, key=source.key, hint=hint
    )


def _refused(source: Source, allowed: str) -> SettingsError:
    return SettingsError(
        "%(place)s: “%(key)s” must be %(allowed)s.", place=source.place, key=source.key, allowed=allowed
    )


_KINDS: dict[type, str] = {
    str: "a text in quotation marks",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple: 'a list of texts, such as ["one", "two"]',
}


def _checked(setting: Field[Any], value: Any, source: Source) -> Any:
    kind: type = type(setting.default)
    if kind is tuple:
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise _refused(source, _KINDS[kind])
        value = tuple(value)
    elif kind is float and type(value) is int:
        value = float(value)
    elif type(value) is not kind:
        raise _refused(source, _KINDS[kind])
    choices, least = setting.metadata["choices"], setting.metadata["least"]
    if choices and value not in choices:
        raise _refused(source, "one of " + ", ".join(f'"{choice}"' for choice in choices))
    if kind in (int, float) and not least <= value < float("inf"):
        raise _refused(source, f"{_KINDS[kind]} of at least {least}")
    check = _CHECKS.get(setting.name)
    return check(value, source) if check else value


def _parsed(setting: Field[Any], text: str, source: Source) -> Any:
    """Return the value that an environment variable's text stands for; lists are separated by blanks or commas."""
    kind: type = type(setting.default)
    if kind is bool:
        word = text.strip().lower()
        if word not in ("1", "true", "yes", "on", "0", "false", "no", "off", ""):
            raise _refused(source, "true or false")
        return word in ("1", "true", "yes", "on")
    if kind is tuple:
        return text.replace(",", " ").split()
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise _refused(source, _KINDS[kind]) from None
    return text


def _mount(value: str, source: Source) -> str:
    path = "/".join(part for part in value.split("/") if part)
    if any(character in path for character in "?#%\\ ") or not path.isprintable() or {".", ".."} & set(path.split("/")):
        raise _refused(source, "a path such as /wiki, or empty")
    return "/" + path if path or value.strip() == "/" else ""


def _base_url(value: str, source: Source) -> str:
    scheme, colon, host = value.rstrip("/").partition("://")
    if value and (scheme not in ("http", "https") or not host or any(each in host for each in "/?#@\\ ")):
        raise _refused(source, "a scheme and host such as https://wiki.example.org (the path belongs into “mount”)")
    return scheme + colon + host


def _page(value: str, source: Source) -> str:
    from . import names

    try:
        return names.normal(value)
    except WikiError as error:
        raise _refused(source, f"a page name ({error})") from None


def _language(value: str, source: Source) -> str:
    if not value.replace("-", "").replace("_", "").isalnum() or not value.isascii():
        raise _refused(source, "a language such as en, de or pt-BR")
    return value.replace("_", "-")


def _timezone(value: str, source: Source) -> str:
    if value != "UTC":
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError):
            raise _refused(source, "a time zone such as UTC or Europe/Berlin") from None
    return value


def _proxies(value: tuple[str, ...], source: Source) -> tuple[str, ...]:
    if value:
        from ipaddress import ip_network

        for each in value:
            if each == "unix":
                continue
            try:
                ip_network(each, strict=False)
            except ValueError:
                allowed = 'a list of addresses, networks or "unix", such as ["127.0.0.1", "10.0.0.0/8"]'
                raise _refused(source, allowed) from None
    return value


def _hosts(value: tuple[str, ...], source: Source) -> tuple[str, ...]:
    if any(not each or any(sign in each for sign in "/@?#\\ ") for each in value):
        raise _refused(source, 'a list of host names, such as ["wiki.example.org"]')
    return tuple(each.lower() for each in value)


_CHECKS: dict[str, Callable[[Any, Source], Any]] = {
    "mount": _mount,
    "base_url": _base_url,
    "front_page": _page,
    "language": _language,
    "timezone": _timezone,
    "trusted_proxies": _proxies,
    "allowed_hosts": _hosts,
}


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)
