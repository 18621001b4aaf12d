"""What /status, /config and /crashlog say, from good, odd and hostile documents."""

import json
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.clock import Unix
from bridge.core.fields import resets
from bridge.core.fields.catalogue import LIVE
from bridge.core.fields.config import FACTS, read_config
from bridge.core.fields.crashlog import LONGEST_TEXT, MOST_RECORDS, read_crashlog
from bridge.core.fields.decode import parser
from bridge.core.fields.status import Status, StatusMember, StatusReader
from bridge.core.model import Dialect, Reason
from bridge.core.polling.document import read_document
from bridge.core.polling.outcome import Page

WALL = 1_773_146_100.0
STATUS: dict[str, object] = {
    "mode": "STA", "wifi_client_connected": 1, "eth_connected": 0, "net_connected": 1,
    "ipaddress": "10.0.0.5", "mqtt_connected": 1, "nofos_connected": 0, "free_heap": 180000,
    "largest_free_block": 110000, "min_free_heap": 170000, "comm_sent": 800,
    "comm_success": 799, "rapi_connected": 1, "amp": 15.9, "amp1": 15.9, "amp2": 0, "amp3": 0,
    "voltage": 231.4799957, "pilot": 16, "wh": 2.012722817e7, "v1": 231.4799957, "v2": 0,
    "v3": 0, "temp1": 253, "temp4": False, "state": 3, "freeram": 180000, "srssi": -71,
    "elapsed": 3600, "wattsec": 13320000, "watthour": 20127228.17, "gfcicount": 255,
    "nogndcount": 0, "stuckcount": 1, "charge_rate": 16, "ota_update": 0,
    "time": "2026-03-10T12:34:56Z", "offset": "+0100", "crash_seq": 4, "boot_count": 17,
    "reset_reason": 4, "reset_reason_str": "panic", "prev_uptime_ms": 90500,
    "prev_free_heap": 90000, "prev_largest_free_block": 8000, "prev_min_free_heap": 7000,
    "prev_unix_time": 1773140000, "crash_recorded_unix_time": 1773140003,
}  # fmt: skip
SECRETS = ("depot-wifi", "hunter2", "anna", "nofos-1a2b", "ntp.corp", "broker.corp", "Europe/Wien")
CONFIG: dict[str, object] = {
    "firmware": "7.1.3", "protocol": "5.1.0", "espflash": 4194304, "identifier": "esp32-abcd",
    "version": "2.4.1", "diodet": 1, "gfcit": 0, "groundt": True, "relayt": False, "ventt": "0",
    "tempt": 1, "service": 2, "scale": 220, "offset": -3.5, "amplimit": 32,
    "nofos_network_profile": 3, "mqtt_topic": "charger/seven", "mqtt_announce_topic": "ann/7",
    "ssid": "depot-wifi", "pass": "hunter2", "www_username": "anna", "www_password": "hunter2",
    "hostname": "nofos-1a2b", "sntp_hostname": "ntp.corp", "mqtt_server": "broker.corp",
    "mqtt_user": "anna", "mqtt_pass": "hunter2", "time_zone": "Europe/Wien", "flags": 2,
    "mqtt_supported_protocols": ["mqtt", "mqtts"], "depot-wifi": "hunter2",
}  # fmt: skip
RECORD = {
    "seq": 4, "reset_reason": 4, "reset_reason_str": "panic", "uptime_ms": 90500,
    "unix_time": 1773140000, "recorded_unix_time": 1773140003,
}  # fmt: skip


def read(document: Mapping[str, object], dialect: Dialect = Dialect.NOFOS) -> Status:
    return StatusReader(dialect, None).read(document, Unix(WALL))


def reasons(document: Mapping[str, object]) -> dict[str, Reason]:
    return dict(read(document).discarded)


