"""`python -m bench.scale`: what docs/scale.md needs beside the figures of `make bench`.

No sockets: bytes and CPU of single parts of the bridge.
"""

import asyncio
import gzip
import random
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bench.chargers import BenchCharger, fleet
from bench.table import table
from bridge.core.discovery.config import FleetConfig
from bridge.core.model import Message
from bridge.core.output.batch import Batch
from bridge.storage.journal import Journal
from bridge.storage.journal_sql import FILE
from tests.kit.core import ALL_GROUPS, Bench

CHARGERS, BREATHS = 1000, 20
BATCHES = (1, 10, 33, 333, 3333)
"""Points of one commit, of which there is at most one a second: 33 are 1,000 chargers' share."""
MOST_ROWS = 500
SHARDS = (2, 10, 40, 100)
STRANGERS = 20_000
PERIOD_SECONDS = 30.0
Row = tuple[str, str]


def main() -> None:
    chargers = fleet(CHARGERS)
    bench = Bench()
    for charger in chargers:
        bench.announce(charger.name, charger.base, topic=f"openevse/announce/{charger.name}")
    for _ in range(BREATHS):
        bench.take(*_spoken(chargers))
        bench.wait(PERIOD_SECONDS)
    rows = [*_points(bench.out.lines), *_scrape(bench), *(_announcement(n) for n in SHARDS)]
    sys.stdout.write(table(("what", "measured"), rows) + "\n")


def _spoken(chargers: Sequence[BenchCharger]) -> list[Message]:
    return [
        (f"{charger.base}/{field}".encode(), text.encode(), False)
        for charger in chargers
        for field, text in charger.document(None).items()
    ]


def _points(lines: Sequence[bytes]) -> list[Row]:
    """Bytes of a point, on disk: what is committed together is compressed together."""
    points = [line for line in lines if line.startswith(b"evse,")]
    mixed = random.Random(1).sample(points, len(points))
    rows = [("line protocol, a point", f"{sum(map(len, points)) / len(points):.0f} bytes")]
    for size in BATCHES:
        batches = [mixed[at : at + size] for at in range(0, len(mixed) - size + 1, size)][
            :MOST_ROWS
        ]
        share = asyncio.run(_on_disk(batches)) / size / len(batches)
        rows.append((f"journal, {size:,} points a commit", f"{share:.0f} bytes a point"))
    return rows


async def _on_disk(batches: Sequence[Sequence[bytes]]) -> int:
    """Bytes of the journal's file with these rows."""
    with tempfile.TemporaryDirectory(prefix="nofos-scale-") as folder:
        journal = await Journal.open(
            Path(folder), stores=("main",), keep=timedelta(days=7), limit=10**10,
            points_lost=lambda *_: None,
        )  # fmt: skip
        for batch in batches:
            await journal.append(Batch(batch, [17] * len(batch), 1, 2))
        await journal.close()
        return (Path(folder) / FILE).stat().st_size


def _scrape(bench: Bench) -> list[Row]:
    text = b"".join(bench.series_table.blocks(ALL_GROUPS, openmetrics=False))
    series = sum(not line.startswith(b"#") for line in text.splitlines())
    return [
        ("series, a charger with these fields", f"{series / CHARGERS:.0f}"),
        ("scrape, plain", f"{len(text) / series:.0f} bytes a series"),
        (
            "scrape, gzip",
            f"{len(gzip.compress(text, zlib.Z_BEST_SPEED)) / series:.1f} bytes a series",
        ),
    ]


def _announcement(shards: int) -> Row:
    """CPU of an announcement, for the most part of other shards' chargers."""
    bench = Bench(FleetConfig(shard=0, shards=shards))
    heard = [
        (
            f"openevse/announce/{n:012x}".encode(),
            b'{"state":"connected","id":"%012x","name":"nofos-%04x","mqtt":"charger/%012x",'
            b'"http":"http://10.1.2.3/"}' % (n, n % 65536, n),
            True,
        )
        for n in range(STRANGERS)
    ]
    foreign = bench.discovery.receive_announcement
    began = time.process_time()
    for topic, payload, retained in heard:
        foreign(payload, topic.decode(), retained, bench.now)
    share = (time.process_time() - began) / STRANGERS * 1e6
    mine = len(bench.fleet)
    return f"an announcement, {shards} shards", f"{share:.1f} µs ({mine} of {STRANGERS} its own)"


if __name__ == "__main__":
    main()
