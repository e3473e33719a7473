"""One wiki as a web site: the wiki, its settings, its secret, its templates and static files."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import ChoiceLoader, Environment, FileSystemBytecodeCache, FileSystemLoader
from jinja2.bccache import Bucket

from .. import resources
from ..presence import Presence
from ..urls import Urls

if TYPE_CHECKING:
    from ..core import Wiki
    from ..instance import Instance
    from ..settings import Settings


class Bytecode(FileSystemBytecodeCache):
    """Compiled templates, kept where they can be: a disk that is full or may not be written still reads."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template, if possible."""
        try:
            super().dump_bytecode(bucket)
        except OSError:
            # Slower, not wrong.
            pass


class Site:
    """What every request to one wiki shares."""

    def __init__(self, wiki: Wiki, settings: Settings, instance: Instance) -> None:
        self.wiki = wiki
        self.settings = settings
        self.instance = instance
        self.folder = Path(instance.folder)
        self._static = (os.path.join(instance.folder, "static"), resources.static())
        self._bundle = resources.bundle()
        self.presence = Presence(os.path.join(instance.cache, "editing"))

    @cached_property
    def secret(self) -> bytes:
        """The instance's secret key."""
        return self.instance.key()

    @property
    def sends_mail(self) -> bool:
        """Whether mail can be sent: a sender is set, and an address of the wiki that no visitor can forge."""
        return bool(self.settings.mail_from and self.settings.base_url)

    @cached_property
    def templates(self) -> Environment:
        """The templates; a file in the instance's `templates/` goes before ours of the same name."""
        own = self.folder / "templates"
        places = [str(own), resources.templates()] if own.is_dir() else [resources.templates()]
        return Environment(
            loader=ChoiceLoader([FileSystemLoader(place) for place in places]),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=self._bytecode(),
        )

    def _bytecode(self) -> FileSystemBytecodeCache | None:
        """Where compiled templates are kept: under CGI compiling them would cost more than all the rest."""
        folder = Path(self.instance.cache) / "templates"
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)
        except OSError:
            return None
        return Bytecode(str(folder))

    def static_file(self, name: str) -> Path | None:
        """Return where a static file lies, None if there is no such file; the instance's own goes first."""
        if not name or any(part in ("", ".", "..") for part in name.split("/")) or "\\" in name or "\0" in name:
            return None
        for folder in self._static:
            path = os.path.join(folder, name)
            # Unlike pathlib's, this is no failure for a name that is too long.
            if os.path.isfile(path):
                return Path(path)
        return None

    def static_url(self, urls: Urls) -> Callable[[str], str]:
        """Return a function from a static file's name to its URL, which changes when the file does."""

        @lru_cache
        def url(name: str) -> str:
            return urls.special(f"static/{self.static_mark(name)}/{name}")

        return url

    def static_mark(self, name: str) -> str:
        """Return a short text that changes with a static file: its size and time, of a bundle's own its version."""
        # Asked several times for every screen, by templates: pathlib would take a tenth of a view.
        for folder in self._static:
            try:
                status = os.stat(os.path.join(folder, name))
            except OSError:
                continue
            if self._bundle and folder == self._static[1]:
                return self._bundle
            return f"{status.st_mtime_ns // 1_000_000:x}{status.st_size:x}"[-12:]
        return "0"
