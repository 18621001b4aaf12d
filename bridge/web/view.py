"""A charger as JSON for the API."""

from collections.abc import Mapping

from bridge.core.clock import Moment, rfc3339
from bridge.core.fields import states
from bridge.core.fields.decode import Value
from bridge.core.telemetry.telemetry import Telemetry


def charger_view(telemetry: Telemetry, now: Moment) -> dict[str, object]:
    """The charger with the API's names; values have the units of the InfluxDB columns."""
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
    """The newest value of each column that is not stale, computed columns included."""
    offset, from_polls = now.wall - now.steady, set(telemetry.polled.from_polls())

    def value_view(value: Value | None, at: float, *, polled: bool) -> Mapping[str, object]:
        source = "http" if polled else "mqtt"
        return {"value": value, "time": rfc3339(at + offset), "source": source}

    values = {
        channel.column: value_view(channel.value, channel.at, polled=channel in from_polls)
        for channel in sorted(telemetry.values(), key=lambda each: -each.rank)
    }
    load, total = telemetry.load, telemetry.charging.total
    if load.at is not None and "power" not in values:
        values["power"] = value_view(
            load.watts, load.at, polled=load.at == telemetry.charger.polled_steady
        )
    if total is not None and (energy := values.get("energy")) is not None:
        values["energy_total"] = {**energy, "value": total}
    return values
