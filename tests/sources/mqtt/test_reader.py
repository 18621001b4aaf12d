"""When the socket is read, on real sockets: few turns, bounded ones, and a clean end."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme

from bridge.core.errors import BrokenStream
from bridge.core.model import Message
from bridge.sources.mqtt import reader as reader_file
from bridge.sources.mqtt.reader import SLICE, Reader
from bridge.sources.mqtt.tap import Tap
from tests.kit.support import eventually
from tests.sources.mqtt.test_skim import PINGRESP, publish


class Recorder:
    """Records what a reader received, turn by turn."""

    def __init__(self) -> None:
        self.turns: list[list[Message]] = []
        self.other_frames: list[bytes] = []
        self.errors: list[Exception] = []

    def received(self, batch: list[Message]) -> None:
        self.turns.append(batch)

    @property
    def payloads(self) -> list[bytes]:
        return [payload for batch in self.turns for _, payload, _ in batch]


class Slow(Recorder):
    """Takes 3 ms for each slice."""

    def received(self, batch: list[Message]) -> None:
        super().received(batch)
        time.sleep(0.003)


@contextmanager
def reading(
    recorder: Recorder, ends: tuple[socket.socket, socket.socket] | None = None
) -> Iterator[tuple[Reader, socket.socket]]:
    """A reader at one end, the broker's socket at the other."""
    near, far = ends or socket.socketpair()
    near.setblocking(False)
    with near, far:
        reader = Reader(
            Tap(near),
            other_frame=recorder.other_frames.append,
            received=recorder.received,
            ended=recorder.errors.append,
        )
        reader.start()
        try:
            yield reader, far
        finally:
            reader.stop()


def numbered(first: int, count: int) -> bytes:
    return b"".join(publish(b"charger/one/amp", b"%d" % n) for n in range(first, first + count))


async def test_the_first_packet_after_a_quiet_time_is_read_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_file, "PAUSE_SECONDS", 60)
    recorder = Recorder()
    with reading(recorder) as (_, broker):
        broker.send(numbered(0, 1))
        await eventually(lambda: recorder.payloads == [b"0"])


async def test_a_stream_wakes_the_loop_once_for_many_packets() -> None:
    recorder = Recorder()
    with reading(recorder) as (_, broker):
        began = time.monotonic()
        for n in range(500):
            broker.send(numbered(n, 1))
            await asyncio.sleep(0.001)
        await eventually(lambda: len(recorder.payloads) == 500)
        took = time.monotonic() - began
    assert recorder.payloads == [b"%d" % n for n in range(500)]
    # One turn for each pause, one more for each full slice, and some that came early.
    assert len(recorder.turns) <= took / reader_file.PAUSE_SECONDS + 500 / SLICE + 5


async def test_the_more_comes_the_sooner_the_next_turn_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_file, "PAUSE_SECONDS", 60)
    monkeypatch.setattr(reader_file, "BUSY_BYTES", 1000)
    recorder = Recorder()
    with reading(recorder) as (_, broker):
        broker.send(numbered(0, 100))
        await eventually(lambda: len(recorder.payloads) == 100)
        broker.send(numbered(100, 1))
        await eventually(lambda: len(recorder.payloads) == 101)


async def test_a_backlog_is_taken_in_turns_between_which_others_have_theirs() -> None:
    others, slow = list[int](), Slow()
    frames = numbered(0, 40 * SLICE)

    def other() -> None:
        others.append(len(slow.payloads))
        if len(slow.payloads) < 40 * SLICE:
            asyncio.get_running_loop().call_soon(other)

    with reading(slow) as (_, broker):
        broker.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * len(frames))
        broker.sendall(frames)
        other()
        await eventually(lambda: len(slow.payloads) == 40 * SLICE)
    assert max(map(len, slow.turns)) <= SLICE
    # Of 40 slices of 3 ms each, a turn takes two.
    assert len(set(others)) >= 20


async def test_what_came_before_the_end_is_heard_before_it_is_told() -> None:
    recorder = Recorder()
    with reading(recorder) as (_, broker):
        broker.sendall(numbered(0, 3) + PINGRESP + b"\x30\x09half")
        broker.close()
        await eventually(lambda: recorder.errors)
    assert recorder.payloads == [b"0", b"1", b"2"]
    assert recorder.other_frames == [PINGRESP]
    assert [type(error) for error in recorder.errors] == [EOFError]


async def test_a_broken_stream_ends_the_reading_after_what_was_whole() -> None:
    recorder = Recorder()
    with reading(recorder) as (_, broker):
        broker.sendall(numbered(0, 3) + b"\x00\x00" + numbered(3, 3))
        await eventually(lambda: recorder.errors)
        broker.sendall(numbered(6, 3))
        await asyncio.sleep(0)
    assert recorder.payloads == [b"0", b"1", b"2"]
    assert [type(error) for error in recorder.errors] == [BrokenStream]


async def test_a_reset_connection_ends_the_reading() -> None:
    recorder = Recorder()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        with reading(recorder, (near, far)):
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            far.close()
            await eventually(lambda: recorder.errors)
    assert isinstance(recorder.errors[0], ConnectionResetError)


async def test_a_reader_that_was_stopped_reads_no_more() -> None:
    recorder = Recorder()
    with reading(recorder) as (reader, broker):
        broker.sendall(numbered(0, 1))
        # Between two turns, while a timer is to bring the next one.
        await eventually(lambda: recorder.turns, every=0)
        reader.stop()
        broker.sendall(numbered(1, 1))
        broker.close()
        await asyncio.sleep(2 * reader_file.PAUSE_SECONDS)
    assert recorder.payloads == [b"0"]
    assert not recorder.errors


async def test_all_that_tls_holds_back_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_file, "PAUSE_SECONDS", 60)
    authority = trustme.CA()
    server, client = (ssl.SSLContext(kind) for kind in (
        ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))  # fmt: skip
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    near, far = socket.socketpair()
    frames = numbered(0, 4000)

    def serve() -> ssl.SSLSocket:
        broker = server.wrap_socket(far, server_side=True)
        broker.sendall(frames)
        return broker

    served = asyncio.get_running_loop().run_in_executor(None, serve)
    near_tls = await asyncio.to_thread(client.wrap_socket, near, server_hostname="localhost")
    broker = await served
    recorder = Recorder()
    near_tls.setblocking(False)
    reader = Reader(
        Tap(near_tls),
        other_frame=recorder.other_frames.append,
        received=recorder.received,
        ended=recorder.errors.append,
    )
    reader.start()
    try:
        await eventually(lambda: len(recorder.payloads) == 4000)
    finally:
        reader.stop()
        with near_tls, broker:
            pass
    assert not recorder.errors
