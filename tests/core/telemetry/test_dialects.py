"""Each dialect, document by document, ends in the same metrics with the same units."""

import pytest

from bridge.core.discovery.config import FleetConfig
from bridge.core.model import Dialect
from bridge.core.telemetry.config import TelemetryConfig
from tests.kit.core import Bench

BASE = "charger/one"
NOFOS = """
amp 16.2|amp1 16.2|amp2 0|amp3 0|voltage 240|v1 240|v2 0|v3 0|pilot 32|wh 2.012722817e7|state 3
freeram 158432|srssi -71|temp1 253|temp4 false
"""
ANCESTOR = """
amp 16200|voltage 240|pilot 32|wh 2.012722817e7|temp1 253|temp2 false|temp3 -2560|temp4 -256
state 3|freeram 158432|divertmode 1|srssi -71
"""
OPENEVSE = """
amp 16200|voltage 240|power 3850|pilot 32|wh 2.012722817e7|session_energy 5400.5
total_energy 20127.22817|temp 301|temp_max 315|temp1 253|temp2 false|temp3 false|temp4 -2560
state 3|status active|vehicle 1|colour 6|manual_override 0|freeram 158432|divertmode 1|srssi -71
"""
METER = """
session_elapsed 3725|session_energy 5400.5|total_energy 20127.22817|total_day 12.5|total_week 30
total_month 99|total_year 1200|total_switches 812
"""
SHARED = {
    'evse_current_amperes{charger="abc123",phase="1"}': 16.2,
    'evse_voltage_volts{charger="abc123",phase="1"}': 240,
    'evse_pilot_amperes{charger="abc123"}': 32,
    'evse_temperature_celsius{charger="abc123",sensor="temp1"}': 25.3,
    'evse_energy_joules_total{charger="abc123"}': 72458021412,
    'evse_state_code{charger="abc123"}': 3,
    'evse_heap_free_bytes{charger="abc123"}': 158432,
    'evse_wifi_rssi_dbm{charger="abc123"}': -71,
}


def spoken(
    dialect: Dialect, *documents: str, telemetry_config: TelemetryConfig | None = None
) -> Bench:
    """A charger of this dialect that published these documents, a member a message."""
    bench = Bench(FleetConfig(dialect=dialect), telemetry_config)
    bench.announce(base=BASE)
    for document in documents:
        members = (member.split(" ") for member in document.strip().replace("\n", "|").split("|"))
        bench.hear(*((f"{BASE}/{key}", value) for key, value in members), gap=0.001)
        bench.wait(1)
    return bench


def measured(bench: Bench) -> dict[str, float]:
    """The metrics that hold a value of the charger's own, unless it is zero."""
    names = {name.partition("{")[0] for name in SHARED} | {
        "evse_power_watts", "evse_session_energy_joules", "evse_session_duration_seconds",
    }  # fmt: skip
    return {k: v for k, v in bench.metrics().items() if k.partition("{")[0] in names and v}


def test_nofos() -> None:
    bench = spoken(Dialect.NOFOS, NOFOS)
    assert measured(bench) == SHARED | {'evse_power_watts{charger="abc123"}': 3888}
    assert bench.points() == [
        (
            "current_1=16.2,current_2=0.0,current_3=0.0,voltage_1=240.0,pilot=32.0,energy=20127228.17,"
            "state_code=3i,heap_free=158432i,rssi=-71i,temp1=25.3,power=3888.0,"
            "energy_total=20127228.17,polled=0i"
        )
    ]
    assert bench.discarded() == {"alias": 2, "no_sensor": 3}


def test_the_ancestor() -> None:
    bench = spoken(Dialect.ANCESTOR, ANCESTOR)
    assert measured(bench) == SHARED | {'evse_power_watts{charger="abc123"}': 3888}
    assert bench.points() == [
        (
            "current_1=16.2,voltage_1=240.0,pilot=32.0,energy=20127228.17,temp1=25.3,state_code=3i,"
            "heap_free=158432i,divert_mode=1i,rssi=-71i,power=3888.0,energy_total=20127228.17,polled=0i"
        )
    ]
    assert bench.discarded() == {"no_sensor": 3}


