"""`wiki import markdown` and `wiki export markdown`."""

from __future__ import annotations

import argparse
import sys

from . import setup, terminal


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
