"""`wiki copy`: from one storage into another."""

from __future__ import annotations

import argparse

from .. import copying
from ..app import derive
from ..model import WikiError
from ..storage import open_storage
from . import setup, terminal


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `copy` takes."""
    parser.description = (
        "Copy all pages with their whole history, attachments and accounts into an empty storage. Nobody can save "
        "meanwhile. Then name the new storage in wiki.toml and restart the wiki."
    )
    parser.add_argument(
        "source", metavar="FROM", help="a storage URL such as sqlite:wiki.db; paths start in the data folder"
    )
    parser.add_argument("target", metavar="TO", help="the same, for a storage that is empty or not there yet")


def run(options: argparse.Namespace) -> int:
    """Copy."""
    place = setup.existing(options)
    if options.source == options.target:
        raise WikiError("FROM and TO are the same storage.")
    progress = terminal.Progress()
    source = open_storage(options.source, place.folder, place.settings().underlay)
    target = open_storage(options.target, place.folder)
    derive(source, place)
    try:
        copied = copying.copy(source, target, progress)
    finally:
        progress.end()
        source.close()
        target.close()
    print(
        f"{terminal.counted(copied.pages, 'page', 'pages')} with {copied.revisions} revisions, "
        f"{terminal.counted(copied.files, 'file version', 'file versions')} and "
        f"{terminal.counted(copied.users, 'account', 'accounts')} copied."
    )
    return 0
