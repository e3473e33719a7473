"""Imports point down: the table of layers in the design, read against the program with `ast`."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

WIKI = Path(__file__).parent.parent / "wiki"

LAYERS = {
    "door": {"", "wsgi", "pagecache", "resources", "gateway.environ", "gateway.cgi"},
    "nouns": {"model", "names", "urls", "query", "words", "patterns"},
    "parts": {
        *(
            "storage",
            "markup",
            "acl",
            "merge",
            "diff",
            "search",
            "interwiki",
            "passwords",
            "commonplace",
            "moin_passwords",
            "dicts",
            "variables",
            "mail",
        ),
        *("filling", "keeper", "codefile", "i18n", "markdown_links", "markdown_paths", "pages", "moin_config"),
    },
    "wiki": {
        *(
            "plugins",
            "core",
            "visit",
            "reading",
            "renaming",
            "writing",
            "view",
            "notify",
            "fragments",
            "accounts",
            "pictures",
            "presence",
            "copying",
            "embedding",
            "moin_import",
            "remote",
            "outbox",
        ),
        *("markdown_folder",),
    },
    "additions": {"macros", "auth"},
    "http": {"web"},
    "assembly": {
        "app",
        "cli",
        "settings",
        "instance",
        "archive",
        "deployed",
        "deploying",
        "doctor",
        "faults",
        "gateway",
        "__main__",
        "bundle",
    },
}
"""Which modules and packages are in which layer, the lowest first; a longer name goes before the package it is in."""

ORDER = list(LAYERS)
STRANGERS = {"storage", "markup", "acl"}
"""Parts that do not know each other."""

FLASK = {"web", "app", "cli"}
"""Who may know Flask. As with the layers, what only a type checker reads is not counted."""

DOOR_STDLIB = {"os", "sys", "stat", "time", "errno", "fcntl", "io", "__future__"}
"""What the door may import beside what any interpreter has loaded when it starts."""

CONTRACTS = {"storage": {"storage"}, "markup": {"markup", "markup.head", "markup.targets"}}
"""What the layer `wiki` may know of these: no engine's and no markup's own module."""

SPEAKERS = {"gateway", "faults"}
"""What our servers of FastCGI, SCGI and AJP know beside the door: they serve any WSGI application."""

EXCEPTIONS = {("view", "macros")}
"""A view calls macros by their contract, which lies with them."""


@dataclass(frozen=True)
class Import:
    """An import in a module: of what, on which line, whether only for type checkers, whether inside a function."""

    module: str
    imported: str
    line: int
    typing: bool
    lazy: bool


def module_names(root: Path) -> dict[str, Path]:
    """Return each module's name below `wiki` ('' for the package itself)."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(root: Path) -> Iterator[Import]:
    """Yield every import of every module; those of our own are named from `wiki` on, with a dot before."""
    known = module_names(root)
    for module, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
        yield from _below(tree, module, [part for part in package if part], known, False, False)


def _below(
    node: ast.AST, module: str, package: list[str], known: dict[str, Path], typing: bool, lazy: bool
) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(module, _own(alias.name), child.lineno, typing, lazy)
        elif isinstance(child, ast.ImportFrom):
            if child.level:
                base = package[: len(package) - child.level + 1] + (child.module or "").split(".")
                source = "." + ".".join(part for part in base if part)
            else:
                source = _own(child.module or "")
            for alias in child.names:
                whole = f"{source}.{alias.name}".replace("..", ".")
                inner = source.startswith(".") and whole[1:] in known
                yield Import(module, whole if inner else source, child.lineno, typing, lazy)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _below(ast.Module(child.body, []), module, package, known, True, lazy)
            yield from _below(ast.Module(child.orelse, []), module, package, known, typing, lazy)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _below(child, module, package, known, typing, lazy or function)


def _own(name: str) -> str:
    return "." + name.removeprefix("wiki").removeprefix(".") if name == "wiki" or name.startswith("wiki.") else name


def place(module: str) -> tuple[str, str]:
    """Return the layer that a module is in, and the name by which the table has it; raise LookupError."""
    name = module
    while True:
        for layer, members in LAYERS.items():
            if name in members:
                return layer, name
        if "." not in name:
            raise LookupError(module)
        name = name.rpartition(".")[0]


def violations(root: Path) -> list[str]:
    """Return each import that the table forbids, in a sentence."""
    found = ((each, wrong(each)) for each in dict.fromkeys(imports(root)))
    return [f"wiki/{each.module} line {each.line} imports {each.imported}: {why}" for each, why in found if why]


def wrong(each: Import) -> str:
    """Return why an import is forbidden, '' if it is not."""
    try:
        return wrong_layer(each)
    except LookupError as missing:
        return f"{missing} has no layer"


