"""Which replica owns a charger: rendezvous hashing, so that a new count moves 1/n of them."""

from hashlib import blake2b

from bridge.core.model import ChargerId


def owner(charger: ChargerId, count: int) -> int:
    """The index in 0..count-1 whose hash with this id is highest."""
    return max(range(count), key=lambda index: _weight(charger, index)) if count > 1 else 0


def _weight(charger: ChargerId, index: int) -> bytes:
    return blake2b(f"{index}/{charger}".encode(), digest_size=8).digest()
