"""The macro with a form that makes pages."""
# ruff: noqa: N802 -- a macro's function is named as pages call it

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from . import Call


def NewPage(call: Call) -> Markup:
    """Return a form that opens the editor on a new page.

    Arguments as MoinMoin's: the template's name, the button's label, the parent page (`@ME` the visitor's own page,
    `@SELF` this one), and a pattern of the name, in which `%s` is what the visitor types and the rest is filled in by
    the time (strftime). A pattern without `%s` leaves only the button.
    """
    view = call.view
    positional, named = call.arguments
    template, label, parent, pattern = (*positional, "", "", "", "")[:4]
    template = named.get("template", template)
    label = named.get("label", label) or view.gettext("Create new page")
    parent = named.get("parent", parent)
    pattern = named.get("nametemplate", pattern)
    if parent == "@ME":
        view.depends.add("user")
        parent = view.visit.user.name if view.visit.user else ""
    elif parent == "@SELF":
        parent = call.page
    fields = [
        Markup('<input type="hidden" name="{}" value="{}">').format(key, value)
        for key, value in (("template", template), ("parent", parent), ("nametemplate", pattern))
        if value
    ]
    if not pattern or "%s" in pattern:
        prompt = view.gettext("Name of the new page")
        fields.append(
            Markup('<input type="text" name="name" required aria-label="{0}" placeholder="{0}">').format(prompt)
        )
    return Markup(
        '<form class="macro-form" method="get" action="{}">{} <button type="submit">{}</button></form>'
    ).format(view.urls.special("new"), Markup("").join(fields), label)
