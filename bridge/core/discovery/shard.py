"""Which shard owns a charger: rendezvous hashing, so that a new count moves 1/n of them."""

from hashlib import blake2b
from struct import Struct

from bridge.core.model import ChargerId

_WEIGHTS = Struct(">8Q")
"""Eight weights from one hash: a hash per shard would make the start of 100 shards slow."""


def shard_of(charger: ChargerId, count: int) -> int:
    """The index in 0..count-1 whose weight for this id is highest."""
    if count == 1:
        return 0
    weights: list[int] = []
    for block in range(0, count, 8):
        weights += _WEIGHTS.unpack(blake2b(f"{block}/{charger}".encode()).digest())
    del weights[count:]
    return weights.index(max(weights))
