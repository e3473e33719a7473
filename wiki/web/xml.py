"""Text for XML documents."""

from __future__ import annotations

import re

_NO_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def without_controls(text: str) -> str:
    """Return a text without the characters that XML 1.0 has no place for (section 2.2)."""
    return _NO_XML.sub("", text)
