"""How large a picture is, read from the beginning of its file, so that a page keeps its place free while it loads."""

from __future__ import annotations

from struct import error, unpack_from

SHOWN_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml"})
"""What is shown as a picture in a page."""

_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
"""The markers whose segment says how large the picture is (ITU T.81, table B.1)."""

LARGEST = 65_535


def measured(content: bytes) -> tuple[int, int]:
    """Return width and height in pixels of a PNG, GIF, JPEG or WebP by its first bytes, (0, 0) if they do not say."""
    try:
        width, height = _measured(content)
    except (error, IndexError):
        return 0, 0
    return (width, height) if 0 < width <= LARGEST and 0 < height <= LARGEST else (0, 0)


def _measured(content: bytes) -> tuple[int, int]:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _pair(">II", content, 16)
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return _pair("<HH", content, 6)
    if content.startswith(b"\xff\xd8"):
        return _jpeg(content)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _webp(content)
    return 0, 0


def _pair(form: str, content: bytes, offset: int) -> tuple[int, int]:
    width, height = unpack_from(form, content, offset)
    return int(width), int(height)


def _jpeg(content: bytes) -> tuple[int, int]:
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _JPEG_FRAMES:
            height, width = _pair(">HH", content, at + 5)
            return width, height
        at += 2 + int(unpack_from(">H", content, at + 2)[0])
    return 0, 0


def _webp(content: bytes) -> tuple[int, int]:
    """Read the three forms of WebP (RFC 9649): lossy, lossless, extended."""
    kind = content[12:16]
    if kind == b"VP8 ":
        width, height = _pair("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = int(unpack_from("<I", content, 21)[0])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    return 0, 0
