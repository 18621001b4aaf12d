"""CPU per message at a steady rate, for one subject and one repeat."""

import time
from dataclasses import dataclass
from pathlib import Path

from bench.accounts import unaccounted, worst_lag
from bench.child import Child
from bench.plan import BenchPlan
from bench.rig import Rig, rig
from bench.subjects import Subject

MICRO = 1e6
AFTER_SECONDS = 1.0
"""The load outlasts the window by this, so that the window's last scrape has traffic too."""
NEARLY_ALL = 0.97
"""A count is as old as the scrape that tells it, so a window's rate is a little uncertain."""


@dataclass(frozen=True, slots=True)
class Steady:
    """What one repeat showed."""

    micros: float
    """CPU per message that the subject took, in microseconds."""
    taken_per_second: float
    cores: float
    sent: int
    missing: int
    resident: int
    peak: int
    lag: float | None
    unaccounted: int | None

    def follows(self, rate: float) -> bool:
        """Whether it took all of the stream, about as fast as it came."""
        return not self.missing and self.taken_per_second >= NEARLY_ALL * rate


def steady(subject: Subject, plan: BenchPlan, folder: Path) -> Steady:
    """A fresh broker, store and subject; the stream is the same every time."""
    with Child.module("store", folder=folder) as store:
        url = f"http://127.0.0.1:{store.hear()['port']}"
        with rig(subject, chargers=plan.chargers, store=url) as made:
            return _measure(made, plan)


def _measure(made: Rig, plan: BenchPlan) -> Steady:
    before = made.moment()
    made.go(plan.steady_rate, plan.warm + plan.window + AFTER_SECONDS)
    time.sleep(plan.warm)
    first, last = made.window(plan.window, plan.scrape_every)
    sent = made.sent()
    after = made.settled(before.received + sent.messages)
    taken, seconds = last.received - first.received, last.used.at - first.used.at
    cpu = last.used.cpu - first.used.cpu
    ours = made.subject.ours
    return Steady(
        micros=cpu * MICRO / max(1, taken),
        taken_per_second=taken / seconds,
        cores=cpu / seconds,
        sent=sent.messages,
        missing=sent.messages - (after.received - before.received),
        resident=last.used.resident,
        peak=after.used.peak,
        lag=worst_lag(before.metrics, after.metrics) if ours else None,
        unaccounted=unaccounted(after.metrics) if ours else None,
    )
