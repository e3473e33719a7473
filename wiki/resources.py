"""Where the program's templates and static files lie, in a checkout and in an installed package."""

import os

PACKAGE = os.path.dirname(os.path.abspath(__file__))


def folder(name: str) -> str:
    """Return the path of `templates`, `static` or `deploy`: inside the package if it was installed, else beside it."""
    inside = os.path.join(PACKAGE, name)
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(PACKAGE), name)


def templates() -> str:
    """Return the folder of the program's templates."""
    return folder("templates")


def static() -> str:
    """Return the folder of the program's static files."""
    return folder("static")
