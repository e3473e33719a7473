"""One data folder: where its parts lie, who may read them, its secret key, its storage and its error log."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import pagecache
from .model import WikiError

if TYPE_CHECKING:
    from .settings import Settings
    from .storage import Storage

KEY = "secret.key"
LOG_LIMIT = 1_000_000
"""Bytes after which the error log becomes `error.log.1` and a new one begins."""

DENY = """\
# Nothing in here is for visitors.
<IfModule mod_authz_core.c>
    Require all denied
</IfModule>
<IfModule !mod_authz_core.c>
    Order allow,deny
    Deny from all
</IfModule>
"""
"""What an `.htaccess` says that keeps every visitor out of its folder."""


class FolderError(WikiError):
    """The data folder cannot be used."""

    message = "The data folder %(folder)s cannot be used: %(why)s."


def chosen(given: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Return the absolute data folder: the one given, else what WIKI_DATA says, else `./data`."""
    environ = os.environ if environ is None else environ
    return os.path.abspath(given or environ.get("WIKI_DATA") or "data")


class Instance:
    """A data folder. Making one touches nothing; its parts are made when they are asked for."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.abspath(folder)

    @property
    def cache(self) -> str:
        """The cache folder."""
        return pagecache.folder(self.folder)

    @property
    def is_moin_tree(self) -> bool:
        """Whether the folder is a MoinMoin's data directory, which an old MoinMoin may go on using."""
        if not os.path.isdir(os.path.join(self.folder, "pages")):
            return False
        from . import moin_config

        return moin_config.is_tree(self.folder)

    def settings(self) -> Settings:
        """Return the folder's settings; raise SettingsError."""
        from . import settings

        return settings.load(self.folder)

    def storage(self, settings: Settings | None = None) -> Storage:
        """Return the opened storage that the settings name; raise StorageError or FolderError."""
        from .storage import open_storage

        self.prepare()
        settings = settings or self.settings()
        storage = open_storage(settings.storage, self.folder, settings.underlay)
        storage.moin_reads_accounts = settings.moin_shared
        storage.superusers = frozenset(settings.superusers)
        return storage

    def key(self) -> bytes:
        """Return the secret key, at least 32 bytes; the first caller makes it, and of several at once all get the same.

        Raises FolderError if the file holds no such key, or none can be made.
        """
        path = os.path.join(self.folder, KEY)
        self.prepare()
        try:
            try:
                return _read_key(path)
            except FileNotFoundError:
                _make_key(path)
                return _read_key(path)
        except OSError as error:
            raise FolderError(folder=self.folder, why=f"{KEY}: {error.strerror or error}") from None

    def prepare(self) -> None:
        """Make the folder private, and every file that this process makes from now on; raise FolderError.

        A folder that others may enter becomes 0700; one that only its group shares (0750, 2770) stays so, and the
        umask follows it. So does a MoinMoin's, whatever its mode.
        """
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            mode = stat.S_IMODE(os.stat(self.folder).st_mode)
            if mode & 0o007 and not self.is_moin_tree:
                mode = 0o700
                try:
                    os.chmod(self.folder, mode)
                except OSError as error:
                    if error.errno not in (errno.EPERM, errno.EACCES, errno.EROFS):
                        raise
        except OSError as error:
            raise FolderError(folder=self.folder, why=error.strerror or error) from None
        os.umask(0o007 | (~mode & 0o070))
        self._deny()

    def note(self, text: str) -> str:
        """Write what went wrong into `log/error.log` and return the id under which it is found there; never raise."""
        number = os.urandom(4).hex()
        folder = os.path.join(self.folder, "log")
        path = os.path.join(folder, "error.log")
        entry = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {number}\n"
        entry += "".join(f"    {line}\n" for line in text[:50_000].splitlines())
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            if os.path.exists(path) and os.path.getsize(path) + len(entry) > LOG_LIMIT:
                os.replace(path, path + ".1")
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            try:
                os.write(descriptor, entry.encode("utf-8", "replace"))
            finally:
                os.close(descriptor)
        except OSError:
            pass  # the log is a convenience: a full or read-only disk must not turn one error into two
        return number

    def _deny(self) -> None:
        """Keep a web server out that finds the data folder in its document root."""
        try:
            descriptor = os.open(os.path.join(self.folder, ".htaccess"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except OSError:
            return
        with os.fdopen(descriptor, "w") as file:
            file.write(DENY)


def _read_key(path: str) -> bytes:
    """Return the key in a file; one being written by another process is waited for, up to a second."""
    for _ in range(100):
        with open(path, "rb") as file:
            text = file.read(200).strip()
        try:
            key = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            key = b""
        if len(key) >= 32 and len(set(key)) >= 8:
            return key
        if len(text) >= 64:
            break
        time.sleep(0.01)
    raise FolderError("%(path)s holds no secret key. Delete it, and a new one is made.", path=path)


def _make_key(path: str) -> None:
    """Write a new key, unless somebody else was first. It appears under its name complete."""
    text = os.urandom(32).hex().encode() + b"\n"
    temporary = f"{path}.{os.getpid()}.{os.urandom(8).hex()}"
    _write_new(temporary, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:
        try:  # a file system without hard links: readers wait for the whole key
            _write_new(path, text)
        except FileExistsError:
            pass
    finally:
        os.unlink(temporary)


def _write_new(path: str, content: bytes) -> None:
    # Where a group shares the folder, it is so that several users may run the wiki: they need the key.
    mode = 0o600 | (stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) & 0o060)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
