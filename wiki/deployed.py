"""What `wiki deploy` has written, as the data folder remembers it: for the next time, and for `wiki doctor`."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field

FILE = "deployed.json"
"""The record's name in the data folder."""


@dataclass(frozen=True)
class Deployed:
    """A gateway's files in one folder: whom they were written for, and the SHA-256 of each by its name."""

    gateway: str
    folder: str
    mount: str
    user: str
    files: dict[str, str] = field(default_factory=dict)

    def is_ours(self, name: str) -> bool:
        """Say whether a file is still exactly what was written."""
        return name in self.files and digest(os.path.join(self.folder, name)) == self.files[name]


def load(data: str) -> list[Deployed]:
    """Return what was deployed of the wiki in a data folder, the newest last; nothing if that cannot be read."""
    try:
        with open(os.path.join(data, FILE), encoding="utf-8") as file:
            return [Deployed(**each) for each in json.load(file)]
    except (OSError, ValueError, TypeError):
        # It only makes things easier.
        return []


def remember(data: str, new: Deployed) -> None:
    """Put a record into a data folder, in place of an older one of the same folder. Raises OSError."""
    records = [each for each in load(data) if each.folder != new.folder]
    path = os.path.join(data, FILE)
    temporary = f"{path}.{os.urandom(8).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump([asdict(each) for each in [*records, new]], file, indent=1)
        file.write("\n")
        if os.geteuid() == 0:
            # Whom the folder belongs to has to be able to replace it.
            owner = os.stat(data)
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    os.replace(temporary, path)


def digest(path: str) -> str:
    """Return the SHA-256 of a file in hexadecimal digits, '' where there is none that can be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
