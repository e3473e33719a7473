"""`wiki init` and `wiki settings`."""

from __future__ import annotations

import argparse
import os
import sys

from .. import instance, settings
from ..model import WikiError
from ..storage import open_storage


def arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare what `init` and `settings` take."""
    if command == "init":
        parser.description = (
            "Make a data folder with an empty wiki, its secret key and a wiki.toml that explains every setting. "
            "What is there already stays as it is."
        )
        parser.add_argument("folder", metavar="DATA", nargs="?", help="the folder; as --data")
        parser.add_argument("--storage", metavar="URL", help="where pages are kept (default: sqlite:wiki.db)")
    else:
        parser.description = (
            "Print every setting with its help, as a wiki.toml. They are changed in the data folder's wiki.toml or by "
            "environment variables: WIKI_SITE_NAME=… overrides site_name."
        )


def run(options: argparse.Namespace) -> int:
    """Run `init` or `settings`."""
    return _init(options) if options.command == "init" else _settings(options)


def _init(options: argparse.Namespace) -> int:
    place = instance.Instance(instance.chosen(options.folder or options.data))
    place.prepare()
    path = os.path.join(place.folder, settings.FILE)
    if os.path.exists(path) and options.storage and place.settings().storage != options.storage:
        raise WikiError("%(path)s is there already and names another storage: change it there.", path=path)
    if options.storage:
        open_storage(options.storage, place.folder).close()  # a wrong URL must not get into the new wiki.toml
    prepare(place, options.storage or "")
    print(f"The wiki is in {place.folder}. Start it with: wiki --data {place.folder} serve")
    return 0


def prepare(place: instance.Instance, storage: str = "") -> None:
    """Make a data folder's wiki.toml, secret key, storage and start pages, where they are missing.

    Raises WikiError.
    """
    place.prepare()
    path = os.path.join(place.folder, settings.FILE)
    if not os.path.exists(path):
        chosen = settings.Settings(storage=storage or settings.Settings().storage)
        text = "# Settings of this wiki. Remove the # before a line to change it, then restart the wiki.\n\n"
        write_new(path, text + settings.as_toml(chosen, commented=True))
    place.key()
    from ..app import open_wiki, seed

    wiki = open_wiki(place.folder)
    seed(wiki)
    wiki.storage.close()


def existing(options: argparse.Namespace) -> instance.Instance:
    """Return the data folder that is meant; raise WikiError if there is no wiki in it."""
    place = instance.Instance(instance.chosen(options.data))
    signs = (settings.FILE, instance.KEY, "wiki.db", "pages")
    if not any(os.path.exists(os.path.join(place.folder, name)) for name in signs):
        raise WikiError(
            "There is no wiki in %(folder)s. Name its folder with --data, or make one: wiki --data %(folder)s init",
            folder=place.folder,
        )
    place.prepare()
    return place


def _settings(options: argparse.Namespace) -> int:
    folder = instance.chosen(options.data)
    print(settings.as_toml(settings.load(folder)), end="")
    for name, _value, source in settings.given(folder):
        print(f"# {name} comes from {source.place}" + ("" if source.key == name else f" ({source.key})"))
    known = {settings.PREFIX + name.upper() for name in settings.SETTINGS} | {"WIKI_DATA"}
    for key in sorted(os.environ):
        if key.startswith(settings.PREFIX) and key not in known:
            print(f"wiki: the variable {key} is no setting", file=sys.stderr)
    return 0


def write_new(path: str, text: str) -> None:
    """Write a file that only this user may read; leave it alone if somebody else has just made it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
