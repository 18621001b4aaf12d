"""States, faults and sessions as the bridge tells them."""

import pytest

from bridge.core.discovery.config import FleetConfig
from bridge.core.model import ChargerId, Dialect
from tests.kit.core import Bench, restarted

FAULT = 'evse_faults_total{charger="abc123",fault="gfci_fault"}'


def listening(rules: FleetConfig | None = None) -> Bench:
    bench = Bench(rules)
    bench.announce()
    return bench


def say(bench: Bench, *members: tuple[str, str], then: float = 0.5) -> None:
    bench.hear(*((f"charger/one/{key}", value) for key, value in members))
    bench.wait(then)


def test_a_fault_that_came_and_went_within_seconds_is_counted() -> None:
    bench = listening()
    say(bench, ("state", "3"))
    say(bench, ("state", "6"), then=1)
    say(bench, ("state", "3"))
    assert bench.metrics()[FAULT] == 1
    assert bench.events() == [
        ("state", 6, "gfci_fault"),
        ("fault", 6, "gfci_fault"),
        ("state", 3, "charging"),
        ("fault_cleared", 6, "gfci_fault"),
    ]


def test_a_fault_found_at_start_is_no_entry() -> None:
    bench = listening()
    say(bench, ("state", "6"))
    assert bench.metrics()[FAULT] == 0
    assert bench.metrics()['evse_fault{charger="abc123"}'] == 1


def test_a_fault_found_after_a_restart_is_no_entry_but_the_change_is_told() -> None:
    before = listening()
    say(before, ("state", "3"))
    bench = restarted(before)
    say(bench, ("state", "6"))
    assert bench.metrics()[FAULT] == 0
    assert bench.events() == [("state", 6, "gfci_fault")]


def test_one_fault_after_another_ends_the_first() -> None:
    bench = listening()
    say(bench, ("state", "6"))
    say(bench, ("state", "7"))
    assert bench.events() == [
        ("state", 7, "no_ground"),
        ("fault_cleared", 6, "gfci_fault"),
        ("fault", 7, "no_ground"),
    ]


@pytest.mark.parametrize("code", ["253", "596"])
def test_an_undocumented_state_is_kept_raw_and_is_no_fault(code: str) -> None:
    bench = listening()
    say(bench, ("state", code))
    metrics = bench.metrics()
    assert metrics['evse_state_code{charger="abc123"}'] == float(code)
    assert metrics['evse_fault{charger="abc123"}'] == 0


def test_fault_counts_survive_a_restart() -> None:
    before = listening()
    say(before, ("state", "3"))
    say(before, ("state", "6"))
    assert restarted(before).metrics()[FAULT] == 1


def test_a_fault_that_lasts_over_a_boot_is_one_fault() -> None:
    bench = listening()
    for state in ("3", "6", "0", "6", "0", "1"):
        say(bench, ("state", state))
    assert bench.metrics()[FAULT] == 1
    faults = [kind for kind, _, _ in bench.events() if kind.startswith("fault")]
    assert faults == ["fault", "fault_cleared"]


def test_a_fault_that_lasts_over_a_boot_and_a_restart_of_the_bridge_is_one_fault() -> None:
    before = listening()
    for state in ("3", "6", "0"):
        say(before, ("state", state))
    bench = restarted(before)
    for state in ("0", "6"):
        say(bench, ("state", state))
    assert bench.metrics()[FAULT] == 1


def charge(bench: Bench, wh: int) -> None:
    """Plug in, charge 100 Wh over two minutes with a pause, and unplug."""
    say(bench, ("state", "1"), ("wh", str(wh)), then=10)
    say(bench, ("state", "2"), then=10)
    say(bench, ("state", "3"), then=30)
    say(bench, ("amp", "16"), ("voltage", "230"), ("state", "3"), ("wh", str(wh + 50)), then=30)
    say(bench, ("state", "254"), then=30)
    say(bench, ("state", "3"), then=30)
    say(bench, ("amp", "10"), ("voltage", "230"), ("state", "3"), ("wh", str(wh + 90)), then=20)
    say(bench, ("state", "1"), then=20)
    say(bench, ("wh", str(wh + 100)), then=10)


def test_a_session_runs_from_charging_to_unplugging_with_its_pauses_inside() -> None:
    bench = listening()
    charge(bench, 1000)
    assert len(bench.out.sessions) == 1
    session = bench.out.sessions[0]
    assert (session.energy_wh, session.peak_a, session.peak_w) == (100.0, 16.0, 3680.0)
    assert session.charging_s == pytest.approx(110, abs=1)
    assert session.plugged_s == pytest.approx(150, abs=1)
    assert session.end - session.start == pytest.approx(140, abs=1)
    assert bench.metrics()['evse_sessions_total{charger="abc123"}'] == 1


