"""What a MoinMoin 1.9 directory says about its wiki: whether it is one, and its `wikiconfig.py`, read but never run."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator

NAMES = ("wikiconfig.py", "farmconfig.py")

DEFAULT_RIGHTS = {
    "acl_before": "",
    "acl_default": "Trusted:read,write,delete,revert Known:read All:read",
    "acl_after": "",
}
"""What MoinMoin 1.9.11 goes by where its configuration says nothing."""

CLOSED = "All:"
"""Rights that come first and give nobody any: administrators alone come in."""

RIGHTS = ("acl_before", "acl_default", "acl_after")

_RIGHTS = {"acl_rights_before": "acl_before", "acl_rights_default": "acl_default", "acl_rights_after": "acl_after"}
_TEXTS = {
    **_RIGHTS,
    "sitename": "site_name",
    "page_front_page": "front_page",
    "language_default": "language",
    "interwikiname": "interwiki_name",
    "data_underlay_dir": "underlay",
}
_PATTERNS = {
    "page_group_regex": "group_pages",
    "page_dict_regex": "dict_pages",
    "page_template_regex": "template_pages",
    "page_category_regex": "category_pages",
}
_IGNORED = frozenset({"wikiconfig_dir", "instance_dir", "data_dir"})
"""Options that mean nothing here, and are not worth telling."""

_SETTLING = frozenset({*_RIGHTS, "acl_hierarchic", "superuser"})
"""Options that decide who may do what: if one of them cannot be read, nothing is known."""

_ASSIGNED = re.compile(r"^[ \t]+(\w+)[ \t]*=(?!=)", re.MULTILINE)
_OLD_PREFIX = re.compile(r"\b[uU][rR](?=['\"])")


@dataclass(frozen=True)
class MoinConfig:
    """What was read. `path` is '' if there was no file; `values` are settings by our names.

    `unread` are options that were set and not taken over; `settled` says that all who decide about rights were read.
    """

    path: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    settled: bool = False


def is_tree(folder: str) -> bool:
    """Say whether a data folder is one of MoinMoin's: it has pages as MoinMoin keeps them, and was not begun by us."""
    pages = os.path.join(folder, "pages")
    if os.path.exists(os.path.join(folder, "anywiki", "started-here")):
        return False
    try:
        with os.scandir(pages) as entries:
            return any(_is_page(entry.path) for _, entry in zip(range(1000), entries, strict=False))
    except OSError:
        return False


def _is_page(path: str) -> bool:
    return any(os.path.exists(os.path.join(path, name)) for name in ("current", "current-locked", "edit-log"))


def files(folder: str, told: str = "") -> list[str]:
    """Return the files that may hold the configuration of the wiki in a data folder, the best first."""
    if told:
        path = os.path.join(folder, told)
        return [os.path.join(path, NAMES[0])] if os.path.isdir(path) else [path]
    return [os.path.join(folder, NAMES[0]), os.path.join(os.path.dirname(os.path.abspath(folder)), NAMES[0])]


def load(folder: str, told: str = "") -> MoinConfig:
    """Return the configuration of the wiki in a data folder. What was read is kept in the cache folder: under CGI,
    parsing Python for each request would be too much."""
    import json

    from .pagecache import stamp, unchanged

    kept = os.path.join(folder, "anywiki-cache", "moin-config.json")
    try:
        with open(kept, encoding="utf-8") as file:
            stamps, values = json.load(file)
        if unchanged(stamps) and [line.split(" ", 3)[3] for line in stamps][:-1] == files(folder, told):
            return MoinConfig(values[0], values[1], tuple(values[2]), values[3])
    except (OSError, ValueError, LookupError, TypeError):
        pass
    paths = files(folder, told)
    found = next((path for path in paths if os.path.isfile(path)), "")
    farm = os.path.join(os.path.dirname(found or folder), NAMES[1])
    stamps = [stamp(path) for path in [*paths, farm]]
    config = read(found) if found else MoinConfig()
    try:
        os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
        temporary = f"{kept}.{os.urandom(6).hex()}"
        with open(temporary, "x", encoding="utf-8") as file:
            json.dump([stamps, [config.path, config.values, config.unread, config.settled]], file)
        os.replace(temporary, kept)
    except OSError:
        pass
    return config


def read_first(folder: str) -> MoinConfig:
    """Return the configuration of the wiki in a data folder, without keeping anything."""
    found = next((path for path in files(folder) if os.path.isfile(path)), "")
    return read(found) if found else MoinConfig()