def wrong_layer(each: Import) -> str:
    layer, module = place(each.module)
    if not each.imported.startswith("."):
        return wrong_library(each, layer, module)
    imported = each.imported[1:]
    there, other = place(imported)
    if layer == "door":
        # The door opens the rest inside the function that needs it; the rest may use what the door is made of.
        return "" if there == "door" or each.lazy or each.typing else f"the {layer} opens {there} lazily"
    if (each.module, imported) in EXCEPTIONS and each.lazy:
        return ""
    if module == "gateway" and there != "door" and other not in SPEAKERS:
        return "a gateway serves any WSGI application"
    if there != "door" and ORDER.index(there) > ORDER.index(layer) and not each.typing:
        return f"{layer} below {there}"
    if {module, other} <= STRANGERS and module != other:
        return "storage, markup and acl do not know each other"
    if layer == "parts" and module != other and other in STRANGERS and not each.typing:
        return f"only what lies above the parts uses {other}"
    if layer == "wiki" and not each.typing and not each.lazy and imported not in CONTRACTS.get(other, {imported}):
        return "a contract, never an engine's module"
    return ""


def wrong_library(each: Import, layer: str, module: str) -> str:
    top = each.imported.partition(".")[0]
    if top == "flask" and module not in FLASK and not each.typing:
        return "only web, app and cli know Flask"
    if layer == "nouns" and top not in sys.stdlib_module_names:
        return "nouns need nothing but the standard library"
    if layer == "door" and not each.lazy and not each.typing and top not in DOOR_STDLIB | started_with():
        return "every cached hit would pay for it"
    return ""


def started_with() -> set[str]:
    """Return the modules that a bare interpreter has loaded."""
    if not _started:
        command = [sys.executable, "-I", "-S", "-c", "import sys; print(*sys.modules)"]
        _started.update(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    return _started


_started: set[str] = set()


def test_imports_point_down() -> None:
    assert violations(WIKI) == []


def test_every_module_has_a_layer() -> None:
    without = []
    for module in module_names(WIKI):
        try:
            place(module)
        except LookupError:
            without.append(module)
    assert without == []


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("names.py", "from . import core", "nouns below wiki"),
        ("names.py", "def f():\n    from wiki.web.pages import show", "nouns below http"),
        ("names.py", "import markdown", "standard library"),
        ("model.py", "from flask import request", "Flask"),
        ("storage/sqlite.py", "from ..markup import head", "do not know each other"),
        ("storage/sqlite/lists.py", "from ...acl import parse", "do not know each other"),
        ("storage/__init__.py", "from ..acl import parse", "do not know each other"),
        ("markup/moin.py", "import wiki.storage.memory", "do not know each other"),
        ("acl.py", "from .storage import Storage", "do not know each other"),
        ("search.py", "from .storage.words import fold", "above the parts"),
        ("core.py", "from .storage.sqlite import SqliteStorage", "contract"),
        ("core.py", "from .web import site", "wiki below http"),
        ("view.py", "import wiki.macros", "wiki below additions"),
        ("core.py", "def f():\n    import wiki.macros", "wiki below additions"),
        ("macros/lists.py", "import flask.globals", "Flask"),
        ("web/pages.py", "from ..app import create_app", "http below assembly"),
        ("gateway/fastcgi.py", "def f():\n    from ..app import create_app", "any WSGI application"),
        ("wsgi.py", "from .app import create_app", "lazily"),
        ("pagecache.py", "import re", "pay for it"),
        ("pagecache.py", "try:\n    import json\nexcept ImportError:\n    pass", "pay for it"),
    ],
)
def test_a_planted_violation_is_found(path: str, text: str, why: str, tmp_path: Path) -> None:
    for folder in ("storage", "markup", "web", "macros", "gateway", "storage/sqlite" if "sqlite/" in path else "web"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "__init__.py").write_text("")
    for name in ("core", "acl", "app", "storage/memory", "storage/words", "markup/head", "web/site", "web/pages"):
        (tmp_path / f"{name}.py").write_text("")
    (tmp_path / path).write_text(text)
    found = violations(tmp_path)
    assert len(found) == 1
    assert why in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("wsgi.py", "import os\ndef application():\n    from .app import create_app"),
        ("storage.py", "from .query import Node\nfrom . import model, names"),
        ("storage/__init__.py", "from .sqlite import SqliteStorage"),
        ("core.py", "if TYPE_CHECKING:\n    from .web import site\nfrom .markup.head import head"),
        ("web/pages.py", "from flask import request\nfrom .. import acl\nfrom ..storage import Storage"),
        ("merge.py", "from .diff import hunks"),
    ],
)
def test_what_the_table_allows_is_no_violation(path: str, text: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(text)
    assert violations(tmp_path) == []
