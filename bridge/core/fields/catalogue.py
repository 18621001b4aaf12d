"""The catalogue: one row per field that a charger can send.

Sources: integration guide, "/status field reference", "/config field reference" and
"Telemetry and event topics"; the rows marked as dialects' own come from OpenEVSE gateways.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, Flag, auto

from bridge.core.fields.families import BY_NAME, MetricType
from bridge.core.model import Dialect


class Kind(Enum):
    """What the text of a field means, and the permanent type of its column."""

    FLOAT = auto()
    INT = auto()
    FLAG = auto()
    STATE = auto()
    TIME = auto()  # ISO 8601 in UTC; the column is the clock's skew in seconds
    OFFSET = auto()  # "+0100"; the column is seconds east of UTC
    TEXT = auto()  # names and addresses: no sample


class Origin(Flag):
    """Where a field comes from, which decides when it goes stale."""

    PERIODIC = auto()  # in the document that MQTT repeats every 30 s
    EVENT = auto()  # on MQTT when it changes
    STATUS = auto()  # in GET /status
    CONFIG = auto()  # in GET /config


@dataclass(frozen=True, slots=True)
class Scale:
    """A wire value times `times` divided by `per`; two numbers keep 253 tenths at 25.3.

    `decimals` rounds off the error of a multiplication: the same total in another unit must
    be the same number.
    """

    times: float = 1
    per: float = 1
    decimals: int | None = None

    def __call__(self, value: float) -> float:
        scaled = value * self.times / self.per
        return scaled if self.decimals is None else round(scaled, self.decimals)


PLAIN = Scale()
MILLI = Scale(per=1000)
TENTH = Scale(per=10)
WATT_SECONDS = Scale(per=3600)
KILO = Scale(times=1000, decimals=6)
JOULES = Scale(times=3600, decimals=3)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field: its wire key, column, metric, unit, scale and plausible range.

    `low` and `high` bound the value in the column's unit. `absent` are wire values that
    mean "no sensor". Of two rows with one column the smaller `rank` wins within a frame.
    `to_metric` turns the column's unit into the metric's.
    """

    wire: str
    column: str
    kind: Kind
    unit: str
    origin: Origin
    help: str
    metric: str | None = None
    label: tuple[str, str] | None = None
    to_metric: Scale = PLAIN
    low: float = float("-inf")
    high: float = float("inf")
    absent: frozenset[float] = frozenset()
    scale: Scale = PLAIN
    dialect_scale: Mapping[Dialect, Scale] = field(default_factory=dict)
    rank: int = 0
    temperature: bool = False
    # A phase's voltage: 0 V is an unused phase while this column's current is 0 or unknown.
    idle_with: str | None = None
    # In /config: read from the controller, and empty or 0 in a gateway's first minute.
    controller: bool = False

    @property
    def counter(self) -> bool:
        """Whether its metric only rises."""
        return self.metric is not None and BY_NAME[self.metric].type is MetricType.COUNTER

    def scale_for(self, dialect: Dialect, temperature_scale: float | None) -> Scale:
        """How a wire value becomes the column's unit in this dialect."""
        if self.temperature and temperature_scale is not None:
            # Divided, so that 253 times 0.1 is 25.3 too.
            return Scale(per=1 / temperature_scale)
        return self.dialect_scale.get(dialect, self.scale)


_MQTT = Origin.PERIODIC | Origin.STATUS
_LIVE = Origin.EVENT
_BOTH = Origin.EVENT | Origin.STATUS
_STATUS = Origin.STATUS
_CONFIG = Origin.CONFIG
_MA = {Dialect.ANCESTOR: MILLI, Dialect.OPENEVSE: MILLI}
_NO_AMMETER = frozenset({-1.0})
_NO_PROBE = frozenset({-2560.0, -256.0})
_HEAP = 64 * 1024 * 1024
_CODE = (-32768, 65535)
_AFTER_2020 = 1.6e9


def _current(wire: str, phase: str, rank: int = 0) -> FieldRow:
    return FieldRow(
        wire, f"current_{phase}", Kind.FLOAT, "A", _MQTT, f"Measured current, phase {phase}.",
        "evse_current_amperes", ("phase", phase), low=0, high=100_000, absent=_NO_AMMETER,
        dialect_scale=_MA, rank=rank,
    )  # fmt: skip


