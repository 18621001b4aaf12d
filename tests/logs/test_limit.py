"""The lines of each event are limited; what is left out is reported and counted."""

import logging

from bridge.logs.limit import BURST, MOST_NAMES, SUMMARY_SECONDS, EventLimit


class Bench:
    """A limit with a clock by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.summaries: list[tuple[str, int]] = []
        self.limit = EventLimit(
            lambda name, lines: self.summaries.append((name, lines)), clock=lambda: self.now
        )

    def logged(self, event: object, times: int = 1, logger: str = "bridge") -> int:
        records = [logging.LogRecord(logger, 30, "", 0, event, (), None) for _ in range(times)]
        return sum(map(self.limit.filter, records))


def test_each_event_has_its_own_lines() -> None:
    bench = Bench()
    assert bench.logged({"event": "announce.refused"}, 10_000) == BURST
    assert bench.logged({"event": "disk.trouble"}) == 1
    assert bench.logged("bad request", 10_000, "aiohttp.server") == BURST
    assert bench.logged("bad request", 1, "asyncio") == 1
    assert bench.limit.dropped == 2 * (10_000 - BURST)


def test_a_steady_flood_gets_a_line_a_second() -> None:
    bench, logged = Bench(), 0
    for _ in range(1000):
        bench.now += 0.1
        logged += bench.logged({"event": "announce.refused"}, 5)
    assert logged <= BURST + 100


def test_what_was_left_out_is_told_once_a_minute() -> None:
    bench = Bench()
    bench.logged({"event": "announce.refused"}, BURST + 7)
    bench.now += SUMMARY_SECONDS - 1
    bench.logged({"event": "other.event"})
    assert bench.summaries == []
    bench.now += 1
    bench.logged({"event": "other.event"})
    assert bench.summaries == [("announce.refused", 7)]
    bench.limit.summarise()
    assert len(bench.summaries) == 1


def test_names_that_nobody_foresaw_are_bounded() -> None:
    bench = Bench()
    logged = sum(bench.logged("x", 1, f"library{n}") for n in range(MOST_NAMES + 5000))
    assert logged == MOST_NAMES + BURST
