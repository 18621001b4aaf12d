"""The content of a journal row: compressed lines, and how many readings each carries."""

import zlib
from array import array
from collections.abc import Sequence

LONGEST_ROW = 200_000_000
"""Unpacked; the committer appends 5,000 lines at once."""


def pack(lines: Sequence[bytes], readings: Sequence[int]) -> tuple[bytes, bytes]:
    """Compress lines and their counts of readings: about 42 bytes per line."""
    return zlib.compress(b"\n".join(lines), 1), zlib.compress(array("I", readings).tobytes(), 1)


def unpack(body: bytes, counts: bytes) -> tuple[list[bytes], list[int]]:
    """The inverse of `pack`."""
    readings = array("I")
    readings.frombytes(_decompress(counts))
    return _decompress(body).split(b"\n"), readings.tolist()


def _decompress(packed: bytes) -> bytes:
    """Raises zlib.error for what is no complete row of ours."""
    work = zlib.decompressobj()
    found = work.decompress(packed, LONGEST_ROW)
    if not work.eof:
        raise zlib.error("incomplete, or too long")
    return found


def unpack_checked(points: int, readings: int, body: bytes, counts: bytes) -> (
    tuple[list[bytes], list[int]] | None
):  # fmt: skip
    """Lines and counts of a row; None for a corrupt one."""
    try:
        lines, each = unpack(body, counts)
    except (zlib.error, ValueError, TypeError):
        return None
    return (lines, each) if len(lines) == len(each) == points and sum(each) == readings else None


def lines_of(points: int, readings: int, body: bytes, counts: bytes) -> list[bytes] | None:
    """The lines of a row; None for a corrupt one."""
    unpacked = unpack_checked(points, readings, body, counts)
    return None if unpacked is None else unpacked[0]
