"""The head of a page: the unbroken block of `#` lines at its top, MoinMoin's processing instructions."""

from __future__ import annotations

from dataclasses import dataclass

KNOWN = frozenset({"format", "redirect", "refresh", "acl", "language", "pragma", "deprecated", "openiduser"})


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says. `acl` joins several lines and is None where there is none; the body starts at `length`."""

    format: str = ""
    arguments: str = ""
    redirect: str = ""
    acl: str | None = None
    language: str = ""
    deprecated: bool = False
    pragmas: tuple[tuple[str, str], ...] = ()
    length: int = 0

    def pragma(self, key: str) -> str:
        """Return the value of a `#pragma`, '' if there is none."""
        return next((value for name, value in self.pragmas if name == key.lower()), "")


def head(text: str) -> Head:
    """Read a text's head: it ends after the last known instruction in the unbroken block of `#` lines, or an empty `#`.

    `##` comments may stand between instructions. Those after the last one are left to the body, where they are a
    heading in Markdown and a comment in MoinMoin's markup; so is any other `#` line, which ends the block.
    """
    values: dict[str, str] = {}
    acls: list[str] = []
    pragmas: list[tuple[str, str]] = []
    offset = length = 0
    while text.startswith("#", offset):
        end = text.find("\n", offset)
        end = len(text) if end < 0 else end + 1
        line = text[offset:end].strip()
        offset = end
        if line == "#":
            length = offset
            break
        if line.startswith("##"):
            continue
        keyword, rest = _divided(line[1:])
        keyword = keyword.lower()
        if keyword not in KNOWN:
            break
        length = offset
        if keyword == "acl":
            acls.append(rest)
        elif keyword == "pragma":
            key, value = _divided(rest)
            pragmas.append((key.lower(), value))
        else:
            values.setdefault(keyword, rest)
    name, arguments = _divided(values.get("format", ""))
    return Head(
        format=name.lower(),
        arguments=arguments,
        redirect=values.get("redirect", ""),
        acl=" ".join(acls) if acls else None,
        language=values.get("language", ""),
        deprecated="deprecated" in values,
        pragmas=tuple(pragmas),
        length=length,
    )


def _divided(text: str) -> tuple[str, str]:
    # At any blank, as MoinMoin does: an `#acl` that a tab hides would make its page public.
    first = "" if text[:1].isspace() else text.split(None, 1)[0] if text else ""
    return first, text[len(first) :].strip()
