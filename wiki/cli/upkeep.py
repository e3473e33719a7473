"""`wiki check` and `wiki reindex`."""

from __future__ import annotations

import argparse

from . import setup, terminal


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `check` and `reindex` take."""
    if command == "check":
        parser.description = (
            "Read every page, every old revision and every file, and print what is damaged. "
            "The exit status is 1 if anything is."
        )
    else:
        parser.description = (
            "Derive links, access rights and the search index of every page anew from the texts: after an upgrade "
            "that says so, or when `wiki check` does."
        )


def run(options: argparse.Namespace) -> int:
    """Run `check` or `reindex`."""
    place = setup.existing(options)
    progress = terminal.Progress()
    if options.command == "check":
        storage = place.storage()
        found = 0
        for problem in storage.check(progress):
            progress.end()
            print(f"{problem.where}: {problem.what}")
            found += 1
        progress.end()
        pages = terminal.counted(storage.count(), "page", "pages")
        print(
            f"{terminal.counted(found, 'problem', 'problems')} in {pages}." if found else f"{pages}: no damage found."
        )
        return 1 if found else 0
    from ..app import open_wiki

    wiki = open_wiki(place.folder)
    with wiki.cache.writing() as evicting:
        wiki.storage.reindex(lambda revision: wiki.facts(revision.page, revision.text)[0], progress)
        evicting.evict_all()
    progress.end()
    print(f"{terminal.counted(wiki.storage.count(), 'page', 'pages')} indexed.")
    return 0
