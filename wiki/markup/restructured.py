"""reStructuredText, as docutils parses it. Nothing is read from files, and nothing is passed through as it is.

References that the text does not define lead to pages of the wiki, as in MoinMoin 1.9; `.. macro:: <<Name(args)>>`
calls a macro.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives
from docutils.readers.standalone import Reader
from docutils.transforms import Transform

from . import Context, Rendered
from .allowed import ADMONITIONS
from .escaping import escaped
from .highlight import highlighted
from .moin import embeds, ids, links, macros, rendered
from .moin.emitter import Emitter
from .moin.nesting import Nesting

_SETTINGS = {
    "_disable_config": True,
    "docinfo_xform": False,
    "doctitle_xform": False,
    "file_insertion_enabled": False,
    "halt_level": 5,
    "input_encoding": "unicode",
    "raw_enabled": False,
    "report_level": 3,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "traceback": True,  # else docutils ends the process at an error
    "warning_stream": "",
}
_SPANS = {
    "emphasis": "em",
    "strong": "strong",
    "title_reference": "em",
    "caption": "em",
    "attribution": "em",
}
_RAISED = {"superscript": "sup", "subscript": "sub", "literal": "code", "math": "code"}
_TYPES = {"arabic": "1", "loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"}
_LEFT_OUT = frozenset(
    "comment substitution_definition pending label classifier colspec generated meta decoration".split()
)
_BOXES = frozenset("topic sidebar figure container compound footnote citation legend header footer".split())
_MACRO = re.compile(r"<<(\w+)(?:\((.*)\))?>>\Z", re.S)


class _Macro(Directive):  # type: ignore[misc]
    """`.. macro:: <<Name(args)>>`, also as a substitution."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        return [nodes.inline("", self.arguments[0], classes=["wiki-macro"])]


directives.register_directive("macro", _Macro)


class _ToPages(Transform):  # type: ignore[misc]
    """Lets references to nothing in the text lead to pages, before docutils complains about them."""

    default_priority = 845

    def apply(self) -> None:
        for node in self.document.findall(nodes.reference):
            name = node.get("refname")
            if name is not None and not node.resolved and name not in self.document.nameids:
                node["refuri"] = node.get("name") or name
                del node["refname"]
                node.resolved = True


class _Reader(Reader):  # type: ignore[misc]
    def get_transforms(self) -> list[type[Transform]]:
        return [*super().get_transforms(), _ToPages]


def render(text: str, context: Context) -> Rendered:
    """Return reStructuredText rendered. Raises OverBudget, RecursionError, or what docutils raises."""
    return rendered(write, text, context)


def write(emitter: Emitter, nesting: Nesting, body: list[str]) -> None:
    """Write lines of reStructuredText; what they opened is closed."""
    base = len(nesting.stack)
    document = publish_doctree("\n".join(body), reader=_Reader(), settings_overrides=_SETTINGS)
    _Writer(emitter, nesting).children(document)
    nesting.close_to(base)


