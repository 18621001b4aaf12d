"""Every effect of what discovery decided happens in one place, and nowhere else."""

from bridge.core.discovery.subscriptions import SubscriptionChange, WantedFilters
from bridge.core.model import ChargerId
from tests.kit.core import Bench, restarted

ONE = ChargerId("abc123")


def test_an_announced_base_is_wanted_and_a_cleared_one_no_longer() -> None:
    bench = Bench()
    bench.announce()
    assert list(bench.ears.wanted) == ["charger/one/#"]
    bench.hear(("openevse/announce/c123", ""))
    assert list(bench.ears.wanted) == []


def test_only_a_live_announcement_asks_for_a_poll() -> None:
    bench = Bench()
    bench.announce(retained=True)
    assert bench.ears.there == []
    bench.announce()
    assert bench.ears.there == [ONE]


def test_who_retires_loses_routes_series_and_telemetry_and_is_saved_as_retired() -> None:
    bench = Bench()
    bench.announce()
    bench.hear(("charger/one/amp", "16"))
    assert bench.routes.routes
    assert bench.metrics()
    bench.hear(("openevse/announce/c123", ""))
    assert bench.routes.routes == {}
    assert bench.metrics() == {}
    assert bench.registry.telemetries == {}
    saved = bench.registry.saved_states([ONE])[ONE]
    assert saved is not None
    assert saved["retired"] is True
    assert ONE in bench.out.dirty
    assert bench.ears.gone == [ONE]


def test_after_a_restart_all_remembered_bases_are_wanted_at_once() -> None:
    bench = Bench()
    bench.announce()
    bench.announce("def456", "charger/two", topic="openevse/announce/d456")
    assert set(restarted(bench).ears.wanted) == {"charger/one/#", "charger/two/#"}


def test_a_change_is_handed_over_once_and_in_order() -> None:
    wanted = WantedFilters()
    wanted.apply(SubscriptionChange(("a/#", "b/#")))
    wanted.apply(SubscriptionChange(("c/#",), ("a/#",)))
    assert wanted.drain_changes() == [
        SubscriptionChange(("a/#", "b/#")),
        SubscriptionChange(("c/#",), ("a/#",)),
    ]
    assert wanted.drain_changes() == []
    assert list(wanted) == ["b/#", "c/#"]


def test_what_is_wanted_already_or_was_not_wanted_is_no_change() -> None:
    wanted = WantedFilters()
    wanted.apply(SubscriptionChange(("a/#",)))
    wanted.drain_changes()
    wanted.apply(SubscriptionChange(("a/#",), ("b/#",)))
    assert wanted.drain_changes() == []


def test_a_filter_that_is_dropped_and_wanted_in_one_change_is_subscribed_again() -> None:
    wanted = WantedFilters()
    wanted.apply(SubscriptionChange(("a/#",)))
    wanted.drain_changes()
    wanted.apply(SubscriptionChange(("a/#",), ("a/#",)))
    assert wanted.drain_changes() == [SubscriptionChange(("a/#",), ("a/#",))]
    assert list(wanted) == ["a/#"]