def test_a_session_is_written_as_a_point_at_its_end() -> None:
    bench = listening()
    charge(bench, 1000)
    lines = [line for line in bench.lines() if line.startswith("evse_charge")]
    assert len(lines) == 1
    assert lines[0].startswith("evse_charge,charger=abc123 start=1790000020i,charging_s=")
    assert "energy_wh=100.0,peak_a=16.0,peak_w=3680.0" in lines[0]


def test_a_car_that_never_charged_had_no_session() -> None:
    bench = listening()
    for state in ("1", "2", "254", "1"):
        say(bench, ("state", state), then=30)
    bench.wait(120)
    assert bench.out.sessions == []


def test_a_session_without_a_last_total_ends_a_minute_after_unplugging() -> None:
    bench = listening()
    say(bench, ("wh", "1000"))
    say(bench, ("state", "3"), then=30)
    say(bench, ("wh", "1100"))
    say(bench, ("state", "1"), then=59)
    assert bench.out.sessions == []
    bench.wait(2)
    assert [s.energy_wh for s in bench.out.sessions] == [100.0]


def test_a_session_across_a_restart_of_the_bridge_is_one() -> None:
    before = listening()
    say(before, ("wh", "1000"), ("state", "1"))
    say(before, ("state", "3"), then=30)
    bench = restarted(before)
    say(bench, ("state", "3"), ("wh", "1200"), then=30)
    say(bench, ("state", "1"), then=30)
    say(bench, ("wh", "1300"))
    assert [s.energy_wh for s in bench.out.sessions] == [300.0]


def test_a_reboot_in_the_middle_of_a_session_does_not_split_it() -> None:
    bench = listening()
    say(bench, ("wh", "1000"), ("state", "3"), then=30)
    say(bench, ("state", "0"), then=5)
    say(bench, ("state", "3"), then=30)
    say(bench, ("state", "1"), ("wh", "1100"), then=61)
    assert len(bench.out.sessions) == 1


def test_a_reboot_after_the_unplugging_does_not_cut_the_sessions_energy_short() -> None:
    bench = listening()
    say(bench, ("wh", "1000"), ("state", "3"), then=30)
    say(bench, ("state", "1"), then=5)
    say(bench, ("state", "0"), then=12)
    say(bench, ("wh", "1100"))
    assert [s.energy_wh for s in bench.out.sessions] == [100.0]


@pytest.mark.parametrize("step", [86_400, -3600, -7200])
def test_a_step_of_the_clock_does_not_lengthen_or_shorten_a_session(step: float) -> None:
    bench = listening()
    say(bench, ("wh", "1000"), ("state", "1"))
    say(bench, ("state", "3"), then=60)
    bench.wall += step
    say(bench, ("state", "3"), then=60)
    say(bench, ("state", "1"), then=61)
    session = bench.out.sessions[0]
    assert session.charging_s == pytest.approx(121, abs=1)
    assert session.plugged_s == pytest.approx(121, abs=1)
    assert session.end >= session.start


def test_milliamperes_where_amperes_are_due_raise_a_suspicion() -> None:
    bench = listening()
    say(bench, ("pilot", "16"), ("state", "3"))
    for amps in ("15900", "16000", "16100"):
        say(bench, ("amp", amps))
    assert bench.metrics()['evse_unit_suspect{charger="abc123"}'] == 1
    assert bench.events()[-1] == ("unit_suspect", 1, "currents contradict dialect nofos")
    assert bench.metrics()['evse_current_amperes{charger="abc123",phase="1"}'] == 16100


def test_the_end_of_a_suspicion_is_an_event_of_its_own() -> None:
    bench = listening()
    say(bench, ("pilot", "16"), ("state", "3"))
    for amps in ("15900", "16000", "16100", "15.9", "16", "15.8"):
        say(bench, ("amp", amps))
    assert [event for event in bench.events() if event[0] == "unit_suspect"] == [
        ("unit_suspect", 1, "currents contradict dialect nofos"),
        ("unit_suspect", 0, "currents fit again"),
    ]


def test_amperes_where_milliamperes_are_due_raise_a_suspicion() -> None:
    bench = listening(FleetConfig(dialect=Dialect.ANCESTOR))
    say(bench, ("pilot", "16"), ("state", "3"))
    for amps in ("15", "16", "15.5"):
        say(bench, ("amp", amps))
    assert bench.metrics()['evse_unit_suspect{charger="abc123"}'] == 1


def test_two_odd_samples_are_no_suspicion() -> None:
    bench = listening()
    say(bench, ("pilot", "16"), ("state", "3"))
    for amps in ("16000", "16001", "16", "16000", "16001"):
        say(bench, ("amp", amps))
    assert bench.metrics()['evse_unit_suspect{charger="abc123"}'] == 0


