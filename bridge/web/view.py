"""A charger as the API and the page show it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from bridge.core.clock import Moment
from bridge.core.fields import states
from bridge.core.fields.decode import Value
from bridge.core.telemetry.telemetry import Telemetry


def rfc3339(unix: float) -> str | None:
    """The time in UTC with milliseconds; None for 0, which stands for never."""
    if not unix:
        return None
    moment = datetime.fromtimestamp(unix, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def charger_view(telemetry: Telemetry, now: Moment) -> dict[str, object]:
    """The charger by the API's names; values are in the InfluxDB columns' units."""
    charger, code = telemetry.charger, telemetry.charging.shown
    return {
        "id": charger.id,
        "name": charger.name,
        "alias": charger.labels.alias or None,
        "site": charger.labels.site or None,
        "up": telemetry.presence.up,
        "announced": charger.announced,
        "source": telemetry.presence.source,
        "state": None if code is None else states.name(code),
        "state_code": code,
        "dialect": charger.dialect.value,
        "last_message": rfc3339(charger.heard_unix),
        "last_poll": rfc3339(charger.polled_unix),
        "firmware": charger.versions.get("firmware"),
        "version": charger.versions.get("version"),
        "values": values_view(telemetry, now),
    }


def values_view(telemetry: Telemetry, now: Moment) -> Mapping[str, object]:
    """The newest value of each column that is not stale, computed ones too."""
    offset, brought = now.wall - now.steady, set(telemetry.polled.from_polls())

    def one(value: Value | None, at: float, *, polled: bool) -> Mapping[str, object]:
        source = "http" if polled else "mqtt"
        return {"value": value, "time": rfc3339(at + offset), "source": source}

    values = {
        channel.column: one(channel.value, channel.at, polled=channel in brought)
        for channel in sorted(telemetry.values(), key=lambda each: -each.rank)
    }
    load, total = telemetry.load, telemetry.charging.total
    if load.at is not None and "power" not in values:
        values["power"] = one(
            load.watts, load.at, polled=load.at == telemetry.charger.polled_steady
        )
    if total is not None and (said := values.get("energy")) is not None:
        values["energy_total"] = {**said, "value": total}
    return values
