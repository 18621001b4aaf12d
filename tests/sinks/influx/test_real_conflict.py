"""A column of another type in a real InfluxDB 1, whose words the stand-in repeats."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bridge.sinks.influx.delivery import Delivery
from bridge.sinks.influx.replies import StoreReply, trouble_of
from tests.kit.backlog import MemoryBacklog, Reported
from tests.kit.servers.influx import DATABASE, InfluxDB

WEEK_MS = 7 * 86_400_000
NOW_MS = 2400 * WEEK_MS


class WriteEndpoint:
    """Writes as 1.6 takes it; its replies are those of the v2 endpoint of 1.8."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/write?db={DATABASE}&precision=ms"

    async def write(self, lines: Sequence[bytes], /) -> None:
        await asyncio.to_thread(self._write, lines)

    def _write(self, lines: Sequence[bytes]) -> None:
        request = urllib.request.Request(self._url, b"\n".join(lines))
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                reply.read()
        except urllib.error.HTTPError as error:
            body = error.read().decode()
            raise trouble_of(StoreReply(error.code, error.reason, body), lines, 0.0) from error


@pytest.fixture
def influxdb(tmp_path: Path) -> Iterator[InfluxDB]:
    with InfluxDB(tmp_path) as server:
        yield server


async def test_a_real_influxdb_1_stores_the_rest_of_each_point(influxdb: InfluxDB) -> None:
    stored = b'evse,charger=other power="high",temp1=1i %d' % (NOW_MS - 1)
    influxdb.write([stored])
    lines = [
        b"evse,charger=one power=%d.5,temp1=21.5,pilot=%d.0,polled=0i %d" % (n, n, NOW_MS + n)
        for n in range(6)
    ]
    lines += [
        b"evse,charger=one power=1.5,pilot=16.0,polled=0i %d" % (NOW_MS - WEEK_MS + n)
        for n in range(2)
    ]
    lines.append(b"evse,charger=one pilot=9.0 %d" % (NOW_MS + 9))
    backlog, report = MemoryBacklog(lines, [2] * 6 + [1] * 2 + [1]), Reported()
    await Delivery("main", backlog, WriteEndpoint(influxdb.url), report=report).drain(10)
    (pilots,) = influxdb.query("SELECT pilot FROM evse WHERE charger = 'one'")
    assert [row[1] for row in pilots.rows] == [16, 16, 0, 1, 2, 3, 4, 5, 9]
    (powers,) = influxdb.query(f"SELECT power FROM evse WHERE time < {NOW_MS - 10}ms")
    assert [row[1] for row in powers.rows] == [1.5, 1.5]
    assert report.points == {"stored": 9, "refused": 0}
    assert report.columns == 12
    assert report.readings == {"stored": 9, "refused": 6}
    for refusal in backlog.refusals:
        column = refusal.line.split(b" ")[1].partition(b"=")[0].decode()
        assert f'input field "{column}" on measurement "evse"' in refusal.reason
