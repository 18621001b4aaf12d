"""The bulk reader's cutting: any split of any stream gives the same messages and frames."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.core.errors import BrokenStream
from bridge.core.model import Message
from bridge.sources.mqtt.skim import LARGEST, Skimmer


def frame(first: int, body: bytes) -> bytes:
    """A packet, its length written as MQTT 3.1.1 section 2.2.3 says."""
    size, length = len(body), bytearray()
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([first, *length]) + body


def publish(topic: bytes, payload: bytes, first: int = 0x30, packet: bytes = b"") -> bytes:
    return frame(first, len(topic).to_bytes(2) + topic + packet + payload)


CONNACK = b"\x20\x02\x00\x00"
PINGRESP = b"\xd0\x00"
SUBACK = frame(0x90, b"\x00\x07" + b"\x00\x80" * 70)
UNSUBACK = b"\xb0\x02\x00\x08"


@dataclass
class Cut:
    """What a skimmer made of a stream, in the stream's order."""

    messages: list[Message] = field(default_factory=list)
    rest: list[bytes] = field(default_factory=list)
    order: list[Message | bytes] = field(default_factory=list)
    broken: str | None = None


def cut(pieces: list[bytes], most: int = 1000) -> Cut:
    made, batch = Cut(), list[Message]()

    def collect() -> None:
        made.messages += batch
        made.order += batch
        batch.clear()

    def rest(each: bytes) -> None:
        collect()
        made.rest.append(each)
        made.order.append(each)

    skimmer = Skimmer(rest)
    try:
        for piece in pieces:
            skimmer.feed(piece)
            while skimmer.cut(batch, most):
                collect()
            collect()
    except BrokenStream as error:
        collect()
        made.broken = str(error)
    return made


topics = st.binary(min_size=1, max_size=20) | st.binary(min_size=250, max_size=300)
payloads = st.binary(max_size=20) | st.binary(min_size=100, max_size=140) | st.just(b"x" * 20_000)
messages = st.tuples(topics, payloads, st.booleans())
others = st.sampled_from([CONNACK, PINGRESP, SUBACK, UNSUBACK]) | st.builds(
    publish, topics, payloads, st.sampled_from([0x32, 0x33, 0x34, 0x3A, 0x3D]), st.just(b"\x00\x09")
)
streams = st.lists(messages | others, max_size=30)


def written(parts: list[Message | bytes]) -> bytes:
    return b"".join(
        part if isinstance(part, bytes) else publish(part[0], part[1], 0x30 | part[2])
        for part in parts
    )


def split(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(at % (len(stream) + 1) for at in cuts)})
    return [stream[a:b] for a, b in pairwise(places)]


@given(streams, st.lists(st.integers(0, 1 << 20), max_size=40), st.integers(1, 50))
@example([(b"t", b"", True), PINGRESP], [1, 2, 3, 4, 5, 6], 1)
def test_any_split_of_any_stream_gives_the_same_in_the_same_order(
    parts: list[Message | bytes], cuts: list[int], most: int
) -> None:
    found = cut(split(written(parts), cuts), most)
    assert found.order == parts
    assert found.broken is None


@given(streams)
def test_a_stream_that_comes_byte_by_byte_gives_the_same(parts: list[Message | bytes]) -> None:
    stream = written(parts)[:5000]
    whole = cut([stream])
    assert cut([stream[at : at + 1] for at in range(len(stream))]).order == whole.order


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_any_bytes_at_all_are_cut_or_refused_wherever_they_are_split(
    stream: bytes, cuts: list[int]
) -> None:
    whole, pieces = cut([stream]), cut(split(stream, cuts))
    assert pieces.order == whole.order
    assert pieces.broken == whole.broken


BROKEN = {
    "a length of five bytes": b"\x30\xff\xff\xff\xff\x01",
    "the reserved packet type 0": b"\x00\x00",
    "the reserved packet type 15": b"\xf0\x00",
    "a ping, which brokers only answer": b"\xc0\x00",
    "a connection": frame(0x10, b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"),
    "a subscription": frame(0x82, b"\x00\x01\x00\x01a\x00"),
    "quality of service 3": publish(b"a", b"1", 0x36, b"\x00\x01"),
    "a repeated message of quality 0": publish(b"a", b"1", 0x38),
    "a message without a topic": b"\x30\x00",
    "a message with half a topic's length": b"\x30\x01\x00",
    "a message with an empty topic": b"\x30\x03\x00\x00x",
    "a topic that is longer than its message": b"\x30\x04\x00\x09ab",
    "a long topic that is longer than its message": b"\x30\x04\x01\x01ab",
    "a message of quality 1 without its number": frame(0x32, b"\x00\x01a\x00"),
    "a message of quality 1 with a broken topic": frame(0x32, b"\x00\x09abc"),
    "an answer to a ping with something in it": b"\xd0\x01\x00",
    "an answer to a connection that is too short": b"\x20\x01\x00",
    "an unknown answer to a connection": b"\x20\x02\x00\x06",
    "an answer to a connection with unknown flags": b"\x20\x02\x02\x00",
    "an answer to a subscription without answers": b"\x90\x02\x00\x01",
    "an unknown answer to a subscription": b"\x90\x03\x00\x01\x03",
    "an answer to a subscription with wrong flags": b"\x91\x03\x00\x01\x00",
    "an endless answer to a subscription": b"\x90\xff\xff\xff\x7f",
    "an endless message of quality 1": b"\x32\xff\xff\xff\x7f",
}


@pytest.mark.parametrize("stream", BROKEN.values(), ids=BROKEN.keys())
def test_what_no_broker_may_send_breaks_the_stream(stream: bytes) -> None:
    before = publish(b"a/b", b"1")
    found = cut([before + stream + before])
    assert found.messages == [(b"a/b", b"1", False)]
    assert found.rest == []
    assert found.broken


class Held(Skimmer):
    """A skimmer that shows how much it buffers."""

    @property
    def bytes(self) -> int:
        return len(self._data)


def test_a_frame_of_256_mb_is_never_held() -> None:
    skimmer, batch, most = Held(lambda frame: None), list[Message](), 0
    body = b"\x00\x03a/b" + b"x" * 100_000
    skimmer.feed(b"\x30\xff\xff\xff\x7f" + body)
    left = 268_435_455 - len(body)
    megabyte = b"x" * (1 << 20)
    while left:
        skimmer.feed(megabyte[:left])
        left -= min(left, len(megabyte))
        assert not skimmer.cut(batch, 1000)
        most = max(most, skimmer.bytes)
    assert most < LARGEST + 2 * len(megabyte)
    skimmer.feed(publish(b"a/c", b"2"))
    skimmer.cut(batch, 1000)
    (topic, payload, _), after = batch
    assert (topic, len(payload)) == (b"a/b", LARGEST - 10)
    assert after == (b"a/c", b"2", False)


def test_a_frame_that_is_too_large_for_paho_is_refused_by_its_head() -> None:
    found = cut([b"\x32\xff\xff\xff\x7f"])
    assert found.broken == "a packet 0x32 of 268435455 bytes"