class _Writer:
    def __init__(self, emitter: Emitter, nesting: Nesting) -> None:
        self.emitter = emitter
        self.nesting = nesting
        self.level = 0

    def children(self, node: Any) -> None:
        for child in node.children:
            self.node(child)

    def node(self, node: Any) -> None:
        if isinstance(node, nodes.Text):
            text = node.astext()
            if text.isspace():
                self.nesting.blank(text)
            elif text:
                self.nesting.text(escaped(text))
            return
        name = node.tagname
        if name in _LEFT_OUT:
            return
        if name in _SPANS:
            self._switched(_SPANS[name], node)
        elif name in _RAISED:
            self.nesting.text(f"<{_RAISED[name]}>{escaped(node.astext())}</{_RAISED[name]}>")
        elif name in _BOXES:
            self._box(node)
        elif name in ADMONITIONS or name == "admonition":
            self._admonition(name, node)
        else:
            getattr(self, f"_{name}", self.children)(node)

    # -- blocks ------------------------------------------------------------------------------------------------------

    def _section(self, node: Any) -> None:
        self.level += 1
        self._anchors(node)
        self.children(node)
        self.level -= 1

    def _title(self, node: Any) -> None:
        if isinstance(node.parent, nodes.section):
            self.nesting.put(self.emitter.heading(min(self.level, 6), " ".join(node.astext().split())))
        else:
            self.nesting.paragraph()
            self._switched("strong", node)
            self.nesting.end()

    _subtitle = _rubric = _title

    def _paragraph(self, node: Any) -> None:
        alone = len(node.parent.children) == 1 and not isinstance(node.parent, (nodes.document, nodes.section))
        if not alone and not isinstance(node.parent, (nodes.footnote, nodes.citation)):
            self.nesting.paragraph()
        self.children(node)
        if not alone:
            self.nesting.end()

    def _block_quote(self, node: Any) -> None:
        self._inside("blockquote", node)

    def _bullet_list(self, node: Any) -> None:
        self._inside("ul", node)

    def _enumerated_list(self, node: Any) -> None:
        start = f' start="{int(node["start"])}"' if 0 <= node.get("start", -1) < 10**9 else ""
        self._inside("ol", node, f'{start} type="{_TYPES.get(node.get("enumtype"), "1")}"')

    def _list_item(self, node: Any) -> None:
        self._inside("li", node)

    def _definition_list(self, node: Any) -> None:
        self._inside("dl", node)

    _field_list = _option_list = _definition_list

    def _term(self, node: Any) -> None:
        self.nesting.open("dt")
        self.children(node)
        for other in node.parent.children:
            if isinstance(other, nodes.classifier):
                self.nesting.blank(" ")
                self._switched("em", other)
        self.nesting.close()

    def _field_name(self, node: Any) -> None:
        self._inside("dt", node)

    _option_group = _field_name

    def _definition(self, node: Any) -> None:
        self._inside("dd", node)

    _field_body = _description = _definition

    def _option(self, node: Any) -> None:
        self.nesting.text(f"<code>{escaped(node.astext())}</code> ")

    def _literal_block(self, node: Any) -> None:
        classes = [name for name in node.get("classes", ()) if name != "code"]
        self.nesting.put(highlighted(node.astext(), classes[0] if classes else "") + "\n")

    _doctest_block = _math_block = _literal_block

    def _line_block(self, node: Any) -> None:
        self.children(node)

    def _line(self, node: Any) -> None:
        self.children(node)
        self.nesting.text("<br>\n")

    def _transition(self, node: Any) -> None:
        self.nesting.put("<hr>\n")

    def _table(self, node: Any) -> None:
        self._inside("table", node)

    def _thead(self, node: Any) -> None:
        self._inside("thead", node)

    def _tbody(self, node: Any) -> None:
        self._inside("tbody", node)

    def _row(self, node: Any) -> None:
        self._inside("tr", node)

    def _entry(self, node: Any) -> None:
        spans = "".join(
            f' {name}="{min(node[more] + 1, 999)}"'
            for name, more in (("colspan", "morecols"), ("rowspan", "morerows"))
            if node.get(more)
        )
        head = isinstance(node.parent.parent, nodes.thead)
        self._inside("th" if head else "td", node, spans + (' scope="col"' if head else ""))

    def _box(self, node: Any) -> None:
        self.nesting.open("div")
        self._anchors(node)
        if isinstance(node, (nodes.footnote, nodes.citation)) and isinstance(node.children[0], nodes.label):
            self.nesting.text(f"<sup>{escaped(node.children[0].astext())}</sup> ")
        self.children(node)
        self.nesting.close()

    def _admonition(self, kind: str, node: Any) -> None:
        kept = f" {kind}" if kind != "admonition" else ""
        self.nesting.open("div", f' class="admonition{kept}"')
        if kept:
            self.nesting.put(f'<p class="admonition-title">{escaped(kind.capitalize())}</p>\n')
        self.children(node)
        self.nesting.close()

    def _system_message(self, node: Any) -> None:
        message = next((child.astext() for child in node.children if isinstance(child, nodes.paragraph)), "")
        self.nesting.put(f'<p><span class="invalid">{escaped(message[:300])}</span></p>\n')

    def _inside(self, tag: str, node: Any, attributes: str = "") -> None:
        self.nesting.open(tag, attributes)
        self._anchors(node)
        self.children(node)
        self.nesting.close()

    def _anchors(self, node: Any) -> None:
        if self.nesting.stack and self.nesting.stack[-1] in ("ul", "ol", "dl", "table", "thead", "tbody", "tr"):
            return
        for id in node.get("ids", ())[:5]:
            self.nesting.out.append(self.emitter.anchor(ids.anchor(id)))

    # -- within a paragraph ------------------------------------------------------------------------------------------

    def _switched(self, format: str, node: Any) -> None:
        off = not self.nesting.is_on(format)
        if off:
            self.nesting.switch(format)
        self.children(node)
        if off:
            self.nesting.switch(format)

    def _inline(self, node: Any) -> None:
        found = _MACRO.match(node.astext().strip()) if "wiki-macro" in node.get("classes", ()) else None
        if found and macros.is_known(self.emitter, found[1]):
            macros.write(self.emitter, self.nesting, found[1], found[2] or "", found[0])
        else:
            self.children(node)

    def _target(self, node: Any) -> None:
        for id in node.get("ids", ())[:5]:
            self.nesting.hole(self.emitter.anchor(ids.anchor(id)))
        self.children(node)

    def _reference(self, node: Any) -> None:
        target = f"#{node['refid']}" if "refid" in node else unquote(node.get("refuri", "")).removeprefix("wiki:")
        if links.is_url(target):
            target = node["refuri"]
        inner = escaped(node.astext())
        image = next((child for child in node.children if isinstance(child, nodes.image)), None)
        if image is not None:
            inner = self._picture(image, within_link=True) or inner
        self.nesting.text(links.link(self.emitter, target, inner) if target.strip() else inner)

    def _footnote_reference(self, node: Any) -> None:
        inner = escaped(node.astext())
        target = f"#{node['refid']}" if "refid" in node else ""
        self.nesting.text(f"<sup>{links.link(self.emitter, target, inner) if target else inner}</sup>")

    _citation_reference = _footnote_reference

    def _image(self, node: Any) -> None:
        self.nesting.text(self._picture(node))

    def _picture(self, node: Any, within_link: bool = False) -> str:
        source = node.get("uri", "")
        if not links.is_url(source) and not source.startswith("attachment:"):
            source = f"attachment:{source}"
        wishes = ",".join(f'{name}="{node[name]}"' for name in ("width", "height", "align") if name in node)
        alt = str(node.get("alt", "")).replace("|", " ")
        found = embeds.embedded(self.emitter, f"{source.replace('|', '%7C')}|{alt}|{wishes}", within_link)
        return found[0] if found and found[1] == "text" else ""

    def _problematic(self, node: Any) -> None:
        self.nesting.text(links.invalid(escaped(node.astext())))
