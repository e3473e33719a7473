"""TeX formulas as MathML, made on the server."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any

LIMIT = 2000
"""The longest formula, in characters."""

_ELEMENTS = frozenset(
    "math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle "
    "msub msubsup msup mtable mtd mtext mtr munder munderover none".split()
)

# No href, style, class, id, on…, actiontype, src: latex2mathml passes some of them on from the formula.
_ATTRIBUTES = frozenset(
    "accent accentunder bevelled columnalign columnlines columnspacing depth display displaystyle fence form frame "
    "height largeop linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits "
    "notation rowlines rowspacing rspace scriptlevel separator stretchy symmetric voffset width".split()
)
_VALUE = re.compile(r"[\w#%+. -]{0,100}\Z", re.ASCII)

# Definitions could be used to let a formula grow exponentially; the others make no sense on a page.
_REFUSED = re.compile(
    r"\\(?:newcommand|renewcommand|providecommand|def|let|href|url|style|class|cssId|htmlId|includegraphics)\b"
)


def formula(tex: str, display: bool = False) -> str:
    """Return a formula as a `math` element, or as its source where it cannot be understood."""
    kind = "block" if display else "inline"
    try:
        if len(tex) > LIMIT or _REFUSED.search(tex):
            raise ValueError(tex)
        from latex2mathml.converter import convert_to_element

        return _written(convert_to_element(tex, display=kind))
    except Exception:
        # latex2mathml raises what it likes for what it does not know: the reader gets the source.
        sign = "$$" if display else "$"
        return f'<code class="math">{escape(f"{sign}{tex}{sign}", quote=False)}</code>'


def _written(element: Any, depth: int = 0) -> str:
    """Return the element as HTML: allowed elements and attributes only, texts escaped."""
    if depth > 60:
        raise ValueError("nested too deeply")
    text = escape(unescape(element.text or ""), quote=False)
    inner = text + "".join(_written(child, depth + 1) + escape(unescape(child.tail or "")) for child in element)
    tag = element.tag
    if tag not in _ELEMENTS:
        return f"<mrow>{inner}</mrow>"
    attributes = "".join(
        f' {name}="{escape(value)}"'
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and _VALUE.match(value)
    )
    return f"<{tag}{attributes}>{inner}</{tag}>"
