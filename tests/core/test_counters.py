"""Counters that never fall and never jump by a lifetime."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.clock import Unix
from bridge.core.counters import Growth, ResetProof, Witness
from tests.kit.core import Bench, restarted

GROWTH = Growth(per_second=28.0, burst=150_000)
LIFETIME = 5_000_000.0


def feed(counter: ResetProof, *readings: tuple[float, float], state: int = 3) -> list[float | None]:
    return [counter.observe(value, Unix(at), state=state) for at, value in readings]


def test_a_counter_starts_at_the_devices_own_value() -> None:
    assert feed(ResetProof(GROWTH), (0, LIFETIME)) == [LIFETIME]


def test_a_counter_rises_with_the_device() -> None:
    assert feed(ResetProof(GROWTH), (0, 100.0), (30, 150.0)) == [100.0, 150.0]


def test_the_false_zeros_after_a_reboot_change_nothing() -> None:
    totals = feed(ResetProof(GROWTH), (0, LIFETIME), (30, 0.0), (31, 0.0), (60, LIFETIME + 5))
    assert totals == [LIFETIME, LIFETIME, LIFETIME, LIFETIME + 5]


def test_a_bridge_that_starts_within_the_false_zeros_waits_for_the_true_total() -> None:
    assert feed(ResetProof(GROWTH), (0, 0.0), (10, LIFETIME)) == [None, LIFETIME]


def test_a_new_charger_that_stands_at_zero_is_believed_after_three_readings_and_90_s() -> None:
    totals = feed(ResetProof(GROWTH), (0, 0.0), (30, 0.0), (60, 0.0), (90, 0.0))
    assert totals == [None, None, None, 0.0]


def test_a_real_reset_is_believed_after_three_readings_over_90_s_and_goes_on() -> None:
    counter = ResetProof(GROWTH)
    totals = feed(counter, (0, LIFETIME), (30, 0.0), (75, 10.0), (120, 20.0), (150, 30.0))
    assert totals == [LIFETIME, LIFETIME, LIFETIME, LIFETIME + 20.0, LIFETIME + 30.0]


def test_many_readings_within_a_short_time_prove_nothing() -> None:
    counter = ResetProof(GROWTH)
    feed(counter, (0, LIFETIME))
    assert set(feed(counter, *((t, 0.0) for t in range(1, 90)))) == {LIFETIME}


def test_readings_of_a_controller_that_is_starting_prove_nothing() -> None:
    counter = ResetProof(GROWTH)
    feed(counter, (0, LIFETIME))
    assert set(feed(counter, (30, 10.0), (90, 10.0), (150, 10.0), state=0)) == {LIFETIME}


def test_two_readings_prove_nothing_however_far_apart() -> None:
    counter = ResetProof(GROWTH)
    feed(counter, (0, LIFETIME))
    assert feed(counter, (30, 10.0), (600, 10.0)) == [LIFETIME, LIFETIME]
    assert feed(counter, (630, 10.0)) == [LIFETIME + 10.0]


def test_a_falling_run_of_doubts_begins_anew() -> None:
    counter = ResetProof(GROWTH)
    totals = feed(counter, (0, LIFETIME), (30, 20.0), (75, 10.0), (125, 10.0), (164, 10.0))
    assert totals[-1] == LIFETIME
    assert feed(counter, (165, 10.0)) == [LIFETIME + 10.0]


def test_another_controller_with_a_larger_lifetime_adds_nothing_but_its_growth() -> None:
    counter = ResetProof(GROWTH)
    high = 9_000_000.0
    totals = feed(counter, (0, 1000.0), (30, high), (60, high), (120, high + 7), (150, high + 9))
    assert totals == [1000.0, 1000.0, 1000.0, 1007.0, 1009.0]


def test_another_controller_with_a_smaller_lifetime_adds_nothing_but_its_growth() -> None:
    counter = ResetProof(GROWTH)
    low = 2_000_000.0
    totals = feed(counter, (0, LIFETIME), (30, low), (60, low), (120, low + 7), (150, low + 9))
    assert totals[-2:] == [LIFETIME + 7, LIFETIME + 9]


def test_a_single_absurd_reading_does_not_lift_the_total() -> None:
    totals = feed(ResetProof(GROWTH), (0, 1000.0), (30, 4294967295.0), (60, 1010.0))
    assert totals == [1000.0, 1000.0, 1010.0]


def test_a_long_session_at_once_is_believed() -> None:
    assert feed(ResetProof(GROWTH), (0, 1000.0), (30, 81_000.0)) == [1000.0, 81_000.0]


def test_a_saved_counter_goes_on_where_it_was() -> None:
    counter = ResetProof(GROWTH)
    feed(counter, (0, LIFETIME), (30, 0.0), (75, 0.0), (120, 0.0))
    again = ResetProof.restored(GROWTH, counter.saved())
    assert again.total == LIFETIME
    assert again.observe(50.0, Unix(180), state=3) == LIFETIME + 50.0


def swear(counter: ResetProof, *readings: tuple[float, float, int, int]) -> list[float | None]:
    """Readings from /status: time, value, comm_success, boot_count."""
    return [
        counter.observe(
            value, Unix(at), state=3, witness=Witness(commands, boots, value > 0), alone=False
        )
        for at, value, commands, boots in readings
    ]


def test_a_second_status_half_a_minute_later_confirms_a_drop() -> None:
    counter = ResetProof(GROWTH)
    totals = swear(counter, (0, LIFETIME, 900, 7), (30, 0.0, 920, 7), (60, 5.0, 940, 7))
    assert totals == [LIFETIME, LIFETIME, LIFETIME + 5.0]


def test_a_second_status_too_soon_confirms_nothing() -> None:
    counter = ResetProof(GROWTH)
    totals = swear(counter, (0, LIFETIME, 900, 7), (30, 0.0, 920, 7), (59, 0.0, 940, 7))
    assert totals[-1] == LIFETIME
    assert swear(counter, (60, 3.0, 941, 7)) == [LIFETIME + 3.0]


def test_a_controller_that_answers_nothing_confirms_nothing() -> None:
    counter = ResetProof(GROWTH)
    swear(counter, (0, LIFETIME, 900, 7))
    later = [(at, 0.0, 920, 7) for at in range(30, 6000, 30)]
    assert set(swear(counter, *later)) == {LIFETIME}
    assert swear(counter, (6000, LIFETIME + 1, 921, 7)) == [LIFETIME + 1]


def test_zeros_after_one_boot_do_not_confirm_those_after_another() -> None:
    counter = ResetProof(GROWTH)
    swear(counter, (0, LIFETIME, 900, 7))
    looped = [(60.0 * n, 0.0, 3 + n, 7 + n) for n in range(1, 50)]
    assert set(swear(counter, *looped)) == {LIFETIME}
    assert swear(counter, (3000, LIFETIME + 1, 50, 56)) == [LIFETIME + 1]


def test_while_status_is_to_be_had_mqtt_alone_is_not_believed() -> None:
    counter = ResetProof(GROWTH)
    feed(counter, (0, LIFETIME))
    for at in range(30, 6000, 30):
        assert counter.observe(0.0, Unix(at), state=3, alone=False) == LIFETIME
    assert counter.observe(LIFETIME + 1, Unix(6000), state=3, alone=False) == LIFETIME + 1


def test_a_first_zero_in_a_document_that_was_measured_is_believed_at_once() -> None:
    counter = ResetProof(Growth(per_second=0.1, burst=300))
    assert counter.observe(0, Unix(0), state=1, witness=Witness(10, 1, measured=True)) == 0
    unsure = ResetProof(Growth(per_second=0.1, burst=300))
    assert unsure.observe(0, Unix(0), state=1, witness=Witness(10, 1, measured=False)) is None


def test_a_counter_goes_on_across_its_32_bits() -> None:
    counter = ResetProof(GROWTH)
    totals = feed(counter, (0, 2.0**32 - 100), (30, 50.0), (60, 80.0))
    assert totals == [2.0**32 - 100, 2.0**32 + 50, 2.0**32 + 80]


@pytest.mark.parametrize("readings", [3, 10])
def test_all_bits_set_is_never_believed_however_often_it_is_read(readings: int) -> None:
    counter = ResetProof(GROWTH)
    feed(counter, (0, 1000.0))
    garbage = [(60 * n, 2.0**32 - 1) for n in range(1, readings + 1)]
    assert feed(counter, *garbage) == [1000.0] * readings
    assert feed(counter, (60 * readings + 60, 1010.0)) == [1010.0]
    assert feed(ResetProof(GROWTH), *garbage) == [None] * readings


def test_a_restored_all_bits_set_does_not_count_as_a_wrap() -> None:
    most = 2.0**32 - 1
    counter = ResetProof.restored(GROWTH, [most, 0.0, 0.0, most])
    assert feed(counter, (60, 100.0)) == [most]


def test_a_counter_that_stands_at_its_most_stays_and_goes_on_after_its_reset() -> None:
    counter = ResetProof(Growth(per_second=0.1, burst=300))
    totals = swear(counter, (0, 254, 10, 1), (300, 255, 90, 1), (900, 255, 99, 1))
    assert totals == [254, 255, 255]
    totals = swear(counter, (1200, 0, 110, 1), (1500, 1, 120, 1), (1800, 2, 130, 1))
    assert totals == [255, 256, 257]


def test_two_names_of_one_total_that_are_rounded_differently_are_no_drop() -> None:
    counter = ResetProof(Growth(per_second=28.0, burst=150_000, slack=1))
    assert feed(counter, (0, 5000.7), (1, 5000.0), (2, 5000.7), (3, 5001.0)) == [
        5000.7, 5000.7, 5000.7, 5001.0,
    ]  # fmt: skip
    assert counter.doubtful == 0


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["charge", "zeros", "reset", "garbage", "restart"]),
            st.floats(min_value=1, max_value=600),
        ),
        max_size=60,
    )
)
def test_through_any_history_the_total_neither_falls_nor_outgrows_what_was_charged(
    history: list[tuple[str, float]],
) -> None:
    counter, device, at, charged = ResetProof(GROWTH), LIFETIME, 0.0, 0.0
    last = counter.observe(device, Unix(at), state=3) or 0.0
    for event, seconds in history:
        at += seconds
        shown = device
        if event == "charge":
            device += seconds * 3
            charged += seconds * 3
            shown = device
        elif event == "zeros":
            # A gateway that reboots says 0 for about ten seconds, then the truth again.
            for second in range(10):
                counter.observe(0.0, Unix(at + second), state=3)
            at += 10
        elif event == "reset":
            device = shown = 0.0
        elif event == "garbage":
            shown = 4294967295.0
        else:
            counter = ResetProof.restored(GROWTH, counter.saved())
        total = counter.observe(shown, Unix(at), state=3)
        assert total is not None
        assert last <= total <= LIFETIME + charged + 0.001
        last = total


def test_energy_goes_on_after_a_clean_restart() -> None:
    before = Bench()
    before.announce()
    before.hear(("charger/one/wh", "1000"))
    before.wait(1)
    assert restarted(before).metrics()['evse_energy_joules_total{charger="abc123"}'] == 3_600_000


def test_after_a_crash_of_the_bridge_energy_waits_for_a_reading() -> None:
    before = Bench()
    before.announce()
    before.hear(("charger/one/wh", "1000"))
    before.wait(1)
    bench = restarted(before, trusted=False)
    assert 'evse_energy_joules_total{charger="abc123"}' not in bench.metrics()
    bench.hear(("charger/one/wh", "1001"))
    bench.wait(1)
    assert bench.metrics()['evse_energy_joules_total{charger="abc123"}'] == 3_603_600


def test_faults_and_sessions_are_counted_from_zero() -> None:
    bench = Bench()
    bench.announce()
    metrics = bench.metrics()
    assert metrics['evse_sessions_total{charger="abc123"}'] == 0
    assert metrics['evse_crashes_total{charger="abc123"}'] == 0
    faults = [name for name in metrics if name.startswith("evse_faults_total")]
    assert len(faults) == 14
    assert {metrics[name] for name in faults} == {0}


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["charge", "boot", "exchange", "mqtt", "restart", "outage"]),
            st.floats(min_value=15, max_value=600),
        ),
        max_size=60,
    )
)
def test_with_status_too_the_total_never_falls_nor_outgrows_what_was_charged(
    history: list[tuple[str, float]],
) -> None:
    counter, device, at, charged, commands, boots = ResetProof(GROWTH), LIFETIME, 0.0, 0.0, 100, 3
    last = counter.observe(device, Unix(at), state=3) or 0.0
    for event, seconds in history:
        at, commands = at + seconds, commands + 8
        shown = device
        if event == "charge":
            device += seconds * 3
            charged += seconds * 3
            shown = device
        elif event == "boot":
            # The zeros that follow are told over both ways, again and again.
            boots, commands, shown = boots + 1, 1, 0.0
        elif event == "exchange":
            device = shown = 700_000.0 if device > LIFETIME else 9_000_000.0
        elif event == "restart":
            counter = ResetProof.restored(GROWTH, counter.saved())
        elif event == "outage":
            continue
        if event == "mqtt":
            total = counter.observe(shown, Unix(at), state=3, alone=False)
        else:
            witness = Witness(commands, boots, measured=shown > 0)
            total = counter.observe(shown, Unix(at), state=3, witness=witness, alone=False)
        assert total is not None
        assert last <= total <= LIFETIME + charged + 0.001
        last = total


@pytest.mark.parametrize("count", [2, 40, 255])
def test_trips_that_were_0_for_a_while_and_come_back_are_no_trips(count: int) -> None:
    counter = ResetProof(Growth(per_second=0.1, burst=300))
    swear(counter, (0, count, 10, 1), (300, 0, 50, 2), (600, 0, 90, 2))
    assert counter.total == count
    again = ResetProof.restored(Growth(per_second=0.1, burst=300), counter.saved())
    assert swear(again, (900, count, 130, 2), (1200, count + 1, 170, 2)) == [count, count + 1]


def test_trips_that_were_reset_are_counted_one_by_one_past_what_they_were() -> None:
    counter = ResetProof(Growth(per_second=0.1, burst=300))
    swear(counter, (0, 3, 10, 1), (300, 0, 50, 2), (600, 0, 90, 2))
    later = [(900 + 300 * n, n + 1, 130 + 40 * n, 2) for n in range(6)]
    assert swear(counter, *later) == [4, 5, 6, 7, 8, 9]
