"""The text of a scrape, in pieces that many scrapers share, plain or compressed."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PIECES_AT_ONCE = 16
"""What is compressed in one go; in between the thread asks for the interpreter again."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Pieces of some ten kilobytes, so that nobody has to copy the whole."""

    pieces: Sequence[bytes]

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))


def gzipped(body: Body) -> Body:
    """The body as gzip; level 1, because Prometheus asks often and the text is repetitive."""
    return Body([piece for piece in _packed(body.pieces) if piece])


def _packed(pieces: Sequence[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    for at in range(0, len(pieces), PIECES_AT_ONCE):
        yield packer.compress(b"".join(pieces[at : at + PIECES_AT_ONCE]))
    yield packer.flush()