def test_openevse() -> None:
    bench = spoken(Dialect.OPENEVSE, OPENEVSE)
    assert measured(bench) == SHARED | {
        'evse_power_watts{charger="abc123"}': 3850,
        'evse_session_energy_joules{charger="abc123"}': 19441800,
    }
    assert bench.points() == [
        (
            "current_1=16.2,voltage_1=240.0,power=3850.0,pilot=32.0,energy=20127228.17,"
            "session_energy=5400.5,temp_max=31.5,temp1=25.3,state_code=3i,vehicle_connected=1i,"
            "heap_free=158432i,divert_mode=1i,rssi=-71i,energy_total=20127228.17,polled=0i"
        )
    ]
    assert bench.discarded() == {"alias": 1, "no_sensor": 3, "not_telemetry": 1, "unknown_field": 3}


def test_the_energy_meter_of_openevse_has_a_document_of_its_own() -> None:
    bench = spoken(Dialect.OPENEVSE, METER)
    assert measured(bench) == {
        'evse_energy_joules_total{charger="abc123"}': 72458021412,
        'evse_session_energy_joules{charger="abc123"}': 19441800,
        'evse_session_duration_seconds{charger="abc123"}': 3725,
    }
    assert bench.points() == [
        (
            "session_elapsed=3725.0,session_energy=5400.5,energy=20127228.17,"
            "energy_total=20127228.17,polled=0i"
        )
    ]
    assert bench.discarded() == {"unknown_field": 5}


def test_both_totals_of_openevse_are_one_counter() -> None:
    bench = spoken(Dialect.OPENEVSE, OPENEVSE, METER, OPENEVSE, METER)
    assert measured(bench)['evse_energy_joules_total{charger="abc123"}'] == 72458021412


@pytest.mark.parametrize("dialect", [Dialect.ANCESTOR, Dialect.OPENEVSE])
def test_without_an_ammeter_there_is_no_current_and_no_power(dialect: Dialect) -> None:
    bench = spoken(dialect, "amp -1|voltage 240|temp1 false|temp2 -2560|temp3 -256")
    assert measured(bench) == {'evse_voltage_volts{charger="abc123",phase="1"}': 240}
    assert bench.points() == ["voltage_1=240.0,polled=0i"]
    assert bench.discarded() == {"no_sensor": 4}


@pytest.mark.parametrize(("dialect", "celsius"), [(Dialect.NOFOS, 25.0), (Dialect.ANCESTOR, 2.5)])
def test_a_temperature_scale_holds_for_its_dialect_alone(dialect: Dialect, celsius: float) -> None:
    telemetry_config = TelemetryConfig(temperature_scale={Dialect.NOFOS: 1.0})
    assert spoken(dialect, "temp1 25", telemetry_config=telemetry_config).points() == [
        f"temp1={celsius},polled=0i"
    ]


def test_a_sentinel_is_no_temperature_in_any_scale() -> None:
    telemetry_config = TelemetryConfig(temperature_scale={Dialect.NOFOS: 1.0})
    assert (
        spoken(Dialect.NOFOS, "temp1 -2560|temp2 -256", telemetry_config=telemetry_config).points()
        == []
    )


def test_a_power_that_was_sent_is_the_sessions_peak() -> None:
    bench = spoken(
        Dialect.OPENEVSE, "amp 0|voltage 240|power 0|wh 1000|state 2", OPENEVSE,
        "amp 0|voltage 240|power 0|wh 20130000|state 1",
    )  # fmt: skip
    bench.wait(60)
    bench.wait(60)
    (session,) = bench.out.sessions
    assert (session.peak_a, session.peak_w) == (16.2, 3850.0)
