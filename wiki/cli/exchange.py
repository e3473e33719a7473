"""`wiki import markdown`, `wiki import moin19` and `wiki export markdown`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from . import setup, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..moin_config import MoinConfig


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `import` and `export` take."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    if command == "import":
        each = kinds.add_parser(
            "markdown",
            help="a folder of Markdown files",
            description=(
                "Save every Markdown file below DIR as a page (A/B.md as A/B; README.md and index.md as the page of "
                "their folder) and keep the other files as attachments. Only what differs is saved: importing twice is "
                "harmless."
            ),
        )
        each.add_argument("folder", metavar="DIR")
        each.add_argument("--under", metavar="PAGE", default="", help="make the pages subpages of this one")
        each = kinds.add_parser(
            "moin19",
            help="the data directory of a MoinMoin 1.9",
            description=(
                "Take over all revisions, files, accounts and drafts from the data directory of a MoinMoin 1.9, which "
                "is only read. What is in the wiki already stays as it is: importing again adds what is new. (A wiki "
                "can also run on such a directory as it is: name it with --data.)"
            ),
        )
        each.add_argument("folder", metavar="DIR")
    else:
        each = kinds.add_parser(
            "markdown",
            help="a folder of Markdown files",
            description=(
                "Write every page into DIR (A/B as A/B.md) with its attachments (in A/B/), as `wiki import markdown` "
                "reads them. DIR must be empty or an earlier export, which is brought up to date."
            ),
        )
        each.add_argument("folder", metavar="DIR")


def run(options: argparse.Namespace) -> int:
    """Import or export; the exit status is 1 if anything was left out."""
    if options.kind == "moin19":
        return _import_moin(options)
    from .. import markdown_folder
    from ..app import open_wiki

    wiki = open_wiki(setup.existing(options).folder)
    front = wiki.rules.front_page
    progress = terminal.Progress()
    visit = wiki.visit_system(options.command)
    try:
        if options.command == "import":
            comment = f"imported from {options.folder}"
            result = markdown_folder.import_folder(visit, options.folder, front, options.under, comment, progress)
        else:
            result = markdown_folder.export_folder(visit, options.folder, front, progress)
    finally:
        progress.end()
    for each in result.skipped:
        print(f"left out: {each}", file=sys.stderr)
    pages = terminal.counted(result.pages, "page", "pages")
    print(
        f"{pages} and {terminal.counted(result.files, 'file', 'files')} written, {result.unchanged} unchanged"
        + (f", {result.removed} removed" if result.removed else "")
        + (f", {len(result.skipped)} left out" if result.skipped else "")
        + "."
    )
    return 1 if result.skipped else 0


def _import_moin(options: argparse.Namespace) -> int:
    """Import a MoinMoin's directory and say what was met in it; exit status 0 also where something had to be left."""
    import os
    import tempfile

    from .. import moin_config, moin_import
    from ..app import open_wiki
    from ..storage.files import FilesStorage

    place = setup.existing(options)
    wiki = open_wiki(place.folder)
    folder = os.path.abspath(options.folder)
    config = moin_config.read_first(folder)
    progress = terminal.Progress()
    with tempfile.TemporaryDirectory(prefix="wiki-import-") as scratch:
        source = FilesStorage(folder, underlay="", beside=scratch)
        try:
            superusers = frozenset(config.values.get("superusers", ()))
            report = moin_import.take_over(source, folder, wiki, superusers, progress)
        finally:
            progress.end()
            source.close()
            wiki.storage.close()
    for each in report.left:
        print(f"met: {each}")
    for line in _advice(wiki.rules.markup, config):
        print(line)
    print(
        f"{terminal.counted(report.pages, 'page', 'pages')} ({report.deleted} of them deleted) with "
        f"{terminal.counted(report.revisions, 'revision', 'revisions')}, "
        f"{terminal.counted(report.files, 'file version', 'file versions')}, "
        f"{terminal.counted(report.users, 'account', 'accounts')} and "
        f"{terminal.counted(report.drafts, 'draft', 'drafts')} taken over, {report.unchanged} unchanged, "
        f"{terminal.counted(len(report.left), 'thing', 'things')} to look at."
    )
    return 0


def _advice(markup: str, config: MoinConfig) -> Iterator[str]:
    """Yield what to do so that the pages look and are guarded as in the old wiki."""
    import json

    if markup != "moin":
        yield 'advice: put markup = "moin" into wiki.toml, then run: wiki reindex'
    if not config.path:
        yield "met: no wikiconfig.py: rights and names of the old wiki are not known"
    for key, value in config.values.items():
        if key not in ("superusers", "underlay") and value != "":
            yield f"advice: the old wiki had {key} = {json.dumps(value, ensure_ascii=False)}"
    for name in config.unread:
        yield f"met: the option {name} in {config.path} was not read"
