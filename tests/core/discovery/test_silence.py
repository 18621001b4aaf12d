"""Silence counts only while the bridge listens; who retired comes back with its counters."""

from bridge.core.clock import Steady
from bridge.core.discovery.config import FleetConfig
from bridge.core.discovery.silence import ListeningTime
from bridge.core.model import ChargerId
from tests.kit.core import Bench, restarted

HOUR, DAY = 3600.0, 86_400.0
NAMES = ("a", "b", "c")


def announced(bench: Bench, *names: str, retained: bool = False) -> None:
    for name in names:
        topic = f"openevse/announce/{name}"
        bench.announce(name, f"charger/{name}", topic=topic, retained=retained)


def speak(bench: Bench, *names: str, wh: int = 1000) -> None:
    for name in names:
        bench.hear((f"charger/{name}/amp", "16"), (f"charger/{name}/wh", str(wh)))


def energy(bench: Bench, name: str) -> float | None:
    return bench.metrics().get(f'evse_energy_joules_total{{charger="{name}"}}')


def shown(bench: Bench) -> set[str]:
    return {name for name in NAMES if f'evse_up{{charger="{name}"}}' in bench.metrics()}


def week_off(after: float, retire_after: float) -> None:
    rules = FleetConfig(retire_after=retire_after)
    before = Bench(rules)
    announced(before, *NAMES)
    speak(before, *NAMES)
    before.wait(5)
    bench = restarted(before, after=after, rules=rules)
    announced(bench, *NAMES, "busy", retained=True)
    bench.wait(1)
    speak(bench, "busy")
    bench.wait(1)
    assert bench.ears.gone == []
    for _ in range(3):
        speak(bench, *NAMES, "busy", wh=1100)
        bench.wait(5)
    assert shown(bench) == set(NAMES)
    assert [energy(bench, name) for name in NAMES] == [1100 * 3600.0] * 3


def test_a_bridge_that_was_off_for_eight_days_retires_nobody() -> None:
    week_off(8 * DAY, 7 * DAY)


def test_nor_does_one_that_was_off_longer_than_a_small_retire_after() -> None:
    week_off(60, 20)


def test_a_week_without_the_broker_retires_nobody_while_another_one_answers_polls() -> None:
    bench = Bench()
    announced(bench, *NAMES)
    speak(bench, *NAMES)
    bench.wait(5)
    bench.hears = False
    for _ in range(9 * 24):
        bench.wait(HOUR)
    bench.hears = True
    speak(bench, "a")
    bench.wait(5)
    assert bench.ears.gone == []
    assert shown(bench) == set(NAMES)


def test_silence_is_summed_over_runs_and_outages() -> None:
    rules = FleetConfig(retire_after=7 * DAY)
    bench = Bench(rules)
    announced(bench, "a")
    speak(bench, "a")
    for _ in range(3):
        bench.wait(2.2 * DAY)
        bench = restarted(bench, after=10 * DAY, rules=rules)
        assert bench.ears.gone == []
    bench.wait(0.3 * DAY)
    assert bench.ears.gone == []
    bench.wait(0.2 * DAY)
    assert bench.ears.gone == ["a"]


def test_a_long_silence_is_saved_before_it_ends() -> None:
    bench = Bench(FleetConfig(retire_after=7 * DAY))
    announced(bench, "a")
    speak(bench, "a")
    bench.wait(1)
    bench.out.dirty.clear()
    bench.wait(60)
    assert bench.out.dirty == set()
    bench.wait(2 * HOUR)
    assert bench.out.dirty == {"a"}


def test_who_retired_and_speaks_goes_on_from_its_counters() -> None:
    bench = Bench(FleetConfig(retire_after=DAY))
    announced(bench, "a")
    speak(bench, "a", wh=140_000)
    bench.wait(5)
    bench.wait(DAY)
    assert (bench.ears.gone, bench.metrics()) == (["a"], {})
    assert bench.ears.filters == {"charger/a/#"}
    speak(bench, "a", wh=140_100)
    bench.wait(5)
    assert energy(bench, "a") == 140_100 * 3600
    assert bench.metrics()['evse_up{charger="a"}'] == 1
    assert "returned" in bench.ears.labels
    assert bench.words.bugs == []


def test_who_retired_long_ago_and_speaks_after_a_restart_goes_on_too() -> None:
    rules = FleetConfig(retire_after=DAY)
    before = Bench(rules)
    announced(before, "a")
    speak(before, "a", wh=140_000)
    before.wait(5)
    before.wait(DAY)
    bench = restarted(before, after=30 * DAY, rules=rules)
    announced(bench, "a", retained=True)
    assert bench.metrics() == {}
    assert bench.ears.filters == {"charger/a/#"}
    speak(bench, "a", wh=140_100)
    bench.wait(5)
    assert energy(bench, "a") == 140_100 * 3600


def test_a_retained_value_brings_nobody_back() -> None:
    bench = Bench(FleetConfig(retire_after=DAY))
    announced(bench, "a")
    speak(bench, "a")
    bench.wait(1)
    bench.wait(DAY)
    bench.hear(("charger/a/amp", "16"), retained=True)
    assert (bench.metrics(), bench.discarded()) == ({}, {"retained": 1})


