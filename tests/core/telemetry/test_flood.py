"""A charger over its limit: minutes delivered at once, of which the newest values count."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.core.telemetry.config import TelemetryConfig
from tests.core.telemetry.test_repeats import adds_up
from tests.kit.core import Bench

CODE = 'evse_state_code{charger="abc123"}'
PILOT = 'evse_pilot_amperes{charger="abc123"}'
FAULT = 'evse_fault{charger="abc123"}'


def limited(readings_per_second: float = 10.0) -> Bench:
    bench = Bench(
        telemetry_config=TelemetryConfig(readings_per_second=readings_per_second, stale_after=1e6)
    )
    bench.announce()
    return bench


def burst(bench: Bench, *messages: tuple[str, str]) -> None:
    bench.take(*((f"charger/one/{key}".encode(), value.encode(), False) for key, value in messages))


def test_a_fault_that_ended_within_a_burst_ends() -> None:
    bench = limited()
    minutes = [("pilot", "16"), ("freeram", "5000"), ("srssi", "-60")] * 20
    burst(bench, *minutes, ("state", "6"), *minutes, ("state", "1"))
    bench.wait(2)
    assert (bench.metrics()[CODE], bench.metrics()[FAULT]) == (1, 0)
    adds_up(bench)


def test_the_newest_value_of_a_burst_is_shown() -> None:
    bench = limited()
    burst(bench, *(("pilot", str(6 + n % 30)) for n in range(100)), ("pilot", "11"))
    bench.wait(2)
    assert bench.metrics()[PILOT] == 11
    assert bench.discarded() == {"limit": 80}
    assert bench.out.readings_open == 0


def test_states_beyond_twenty_are_skipped_but_the_newest() -> None:
    bench = limited()
    burst(bench, *(("state", "36"[n % 2]) for n in range(100)), ("state", "1"))
    bench.wait(2)
    assert bench.metrics()[CODE] == 1
    assert bench.discarded() == {"limit": 80}


def test_states_pass_while_other_fields_are_over_the_limit() -> None:
    bench = limited()
    burst(bench, *(("pilot", str(6 + n % 30)) for n in range(100)), ("state", "6"))
    assert bench.metrics()[CODE] == 6


def test_other_fields_pass_while_states_are_over_their_limit() -> None:
    bench = limited()
    burst(bench, *(("state", "36"[n % 2]) for n in range(100)), ("pilot", "13"))
    assert bench.metrics()[PILOT] == 13


def test_a_lasting_flood_is_followed_at_the_limited_rate() -> None:
    bench = limited()
    shown = []
    for n in range(400):
        burst(bench, *(("pilot", str(6 + n % 30)), ("freeram", str(5000 + n))) * 2)
        bench.wait(0.05)
        shown.append(bench.metrics()[PILOT])
    bench.wait(2)
    assert bench.metrics()['evse_heap_free_bytes{charger="abc123"}'] == 5399
    assert len(set(shown[200:])) > 5
    # Twenty at once, then ten a second for twenty seconds.
    assert sum(bench.out.readings) <= 20 + 10 * 22 + 2
    adds_up(bench)


def test_values_held_back_at_the_end_are_not_lost() -> None:
    bench = limited()
    burst(bench, *(("pilot", str(6 + n % 30)) for n in range(100)), ("pilot", "11"))
    bench.registry.close()
    assert bench.points()[-1] == "pilot=11.0,polled=0i"
    adds_up(bench)


def test_a_bad_value_held_back_is_counted_under_its_own_reason() -> None:
    bench = limited()
    burst(bench, *(("pilot", str(6 + n % 30)) for n in range(30)), ("srssi", "junk"))
    assert bench.out.readings_open > 0
    bench.wait(2)
    assert bench.discarded() == {"limit": 9, "malformed": 1}
    adds_up(bench)


FIELDS = {
    "pilot": st.integers(6, 80), "freeram": st.integers(4000, 90000), "srssi": st.integers(-90, -1),
    "state": st.sampled_from((1, 2, 3, 6, 254)), "wh": st.just(1000), "amp2": st.integers(0, 60),
}  # fmt: skip
READING = st.sampled_from(sorted(FIELDS)).flatmap(lambda key: st.tuples(st.just(key), FIELDS[key]))
SHOWN = {
    "pilot": PILOT, "freeram": 'evse_heap_free_bytes{charger="abc123"}', "state": CODE,
    "srssi": 'evse_wifi_rssi_dbm{charger="abc123"}',
    "amp2": 'evse_current_amperes{charger="abc123",phase="2"}',
}  # fmt: skip


@example([([("state", 1), ("state", 254), ("amp2", 0), ("state", 1), ("state", 254)], 0.0)], 1.0)
@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(READING, max_size=120), st.sampled_from((0.0, 0.02, 0.3, 5.0))),
        max_size=6,
    ),
    st.sampled_from((1.0, 3.0, 50.0)),
)
def test_after_any_burst_the_last_value_of_each_field_is_shown(
    bursts: list[tuple[list[tuple[str, int]], float]], rate: float
) -> None:
    bench = limited(rate)
    newest: dict[str, int] = {}
    for readings, pause in bursts:
        burst(bench, *((key, str(value)) for key, value in readings))
        newest.update(readings)
        adds_up(bench)
        bench.wait(pause)
        adds_up(bench)
    for _ in range(40):
        bench.wait(1)
    metrics = bench.metrics()
    assert {key: metrics[SHOWN[key]] for key in newest if key in SHOWN} == {
        key: value for key, value in newest.items() if key in SHOWN
    }
    assert bench.out.readings_open == 0
    adds_up(bench)
