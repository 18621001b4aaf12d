"""The Prometheus families of a charger: name, type, group and help text of each."""

from dataclasses import dataclass
from enum import StrEnum


class MetricType(StrEnum):
    """Types of the exposition formats; text 0.0.4 has gauges for the last two."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    INFO = "info"
    STATESET = "stateset"


class Group(StrEnum):
    """The values of `/metrics?collect[]=`."""

    LIVE = "live"
    DEVICE = "device"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family; `name` is the name of its samples."""

    name: str
    type: MetricType
    group: Group
    help: str


def _rows(type_: MetricType, group: Group, *rows: tuple[str, str]) -> tuple[Family, ...]:
    return tuple(Family(f"evse_{name}", type_, group, text) for name, text in rows)


FAMILIES: tuple[Family, ...] = (
    *_rows(
        MetricType.INFO,
        Group.LIVE,
        ("info", "The charger's names and versions; all other series carry its id alone."),
    ),
    *_rows(
        MetricType.STATESET,
        Group.LIVE,
        ("source", "The path that feeds the charger's values now."),
        ("state", "The charger's state by name, where the state set is switched on."),
    ),
    *_rows(
        MetricType.GAUGE,
        Group.LIVE,
        ("up", "1 if a live telemetry message or a good poll came within stale_after."),
        ("announced", "1 if the charger's last announcement says connected."),
        ("last_message_timestamp_seconds", "Unix time of the last live telemetry message."),
        ("last_poll_timestamp_seconds", "Unix time of the last good poll."),
        ("state_code", "The charger's state code as it sent it."),
        ("fault", "1 while the state code is a fault (4 to 17)."),
        ("current_amperes", "Measured charging current of a phase."),
        ("voltage_volts", "Measured voltage of a phase."),
        ("power_watts", "Charging power: current times voltage over the phases that have both."),
        ("pilot_amperes", "Current that the pilot signal offers to the car."),
        ("charge_rate_amperes", "Charge rate that the gateway has set."),
        ("available_current_amperes", "Current available for charging."),
        ("smoothed_available_current_amperes", "Current available for charging, smoothed."),
        ("temperature_celsius", "Temperature of a sensor."),
        ("session_energy_joules", "Energy of the session in progress, or of the last one."),
        ("session_duration_seconds", "Time of the session in progress, or of the last one."),
        ("wifi_rssi_dbm", "Wi-Fi signal strength."),
        ("heap_free_bytes", "Free heap of the gateway."),
        ("heap_largest_free_block_bytes", "Largest contiguous free block of the gateway's heap."),
        ("heap_min_free_bytes", "Least free heap of the gateway since its boot."),
        ("rapi_connected", "1 if the gateway considers the controller connected."),
        ("mqtt_connected", "1 if the charger says that its MQTT client is connected."),
        ("nofos_connected", "1 if the charger says that its nofos connection is up."),
        ("ota_running", "1 while a firmware update is running."),
        ("clock_skew_seconds", "The charger's clock minus the time of arrival."),
        ("unit_suspect", "1 if currents look like milliamperes where amperes are due."),
        ("frozen", "1 if the controller is dead behind live MQTT."),
        ("contradictory", "1 if state, current, power and energy contradict each other."),
        ("duplicate", "1 if two devices share this id, or two ids share its base topic."),
        ("poll_success", "1 if the last poll was good."),
        ("poll_duration_seconds", "Time that the last poll took."),
    ),
    *_rows(
        MetricType.COUNTER,
        Group.LIVE,
        ("faults_total", "Changes into a fault state, by fault."),
        ("energy_joules_total", "Energy delivered; goes on across resets of the charger."),
        ("sessions_total", "Charging sessions that ended."),
        ("gfci_trips_total", "Trips of the ground-fault interrupter."),
        ("no_ground_trips_total", "Trips for a missing ground."),
        ("stuck_relay_trips_total", "Trips for a stuck relay."),
        ("boots_total", "Boots of the gateway."),
        ("crashes_total", "Crashes of the gateway."),
        ("rapi_commands_total", "Commands that the gateway sent to the controller."),
        ("rapi_successes_total", "Commands that the controller answered well."),
        ("poll_failures_total", "Polls that failed."),
    ),
    *_rows(
        MetricType.STATESET,
        Group.DEVICE,
        ("network_mode", "The network that the gateway uses."),
    ),
    *_rows(
        MetricType.GAUGE,
        Group.DEVICE,
        ("wifi_connected", "1 if the gateway's Wi-Fi client is connected."),
        ("ethernet_connected", "1 if the gateway's Ethernet is connected."),
        ("network_connected", "1 if any network of the gateway is connected."),
        ("last_reset", "1 for the reason of the gateway's last reset."),
        ("previous_uptime_seconds", "Uptime at the last heartbeat before the last reset."),
        ("previous_heap_free_bytes", "Free heap before the last reset."),
        ("previous_heap_largest_free_block_bytes", "Largest free block before the last reset."),
        ("previous_heap_min_free_bytes", "Least free heap before the last reset."),
        ("previous_seen_timestamp_seconds", "Unix time of the last heartbeat before the reset."),
        ("crash_recorded_timestamp_seconds", "Unix time at which the crash was recorded."),
        ("check_enabled", "Raw flag of a safety check."),
        ("current_limit_amperes", "Hardware limit of the current."),
        ("service_level", "Service level as the controller reports it."),
        ("sensor_scale", "Scale of the current sensor."),
        ("sensor_offset", "Offset of the current sensor."),
        ("flash_size_bytes", "Size of the gateway's flash memory."),
    ),
)
BY_NAME = {family.name: family for family in FAMILIES}
