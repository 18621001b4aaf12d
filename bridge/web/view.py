"""A charger as JSON for the API."""

from collections.abc import Mapping

from bridge.core.clock import Moment, rfc3339
from bridge.core.fields import states
from bridge.core.telemetry.telemetry import Telemetry


def charger_view(telemetry: Telemetry, now: Moment) -> dict[str, object]:
    """The charger by the API's names; values are in the InfluxDB columns' units."""
    snapshot = telemetry.snapshot()
    charger, code = snapshot.charger, snapshot.state_code
    return {
        "id": charger.id,
        "name": charger.name,
        "alias": charger.labels.alias or None,
        "site": charger.labels.site or None,
        "up": snapshot.up,
        "announced": charger.announced,
        "source": snapshot.source,
        "state": None if code is None else states.name(code),
        "state_code": code,
        "dialect": charger.dialect.value,
        "last_message": rfc3339(charger.heard_unix),
        "last_poll": rfc3339(charger.polled_unix),
        "untrusted": charger.untrusted,
        "polled_behind": charger.behind,
        "firmware": charger.versions.get("firmware"),
        "version": charger.versions.get("version"),
        "values": values_view(telemetry, now),
    }


def values_view(telemetry: Telemetry, now: Moment) -> Mapping[str, object]:
    """The newest value of each column that is not stale, computed ones too."""
    offset = now.unix - now.steady
    return {
        column: {
            "value": shown.value,
            "time": rfc3339(shown.steady + offset if shown.unix is None else shown.unix),
            "source": "http" if shown.polled else "mqtt",
        }
        for column, shown in telemetry.shown_values().items()
    }
