"""MoinMoin 1.9's user profiles: lines of `key=value`; what we do not know in one stays as it is, byte for byte."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

IDS = re.compile(r"[0-9]+(?:\.[0-9]+){0,2}\Z")
"""What an account's id, and so its file, is called: a time and a random number."""

LISTS = ("quicklinks", "subscribed_pages", "subscribed_events", "email_subscribed_events", "jabber_subscribed_events")
"""Keys whose values are lists: written with `[]` since 1.9, without in older files."""

TEXTS = ("language", "aliasname", "jid", "css_url", "date_fmt", "datetime_fmt", "editor_default", "theme_name")
SETTINGS = (*TEXTS, *LISTS, "bookmarks", "tz_offset")
"""Keys that are settings of an account under the same names: texts, lists, `bookmarks` (a dict of times in
microseconds by wiki), `tz_offset` (seconds)."""

_IGNORED = ("editor_default", "theme_name", "css_url", "jabber_subscribed_events", "date_fmt", "datetime_fmt")
"""Of these, those that mean nothing here; they stay in the file."""


@dataclass(slots=True)
class Profile:
    """A profile: its lines as they are, and the values in them by key (without `[]` or `{}`)."""

    lines: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, content: bytes) -> Profile:
        """Return the profile in a file; raise ValueError if it names nobody."""
        profile = cls()
        for row in content.decode("utf-8", "surrogateescape").split("\n"):
            line = row.rstrip("\r")
            key, equals, value = line.partition("=")
            if line and not line.startswith("#") and equals:
                profile.values[_bare(key)] = value
            profile.lines.append(line)
        if not profile.values.get("name"):
            raise ValueError("no name")
        return profile

    def settings(self) -> dict[str, Any]:
        """Return what the profile says of an account's settings, what is empty left out."""
        found: dict[str, Any] = {}
        for key in SETTINGS:
            value = self.values.get(key, "")
            if not value or key in _IGNORED:
                continue
            read = _read(key, value)
            if read:
                found[key] = read
        return found

    def set(self, key: str, value: str, suffix: str = "") -> None:
        """Set a value where its key stands, else in the order of the keys."""
        if self.values.get(key, "" if suffix or key in SETTINGS else None) == value:
            return
        self.values[key] = value
        said = f"{key}{suffix}={value}"
        for at, line in enumerate(self.lines):
            name, equals, _ = line.partition("=")
            if equals and not line.startswith("#") and _bare(name) == key:
                self.lines[at] = said
                return
        for at, line in enumerate(self.lines):
            if not line or (not line.startswith("#") and line > said):
                self.lines.insert(at, said)
                return
        self.lines.append(said)

    def written(self, user: str, now: float) -> bytes:
        """Return the file's content, with 1.9's first line."""
        said = f"# Data saved '{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(now))}' for id '{user}'"
        lines = [line for line in self.lines if line]
        lines[: 1 if lines and lines[0].startswith("# Data saved") else 0] = [said]
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def _bare(key: str) -> str:
    return key.removesuffix("[]").removesuffix("{}")


def _read(key: str, value: str) -> Any:
    if key in LISTS:
        return [each for each in value.split("\t") if each]
    if key == "bookmarks":
        pairs = (each.rpartition(":") for each in value.split("\t"))
        return {wiki: int(moment) for wiki, _, moment in pairs if wiki and moment.isdecimal()}
    if key == "tz_offset":
        try:
            offset = int(float(value))
        except (ValueError, OverflowError):
            return 0
        return offset * 3600 if -24 <= offset <= 24 else offset
    return value


def said(key: str, value: Any) -> tuple[str, str] | None:
    """Return a setting as it is written in a profile, and the key's suffix; None if it cannot be."""
    if key in LISTS and isinstance(value, list | tuple):
        texts = [str(each) for each in value]
        text, suffix = "\t".join(texts), "[]"
        if any("\t" in each or not each for each in texts):
            return None
    elif key == "bookmarks" and isinstance(value, dict):
        text, suffix = "\t".join(f"{wiki}:{moment}" for wiki, moment in value.items()), "{}"
    elif key == "tz_offset" and type(value) is int:
        text, suffix = str(value), ""
    elif key in TEXTS and isinstance(value, str):
        text, suffix = value, ""
    else:
        return None
    if "\n" in text or "\r" in text or (_read(key, text) if text else None) != (value or None):
        return None
    return text, suffix
