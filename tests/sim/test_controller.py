"""The life of a simulated charge controller, without clock and network."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.sim.controller import SimController
from bridge.sim.events import SimEvent, SimEventKind
from bridge.sim.mains import watts
from bridge.sim.meter import Meter
from bridge.sim.plan import FAULTS, FleetUsage, Outlet
from bridge.sim.trips import TripCounts

BUSY = FleetUsage(idle=(30.0, 300.0), charge=(240.0, 1200.0), fault_chance=0.6)
CALM = FleetUsage()
PAUSES = {2, 254, 255}
FAULT_CODES = set(range(4, 18))
FOLLOWS = {
    1: {2} | FAULT_CODES,
    2: {1, 3},
    3: {1} | PAUSES | FAULT_CODES,
    254: {3},
    255: {3},
    **{fault: {1, 3} for fault in FAULT_CODES},
}
SEEDS = st.integers(min_value=0, max_value=10_000)
STEPS = st.lists(st.floats(min_value=0.01, max_value=400), min_size=1, max_size=60)


def life(seed: int, temper: FleetUsage = BUSY) -> SimController:
    return SimController(rng=Random(seed), temper=temper, outlet=Outlet(amps=32, phases=3))


def states(happened: list[SimEvent]) -> list[int]:
    return [int(one.values["code"]) for one in happened if one.kind is SimEventKind.STATE]


@given(seed=SEEDS, steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_energy_never_falls(seed: int, steps: list[float]) -> None:
    one, now, last = life(seed), 0.0, 0.0
    for step in steps:
        now += step
        one.advance(now)
        reading = one.reading(now)
        assert reading.total_wh >= last
        last = reading.total_wh


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_states_follow_each_other_as_a_controller_allows(seed: int) -> None:
    one = life(seed)
    before = one.reading(0.0).state
    for state in states(one.advance(20_000.0)):
        assert state in FOLLOWS[before], (before, state)
        before = state


@given(seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_trip_counters_stay_in_a_byte(seed: int) -> None:
    one = life(seed)
    one.advance(50_000.0)
    assert max(one.trips.gfci, one.trips.no_ground, one.trips.stuck_relay) <= 255


@given(seed=SEEDS, steps=STEPS)
@settings(max_examples=40, deadline=None)
def test_the_course_does_not_depend_on_how_often_one_looks(seed: int, steps: list[float]) -> None:
    often, once = life(seed), life(seed)
    now, happened = 0.0, []
    for step in steps:
        now += step
        happened += often.advance(now)
        often.reading(now)
    assert happened == once.advance(now)
    assert often.reading(now) == once.reading(now)


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_energy_is_the_integral_of_current_and_voltage(seed: int) -> None:
    one, joules = life(seed), 0.0
    first = one.reading(0.0)
    power = watts(first.amps, first.volts)
    for second in range(1, 3001):
        one.advance(float(second))
        reading = one.reading(float(second))
        joules += (power + watts(reading.amps, reading.volts)) / 2
        power = watts(reading.amps, reading.volts)
    gained = one.reading(3000.0).total_wh - first.total_wh
    # A current that breaks off between two of our seconds costs up to 3 Wh.
    assert abs(gained - joules / 3600) <= 0.0005 * gained + 30


@given(seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_current_flows_only_while_charging(seed: int) -> None:
    one = life(seed)
    for now in range(0, 6000, 60):
        one.advance(float(now))
        reading = one.reading(float(now))
        assert reading.state == 3 or reading.amps == (0.0, 0.0, 0.0)


@given(seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_the_calm_have_no_faults(seed: int) -> None:
    assert not set(states(life(seed, CALM).advance(40_000.0))) & set(FAULTS)


def test_every_fault_of_the_table_comes_up_in_a_troubled_fleet() -> None:
    seen: set[int] = set()
    for seed in range(30):
        seen.update(states(life(seed).advance(40_000.0)))
    assert seen >= {4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 254, 255}


def test_a_session_ends_with_the_energy_it_drew() -> None:
    one = life(7, CALM)
    begun: float | None = None
    for now in range(0, 40_000, 5):
        for happening in one.advance(float(now)):
            if happening.kind is SimEventKind.SESSION_START:
                begun = one.reading(happening.at).total_wh
            if happening.kind is SimEventKind.SESSION_END and begun is not None:
                drawn = one.reading(float(now)).total_wh - begun
                assert abs(float(happening.values["energy_wh"]) - drawn) < 20
                return
    raise AssertionError("no session in eleven hours")


def test_elapsed_and_wattsec_are_kept_after_unplugging() -> None:
    one, now = life(3, CALM), 0.0
    while not any(h.kind is SimEventKind.SESSION_END for h in one.advance(now)):
        now += 5.0
    reading = one.reading(now)
    assert reading.state == 1
    assert reading.elapsed > 0
    assert reading.wattsec > 0


def test_session_energy_stops_at_what_31_bits_hold() -> None:
    meter = Meter(total_wh=0.0)
    meter.add(3e9, 3600.0)
    assert meter.wattsec == 2147483647


def test_a_full_trip_counter_stays_full() -> None:
    trips = TripCounts(gfci=255)
    trips.count(6)
    assert trips.gfci == 255


def test_a_trip_counts_where_it_belongs() -> None:
    trips = TripCounts()
    for fault in (6, 7, 7, 8, 10):
        trips.count(fault)
    assert trips == TripCounts(gfci=1, no_ground=2, stuck_relay=1)


def test_a_stretch_that_is_broken_off_gives_way_to_another_and_the_plan_goes_on() -> None:
    life = SimController(rng=Random(3), temper=FleetUsage(), outlet=Outlet(amps=16, phases=1))
    before = life.trips.stuck_relay
    life.advance(10.0)
    life.interrupt(10.0, 8, 600.0)
    happened = life.advance(11.0)
    assert [(one.at, one.kind.value, one.values) for one in happened[:2]] == [
        (10.0, "state", {"code": 8}),
        (10.0, "fault", {"code": 8}),
    ]
    assert life.reading(609.0).state == 8
    assert life.trips.stuck_relay == before + 1
    assert life.next_change == 610.0
    life.advance(610.0)
    assert life.reading(610.0).state != 8
