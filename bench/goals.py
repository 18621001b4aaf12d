"""The figures that the bridge is to reach, and whether it does."""

from collections.abc import Iterator

from bench.fleet_queries import GOAL_SECONDS, FleetQueries
from bench.flood import Flood, Probed
from bench.goal import MILLI, STALL_SECONDS, Goal, lag_goal
from bench.polling_goals import polling_goals
from bench.results import Results, median
from bench.subjects import BRIDGE, DEBIAN, PYPI

MICROS_PER_MESSAGE = 8.0
SHARE_OF_DEBIAN = 1 / 2
SHARE_OF_PYPI = 1 / 6
SHOWN_SECONDS = 1.0
STORED_SECONDS = 3.0
MICROS_PER_SERIES = 0.35


def goals(results: Results) -> list[Goal]:
    return [
        *_cpu(results),
        *(_flood(flood) for flood in results.floods),
        *_latency(results),
        *_stalls(results),
        *_scrapes(results),
        *polling_goals(results.polling),
        queries_goal(results.queries),
    ]


def _cpu(results: Results) -> Iterator[Goal]:
    rate = results.plan.steady_rate
    ours = results.micros(BRIDGE.name) or 0.0
    yield Goal(
        f"CPU per message at {rate:,}/s", f"{ours:.1f} µs", f"≤ {MICROS_PER_MESSAGE:g} µs",
        ours <= MICROS_PER_MESSAGE,
    )  # fmt: skip
    for rival, share in ((DEBIAN, SHARE_OF_DEBIAN), (PYPI, SHARE_OF_PYPI)):
        theirs = results.micros(rival.name)
        ratio = ours / theirs if theirs else None
        yield Goal(
            f"the same as a part of {rival.name}'s",
            "it is not installed" if ratio is None else f"{ratio:.2f}",
            f"≤ {share:.2f}",
            None if ratio is None else ratio <= share,
        )
    runs = results.steady[BRIDGE.name]
    lost = sum(abs(run.missing) + abs(run.unaccounted or 0) for run in runs)
    yield Goal(
        f"missing or unaccounted at {rate:,}/s, {len(runs)} runs", f"{lost:,}", "0", lost == 0
    )


def _flood(flood: Flood) -> Goal:
    lost = abs(flood.missing) + abs(flood.unaccounted) + flood.discarded
    return Goal(
        f"missing, unaccounted or discarded at {flood.rate:,}/s for {flood.seconds:g} s",
        f"{lost:,} of {flood.sent:,} (sent at {flood.sent_per_second:,.0f}/s)",
        "0",
        # A rate that was never reached proves nothing.
        lost == 0 and flood.sent_per_second >= 0.97 * flood.rate,
    )


def _latency(results: Results) -> Iterator[Goal]:
    found = results.latency
    rate = f"at {results.plan.latency_rate:,}/s"
    for name, delay, aim in (
        ("message to /metrics", found.shown, SHOWN_SECONDS),
        ("message to the store's receipt", found.handed, STORED_SECONDS),
        ("message to a stored point", found.stored, STORED_SECONDS),
    ):
        yield Goal(
            f"{name} {rate}, 50th / 99th percentile",
            f"{delay.median:.2f} / {delay.p99:.2f} s (worst of {delay.count}: {delay.worst:.2f})"
            + (f", {delay.lost} never" if delay.lost else ""),
            f"≤ {aim:g} s at the 99th",
            delay.p99 <= aim and not delay.lost and delay.count > 0,
        )


def _stalls(results: Results) -> Iterator[Goal]:
    lag = max(run.lag or 0.0 for run in results.steady[BRIDGE.name])
    yield lag_goal(f"loop lag at {results.plan.steady_rate:,}/s", lag)
    for flood in results.floods:
        yield lag_goal(f"loop lag at {flood.rate:,}/s", flood.lag)
        yield _probe(f"/livez at {flood.rate:,}/s", flood.probed)
    large = results.large
    yield lag_goal(f"loop lag, {large.chargers:,} chargers scraped", large.lag)
    yield _probe(f"/livez, {large.chargers:,} chargers scraped", large.probed)


def _probe(figure: str, probed: Probed) -> Goal:
    return Goal(
        f"{figure}, 99.9th percentile / worst",
        f"{probed.p999 * MILLI:.0f} / {probed.worst * MILLI:.0f} ms of {probed.replies:,} "
        f"(asker's own timer: {probed.timer_worst * MILLI:.0f})",
        f"≤ {STALL_SECONDS * MILLI:g} ms",
        probed.worst <= STALL_SECONDS and probed.replies > 0,
    )


def _scrapes(results: Results) -> Iterator[Goal]:
    large = results.large
    for word, cost, aim in (("plain", large.plain, True), ("gzip", large.packed, False)):
        yield Goal(
            f"CPU of a scrape per series, {word} ({large.series:,} series)",
            f"{cost.per_series:.2f} µs ({cost.seconds:.3f} s a scrape, {cost.scrapes} scrapes)",
            f"≤ {MICROS_PER_SERIES:g} µs" if aim else "-",
            cost.per_series <= MICROS_PER_SERIES if aim else None,
        )
    runs = results.steady[BRIDGE.name]
    mb = 1e6
    yield Goal(
        f"resident memory, {large.chargers:,} chargers with all fields",
        f"{large.resident / mb:.0f} MB, peak {large.peak / mb:.0f} MB; "
        f"{large.per_charger / 1000:.1f} kB per charger over {large.idle / mb:.0f} MB without any",
        "stated", None,
    )  # fmt: skip
    yield Goal(
        f"resident memory, {results.plan.chargers:,} chargers at {results.plan.steady_rate:,}/s",
        f"{median(runs, lambda run: run.resident) / mb:.0f} MB, "
        f"peak {max(run.peak for run in runs) / mb:.0f} MB",
        "stated", None,
    )  # fmt: skip


def queries_goal(found: FleetQueries) -> Goal:
    """Of the slowest, which stands for all."""
    slowest = max(found.timed, key=lambda each: each.seconds)
    return Goal(
        f"slowest of {len(found.timed)} queries of the Fleet dashboard, "
        f"{found.chargers:,} chargers",
        f"{slowest.seconds:.2f} s ({slowest.name})",
        f"≤ {GOAL_SECONDS:g} s",
        all(each.met for each in found.timed),
    )
