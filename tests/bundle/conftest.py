"""The bundle, built once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .hosts import bundling


@pytest.fixture(scope="session")
def bundle() -> Iterator[Path]:
    """The zip."""
    with tempfile.TemporaryDirectory(prefix="anywiki-bundle-", dir="/tmp") as folder:
        made = bundling()
        target = Path(folder) / "anywiki.zip"
        made.packed(made.contents(), target)
        yield target