def test_a_status_document_becomes_values_in_their_columns_units() -> None:
    status = read(STATUS)
    assert {column: part.value for column, part in status.parts.items()} == {
        "wifi_connected": 1, "ethernet_connected": 0, "network_connected": 1,
        "mqtt_connected": 1, "nofos_connected": 0, "heap_free": 180000,
        "heap_largest_free_block": 110000, "heap_min_free": 170000, "rapi_commands": 800,
        "rapi_successes": 799, "rapi_connected": 1, "current_1": 15.9, "current_2": 0.0,
        "current_3": 0.0, "voltage_1": 231.4799957, "pilot": 16.0, "energy": 20127228.17,
        "temp1": 25.3, "state_code": 3, "rssi": -71, "session_elapsed": 3600.0,
        "session_energy": 3700.0, "gfci_trips": 255, "no_ground_trips": 0,
        "stuck_relay_trips": 1, "charge_rate": 16.0, "ota_running": 0, "clock_skew": -4.0,
        "utc_offset": 3600, "crash_seq": 4, "boot_count": 17, "reset_reason": 4,
        "previous_uptime": 90.5, "previous_heap_free": 90000,
        "previous_heap_largest_free_block": 8000, "previous_heap_min_free": 7000,
        "previous_seen": 1773140000, "crash_recorded": 1773140003,
    }  # fmt: skip


def test_what_gave_no_value_has_its_reason() -> None:
    assert reasons(STATUS) == {
        "mode": Reason.NOT_TELEMETRY, "ipaddress": Reason.NOT_TELEMETRY,
        "reset_reason_str": Reason.NOT_TELEMETRY, "amp": Reason.ALIAS, "voltage": Reason.ALIAS,
        "watthour": Reason.ALIAS, "freeram": Reason.ALIAS, "v2": Reason.NO_SENSOR,
        "v3": Reason.NO_SENSOR, "temp4": Reason.NO_SENSOR,
    }  # fmt: skip


def test_words_are_from_closed_lists() -> None:
    assert (read(STATUS).mode, read(STATUS).reset) == ("STA", "panic")
    odd = read({"mode": "evil\nlabel", "reset_reason": 99, "reset_reason_str": "evil"})
    assert (odd.mode, odd.reset) == ("other", "other")
    assert (read({}).mode, read({}).reset) == (None, None)


def test_the_better_name_stands_whatever_the_order() -> None:
    for document in ({"amp": 7, "amp1": 8}, {"amp1": 8, "amp": 7}):
        assert read(document).value("current_1") == 8.0
        assert reasons(document) == {"amp": Reason.ALIAS}


@pytest.mark.parametrize("document", [{"amp2": 9, "v2": 0}, {"v2": 0, "amp2": 9}])
def test_no_volts_where_a_current_flows_are_implausible(document: Mapping[str, object]) -> None:
    assert reasons(document) == {"v2": Reason.IMPLAUSIBLE}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (16, 16.0),
        ("16", 16.0),
        (16.5, 16.5),
        ("1.65e1", 16.5),
        (False, Reason.NO_SENSOR),
        (-1, Reason.NO_SENSOR),
        (None, Reason.IMPLAUSIBLE),
        (float("inf"), Reason.IMPLAUSIBLE),
        (10**30, Reason.IMPLAUSIBLE),
        (10**40, Reason.MALFORMED),
        (-7, Reason.IMPLAUSIBLE),
        (True, Reason.MALFORMED),
        ("", Reason.MALFORMED),
        ("16 A", Reason.MALFORMED),
        ("\ud800", Reason.MALFORMED),
        ({"a": 1}, Reason.NOT_TELEMETRY),
        ([16], Reason.NOT_TELEMETRY),
    ],
)
def test_a_json_value_means_what_its_text_means_on_mqtt(value: object, found: object) -> None:
    status = read({"amp": value})
    assert status.value("current_1") == (None if isinstance(found, Reason) else found)
    assert status.discarded == ([("amp", found)] if isinstance(found, Reason) else [])


def test_currents_are_amperes_in_every_dialect() -> None:
    assert read({"amp": 16200}, Dialect.ANCESTOR).value("current_1") == 16.2


def test_a_text_that_was_read_before_means_the_same_again() -> None:
    reader = StatusReader(Dialect.NOFOS, None)
    document = {"amp1": 16, "v1": 0, "temp1": False, "temp4": -2560, "wh": "soon", "state": 3}
    first = reader.read(document, Unix(WALL))
    assert reader.read(document, Unix(WALL)) == first
    other = reader.read({**document, "amp1": True, "temp1": 0, "temp4": "16"}, Unix(WALL))
    assert (first.value("current_1"), other.value("current_1")) == (16.0, None)
    assert (first.value("temp1"), other.value("temp1")) == (None, 0.0)
    assert (first.value("temp4"), other.value("temp4")) == (None, 1.6)


