"""Sizes of pictures, read from the beginning of their files."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiki import pictures
from wiki.visit import Visit

from .conftest import PAGE

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\x08\x02"
GIF = b"GIF89a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little")
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc2\0\x11\x08" + (480).to_bytes(2) + (640).to_bytes(2)
LOSSY = (
    b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 7 + b"\x9d\x01\x2a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little")
)
LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + (639 | 479 << 14).to_bytes(4, "little")
EXTENDED = b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")


@pytest.mark.parametrize(
    "content", [PNG, GIF, JPEG, LOSSLESS, EXTENDED], ids=["png", "gif", "jpeg", "lossless", "extended"]
)
def test_the_size_is_read(content: bytes) -> None:
    assert pictures.measured(content + b"\0" * 20) == (640, 480)


def test_the_size_of_a_lossy_webp_is_read() -> None:
    assert pictures.measured(LOSSY[:16] + b"\0" * 4 + b"\0\0\0\x9d\x01\x2a" + LOSSY[-4:]) == (640, 480)


@given(st.sampled_from([b"", PNG, GIF, JPEG, LOSSY, LOSSLESS, EXTENDED]), st.binary(max_size=60), st.integers(0, 40))
def test_no_content_is_an_error(start: bytes, rest: bytes, cut: int) -> None:
    width, height = pictures.measured(start[:cut] + rest)
    assert 0 <= width <= pictures.LARGEST and 0 <= height <= pictures.LARGEST


def test_a_picture_in_a_page_has_its_size(ann: Visit, visit: Callable[..., Visit]) -> None:
    ann.save(PAGE, "![a plan](plan.png)\n", base=0)
    ann.attach(PAGE, "plan.png", io.BytesIO(PNG))
    kept = ann.attachment(PAGE, "plan.png")
    assert (kept.width, kept.height) == (640, 480)
    assert b"".join(ann.content(kept)) == PNG
    ann.attach(PAGE, "no.png", io.BytesIO(b"text"))
    assert ann.attachment(PAGE, "no.png").width == 0
