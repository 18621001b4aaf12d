"""`python -m tests.dashboards.preview`: a picture of each dashboard, on a bad day."""

import argparse
import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.dashboards.preview.answers import Asker, Store
from tests.dashboards.preview.influx import InfluxAsker
from tests.dashboards.preview.page import WIDTH, page
from tests.kit.dash_world import Day, World, bad_day
from tests.kit.dashboards import boards
from tests.kit.servers import InfluxDB, chromium

CHARGER = "e0e84adf820d"
"""Of the bad day's fleet: crashes again and again, has a name, a site and a signal."""


def draw(kind: str, store: Store, folder: Path, out: Path) -> None:
    """The dashboards for a kind of datasource."""
    for uid, board in boards(kind).items():
        text, height = page(board, store)
        html = folder / f"{uid}.html"
        html.write_text(text, encoding="utf-8")
        chromium.shoot(
            html.as_uri(), out.resolve() / f"{uid}.png", width=WIDTH + 6, height=height, scale=0.9
        )


def draw_all(world: World, influx: InfluxDB, folder: Path, out: Path) -> None:
    """Both kinds, of the same day."""
    values = {"site": ".*", "instance": ".*", "charger": CHARGER, "__rate_interval": "20s"}
    prometheus = Asker(world.prometheus.url, world.start, world.end, values)
    draw("prometheus", prometheus, folder, out)
    influx.write(world.lines)
    draw("influxdb", InfluxAsker(influx, world.start, world.end, values), folder, out)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.dashboards.preview", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--chargers", type=int, default=28)
    parser.add_argument("--speed", type=float, default=12)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    given = parser.parse_args()
    day = Day(given.chargers, given.speed, happened=(), lasts=60 * given.minutes)
    with tempfile.TemporaryDirectory() as place, ExitStack() as kept:
        folder = Path(place)
        world = asyncio.run(bad_day(folder, kept, day))
        given.out.mkdir(parents=True, exist_ok=True)
        with InfluxDB(folder) as influx:
            draw_all(world, influx, folder, given.out)


if __name__ == "__main__":
    main()
