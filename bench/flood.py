"""Whether anything goes missing at a rate far above the steady one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.accounts import discarded, unaccounted, worst_lag
from bench.child import Child
from bench.rig import Rig, rig
from bench.scrape import Scraper, fetch
from bench.subjects import BRIDGE


@dataclass(frozen=True, slots=True)
class Probed:
    """Replies of `/livez` from outside, in seconds."""

    worst: float
    p999: float
    timer_worst: float
    replies: int

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Probed":
        return cls(values["worst"], values["p999"], values["timer_worst"], values["replies"])


@dataclass(frozen=True, slots=True)
class Flood:
    """What became of the flood."""

    rate: int
    seconds: float
    sent: int
    sent_per_second: float
    missing: int
    discarded: int
    """For any other reason than being a second name of a value."""
    unaccounted: int
    drained_seconds: float
    """From the last message sent to the last one received."""
    lag: float
    probed: Probed
    peak: int


def flood(rate: int, seconds: float, *, chargers: int, scrape_every: float, folder: Path) -> Flood:
    """The bridge under this rate, scraped and probed."""
    with Child.module("store", folder=folder) as store:
        url = f"http://127.0.0.1:{store.hear()['port']}"
        with (
            rig(BRIDGE, chargers=chargers, store=url) as made,
            Child.module("prober", made.port, folder=folder) as prober,
            Scraper(lambda: fetch(made.port, packed=True), every=scrape_every),
        ):
            return _measure(made, prober, rate, seconds)


def _measure(made: Rig, prober: Child, rate: int, seconds: float) -> Flood:
    before = made.moment()
    made.go(rate, seconds)
    sent = made.sent()
    after = made.settled(before.received + sent.messages)
    probed = Probed.of(prober.ask("stop"))
    losses = {why: n for why, n in discarded(after.metrics).items() if why != "alias"}
    return Flood(
        rate=rate,
        seconds=seconds,
        sent=sent.messages,
        sent_per_second=sent.messages / (sent.ended - sent.began),
        missing=sent.messages - (after.received - before.received),
        discarded=sum(losses.values()),
        unaccounted=unaccounted(after.metrics),
        drained_seconds=max(0.0, after.used.at - sent.ended),
        lag=worst_lag(before.metrics, after.metrics),
        probed=probed,
        peak=after.used.peak,
    )
