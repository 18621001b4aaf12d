"""A large fleet whose MQTT is silent, polled while another one goes on talking."""

import dataclasses
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.accounts import unaccounted, worst_lag
from bench.child import Child
from bench.device import MEMBERS
from bench.plan import BenchPlan, PollCounts
from bench.rig import Rig, Sample, await_true, chargers_by_state, rig
from bench.scrape import one
from bench.subjects import BRIDGE, DataFolders, Subject, bridge_command, bridge_settings
from bench.webs import address
from tests.kit.servers.process import free_port
from tests.kit.support import Publisher

AT_ONCE, PAUSE_SECONDS = 200, 0.1
"""Announcements: a broker drops what comes faster than its subscribers read."""


@dataclass(frozen=True, slots=True)
class PollingBench:
    """What a window of polls showed."""

    chargers: int
    polled: int
    """How many of them were asked in the window."""
    polls: int
    every: float
    worst_gap: float
    """The longest that a charger waited for its next poll, in seconds."""
    stretch: float
    cpu_per_poll: float
    """In seconds: what the same traffic takes without polls is subtracted."""
    cores: float
    cores_without: float
    rate: int
    missing: int
    """Of the others' MQTT messages."""
    unaccounted: int
    lag: float
    resident: int
    resident_without: int


def polling(plan: BenchPlan, folder: Path) -> PollingBench:
    """The fleet is announced without addresses, then with them."""
    wanted, port = plan.polls, free_port()
    with (
        Child.module("store", folder=folder) as store,
        Child.module("webs", port, "--chargers", wanted.chargers, folder=folder) as webs,
    ):
        url = f"http://127.0.0.1:{store.hear()['port']}"
        webs.hear()
        with rig(subject(wanted, port), chargers=plan.chargers, store=url) as made:
            return _measure(made, webs, wanted, port)


def subject(wanted: PollCounts, port: int) -> Subject:
    """The bridge, and it may poll loopback."""

    def start(places: DataFolders) -> Child:
        return Child(
            [str(bridge_command()), "run"],
            log=places.folder / "bridge.log",
            environ={**bridge_settings(places), **settings(wanted, port)},
        )

    return dataclasses.replace(BRIDGE, start=start)


def settings(wanted: PollCounts, port: int) -> dict[str, str]:
    """What lets the bridge poll, beside what every run has."""
    return {
        "NOFOS_HTTP__ENABLED": "true",
        "NOFOS_HTTP__ALLOW": "127.0.0.0/8",
        "NOFOS_HTTP__PORTS": str(port),
        "NOFOS_HTTP__FALLBACK_EVERY": f"{wanted.every:g}s",
        "NOFOS_HTTP__MIN_GAP": f"{wanted.min_gap:g}s",
        "NOFOS_FLEET__SILENT_AFTER": f"{wanted.silent_after:g}s",
    }


def _measure(made: Rig, webs: Child, wanted: PollCounts, port: int) -> PollingBench:
    _announce(made, wanted.chargers, None)
    known = made.chargers + wanted.chargers
    await_true(lambda: sum(chargers_by_state(made.moment().metrics).values()) >= known, made.child)
    begun = made.moment()
    made.go(wanted.rate, wanted.silent_after + wanted.without + wanted.settle + wanted.window)
    time.sleep(wanted.silent_after)
    without = made.window(wanted.without, wanted.scrape_every)
    _announce(made, wanted.chargers, port)
    time.sleep(max(0.0, without[1].used.at + wanted.settle - time.monotonic()))
    polled = made.window(wanted.window - 1.0, wanted.scrape_every)
    times = webs.ask("times")["times"]
    sent = made.sent().messages
    time.sleep(1.0)
    return result(wanted, times, without, polled, (begun, made.moment(), sent))


def result(
    wanted: PollCounts,
    times: Sequence[Sequence[float]],
    without: tuple[Sample, Sample],
    polled: tuple[Sample, Sample],
    run: tuple[Sample, Sample, int],
) -> PollingBench:
    """`times` by charger; both ends of the window without polls, of that with them, and of the
    whole run with the number of messages sent in it."""
    began, ended = polled[0].used.at, polled[1].used.at
    asked = [sum(began < at <= ended for at in each) for each in times]
    share, share_without = cores(*polled), cores(*without)
    before, after, sent = run
    return PollingBench(
        chargers=wanted.chargers,
        polled=sum(count > 0 for count in asked),
        polls=sum(asked),
        every=wanted.every,
        worst_gap=max(longest(each, began, ended) for each in times),
        stretch=one(polled[1].metrics, "evse_bridge_poll_stretch_ratio") or 0.0,
        cpu_per_poll=(share - share_without) * (ended - began) / max(1, sum(asked)),
        cores=share,
        cores_without=share_without,
        rate=wanted.rate,
        missing=sent - (after.received - before.received - MEMBERS * good(after.metrics)),
        unaccounted=unaccounted(after.metrics),
        lag=worst_lag(without[1].metrics, polled[1].metrics),
        resident=polled[1].used.resident,
        resident_without=without[1].used.resident,
    )


def cores(first: Sample, last: Sample) -> float:
    """CPU of the bridge as a part of a core."""
    return (last.used.cpu - first.used.cpu) / (last.used.at - first.used.at)


def longest(times: Sequence[float], began: float, ended: float) -> float:
    """The longest wait for a poll that was over in the window, or was going on at its end."""
    before = max((at for at in times if at <= began), default=began)
    seen = [before, *(at for at in times if began < at <= ended), ended]
    return max(later - earlier for earlier, later in itertools.pairwise(seen))


def good(metrics: bytes) -> int:
    """The polls that brought a document."""
    return int(one(metrics, 'evse_bridge_polls_total{outcome="ok"}') or 0)


def _announce(made: Rig, count: int, port: int | None) -> None:
    """Retained announcements, with an address from the port on."""
    with Publisher(made.broker.port) as publisher:
        for number in range(count):
            if number % AT_ONCE == AT_ONCE - 1:
                time.sleep(PAUSE_SECONDS)
            publisher.say(*announcement(number, port), retain=True)
        publisher.publish("bench/announced", str(count))


def announcement(number: int, port: int | None) -> tuple[str, str]:
    """Topic and payload."""
    name = f"polled-{number:05d}"
    members = {"state": "connected", "id": name, "name": name, "mqtt": f"charger/{name}"}
    if port is not None:
        members["http"] = f"http://{address(number)}:{port}/"
    return f"openevse/announce/{name}", json.dumps(members)
