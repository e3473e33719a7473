"""`wiki backup` and `wiki restore`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from .. import archive, instance
from . import setup, terminal


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `backup` and `restore` take."""
    if command == "backup":
        parser.description = (
            "Write pages, history, attachments, accounts, settings and the site's own templates into one zip file that "
            "only you can read, while the wiki runs; then unpack it into a scratch folder to see that it is sound."
        )
        parser.add_argument("file", metavar="FILE", help="a new file; or a folder, in which it is named after the time")
        parser.add_argument("--with-key", action="store_true", help="put the secret key in as well")
    else:
        parser.description = (
            "Make a wiki from a backup in a data folder that holds none. Stop the wiki first, and start it afterwards."
        )
        parser.add_argument("file", metavar="FILE", help="what wiki backup wrote")
        parser.add_argument("--force", action="store_true", help="put the wiki that is there aside, into replaced-…/")


def run(options: argparse.Namespace) -> int:
    """Back up or restore."""
    place = setup.existing(options) if options.command == "backup" else instance.Instance(instance.chosen(options.data))
    progress = terminal.Progress()
    try:
        if options.command == "backup":
            path = archive.write(place, options.file, options.with_key, progress)
        else:
            aside = _restored(place, options, progress)
    finally:
        progress.end()
    if options.command == "backup":
        print(f"{path} written and checked ({os.path.getsize(path):,} bytes).")
        return 0
    database = archive.database_path(place.settings().storage, place.folder)
    if not os.path.exists(database):
        print(
            f"wiki: the settings look for the database at {database}: move it there, or change “storage”.",
            file=sys.stderr,
        )
    print(f"The wiki is in {place.folder}." + (f" What was there is in {aside}." if aside else ""))
    return 0


def _restored(place: instance.Instance, options: argparse.Namespace, progress: terminal.Progress) -> str:
    """Restore behind the page cache's door; nothing that was kept of the wiki before can be found afterwards."""
    from ..keeper import Cache
    from ..pagecache import folder

    place.prepare()
    kept = folder(place.folder)
    with Cache(kept).writing() as evicting:
        evicting.evict_all()
        aside = archive.restore(place, options.file, options.force, progress)
        evicting.evict_all()
    # Renderings are kept by page and revision number, which now mean other texts.
    for each in (kept, place.cache):
        shutil.rmtree(os.path.join(each, "fragments"), ignore_errors=True)
    return aside
