"""The chargers' lines in both text formats."""

import zlib

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text004

from bridge.core.fields.catalogue import CATALOGUE
from bridge.core.fields.families import BY_NAME, FAMILIES, Group
from bridge.core.model import ChargerId
from bridge.monitoring.stats import Accounts, AccountsCollector, Stats
from bridge.sinks.prometheus import Exposition
from bridge.web.body import Body, compress
from bridge.web.metrics import Metrics, ScrapeFormat, parse_groups, prefers_openmetrics
from tests.kit.core import ALL_GROUPS, Bench

ONE = ChargerId("abc123")


def busy() -> Bench:
    bench = Bench()
    bench.announce(name='"quoted"\\ and\nbroken')
    bench.hear(*((f"charger/one/{key}", value) for key, value in (
        ("amp", "16.2"), ("voltage", "231"), ("pilot", "16"), ("wh", "1.5"), ("state", "3"),
        ("temp1", "253"), ("temp4", "301"), ("freeram", "99"), ("srssi", "-60"),
        ("time", "2026-09-21T14:13:20Z"), ("elapsed", "7"), ("wattsec", "3600"),
    )))  # fmt: skip
    bench.wait(1)
    return bench


async def render(bench: Bench, *, openmetrics: bool) -> str:
    stats = Stats(version="1", stores=("main",))
    stats.registry.register(AccountsCollector(bench.accounts, lambda: 0))
    body = await Metrics(bench.series_table, stats.registry).render(
        ScrapeFormat(ALL_GROUPS, openmetrics)
    )
    return b"".join(body.pieces).decode()


async def test_prometheus_clients_own_parser_reads_the_text_format() -> None:
    families = {f.name: f for f in text004(await render(busy(), openmetrics=False))}
    assert families["evse_energy_joules"].type == "counter"
    assert families["evse_energy_joules"].samples[0].value == 5400
    assert families["evse_source"].type == "gauge"
    assert families["evse_info"].type == "gauge"
    assert families["evse_info"].samples[0].labels["name"] == '"quoted"\\ and broken'


async def test_prometheus_clients_own_parser_reads_openmetrics() -> None:
    body = await render(busy(), openmetrics=True)
    families = {f.name: f for f in openmetrics(body)}  # type: ignore[no-untyped-call]
    assert body.endswith("# EOF\n")
    assert body.count("# EOF") == 1
    assert families["evse"].type == "info"
    assert families["evse_source"].type == "stateset"
    assert families["evse_energy_joules"].type == "counter"
    assert families["evse_bridge_build"].type == "info"


def test_a_scrape_shows_what_was_put_last_and_nothing_that_was_cleared() -> None:
    series_table = Exposition()
    line = series_table.series("evse_pilot_amperes", ONE, {})
    line.set(16.0)
    line.set(6.5)
    assert b"".join(series_table.blocks(ALL_GROUPS, openmetrics=False)) == (
        b"# HELP evse_pilot_amperes Current that the pilot signal offers to the car.\n"
        b"# TYPE evse_pilot_amperes gauge\n"
        b'evse_pilot_amperes{charger="abc123"} 6.5\n'
    )
    line.clear()
    assert b"".join(series_table.blocks(ALL_GROUPS, openmetrics=False)) == b""


def test_a_strangers_name_cannot_break_out_of_its_label() -> None:
    series_table = Exposition()
    series_table.series("evse_info", ONE, {"name": 'x"} 1\nevse_up{charger="y"} 1 \x1b[31m\\'}).set(
        1
    )
    text = b"".join(series_table.blocks(ALL_GROUPS, openmetrics=False)).decode()
    assert text.splitlines()[2:] == [
        'evse_info{charger="abc123",name="x\\"} 1\\nevse_up{charger=\\"y\\"} 1 [31m\\\\"} 1'
    ]


def test_a_retired_charger_takes_all_its_series_along() -> None:
    series_table = Exposition()
    for charger in ("a", "b"):
        series_table.series("evse_up", ChargerId(charger), {}).set(1)
        series_table.series("evse_current_amperes", ChargerId(charger), {"phase": "1"}).set(1)
    series_table.retire(ChargerId("a"))
    assert len(series_table) == 2


def test_groups_can_be_asked_for_by_name() -> None:
    series_table = Exposition()
    series_table.series("evse_up", ONE, {}).set(1)
    series_table.series("evse_flash_size_bytes", ONE, {}).set(4096)
    live = b"".join(series_table.blocks(parse_groups(["live"]), openmetrics=False))
    device = b"".join(series_table.blocks(parse_groups(["device"]), openmetrics=False))
    assert b"evse_up{" in live
    assert b"evse_flash" not in live
    assert b"evse_flash" in device
    assert parse_groups([]) == {Group.LIVE, Group.DEVICE, Group.BRIDGE}
    with pytest.raises(ValueError, match="everything"):
        parse_groups(["everything"])


async def test_the_bridge_group_alone_carries_no_charger() -> None:
    bench = busy()
    wanted = ScrapeFormat(frozenset({Group.BRIDGE}), openmetrics=False)
    body = await Metrics(bench.series_table, CollectorRegistry()).render(wanted)
    assert b"".join(body.pieces) == b""


PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain;version=0.0.4", False),
        ("application/openmetrics-text;version=1.0.0", True),
        (PROMETHEUS_2_42, True),
        ("text/plain;q=0.9,application/openmetrics-text;q=0.2", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=x", False),
    ],
)  # fmt: skip
def test_the_format_follows_the_accept_header(accept: str, chosen: bool) -> None:
    assert prefers_openmetrics(accept) is chosen


def test_gzip_gives_the_same_text() -> None:
    packed = compress(Body([b"evse_up 1\n" * 1000] * 40)).pieces
    assert zlib.decompress(b"".join(packed), 31) == b"evse_up 1\n" * 40_000


async def test_every_reason_and_store_is_there_from_the_start() -> None:
    body = await render(Bench(), openmetrics=False)
    reasons = [
        "retained",
        "command",
        "not_telemetry",
        "unknown_field",
        "alias",
        "fresher_source",
        "no_sensor",
        "implausible",
        "malformed",
        "ambiguous",
        "duplicate",
        "refused",
        "limit",
        "disk",
        "bug",
    ]
    for reason in reasons:
        assert f'evse_bridge_readings_discarded_total{{reason="{reason}"}} 0.0' in body
    assert 'evse_bridge_points_stored_total{store="main"} 0.0' in body
    assert "_created" not in body


def test_the_accounts_are_read_at_one_moment() -> None:
    accounts = Accounts(received=7, recovered=1, stored=3)
    collected = {
        m.name: m.samples[0].value for m in AccountsCollector(accounts, lambda: 5).collect()
    }
    assert collected["evse_bridge_readings_received"] == 7
    assert collected["evse_bridge_readings_pending"] == 5


def test_every_metric_of_the_catalogue_has_its_family() -> None:
    assert {row.metric for row in CATALOGUE if row.metric} <= BY_NAME.keys()
    assert len(BY_NAME) == len(FAMILIES)


def test_a_column_never_has_two_types_nor_two_units() -> None:
    seen: dict[str, tuple[object, str]] = {}
    for row in CATALOGUE:
        assert seen.setdefault(row.column, (row.kind, row.unit)) == (row.kind, row.unit)


# The contract of names fixes both sides of these: the same quantity in the same unit.
SAME_QUANTITY = {
    "evse_state_code", "evse_rapi_connected", "evse_mqtt_connected", "evse_nofos_connected",
    "evse_ota_running", "evse_wifi_connected", "evse_ethernet_connected",
    "evse_network_connected", "evse_service_level", "evse_sensor_scale", "evse_sensor_offset",
}  # fmt: skip


def test_a_column_shares_a_metrics_name_only_where_both_mean_the_same() -> None:
    names = {f"evse_{row.column}" for row in CATALOGUE}
    charges = {f"evse_charge_{c}" for c in ("start", "charging_s", "plugged_s", "energy_wh",
                                            "peak_a", "peak_w", "doubtful")}  # fmt: skip
    events = {"evse_event_code", "evse_event_text", "evse_event_device_time"}
    assert names & charges == names & events == set()
    assert (names | charges | events) & BY_NAME.keys() == SAME_QUANTITY
    for name in SAME_QUANTITY:
        rows = [row for row in CATALOGUE if row.metric == name]
        assert all(row.to_metric(1) == 1 for row in rows)


GUIDE_STATUS = [
    "mode",
    "wifi_client_connected",
    "eth_connected",
    "net_connected",
    "ipaddress",
    "mqtt_connected",
    "free_heap",
    "largest_free_block",
    "min_free_heap",
    "comm_sent",
    "comm_success",
    "rapi_connected",
    "nofos_connected",
    "amp",
    "amp1",
    "amp2",
    "amp3",
    "voltage",
    "pilot",
    "wh",
    "v1",
    "v2",
    "v3",
    "temp1",
    "temp4",
    "state",
    "freeram",
    "srssi",
    "elapsed",
    "wattsec",
    "watthour",
    "gfcicount",
    "nogndcount",
    "stuckcount",
    "charge_rate",
    "ota_update",
    "time",
    "offset",
    "crash_seq",
    "boot_count",
    "reset_reason",
    "reset_reason_str",
    "prev_uptime_ms",
    "prev_free_heap",
    "prev_largest_free_block",
    "prev_min_free_heap",
    "prev_unix_time",
    "crash_recorded_unix_time",
    "available_current",
    "smoothed_available_current",
]
GUIDE_CONFIG = [
    "firmware",
    "protocol",
    "espflash",
    "identifier",
    "version",
    "diodet",
    "gfcit",
    "groundt",
    "relayt",
    "ventt",
    "tempt",
    "service",
    "scale",
    "offset",
    "amplimit",
]


@pytest.mark.parametrize("wire", [*GUIDE_STATUS, *GUIDE_CONFIG])
def test_every_field_of_the_guide_is_a_row(wire: str) -> None:
    assert wire in {row.wire for row in CATALOGUE}
