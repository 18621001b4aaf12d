"""The colours of a picture: PNG with eight bits a channel, as Chromium writes it."""

import struct
import zlib
from collections import Counter
from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}
Colour = tuple[int, int, int]


def colours(picture: Path) -> Counter[Colour]:
    """How many pixels there are of each red, green and blue."""
    width, channels, data = _read(picture.read_bytes())
    stride, above = width * channels, bytes(width * channels)
    found: Counter[Colour] = Counter()
    for at in range(0, len(data), stride + 1):
        above = _unfiltered(data[at], data[at + 1 : at + 1 + stride], above, channels)
        found.update(zip(above[::channels], above[1::channels], above[2::channels], strict=True))
    return found


def _read(raw: bytes) -> tuple[int, int, bytes]:
    """Width, channels, and the filtered lines."""
    assert raw.startswith(_SIGNATURE)
    at, parts, head = len(_SIGNATURE), [], b""
    while at < len(raw):
        size, kind = struct.unpack_from(">I4s", raw, at)
        part = raw[at + 8 : at + 8 + size]
        head = part if kind == b"IHDR" else head
        parts += [part] if kind == b"IDAT" else []
        at += size + 12
    width, _, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    assert (depth, interlaced) == (8, 0)
    return width, _CHANNELS[colour], zlib.decompress(b"".join(parts))


def _unfiltered(kind: int, line: bytes, above: bytes, channels: int) -> bytes:
    """One line as it was before its filter (PNG specification, section 9)."""
    out = bytearray(line)
    for at, up in enumerate(above):
        left = out[at - channels] if at >= channels else 0
        corner = above[at - channels] if at >= channels else 0
        match kind:
            case 1:
                guess = left
            case 2:
                guess = up
            case 3:
                guess = (left + up) // 2
            case 4:
                near = min((left, up, corner), key=lambda each: abs(left + up - corner - each))
                guess = near
            case _:
                return bytes(line)
        out[at] = (out[at] + guess) & 0xFF
    return bytes(out)
