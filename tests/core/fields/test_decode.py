"""Payload forms that gateways really print, and what each becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.fields.catalogue import CATALOGUE, LIVE, FieldRow, Kind, Scale
from bridge.core.fields.config import read_config
from bridge.core.fields.decode import LONGEST, Value, parser
from bridge.core.fields.decoder import MOST_KNOWN, Decoder
from bridge.core.model import Dialect, Reason


def read(wire: str, payload: str | bytes, dialect: Dialect = Dialect.NOFOS) -> Value | Reason:
    row = LIVE[wire]
    raw = payload.encode() if isinstance(payload, str) else payload
    return parser(row, row.scale_for(dialect, None))(raw)


@pytest.mark.parametrize(
    ("wire", "payload", "value"),
    [
        ("amp", "16", 16.0),
        ("amp", "0", 0.0),
        ("voltage", "233.7", 233.7),
        ("voltage", "231.4799957", 231.4799957),
        ("voltage", "240", 240.0),
        ("wh", "2.012722817e7", 20127228.17),
        ("wh", "1.234e-6", 1.234e-6),
        ("watthour", "34.067667", 34.067667),
        ("srssi", "-71", -71),
        ("state", "3", 3),
        ("state", "254", 254),
        ("state", "596", 596),
        ("freeram", "1.2e5", 120000),
        ("temp1", "210", 21.0),
        ("temp1", "253", 25.3),
        ("temp1", "-35", -3.5),
        ("wattsec", "3600", 1.0),
        ("wattsec", "2147483647", 596523.2352777778),
        ("total_energy", "12.5", 12500.0),
        ("total_energy", "20127.22817", 20127228.17),
        ("prev_uptime_ms", "4294967294", 4294967.294),
        ("rapi_connected", "1", 1),
        ("rapi_connected", "true", 1),
        ("rapi_connected", "false", 0),
        ("offset", "+0100", 3600),
        ("offset", "-0530", -19800),
        ("time", "2026-03-10T12:34:56Z", 1773146096.0),
        ("gfcicount", "255", 255),
        ("vehicle", "true", 1),
    ],
)
def test_a_payload_becomes_a_value_in_its_columns_unit(
    wire: str, payload: str, value: float
) -> None:
    found = read(wire, payload)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("wire", "payload", "reason"),
    [
        ("temp1", "false", Reason.NO_SENSOR),
        ("temp1", "-2560", Reason.NO_SENSOR),
        ("temp2", "-256", Reason.NO_SENSOR),
        ("amp", "-1", Reason.NO_SENSOR),
        ("amp", "false", Reason.NO_SENSOR),
        ("v2", "0", Reason.NO_SENSOR),
        ("amp", "-2", Reason.IMPLAUSIBLE),
        ("amp", "null", Reason.IMPLAUSIBLE),
        ("amp", "nan", Reason.IMPLAUSIBLE),
        ("amp", "inf", Reason.IMPLAUSIBLE),
        ("amp", "-Infinity", Reason.IMPLAUSIBLE),
        ("amp", "1e999", Reason.IMPLAUSIBLE),
        ("voltage", "59.9", Reason.IMPLAUSIBLE),
        ("voltage", "301", Reason.IMPLAUSIBLE),
        ("freeram", "4294967295", Reason.IMPLAUSIBLE),
        ("freeram", "67108865", Reason.IMPLAUSIBLE),
        ("srssi", "0", Reason.IMPLAUSIBLE),
        ("srssi", "31", Reason.IMPLAUSIBLE),
        ("prev_unix_time", "100", Reason.IMPLAUSIBLE),
        ("rapi_connected", "null", Reason.IMPLAUSIBLE),
        ("offset", "+9959", Reason.IMPLAUSIBLE),
        ("amp", "", Reason.MALFORMED),
        ("amp", "true", Reason.MALFORMED),
        ("amp", "16 A", Reason.MALFORMED),
        ("amp", " 16", Reason.MALFORMED),
        ("amp", "1_6", Reason.MALFORMED),
        ("amp", "0x10", Reason.MALFORMED),
        ("amp", "١٦", Reason.MALFORMED),
        ("amp", b"\xff\xfe", Reason.MALFORMED),
        ("amp", "1" * 65, Reason.MALFORMED),
        ("state", "2.5", Reason.MALFORMED),
        ("rapi_connected", "2", Reason.MALFORMED),
        ("time", "yesterday", Reason.MALFORMED),
        ("time", "", Reason.MALFORMED),
        ("offset", "CET", Reason.MALFORMED),
        ("amp", '{"a":1}', Reason.NOT_TELEMETRY),
        ("amp", "[16]", Reason.NOT_TELEMETRY),
        ("ipaddress", "10.0.0.7", Reason.NOT_TELEMETRY),
    ],
)
def test_a_payload_without_a_value_has_one_reason(
    wire: str, payload: str | bytes, reason: Reason
) -> None:
    assert read(wire, payload) is reason


@pytest.mark.parametrize(
    ("dialect", "payload", "amperes"),
    [
        (Dialect.NOFOS, "16.2", 16.2),
        (Dialect.ANCESTOR, "16200", 16.2),
        (Dialect.OPENEVSE, "16200", 16.2),
        (Dialect.ANCESTOR, "-1", Reason.NO_SENSOR),
    ],
)
def test_currents_are_amperes_in_every_dialect(
    dialect: Dialect, payload: str, amperes: object
) -> None:
    assert read("amp", payload, dialect) == amperes


def test_a_temperature_scale_from_the_settings_replaces_the_dialects() -> None:
    row = LIVE["temp1"]
    assert parser(row, row.scale_for(Dialect.NOFOS, 1.0))(b"25.5") == 25.5


def test_a_temperature_scale_keeps_tenths_as_they_were_written() -> None:
    row = LIVE["temp1"]
    assert parser(row, row.scale_for(Dialect.NOFOS, 0.1))(b"3") == 0.3


@given(st.binary(max_size=80))
def test_no_payload_whatever_raises(payload: bytes) -> None:
    for each in CATALOGUE:
        found = parser(each, Scale())(payload)
        assert isinstance(found, Reason | int | float)


@given(st.floats(min_value=0, max_value=1000).map(lambda x: round(x, 6)))
def test_a_printed_number_is_read_back_exactly(value: float) -> None:
    assert read("pilot", repr(value)) == value


def test_every_number_has_bounds() -> None:
    endless = [
        row.wire
        for row in CATALOGUE
        if row.kind in {Kind.FLOAT, Kind.INT, Kind.STATE}
        and not -(2.0**53) < row.low <= row.high < 2.0**53
    ]
    assert endless == []


def test_what_a_decoder_remembers_is_bounded() -> None:
    row = LIVE["wh"]
    decoder = Decoder(row, row.scale)
    for n in range(3 * MOST_KNOWN):
        assert decoder.read(b"%d" % n)[1] == n
        assert len(decoder.known) <= MOST_KNOWN
    decoder.read(b"1" * 1000)
    assert max(map(len, decoder.known)) <= LONGEST


@pytest.mark.parametrize(
    "row",
    [row for row in CATALOGUE if row.kind in {Kind.FLOAT, Kind.INT, Kind.STATE}],
    ids=lambda row: row.wire,
)
@pytest.mark.parametrize("payload", [b"4294967295", b"4.294967295e9", b"4294967295.0"])
def test_all_bits_set_is_no_value_of_any_field(row: FieldRow, payload: bytes) -> None:
    assert parser(row, row.scale)(payload) is Reason.IMPLAUSIBLE


def test_a_flash_size_with_all_bits_set_is_no_size() -> None:
    found = read_config({"espflash": 4294967295, "amplimit": 4294967295})
    assert (found.values, {reason for _, reason in found.discarded}) == ({}, {Reason.IMPLAUSIBLE})


@pytest.mark.parametrize("joules", [1, 7, 2147483647, 4294967294, 1_000_003])
def test_whole_joules_stay_whole(joules: int) -> None:
    row = LIVE["wattsec"]
    value = parser(row, row.scale)(str(joules).encode())
    assert not isinstance(value, Reason)
    assert row.to_metric(value) == joules