def test_a_periodic_value_goes_stale_by_itself_and_comes_back() -> None:
    bench = listening()
    say(bench, ("amp", "7"), ("pilot", "16"), then=60)
    say(bench, ("pilot", "16"), then=61)
    metrics = bench.metrics()
    assert 'evse_current_amperes{charger="abc123",phase="1"}' not in metrics
    assert metrics['evse_pilot_amperes{charger="abc123"}'] == 16
    say(bench, ("amp", "7"))
    assert bench.metrics()['evse_current_amperes{charger="abc123",phase="1"}'] == 7


def test_a_value_of_an_event_stays_while_its_charger_is_up() -> None:
    bench = listening()
    say(bench, ("charge_rate", "12"), ("pilot", "16"), then=100)
    say(bench, ("pilot", "16"), then=100)
    assert bench.metrics()['evse_charge_rate_amperes{charger="abc123"}'] == 12
    bench.wait(21)
    assert 'evse_charge_rate_amperes{charger="abc123"}' not in bench.metrics()


def test_a_stale_charger_keeps_its_counters_and_timestamps_alone() -> None:
    bench = listening()
    say(bench, ("amp", "7"), ("voltage", "230"), ("state", "6"), ("wh", "10"), ("temp1", "200"))
    bench.wait(200)
    families = {name.split("{")[0] for name in bench.metrics()}
    assert families == {
        "evse_info", "evse_up", "evse_announced", "evse_source", "evse_duplicate",
        "evse_unit_suspect", "evse_frozen", "evse_contradictory",
        "evse_last_message_timestamp_seconds",
        "evse_faults_total", "evse_energy_joules_total", "evse_sessions_total",
        "evse_crashes_total", "evse_poll_failures_total",
    }  # fmt: skip


def test_a_sensor_that_went_away_shows_nothing_at_once() -> None:
    bench = listening()
    say(bench, ("temp1", "210"))
    assert bench.metrics()['evse_temperature_celsius{charger="abc123",sensor="temp1"}'] == 21
    say(bench, ("temp1", "false"))
    assert 'evse_temperature_celsius{charger="abc123",sensor="temp1"}' not in bench.metrics()


def test_a_second_name_that_stops_does_not_take_the_first_ones_value_away() -> None:
    bench = listening()
    say(bench, ("amp", "7"), ("amp1", "7"), then=60)
    say(bench, ("amp1", "7"), then=61)
    assert bench.metrics()['evse_current_amperes{charger="abc123",phase="1"}'] == 7


def news(bench: Bench) -> tuple[int, int]:
    """Chargers to be saved at once, and those with newer numbers alone; none afterwards."""
    found = len(bench.out.dirty), len(bench.out.dirty_since)
    bench.out.dirty.clear()
    bench.out.dirty_since.clear()
    return found


def test_newer_numbers_alone_need_not_be_saved_at_once() -> None:
    bench = listening()
    say(bench, ("state", "1"), ("wh", "1000"), ("amp1", "0"), ("v1", "230"))
    news(bench)
    say(bench, ("state", "1"), ("wh", "1000"), ("amp1", "0"), ("v1", "231"), then=30)
    assert news(bench) == (0, 1)


def test_a_change_a_new_peak_and_a_new_offset_are_saved_at_once() -> None:
    bench = listening()
    say(bench, ("state", "1"), ("wh", "5000000"), then=30)
    news(bench)
    say(bench, ("state", "3"), then=30)
    assert news(bench)[0] == 1
    say(bench, ("amp1", "16"), ("v1", "230"), then=30)
    assert news(bench)[0] == 1
    say(bench, ("amp1", "15"), ("v1", "229"), then=30)
    assert news(bench) == (0, 1)
    say(bench, ("wh", "100"), then=45)
    say(bench, ("wh", "100"), then=46)
    assert news(bench) == (0, 1)
    say(bench, ("wh", "100"))
    assert news(bench)[0] == 1


def test_the_total_that_a_session_counts_from_is_saved_at_once() -> None:
    bench = listening()
    say(bench, ("state", "1"), then=30)
    say(bench, ("state", "3"), then=30)
    news(bench)
    say(bench, ("wh", "1000"))
    assert news(bench)[0] == 1


def test_a_last_will_is_taken_back_by_the_next_live_message() -> None:
    bench = listening()
    say(bench, ("state", "1"), then=1)
    bench.announce(base=None, state="disconnected")
    say(bench, ("state", "1"), then=1)
    assert [kind for kind, _, _ in bench.events()] == ["offline", "online"]


def test_each_dialect_reads_the_same_text_in_its_own_unit() -> None:
    bench = Bench(FleetConfig(dialects={ChargerId("old"): Dialect.ANCESTOR}))
    bench.announce("new", "charger/new", topic="openevse/announce/new")
    bench.announce("old", "charger/old", topic="openevse/announce/old")
    for base in ("charger/new", "charger/old"):
        say(bench, then=0)
        bench.hear((f"{base}/amp1", "900"))
    metrics = bench.metrics()
    assert metrics['evse_current_amperes{charger="new",phase="1"}'] == 900
    assert metrics['evse_current_amperes{charger="old",phase="1"}'] == 0.9
