"""The collector never looks at the whole fleet, and still finds what is garbage."""

import gc
import weakref
from collections.abc import Callable

from bridge.core.charging.charging import Charging
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.routes import FieldRoute
from bridge.runtime.garbage import MOST_OLD_OBJECTS, Garbage
from bridge.sinks.prometheus import SeriesSlot
from tests.kit.core import Bench


class Knot:
    """Something that only the collector can find."""

    def __init__(self) -> None:
        self.self = self


def parts() -> int:
    """How many parts of chargers there are in memory."""
    kinds = (Telemetry, Charging, Channel, FieldRoute, SeriesSlot)
    return sum(isinstance(each, kinds) for each in gc.get_objects())


def tidied(garbage: Garbage, until: Callable[[], bool]) -> bool:
    """Let objects come and go, as in a run, until this is so."""
    for _ in range(100):
        alive = [[n] for n in range(10_000)]
        garbage.collect()
        del alive
        if until():
            return True
    return False


def test_garbage_is_still_found() -> None:
    with Garbage() as garbage:
        knot = weakref.ref(Knot())
        assert tidied(garbage, lambda: knot() is None)


def test_what_stays_is_not_looked_at_again() -> None:
    with Garbage() as garbage:
        before = gc.get_freeze_count()
        fleet = [[n] for n in range(10 * MOST_OLD_OBJECTS)]
        assert tidied(garbage, lambda: gc.get_freeze_count() - before >= len(fleet))
        gc.collect()
        assert len(gc.get_objects(generation=2)) < MOST_OLD_OBJECTS


def test_no_full_collection_happens_by_itself() -> None:
    seen: list[int] = []

    def count(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    with Garbage():
        gc.callbacks.append(count)
        try:
            fleet = [[n] for n in range(500_000)]
        finally:
            gc.callbacks.remove(count)
    assert len(fleet) == 500_000
    assert seen
    assert 2 not in seen


def test_afterwards_the_collector_is_as_before() -> None:
    before = gc.get_threshold()
    with Garbage():
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_a_charger_that_retires_needs_no_collector() -> None:
    gc.collect()
    before = parts()
    bench = Bench()
    bench.announce()
    bench.hear(("charger/one/amp", "16"), ("charger/one/state", "3"))
    assert parts() > before
    gc.disable()
    try:
        bench.take((b"openevse/announce/c123", b"", True))
        bench.wait(5)
        assert not bench.registry.telemetries
        assert parts() == before
    finally:
        gc.enable()
