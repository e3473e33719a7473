"""The `wiki` command: finds the module of a subcommand, and turns errors into sentences and an exit status."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from .. import __version__, instance
from ..model import WikiError

COMMANDS = {
    "init": ("setup", "make a data folder with a wiki in it"),
    "serve": ("serve", "show the wiki in a browser on this machine's own web server"),
    "deploy": ("deploy", "write what a web server needs to serve the wiki, and say what to do next"),
    "doctor": ("doctor", "find out what keeps a web server from serving the wiki, and how to mend it"),
    "settings": ("setup", "show every setting, its value and what it is for"),
    "user": ("user", "list, make, mend and switch off accounts"),
    "import": ("exchange", "take in a folder of Markdown files"),
    "export": ("exchange", "write all pages as a folder of Markdown files"),
    "render": ("render", "turn Markdown on standard input into HTML"),
    "copy": ("copying", "copy a wiki from one storage into another"),
    "check": ("upkeep", "look for damage"),
    "reindex": ("upkeep", "derive links, access rights and the search index anew"),
    "backup": ("archive", "write the whole wiki into one file, while it runs"),
    "restore": ("archive", "make a wiki from such a file"),
}
"""Each subcommand's module, and what it does. A module has `arguments(command, parser)` and `run(options) -> int`."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for an error (a sentence on stderr), 2 for wrong usage."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser(arguments).parse_args(arguments)
    module = import_module(f".{COMMANDS[options.command][0]}", __package__)
    try:
        return int(module.run(options))
    except WikiError as error:
        print(f"wiki: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("wiki: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # else Python complains once more while it ends
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"wiki: {place}{error.strerror or error}", file=sys.stderr)
    except Exception as error:  # whatever it is, the administrator gets a sentence, and the log the details
        _unexpected(error, options.data)
    return 1


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    """Return the parser; only the subcommand that is meant has its arguments, so that only its module is imported."""
    parser = argparse.ArgumentParser(
        prog="wiki",
        description="A wiki for any gateway. Each command explains itself: wiki COMMAND --help",
        epilog="The data folder is the one given with --data, else what WIKI_DATA says, else ./data.",
    )
    folder = argparse.ArgumentParser(add_help=False)
    folder.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS, help="the wiki's data folder")
    parser.add_argument("--data", metavar="DIR", help="the wiki's data folder")
    parser.add_argument("--version", action="version", version=f"Anywiki {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    meant = next((word for word in arguments if word in COMMANDS), "")
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:] + ".", parents=[folder]
        )
        if name == meant:
            import_module(f".{module}", __package__).arguments(name, command)
    return parser


def _unexpected(error: Exception, given: str | None) -> None:
    import traceback

    folder = instance.chosen(given)
    details = "".join(traceback.format_exception(error))
    place = instance.Instance(folder)
    number = place.note(details)
    print(
        f"wiki: Something unexpected happened ({type(error).__name__}: {error}). "
        f"Details are in {folder}/log/error.log under {number}; please report them.",
        file=sys.stderr,
    )