def test_a_live_announcement_brings_back_what_was_cleared_with_its_counters() -> None:
    bench = Bench(FleetConfig(retire_after=DAY))
    announced(bench, "a")
    speak(bench, "a", wh=140_000)
    bench.wait(5)
    bench.hear(("openevse/announce/a", ""))
    assert bench.ears.filters == set()
    announced(bench, "a")
    assert energy(bench, "a") == 140_000 * 3600
    assert bench.ears.filters == {"charger/a/#"}


def test_what_retired_is_forgotten_after_as_long_again() -> None:
    bench = Bench(FleetConfig(retire_after=DAY))
    announced(bench, "a")
    speak(bench, "a")
    bench.wait(1)
    bench.wait(DAY)
    bench.wait(0.9 * DAY)
    bench.discovery.sweep_retired(bench.listened)
    assert bench.ears.filters == {"charger/a/#"}
    bench.wait(0.2 * DAY)
    bench.discovery.sweep_retired(bench.listened)
    assert bench.ears.filters == set()
    assert bench.registry.saved_states([ChargerId("a")]) == {"a": None}


def test_a_retained_announcement_keeps_it_remembered_as_long_as_it_is_there() -> None:
    bench = Bench(FleetConfig(retire_after=DAY))
    announced(bench, "a")
    speak(bench, "a", wh=140_000)
    bench.wait(1)
    for _ in range(10):
        bench.wait(0.7 * DAY)
        bench.discovery.sweep_retired(bench.listened)
        announced(bench, "a", retained=True)
    assert bench.ears.filters == {"charger/a/#"}
    speak(bench, "a", wh=140_001)
    assert energy(bench, "a") == 140_000 * 3600


def test_the_announce_topics_are_asked_for_again_while_somebody_is_not_followed() -> None:
    bench = Bench(FleetConfig(retire_after=DAY, most=1))
    announced(bench, "a")
    speak(bench, "a")
    asked(bench, 0)
    announced(bench, "b", retained=True)
    assert bench.ears.labels[-1] == "limit"
    asked(bench, 1)
    asked(bench, 0)
    bench.wait(1)
    bench.wait(DAY)
    asked(bench, 1)
    asked(bench, 1)
    speak(bench, "a")
    asked(bench, 0)


def asked(bench: Bench, times: int) -> None:
    """Let an hourly sweep pass: the announce topics are subscribed to so many times."""
    bench.ears.wanted.drain_changes()
    bench.discovery.sweep_retired(bench.listened)
    changes = bench.ears.wanted.drain_changes()
    assert [each.subscribe for each in changes] == [("openevse/announce/+",)] * times


def test_a_new_charger_on_the_base_of_a_retired_one_is_alone_on_it() -> None:
    bench = Bench(FleetConfig(retire_after=DAY))
    announced(bench, "old")
    bench.hear(("charger/old/amp", "16"))
    bench.wait(1)
    bench.wait(DAY)
    bench.announce("new", "charger/old", topic="openevse/announce/new")
    bench.hear(("charger/old/amp", "10"))
    bench.wait(1)
    metrics = bench.metrics()
    assert metrics['evse_current_amperes{charger="new",phase="1"}'] == 10
    assert metrics['evse_duplicate{charger="new"}'] == 0


def test_retired_chargers_make_room_for_new_ones_and_not_the_other_way_round() -> None:
    bench = Bench(FleetConfig(retire_after=DAY, most=2))
    announced(bench, "a", "b")
    speak(bench, "a", "b")
    bench.wait(1)
    bench.wait(DAY - 10)
    speak(bench, "b")
    bench.wait(20)
    assert bench.ears.gone == ["a"]
    announced(bench, "c")
    assert bench.ears.labels[-1] == "new"
    assert bench.registry.saved_states(bench.out.dirty)[ChargerId("a")] is None
    speak(bench, "c")
    announced(bench, "d")
    assert bench.ears.labels[-1] == "limit"


def test_where_there_are_too_many_after_a_restart_the_retired_are_left_out() -> None:
    bench = Bench(FleetConfig(retire_after=DAY))
    announced(bench, "a", "b")
    speak(bench, "a", "b")
    bench.wait(1)
    bench.wait(DAY - 10)
    speak(bench, "b")
    bench.wait(20)
    after = restarted(bench, rules=FleetConfig(retire_after=DAY, most=1))
    assert shown(after) == {"b"}
    assert after.ears.filters == {"charger/b/#"}


def test_time_counts_as_listened_only_while_the_bridge_hears_and_runs() -> None:
    listening = ListeningTime()
    for hears, steady in [(True, 100), (True, 101), (False, 102), (True, 200), (True, 203)]:
        listening.observe(hears, Steady(steady))
    assert listening.seconds == 4
    listening.observe(True, Steady(203 + 7 * DAY))  # the host was suspended
    listening.observe(True, Steady(204 + 7 * DAY))
    assert listening.seconds == 5
