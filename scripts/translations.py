"""Bring the catalogues up to date: find the messages, merge them into each language, compile. Needs Babel.

`python scripts/translations.py` does all three and lists what has no translation yet; a new language begins with
`python scripts/translations.py --add fr`. Messages are found in `templates/` and `wiki/`: `_()`, `gettext()`,
`ngettext()`, `N_()`, the first argument of every error's constructor (`raise BadName("…")`), and the `message` of
each class of errors. The command line speaks English only: what only `wiki/cli/` says is left out.
"""

from __future__ import annotations

import argparse
import ast
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "wiki" / "translations"
TEMPLATE = FOLDER / "messages.pot"
PROJECT = "Anywiki"
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
"""The catalogues' date is fixed: a run that finds nothing new changes nothing."""


def sources() -> list[Path]:
    """Return the Python files that have messages."""
    return [path for path in sorted((ROOT / "wiki").rglob("*.py")) if path.parent.name != "cli"]


def error_classes() -> dict[str, list[tuple[str, str]]]:
    """Return the name of each class of errors below WikiError, with the (file, message) pairs that it declares."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sources()}
    classes = [
        (path, node) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    ]
    found: dict[str, list[tuple[str, str]]] = {"WikiError": []}
    size = 0
    while size != len(found):
        size = len(found)
        for _, node in classes:
            if any(isinstance(base, ast.Name | ast.Attribute) and _last(base) in found for base in node.bases):
                found.setdefault(node.name, [])
    for path, node in classes:
        if node.name not in found:
            continue
        for part in node.body:
            names = [target.id for target in getattr(part, "targets", []) if isinstance(target, ast.Name)]
            value = getattr(part, "value", None)
            if "message" in names and isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
                found[node.name].append((path.relative_to(ROOT).as_posix(), value.value))
    return found


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def messages() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Yield (file, message), a message with a plural as a pair."""
    classes = error_classes()
    keywords: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
    keywords |= dict.fromkeys(classes, None)
    for declared in classes.values():
        yield from declared
    templates = sorted((ROOT / "templates").glob("*.html"))
    for paths, method in ((sources(), "python"), (templates, "jinja2.ext:babel_extract")):
        options = {"trimmed": "true", "silent": "false"}
        for path in paths:
            # An argument that is no literal comes as None: a call that passes on what another place says.
            for _, message, _, _ in extract(method, io.BytesIO(path.read_bytes()), keywords, options=options):
                if isinstance(message, str) or all(isinstance(part, str) for part in message):
                    yield path.relative_to(ROOT).as_posix(), message


def catalogue() -> Catalog:
    """Return all messages there are, in the order of their text."""
    result = Catalog(project=PROJECT, fuzzy=False, creation_date=WRITTEN, revision_date=WRITTEN, charset="utf-8")
    result.header_comment = "# Messages of Anywiki. Made by scripts/translations.py."
    for place, message in messages():
        if message:
            result.add(message, locations=[(place, 0)])
    return result


def merged(language: str, found: Catalog) -> Catalog:
    """Return a language's catalogue with exactly the messages found; what nobody says any more is dropped."""
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    if path.exists():
        with path.open("rb") as file:
            result = read_po(file, locale=language)
    else:
        result = Catalog(locale=language, project=PROJECT, creation_date=WRITTEN, revision_date=WRITTEN)
    result.update(found, no_fuzzy_matching=True, update_header_comment=True)
    result.obsolete.clear()
    result.fuzzy = False
    result.creation_date = result.revision_date = WRITTEN
    return result


def as_po(found: Catalog) -> bytes:
    """Return a catalogue as the text of a .po file."""
    buffer = io.BytesIO()
    write_po(buffer, found, width=118, sort_output=True, include_lineno=False)
    return buffer.getvalue()


def as_mo(found: Catalog) -> bytes:
    """Return a catalogue as a compiled .mo file."""
    buffer = io.BytesIO()
    write_mo(buffer, found)
    return buffer.getvalue()


def untranslated(found: Catalog) -> list[str]:
    """Return the messages that have no translation, or lack a form of it."""
    texts = [(each.id, each.string) for each in found if each.id]
    return [str(text) for text, said in texts if not (all(said) if isinstance(said, tuple | list) else said)]


def languages() -> list[str]:
    """Return the languages that have a catalogue."""
    return sorted(path.parts[-3] for path in FOLDER.glob("*/LC_MESSAGES/messages.po"))


def main() -> int:
    """Write all catalogues; return 1 if a translation is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--add", metavar="LANGUAGE", action="append", default=[], help="begin a catalogue for a language"
    )
    options = parser.parse_args()
    found = catalogue()
    FOLDER.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(as_po(found))
    missing = 0
    for language in sorted({*languages(), *options.add}):
        result = merged(language, found)
        folder = FOLDER / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "messages.po").write_bytes(as_po(result))
        (folder / "messages.mo").write_bytes(as_mo(result))
        lacking = untranslated(result)
        missing += len(lacking)
        print(f"{language}: {len(result)} messages, {len(lacking)} without translation")
        for text in lacking:
            print(f"  {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