def test_a_clock_that_stands_is_further_off_each_time() -> None:
    reader = StatusReader(Dialect.NOFOS, None)
    found = [reader.read({"time": "2026-03-10T12:34:56Z"}, Unix(WALL + wait)) for wait in (0, 60)]
    assert [status.value("clock_skew") for status in found] == [-4.0, -64.0]


def test_texts_that_never_come_again_take_bounded_memory() -> None:
    row = LIVE["wh"]
    member = StatusMember(row, parser(row, row.scale))
    for number in range(3000):
        member.read(b"%d" % number, Unix(WALL))
        assert len(member.known) <= 1024
    member.read(b"1." + b"0" * 70, Unix(WALL))
    assert max(map(len, member.known)) == 4


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=70)
    | st.sampled_from(["16", "-1", "0", "1e999", "2026-03-10T12:34:56Z", "+0100"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from([*LIVE, *FACTS, *RECORD, "events"]) | st.text(max_size=70)
DOCUMENTS = st.dictionaries(KEYS, JSON, max_size=20)


@given(DOCUMENTS, st.sampled_from(Dialect))
def test_each_member_of_a_status_is_a_value_or_has_one_reason(
    document: dict[str, object], dialect: Dialect
) -> None:
    status = read(document, dialect)
    assert status.members == len(document) == len(status.parts) + len(status.discarded)
    told = [part.row.wire for part in status.parts.values()]
    told += [wire for wire, _ in status.discarded]
    assert Counter(told) == Counter(key[:64] for key in document)


@given(DOCUMENTS)
def test_each_member_of_a_configuration_is_accounted_for(document: dict[str, object]) -> None:
    device = read_config(document)
    known = len(device.values) + len(device.texts) + len(device.discarded)
    assert known + device.dropped == len(document)


@given(JSON, st.floats(0, 2e9))
def test_no_crash_log_whatever_raises(document: object, wall: float) -> None:
    if isinstance(document, dict | list):
        crashes = read_crashlog(document, Unix(wall))
        assert len({crash.identity for crash in crashes}) == len(crashes) <= MOST_RECORDS
        assert all(len(crash.text) <= LONGEST_TEXT for crash in crashes)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_whatever_raise(body: bytes) -> None:
    for page in Page:
        read_document(body, page)


def test_a_configuration_gives_its_facts() -> None:
    device = read_config(CONFIG)
    assert device.values == {
        "flash_size": 4194304.0, "diode_check": 1, "gfci_check": 0, "ground_check": 1,
        "relay_check": 0, "vent_check": 0, "temperature_check": 1, "service_level": 2.0,
        "sensor_scale": 220.0, "sensor_offset": -3.5, "current_limit": 32.0,
    }  # fmt: skip
    assert device.texts == {
        "firmware": "7.1.3", "protocol": "5.1.0", "identifier": "esp32-abcd",
        "version": "2.4.1", "nofos_network_profile": "3", "mqtt_topic": "charger/seven",
        "mqtt_announce_topic": "ann/7",
    }  # fmt: skip


@pytest.mark.parametrize("wire", ["service", "scale", "offset", "amplimit", "espflash"])
def test_a_setting_that_no_device_can_have_is_no_value(wire: str) -> None:
    device = read_config({wire: 1e308})
    assert (device.values, device.discarded) == ({}, ((wire, Reason.IMPLAUSIBLE),))


def test_a_configuration_gives_nothing_else() -> None:
    told = repr(read_config(CONFIG))
    assert [secret for secret in SECRETS if secret in told] == []
    assert read_config(CONFIG).dropped == 13


@pytest.mark.parametrize(
    "value", [{"ssid": "depot-wifi"}, ["hunter2"], "a\nb", "x" * 256, None, ""]
)
def test_a_fact_that_is_no_plain_text_is_dropped(value: object) -> None:
    device = read_config({"version": value})
    assert device.text("version") is None
    assert "depot-wifi" not in repr(device)
    assert len(device.discarded) == 1


@pytest.mark.parametrize(
    "document",
    [
        [RECORD],
        {"count": 1, "events": [RECORD]},
        {"whatever": [RECORD]},
        {"supported": [RECORD], "n": 1},
        RECORD,
    ],
)
def test_a_crash_log_of_any_form_gives_its_record(
    document: dict[str, object] | list[object],
) -> None:
    (crash,) = read_crashlog(document, Unix(WALL))
    assert (crash.identity, crash.code, crash.seq) == ("4@1773140003", 4, 4)
    assert crash.device_time == 1773140003
    assert crash.text.startswith("panic seq=4 uptime_ms=90500 ")


def test_records_come_oldest_first_and_once() -> None:
    rows: list[object] = [{"seq": 3}, {"seq": 2}, {"seq": 3}, {"seq": 1}]
    assert [crash.seq for crash in read_crashlog(rows, Unix(WALL))] == [1, 2, 3]


def test_a_record_without_a_number_is_known_again() -> None:
    one, two = read_crashlog([{"reason": "panic", "pc": "0x1"}, {"reason": "panic"}], Unix(WALL))
    (again,) = read_crashlog({"log": [{"pc": "0x1", "reason": "panic"}]}, Unix(WALL))
    assert one.identity == again.identity != two.identity
    assert one.code == 4


def test_unknown_members_are_kept_in_bounded_text_without_names_of_the_network() -> None:
    (crash,) = read_crashlog(
        [{"seq": 1, "pc": "0x400d", "task": "loop\n", "wifi_ssid": "depot", "x": "y" * 900}],
        Unix(WALL),
    )
    assert crash.text.startswith("other seq=1 pc=0x400d task=loop? x=yyy")
    assert len(crash.text) == LONGEST_TEXT


def test_what_lies_deep_in_a_record_is_kept_without_names_of_the_network_too() -> None:
    net = {"wifi_ssid": "depot-wifi", "rssi": -60, "sta": [{"Pass": "hunter2", "ch": 6}]}
    (crash,) = read_crashlog([{"seq": 1, "net": net, "mqtt_login": "anna"}], Unix(WALL))
    assert crash.text == 'other seq=1 net={"rssi":-60,"sta":[{"ch":6}]}'


def test_a_record_that_newer_ones_pushed_down_its_list_is_known_again() -> None:
    old, new = {"reason": 4, "unix_time": 1773140000}, {"reason": 4, "unix_time": 1773150000}
    (before,) = read_crashlog([{"index": 0, "age_s": 12, **old}], Unix(WALL))
    rows: list[object] = [{"index": 0, "age_s": 3, **new}, {"index": 1, "age_s": 10_003, **old}]
    after = read_crashlog(rows, Unix(WALL))
    assert [crash.identity == before.identity for crash in after] == [False, True]


@pytest.mark.parametrize("time", [0, 17, 1_599_999_999, int(WALL) + 90_000, -5, "soon", None])
def test_a_device_time_that_cannot_be_is_none(time: object) -> None:
    (crash,) = read_crashlog([{"seq": 1, "unix_time": time}], Unix(WALL))
    assert crash.device_time is None


@pytest.mark.parametrize("document", [{}, [], {"events": []}, {"count": 0}, {"msg": "none"}])
def test_an_empty_crash_log_has_no_records(document: dict[str, object] | list[object]) -> None:
    assert read_crashlog(document, Unix(WALL)) == ()


def test_reset_reasons_are_told_by_code_or_by_word() -> None:
    assert [resets.name(code) for code in (0, 1, 3, 9, 15, 16, None)] == [
        "unknown", "poweron", "sw", "brownout", "cpu_lockup", "other", "other",
    ]  # fmt: skip
    assert resets.name(None, "ESP_RST_TASK_WDT") == "task_wdt"
    assert resets.name(None, "software") == "sw"
    assert [code for code in range(20) if resets.cause(code) is resets.Cause.CRASH] == [
        4, 5, 6, 7, 15,
    ]  # fmt: skip
    assert [code for code in range(20) if resets.cause(code) is resets.Cause.POWER] == [9, 14]
    assert [code for code in range(20) if resets.cause(code) is resets.Cause.PLANNED] == [3, 8]
