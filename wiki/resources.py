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


def bundle() -> str:
    """Return the name that a bundle's own static URLs carry, since its web server sends these files; '' elsewhere.

    A bundle has the program in `-/program/NAME/wiki`, and its static files once more in `-/static/NAME`.
    """
    program, name = os.path.split(os.path.dirname(PACKAGE))
    static = os.path.join(os.path.dirname(program), "static", name)
    return name if os.path.basename(program) == "program" and os.path.isdir(static) else ""
