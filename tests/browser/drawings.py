"""Files to upload, made here: a plan of garden beds as PNG, and a PDF of one page."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

Colour = tuple[int, int, int]

PATH, SOIL, LEAF, BEAN, ROSE, WATER = (
    (232, 224, 208),
    (142, 110, 80),
    (96, 150, 84),
    (52, 112, 72),
    (196, 92, 98),
    (104, 154, 190),
)
BEDS: tuple[tuple[int, int, int, int, Colour], ...] = (
    (20, 20, 200, 90, LEAF),
    (20, 130, 200, 90, BEAN),
    (250, 20, 130, 200, ROSE),
    (410, 20, 210, 60, LEAF),
    (410, 105, 130, 115, BEAN),
    (565, 105, 55, 115, WATER),
)
"""Left, top, width, height and what grows there."""


def plan(width: int = 640, height: int = 240, tint: int = 0) -> bytes:
    """Return a PNG of garden beds in rows; another tint gives another picture."""
    rows = [[PATH] * width for _ in range(height)]
    for left, top, wide, high, plant in BEDS:
        for y in range(top, min(top + high, height)):
            for x in range(left, min(left + wide, width)):
                edge = x < left + 4 or y < top + 4 or x >= left + wide - 4 or y >= top + high - 4
                row = (y - top) % 18 < 9
                red, green, blue = SOIL if edge or not row else plant
                rows[y][x] = ((red + tint) % 256, green, blue)
    return png(rows)


def chart(values: Sequence[int], width: int = 704, height: int = 130) -> bytes:
    """Return a PNG of bars, one for each value from 0 to 100."""
    rows = [[(244, 246, 248)] * width for _ in range(height)]
    step = width // len(values)
    for number, value in enumerate(values):
        top = height - 10 - (height - 20) * value // 100
        for y in range(top, height - 10):
            for x in range(number * step + 8, (number + 1) * step - 8):
                rows[y][x] = LEAF if value > 60 else WATER
    return png(rows)


def png(rows: list[list[Colour]]) -> bytes:
    """Return rows of pixels as a PNG (W3C PNG, second edition: colour type 2, no filter)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    pixels = b"".join(b"\0" + bytes(part for pixel in row for part in pixel) for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def pdf(words: str = "Sowing calendar") -> bytes:
    """Return a PDF of one page with these words (ISO 32000-1, the least that viewers open)."""
    stream = f"BT /F1 24 Tf 72 720 Td ({words}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    )
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(out))
    )