def read(path: str) -> MoinConfig:
    """Return what a `wikiconfig.py` says: the literal values of the options that mean something here."""
    options: dict[str, Any] = {}
    unread: dict[str, None] = {}
    try:
        base = os.path.join(os.path.dirname(path), NAMES[1])
        source = _source(path)
        if re.search(r"^from farmconfig import|^import farmconfig", source, re.MULTILINE) and os.path.isfile(base):
            _read_into(base, _source(base), options, unread)
        _read_into(path, source, options, unread)
    except (OSError, UnicodeDecodeError):
        return MoinConfig(path, {}, (os.path.basename(path),), False)
    values: dict[str, Any] = {}
    for name, value in options.items():
        if not _taken(name, value, values):
            unread[name] = None
    settled = not _SETTLING & unread.keys()
    if settled:
        values = {**DEFAULT_RIGHTS, **values}
    underlay = values.get("underlay")
    if underlay:
        values["underlay"] = os.path.abspath(os.path.join(os.path.dirname(path), underlay))
    return MoinConfig(path, values, tuple(name for name in unread if name not in _IGNORED), settled)


def _source(path: str) -> str:
    with open(path, encoding="utf-8-sig") as file:
        # The only literal of Python 2 that such files are full of and Python 3 does not know.
        return _OLD_PREFIX.sub("r", file.read())


def _taken(name: str, value: Any, values: dict[str, Any]) -> bool:
    """Put an option's value under our name; return whether it means something here and can be used."""
    if name in _TEXTS:
        if value is None and name in ("interwikiname", "data_underlay_dir"):
            return True
        if not isinstance(value, str):
            return False
        values[_TEXTS[name]] = value
    elif name == "acl_hierarchic":
        if not isinstance(value, bool | int):
            return False
        values[name] = bool(value)
    elif name == "superuser":
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            return False
        values["superusers"] = list(value)
    elif name in _PATTERNS:
        try:
            re.compile(value)
        except (re.error, TypeError):
            return False
        values[_PATTERNS[name]] = value
    else:
        return name in _IGNORED
    return True


def _read_into(path: str, source: str, options: dict[str, Any], unread: dict[str, None]) -> None:
    """Read the assignments in the classes of a file; what is set elsewhere, or is no literal, is not read."""
    known: dict[str, Any] = {"__file__": path}
    for name, value, direct in _assignments(source):
        if value is None:
            unread[name] = None
            continue
        try:
            result = _evaluated(value, known)
        except ValueError:
            unread[name] = None
            options.pop(name, None)
            known.pop(name, None)
            continue
        if not direct:
            # Set under a condition, or afterwards: nobody knows without running it.
            unread[name] = None
            options.pop(name, None)
            continue
        unread.pop(name, None)
        known[name] = options[name] = result


def _assignments(source: str) -> Iterator[tuple[str, ast.expr | None, bool]]:
    """Yield name, value and whether it stands directly in a class, of all assignments; the value is None where the
    text cannot be parsed."""
    import ast

    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        yield from _assignments_one_by_one(source)
        return
    direct = {id(node) for each in tree.body if isinstance(each, ast.ClassDef) for node in each.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AugAssign | ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        for target in targets:
            name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
            if name:
                yield name, value, id(node) in direct and isinstance(node, ast.Assign)


def _assignments_one_by_one(source: str) -> Iterator[tuple[str, ast.expr | None, bool]]:
    """Yield the assignments of a text that Python 3 cannot parse as a whole, each taken by itself."""
    import ast
    import textwrap

    found = list(_ASSIGNED.finditer(source))
    indents = {len(match[0]) - len(match[0].lstrip()) for match in found}
    for match in found:
        direct = len(match[0]) - len(match[0].lstrip()) == min(indents)
        lines = source[match.start() :].split("\n")
        value = None
        for count in range(1, min(len(lines), 200) + 1):
            try:
                (node,) = ast.parse(textwrap.dedent("\n".join(lines[:count]))).body
            except (SyntaxError, ValueError, RecursionError):
                continue
            value = node.value if isinstance(node, ast.Assign) else None
            break
        yield match[1], value, direct


def _evaluated(node: ast.expr, known: dict[str, Any]) -> Any:
    """Return the value of a literal, of names set before, of joined texts and paths; raise ValueError for all else."""
    import ast

    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_evaluated(each, known) for each in node.elts]
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _evaluated(node.left, known), _evaluated(node.right, known)
        if type(left) is type(right) and isinstance(left, str | list):
            return left + right
    if isinstance(node, ast.Call) and not node.keywords:
        paths: dict[str, Callable[..., str]] = {
            "os.path.join": os.path.join,
            "os.path.abspath": os.path.abspath,
            "os.path.dirname": os.path.dirname,
            "os.path.normpath": os.path.normpath,
        }
        function = paths.get(ast.unparse(node.func))
        arguments = [_evaluated(each, known) for each in node.args]
        if function and arguments and all(isinstance(each, str) for each in arguments):
            try:
                return function(*arguments)
            except (TypeError, ValueError):
                pass
    raise ValueError