def _voltage(wire: str, phase: str, rank: int = 0) -> FieldRow:
    return FieldRow(
        wire, f"voltage_{phase}", Kind.FLOAT, "V", _MQTT, f"Measured voltage, phase {phase}.",
        "evse_voltage_volts", ("phase", phase), low=60, high=300, rank=rank,
        idle_with=f"current_{phase}",
    )  # fmt: skip


def _amperes(wire: str, origin: Origin, text: str) -> FieldRow:
    return FieldRow(
        wire, wire, Kind.FLOAT, "A", origin, text, f"evse_{wire}_amperes", low=0, high=1000
    )  # fmt: skip


def _temperature(wire: str, text: str, metric: bool = True) -> FieldRow:
    return FieldRow(
        wire, wire, Kind.FLOAT, "°C", _MQTT, text,
        "evse_temperature_celsius" if metric else None, ("sensor", wire) if metric else None,
        low=-80, high=200, absent=_NO_PROBE, scale=TENTH, temperature=True,
    )  # fmt: skip


def _heap(wire: str, column: str, origin: Origin, text: str, rank: int = 0) -> FieldRow:
    return FieldRow(
        wire, column, Kind.INT, "bytes", origin, text, f"evse_{column}_bytes",
        low=0, high=_HEAP, rank=rank,
    )  # fmt: skip


def _count(wire: str, column: str, metric: str | None, text: str) -> FieldRow:
    return FieldRow(wire, column, Kind.INT, "", _STATUS, text, metric, low=0, high=2**32)


def _flag(
    wire: str, column: str, metric: str | None, text: str, origin: Origin = _STATUS
) -> FieldRow:
    return FieldRow(wire, column, Kind.FLAG, "0/1", origin, text, metric)


def _previous(wire: str, column: str, metric: str, text: str) -> FieldRow:
    return FieldRow(wire, column, Kind.INT, "bytes", _STATUS, text, metric, low=0, high=_HEAP)


def _unix(wire: str, column: str, metric: str, text: str) -> FieldRow:
    return FieldRow(wire, column, Kind.INT, "s", _STATUS, text, metric, low=_AFTER_2020, high=1e11)


def _check(wire: str, check: str) -> FieldRow:
    return FieldRow(
        wire, f"{check}_check", Kind.FLAG, "0/1", _CONFIG, f"Raw flag of the {check} check.",
        "evse_check_enabled", ("check", check), controller=True,
    )  # fmt: skip


def _setting(
    wire: str, column: str, unit: str, metric: str, text: str, *, low: float = 0, high: float = 1000
) -> FieldRow:
    return FieldRow(
        wire, column, Kind.FLOAT, unit, _CONFIG, text, metric, low=low, high=high, controller=True
    )  # fmt: skip


def _text(wire: str, origin: Origin, text: str, *, controller: bool = False) -> FieldRow:
    return FieldRow(wire, wire, Kind.TEXT, "", origin, text, controller=controller)


