"""The body of a scrape, in pieces shared by all scrapers, plain or gzip."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PIECES_PER_CALL = 16
"""Compressed in one call; in between other threads get the interpreter."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Pieces of some ten kilobytes, so that the whole is never copied."""

    pieces: Sequence[bytes]

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))


def compress(body: Body) -> Body:
    """The body as gzip; level 1, because scrapes are frequent and the text is repetitive."""
    return Body([piece for piece in _compressed_pieces(body.pieces) if piece])


def _compressed_pieces(pieces: Sequence[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
    for at in range(0, len(pieces), PIECES_PER_CALL):
        yield compressor.compress(b"".join(pieces[at : at + PIECES_PER_CALL]))
    yield compressor.flush()
