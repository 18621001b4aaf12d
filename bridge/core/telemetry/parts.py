"""Builds the parts of one charger's telemetry, which share its channels, charging and writer."""

from dataclasses import dataclass

from bridge.core.charging.charging import Charging
from bridge.core.discovery.charger import Charger
from bridge.core.fields.decoder import Decoders
from bridge.core.gateway.gateway import Gateway
from bridge.core.model import SavedState
from bridge.core.output.outbox import Outbox
from bridge.core.output.series import SeriesTable
from bridge.core.output.writer import Writer
from bridge.core.telemetry.channels import Channels
from bridge.core.telemetry.config import TelemetryConfig
from bridge.core.telemetry.contradictions import Contradictions
from bridge.core.telemetry.documents import Documents
from bridge.core.telemetry.frames import Frames
from bridge.core.telemetry.load import Load
from bridge.core.telemetry.points import Points
from bridge.core.telemetry.polled import PolledValues
from bridge.core.telemetry.presence import Presence
from bridge.core.telemetry.unit_check import UnitCheck


@dataclass(frozen=True, slots=True)
class TelemetryParts:
    """The parts of one charger's telemetry."""

    load: Load
    gateway: Gateway
    presence: Presence
    charging: Charging
    polled: PolledValues
    channels: Channels
    points: Points
    frames: Frames
    unit_check: UnitCheck
    documents: Documents


def build_parts(
    charger: Charger,
    *,
    series_table: SeriesTable,
    out: Outbox,
    writer: Writer,
    config: TelemetryConfig,
    decoders: Decoders,
    saved: SavedState,
    trusted: bool,
) -> TelemetryParts:
    """The parts, restored from the saved state."""
    load = Load(series_table.series("evse_power_watts", charger.id, {}))
    # Before presence, which exposes the versions that the gateway restores.
    gateway = Gateway(charger, series_table=series_table, writer=writer, saved=saved)
    presence = Presence(charger, series_table=series_table, stale_after=config.stale_after)
    charging = Charging(
        charger.id, series_table=series_table, writer=writer, saved=saved, trusted=trusted,
        state_set=config.state_set,
    )  # fmt: skip
    polled = PolledValues(
        charger, series_table=series_table, decoders=decoders, writer=writer, saved=saved,
        usual_period=config.enrich_every,
    )  # fmt: skip
    channels = Channels(
        charger, series_table=series_table, decoders=decoders, charging=charging,
        temperature_scale=config.temperature_scale.get(charger.dialect), polled=polled,
    )  # fmt: skip
    unit_check = UnitCheck(charger, charging=charging, series_table=series_table, saved=saved)
    contradictions = Contradictions(
        charger.id, series_table=series_table, writer=writer, saved=saved
    )
    points = Points(
        charger, charging=charging, channels=channels, load=load, unit_check=unit_check,
        contradictions=contradictions, writer=writer, out=out, polled=polled,
    )  # fmt: skip
    frames = Frames(points=points, charging=charging, writer=writer, out=out, gap=config.frame_gap)
    documents = Documents(
        charger, channels=channels, charging=charging, gateway=gateway, points=points,
        polled=polled, presence=presence, unit_check=unit_check, writer=writer, saved=saved,
        silent_after=config.silent_after, stale_after=config.stale_after,
    )  # fmt: skip
    return TelemetryParts(
        load=load, gateway=gateway, presence=presence, charging=charging, polled=polled,
        channels=channels, points=points, frames=frames, unit_check=unit_check, documents=documents,
    )  # fmt: skip
