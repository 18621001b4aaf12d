"""A log whose reader is slow, stops or goes away holds nobody up."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from io import TextIOWrapper

import pytest

from bridge.logs import background
from bridge.logs.background import BackgroundStream
from tests.kit.support import eventually

LINE = "x" * 999 + "\n"
Pipe = tuple[int, TextIOWrapper]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """The reading end of a short pipe, and a stream that writes to it."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    stream = os.fdopen(writing, "w")
    yield reading, stream
    stream.close()
    with contextlib.suppress(OSError):
        os.close(reading)


async def test_lines_arrive_in_order(pipe: Pipe) -> None:
    reading, stream = pipe
    log = BackgroundStream(stream)
    lines = [f"line {n}\n" for n in range(100)]
    for line in lines:
        log.write(line)
    log.drain()
    assert os.read(reading, 65_536).decode() == "".join(lines)
    assert log.dropped == 0


async def test_a_reader_that_stopped_delays_nobody_and_costs_bounded_memory(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "FLUSH_SECONDS", 0.2)
    reading, stream = pipe
    log = BackgroundStream(stream)
    most = background.MOST_BYTES // len(LINE)
    began = time.monotonic()
    for _ in range(most + 1000):
        log.write(LINE)
    log.drain()
    assert time.monotonic() - began < 5
    assert 900 <= log.dropped <= 1000
    found = bytearray()

    def read_on() -> bool:
        found.extend(os.read(reading, 65_536))
        return found.count(b"\n") == most + 1000 - log.dropped

    await eventually(read_on, 20, every=0)
    log.write("again\n")
    log.drain()
    assert os.read(reading, 100) == b"again\n"


async def test_lines_for_a_reader_that_went_away_are_counted(pipe: Pipe) -> None:
    reading, stream = pipe
    log = BackgroundStream(stream)
    os.close(reading)
    for _ in range(3):
        log.write(LINE)
    await eventually(lambda: log.dropped == 3)


async def test_a_descriptor_that_does_not_block_loses_nothing(pipe: Pipe) -> None:
    reading, stream = pipe
    os.set_blocking(stream.fileno(), False)
    log = BackgroundStream(stream)
    for _ in range(100):
        log.write(LINE)
    found = bytearray()

    def read_on() -> bool:
        found.extend(os.read(reading, 65_536))
        return len(found) == 100 * len(LINE)

    await eventually(read_on, 20, every=0)
    assert log.dropped == 0
