"""A charger's life at the hands of whoever answers for it: nothing raises, falls or is lost."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.fields.catalogue import LIVE
from bridge.core.fields.config import FACTS
from bridge.core.model import Event, Session
from bridge.core.polling.outcome import Page, PollOutcome
from tests.core.fields.test_documents import JSON, KEYS
from tests.kit.core import Bench
from tests.kit.desk import ONE, Desk

NUMBERS = st.sampled_from(
    [0, 1, 2, 3, 4, 6, 7, 9, 253, 254, 255, 256, 1000, 2**31, 2**32, 1e12, -1]
)
COUNTS = [
    "state", "wh", "watthour", "wattsec", "elapsed", "gfcicount", "nogndcount", "stuckcount",
    "boot_count", "crash_seq", "reset_reason", "amp", "pilot", "rapi_connected", "comm_success",
    "total_energy", "session_energy", "freeram",
]  # fmt: skip
LIKELY = st.dictionaries(st.sampled_from(COUNTS), NUMBERS, max_size=8)
RECORDS = st.lists(st.fixed_dictionaries({"seq": NUMBERS, "reason": NUMBERS}), max_size=4)
SECRET = "depot-wifi-7"
RESET_PROOF = tuple(
    f"evse_{name}_total{{"
    for name in (
        "energy_joules",
        "faults",
        "gfci_trips",
        "no_ground_trips",
        "stuck_relay_trips",
        "boots",
        "crashes",
        "sessions",
        "poll_failures",
    )
)


class Act(Protocol):
    """Something that befalls the charger."""

    def __call__(self, desk: Desk) -> None: ...


def status(document: Mapping[str, object]) -> Act:
    return lambda desk: desk.answer(**document)


def config(document: Mapping[str, object]) -> Act:
    known = {"ssid": SECRET, "mqtt_user": SECRET, "hostname": SECRET}
    return lambda desk: desk.page(Page.CONFIG, {**document, **known})


def crashlog(document: Mapping[str, object] | Sequence[object]) -> Act:
    page = document if isinstance(document, Mapping) else list(document)
    return lambda desk: desk.page(Page.CRASHLOG, page)


def failure(outcome: PollOutcome) -> Act:
    return lambda desk: desk.answer(outcome)


def document_act(document: Mapping[str, object]) -> Act:
    said = {key: str(value) for key, value in document.items()}
    return lambda desk: desk.speak(**said)


def announcement(state: str) -> Act:
    return lambda desk: desk.bench.announce(state=state)


def pause(seconds: int) -> Act:
    return lambda desk: desk.wait(seconds)


WHATEVER = st.dictionaries(KEYS, JSON, max_size=12).filter(lambda found: "outcome" not in found)
ACTS = st.one_of(
    LIKELY.map(status),
    WHATEVER.map(status),
    st.dictionaries(st.sampled_from([*FACTS, "mqtt_topic", "time"]), JSON, max_size=6).map(config),
    (RECORDS | st.lists(JSON, max_size=3) | WHATEVER).map(crashlog),
    st.sampled_from([PollOutcome.TIMEOUT, PollOutcome.UNAUTHORIZED, PollOutcome.MALFORMED]).map(
        failure
    ),
    LIKELY.map(document_act),
    st.dictionaries(st.sampled_from([*LIVE]), st.text(max_size=9), max_size=4).map(document_act),
    st.sampled_from(["connected", "disconnected"]).map(announcement),
    st.sampled_from([1, 16, 200]).map(pause),
)


def hold(desk: Desk, before: dict[str, float]) -> dict[str, float]:
    """What must be true at every moment; the metrics of this one."""
    bench = desk.bench
    assert bench.words.bugs == []
    discarded = sum(bench.accounts.discarded.values())
    assert bench.accounts.received == bench.out.readings_held + bench.out.readings_open + discarded
    metrics = bench.metrics()
    assert not [name for name, value in metrics.items() if math.isnan(value)]
    fallen = {
        name: (before[name], value)
        for name, value in metrics.items()
        if name.startswith(RESET_PROOF) and value < before.get(name, 0.0)
    }
    assert fallen == {}
    return metrics


@settings(max_examples=150)
@given(st.lists(ACTS, min_size=4, max_size=30), st.integers(0, 30))
def test_nothing_raises_falls_or_is_lost_whatever_a_charger_says(acts: list[Act], at: int) -> None:
    bench = Bench()
    bench.announce()
    desk, metrics = Desk(bench), dict[str, float]()
    events: list[Event] = []
    sessions: list[Session] = []
    for number, act in enumerate(acts):
        if number == at:
            saved = json.loads(json.dumps(bench.saved()))
            events, sessions = [*bench.out.events], [*bench.out.sessions]
            told = bench.now
            bench = Bench()
            bench.wall, bench.steady = told.unix, told.steady
            bench.restore(saved, trusted=True, floor_ms=0)
            assert bench.ears.unreadable == []
            desk = Desk(bench)
        act(desk)
        metrics = {**metrics, **hold(desk, metrics)}
    spoken = [*events, *bench.out.events], [*sessions, *bench.out.sessions]
    assert SECRET not in repr(spoken)
    assert SECRET not in repr([*bench.out.lines, *metrics, bench.saved()[ONE]])
