"""A generated picture of 10 MB: a PNG whose pixels are stored without compression."""

from __future__ import annotations

import functools
import struct
import zlib

#: Three bytes a pixel and one a line: 10.4 MB.
WIDTH, HEIGHT = 2160, 1600


@functools.cache
def png() -> bytes:
    """The picture."""
    line = b"\0" + bytes(range(256)) * (WIDTH * 3 // 256) + bytes(WIDTH * 3 % 256)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    pixels = zlib.compress(line * HEIGHT, level=0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
