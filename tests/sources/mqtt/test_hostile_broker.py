"""A broker that sends invalid packets: the connection ends, is counted, and opened again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.kit.running import Bridge, bridge
from tests.kit.support import eventually
from tests.sources.mqtt.test_skim import CONNACK, frame, publish

ANNOUNCED = publish(
    b"openevse/announce/one",
    b'{"state":"connected","id":"one","name":"one","mqtt":"charger/one"}',
)


@asynccontextmanager
async def saying(*speeches: bytes) -> AsyncIterator[str]:
    """A broker that says one of these on each connection, the last one for ever; its URL."""
    waiting = list(speeches)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read(1000)
            writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])
            while await reader.read(1000):
                pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def counted(running: Bridge, reason: str) -> None:
    async def is_so() -> bool:
        found = await running.metric(f'evse_bridge_mqtt_failures_total{{reason="{reason}"}}')
        return found is not None and found >= 1

    await eventually(is_so, 15, every=0.05)


SPEECHES = {
    "nonsense instead of an answer": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol"),
    "a refusal of MQTT 3.1.1": (b"\x20\x02\x00\x01", "protocol"),
    "a refusal of our name": (b"\x20\x02\x00\x05", "refused"),
    "a frame of the wrong type": (CONNACK + b"\xf0\x00", "protocol"),
    "a message of quality 3": (CONNACK + publish(b"a", b"", 0x36, b"\x00\x01"), "protocol"),
    "an acknowledgement of nothing": (CONNACK + b"\x40\x02\x00\x63\x00\x00", "protocol"),
    "a subscription's answer of 256 MB": (CONNACK + b"\x90\xff\xff\xff\x7f", "protocol"),
}


@pytest.mark.parametrize(("speech", "reason"), SPEECHES.values(), ids=SPEECHES.keys())
async def test_nonsense_ends_the_connection_and_is_counted(
    speech: bytes, reason: str, tmp_path: Path
) -> None:
    async with saying(speech, CONNACK + ANNOUNCED) as url, bridge(tmp_path, url) as running:
        await counted(running, reason)

        async def reported() -> bool:
            return await running.metric('evse_announced{charger="one"}') == 1

        await eventually(reported, 15, every=0.05)


async def test_answers_that_were_not_asked_for_do_no_harm(tmp_path: Path) -> None:
    odd = CONNACK + CONNACK + frame(0x90, b"\x00\x63\x00") + b"\xb0\x02\x00\x63\xd0\x00"
    async with saying(odd + ANNOUNCED) as url, bridge(tmp_path, url) as running:

        async def reported() -> bool:
            return await running.metric('evse_announced{charger="one"}') == 1

        await eventually(reported, 15, every=0.05)
        assert await running.metric("evse_bridge_mqtt_ready") == 0


async def test_a_huge_message_costs_its_end_and_nothing_else(tmp_path: Path) -> None:
    huge = publish(b"charger/one/amp", b"1" * 3_000_000) + publish(b"charger/one/pilot", b"16")
    async with saying(CONNACK + ANNOUNCED + huge) as url, bridge(tmp_path, url) as running:
        metrics = await running.settled(2)
        assert metrics['evse_bridge_readings_discarded_total{reason="malformed"}'] == 1
        assert metrics['evse_pilot_amperes{charger="one"}'] == 16
        assert metrics['evse_bridge_mqtt_failures_total{reason="protocol"}'] == 0