CATALOGUE: tuple[FieldRow, ...] = (
    _current("amp1", "1"),
    _current("amp", "1", rank=1),
    _current("amp2", "2"),
    _current("amp3", "3"),
    _voltage("v1", "1"),
    _voltage("voltage", "1", rank=1),
    _voltage("v2", "2"),
    _voltage("v3", "3"),
    _amperes("pilot", _MQTT, "Current that the pilot signal offers."),
    _amperes("charge_rate", _BOTH, "Charge rate that the gateway has set."),
    _amperes("available_current", _LIVE, "Current available for charging."),
    _amperes("smoothed_available_current", _LIVE, "Available current, smoothed."),
    _temperature("temp1", "External temperature."),
    _temperature("temp2", "Second temperature (dialects of OpenEVSE)."),
    _temperature("temp3", "Third temperature (dialects of OpenEVSE)."),
    _temperature("temp4", "Temperature of the MCP9808 sensor."),
    _temperature("temp_max", "Highest temperature of the session (OpenEVSE).", metric=False),
    FieldRow("wh", "energy", Kind.FLOAT, "Wh", _MQTT, "Accumulated energy, as the charger says it.",
        low=0, high=1e12),
    FieldRow("watthour", "energy", Kind.FLOAT, "Wh", _STATUS, "Accumulated energy, the same total.",
        low=0, high=1e12, rank=1),
    FieldRow("total_energy", "energy", Kind.FLOAT, "Wh", _MQTT,
        "Accumulated energy (OpenEVSE, kWh).", low=0, high=1e12, scale=KILO, rank=2),
    FieldRow("wattsec", "session_energy", Kind.FLOAT, "Wh", _STATUS, "Energy of the session.",
        "evse_session_energy_joules", to_metric=JOULES, low=0, high=1e9, scale=WATT_SECONDS),
    FieldRow("session_energy", "session_energy", Kind.FLOAT, "Wh", _MQTT,
        "Energy of the session (OpenEVSE).", "evse_session_energy_joules", to_metric=JOULES,
        low=0, high=1e9, rank=1),
    FieldRow("elapsed", "session_elapsed", Kind.FLOAT, "s", _STATUS,
        "Time of the session; kept after unplugging.", "evse_session_duration_seconds",
        low=0, high=2**32),
    FieldRow("session_elapsed", "session_elapsed", Kind.FLOAT, "s", _MQTT,
        "Time of the session (OpenEVSE).", "evse_session_duration_seconds",
        low=0, high=2**32, rank=1),
    FieldRow("power", "power", Kind.FLOAT, "W", _MQTT, "Charging power (OpenEVSE).",
        "evse_power_watts", low=0, high=1e6),
    FieldRow("state", "state_code", Kind.STATE, "code", _MQTT, "The charger's state code.",
        "evse_state_code", low=_CODE[0], high=_CODE[1]),
    FieldRow("srssi", "rssi", Kind.INT, "dBm", _MQTT, "Wi-Fi signal strength.",
        "evse_wifi_rssi_dbm", low=-150, high=-1),
    _heap("free_heap", "heap_free", _STATUS, "Free heap."),
    _heap("freeram", "heap_free", _MQTT, "Free heap, from the telemetry block.", rank=1),
    _heap("largest_free_block", "heap_largest_free_block", _STATUS, "Largest free heap block."),
    _heap("min_free_heap", "heap_min_free", _STATUS, "Least free heap since boot."),
    _count("gfcicount", "gfci_trips", "evse_gfci_trips_total", "GFCI trips; saturates at 255."),
    _count("nogndcount", "no_ground_trips", "evse_no_ground_trips_total",
           "No-ground trips; saturates at 255."),
    _count("stuckcount", "stuck_relay_trips", "evse_stuck_relay_trips_total",
           "Stuck-relay trips; saturates at 255."),
    _count("comm_sent", "rapi_commands", "evse_rapi_commands_total", "RAPI commands sent."),
    _count("comm_success", "rapi_successes", "evse_rapi_successes_total",
           "RAPI commands answered well."),
    _count("boot_count", "boot_count", "evse_boots_total", "Boots of the gateway."),
    _count("crash_seq", "crash_seq", None, "Number of the latest stored crash record."),
    _count("reset_reason", "reset_reason", None, "ESP-IDF reset reason of the last boot."),
    _flag("rapi_connected", "rapi_connected", "evse_rapi_connected", "Controller connected."),
    _flag("mqtt_connected", "mqtt_connected", "evse_mqtt_connected", "MQTT client connected."),
    _flag("nofos_connected", "nofos_connected", "evse_nofos_connected", "nofos path connected."),
    _flag("ota_update", "ota_running", "evse_ota_running", "Firmware update is running."),
    _flag("wifi_client_connected", "wifi_connected", "evse_wifi_connected", "Wi-Fi connected."),
    _flag("eth_connected", "ethernet_connected", "evse_ethernet_connected", "Ethernet connected."),
    _flag("net_connected", "network_connected", "evse_network_connected", "Any network is up."),
    FieldRow("time", "clock_skew", Kind.TIME, "s", _BOTH,
        "The charger's clock, kept as its skew against the time of arrival.",
        "evse_clock_skew_seconds"),
    FieldRow("offset", "utc_offset", Kind.OFFSET, "s", _BOTH, "Offset of local time from UTC.",
        low=-86400, high=86400),
    FieldRow("prev_uptime_ms", "previous_uptime", Kind.FLOAT, "s", _STATUS,
        "Uptime before the last reset.", "evse_previous_uptime_seconds", low=0, high=2**32,
        scale=MILLI),
    _previous("prev_free_heap", "previous_heap_free", "evse_previous_heap_free_bytes",
              "Free heap before the last reset."),
    _previous("prev_largest_free_block", "previous_heap_largest_free_block",
              "evse_previous_heap_largest_free_block_bytes",
              "Largest free heap block before the last reset."),
    _previous("prev_min_free_heap", "previous_heap_min_free",
              "evse_previous_heap_min_free_bytes", "Least free heap before the last reset."),
    _unix("prev_unix_time", "previous_seen", "evse_previous_seen_timestamp_seconds",
          "Unix time of the last heartbeat before the last reset."),
    _unix("crash_recorded_unix_time", "crash_recorded",
          "evse_crash_recorded_timestamp_seconds", "Unix time of the stored crash record."),
    FieldRow("divertmode", "divert_mode", Kind.INT, "code", _MQTT, "Divert mode (OpenEVSE).",
        low=0, high=255),
    FieldRow("divert_update", "divert_update", Kind.FLOAT, "s", _LIVE,
        "Time since the last divert update (OpenEVSE).", low=0, high=2**32),
    _flag("divert_active", "divert_active", None, "Diverting now (OpenEVSE).", _LIVE),
    FieldRow("solar", "solar", Kind.FLOAT, "W", _LIVE, "Solar production (OpenEVSE).",
        low=-1e7, high=1e7),
    FieldRow("grid_ie", "grid_ie", Kind.FLOAT, "W", _LIVE,
        "Grid import, export below 0 (OpenEVSE).", low=-1e7, high=1e7),
    _flag("vehicle", "vehicle_connected", None, "A car is plugged in (OpenEVSE).", _MQTT),
    _text("mode", _STATUS, "Network mode: Wired, STA, AP or STA+AP."),
    _text("ipaddress", _STATUS, "Local address."),
    _text("reset_reason_str", _STATUS, "Reset reason in words."),
    _text("firmware", _CONFIG, "Controller firmware.", controller=True),
    _text("protocol", _CONFIG, "RAPI protocol version.", controller=True),
    _text("identifier", _CONFIG, "Long device identifier."),
    _text("version", _CONFIG, "Gateway firmware."),
    _text("nofos_network_profile", _CONFIG, "Network profile."),
    _text("mqtt_topic", _CONFIG, "Base topic as configured."),
    _text("mqtt_announce_topic", _CONFIG, "Announce topic as configured."),
    _check("diodet", "diode"),
    _check("gfcit", "gfci"),
    _check("groundt", "ground"),
    _check("relayt", "relay"),
    _check("ventt", "vent"),
    _check("tempt", "temperature"),
    _setting("service", "service_level", "", "evse_service_level", "Service level."),
    _setting("scale", "sensor_scale", "", "evse_sensor_scale", "Current-sensor scale.",
             high=1e6),
    _setting("offset", "sensor_offset", "", "evse_sensor_offset", "Current-sensor offset.",
             low=-1e6, high=1e6),
    _setting("amplimit", "current_limit", "A", "evse_current_limit_amperes",
             "Hardware limit of the current."),
    FieldRow("espflash", "flash_size", Kind.FLOAT, "bytes", _CONFIG, "Flash memory.",
        "evse_flash_size_bytes", low=0, high=2**40),
)  # fmt: skip

LIVE = {row.wire: row for row in CATALOGUE if not row.origin & Origin.CONFIG}
"""Fields of telemetry and /status by wire key; /config has an `offset` of its own."""

WIRE_KEYS = frozenset(row.wire for row in CATALOGUE)
"""All members and topics that are known: their names may be logged."""
