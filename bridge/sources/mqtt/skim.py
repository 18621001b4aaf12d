"""Cuts QoS 0 PUBLISH frames out of a stream of MQTT 3.1.1, and leaves the others to paho.

Speed: chargers send nothing but short QoS 0 publishes, so `cut` processes those in one loop
without a call; every other frame goes through `_frame`, whole and in its order.
"""

from collections.abc import Callable

from bridge.core.errors import BrokenStream
from bridge.core.model import Message

LARGEST = 128 * 1024
"""Bytes of a frame that are buffered; of a longer publish the payload's end is dropped."""
_PUBLISH, _RETAINED = 0x30, 0x31
_CONNACK, _SUBACK = 0x20, 0x90
_GRANTED = frozenset({0, 1, 2, 0x80})
# MQTT 3.1.1, section 2.2: the first byte of each packet from a broker, and the least and the
# greatest length of its remainder. paho trusts these lengths.
_CONTROL = {
    _CONNACK: (2, 2),
    0x40: (2, 2),  # PUBACK
    0x50: (2, 2),  # PUBREC
    0x62: (2, 2),  # PUBREL
    0x70: (2, 2),  # PUBCOMP
    _SUBACK: (3, LARGEST - 5),
    0xB0: (2, 2),  # UNSUBACK
    0xD0: (0, 0),  # PINGRESP
}


class Skimmer:
    """Buffers what arrived and was not cut yet: less than `LARGEST` once `cut` returned False."""

    __slots__ = ("_data", "_offset", "_other_frame", "_skip")

    def __init__(self, other_frame: Callable[[bytes], None]) -> None:
        """`other_frame` gets each frame that is not a QoS 0 publish, in the stream's order."""
        self._other_frame = other_frame
        self._data = b""
        self._offset = 0
        self._skip = 0
        """Bytes still to arrive that belong to the dropped end of a publish."""

    def feed(self, data: bytes | memoryview) -> None:
        """Add the next bytes of the stream."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        self._data = self._data[self._offset :] + data
        self._offset = 0

    def cut(self, batch: list[Message], most: int) -> bool:
        """Append up to `most` messages; True while complete frames may be left.

        Raises BrokenStream for what no broker may send; messages before it are in `batch`.
        """
        data, offset, have = self._data, self._offset, len(self._data)
        append = batch.append
        for _ in range(most):
            if offset + 4 >= have:
                if self._frame(offset, batch):
                    offset = self._offset
                    continue
                return False
            first, size = data[offset], data[offset + 1]
            # A publish of less than 128 bytes, with a topic of less than 256.
            if first | 1 == _RETAINED and size < 128 and not data[offset + 2]:
                end = offset + 2 + size
                cut = offset + 4 + data[offset + 3]
                if end > have:
                    self._offset = offset
                    return False
                if offset + 4 < cut <= end:
                    append((data[offset + 4 : cut], data[cut:end], first == _RETAINED))
                    offset = end
                    continue
            if not self._frame(offset, batch):
                return False
            offset = self._offset
        self._offset = offset
        return offset < have

    def _frame(self, offset: int, batch: list[Message]) -> bool:
        """Cut a frame of any kind, fully checked; False where it is not complete yet."""
        self._offset = offset
        data, have = self._data, len(self._data)
        found = _length(data, offset)
        if found is None:
            return False
        start, size = found
        first, end = data[offset], start + size
        if first | 1 == _RETAINED:
            return self._publish(start, min(end, offset + LARGEST), end, batch)
        _check(first, size)
        if end > have:
            return False
        self._offset = end
        frame = data[offset:end]
        _check_content(frame, start - offset)
        self._other_frame(frame)
        return True

    def _publish(self, start: int, cut: int, end: int, batch: list[Message]) -> bool:
        """Cut a publish whose body is `start` to `end`; the payload is cut off at `cut`."""
        data, have = self._data, len(self._data)
        if cut > have:
            return False
        topic = _topic(data, start, end)
        batch.append((data[start + 2 : topic], data[topic:cut], data[self._offset] == _RETAINED))
        self._skip = max(0, end - have)
        self._offset = min(end, have)
        return True


def _length(data: bytes, offset: int) -> tuple[int, int] | None:
    """Where a frame's body starts and its length (section 2.2.3); None: not complete yet."""
    size = 0
    for place in range(1, 5):
        if offset + place >= len(data):
            return None
        byte = data[offset + place]
        size |= (byte & 127) << (7 * (place - 1))
        if byte < 128:
            return offset + place + 1, size
    raise BrokenStream("a length of more than four bytes")


def _topic(data: bytes, start: int, end: int) -> int:
    """The end of a publish's topic; raises BrokenStream where there is none."""
    if end - start < 2:
        raise BrokenStream("a message without a topic")
    topic = start + 2 + int.from_bytes(data[start : start + 2])
    if topic == start + 2 or topic > end:
        raise BrokenStream("a message with a broken topic")
    return topic


def _check(first: int, size: int) -> None:
    """Refuse a frame by its header, before it is buffered."""
    if first & 0xF0 == _PUBLISH and first & 0x06 in (0x02, 0x04):
        # QoS 1 and 2 (never subscribed to, but allowed): topic, packet id.
        least, most = 5, LARGEST - 5
    elif first in _CONTROL:
        least, most = _CONTROL[first]
    else:
        raise BrokenStream(f"a packet that begins with 0x{first:02x}")
    if not least <= size <= most:
        raise BrokenStream(f"a packet 0x{first:02x} of {size} bytes")


def _check_content(frame: bytes, start: int) -> None:
    """Refuse codes that MQTT does not define; paho would fail on them."""
    if frame[0] & 0xF0 == _PUBLISH:
        if len(frame) - _topic(frame, start, len(frame)) < 2:
            raise BrokenStream("a message without a packet id")
    elif frame[0] == _SUBACK:
        if not _GRANTED.issuperset(frame[start + 2 :]):
            raise BrokenStream("an unknown answer to a subscription")
    elif frame[0] == _CONNACK and (frame[start] > 1 or frame[start + 1] > 5):
        raise BrokenStream("an unknown answer to the connection")
