"""Turns the members of a frame or a document into one point, and updates what depends on it."""

from collections.abc import Mapping

from bridge.core.charging.charging import Charging
from bridge.core.clock import Moment, Steady
from bridge.core.counters import Witness
from bridge.core.discovery.charger import Charger
from bridge.core.output.line_protocol import number
from bridge.core.output.outbox import Outbox
from bridge.core.output.writer import Writer
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.channels import Channels
from bridge.core.telemetry.load import Load
from bridge.core.telemetry.polled import PolledValues

NOT_POLLED, POLLED = "polled=0i", "polled=1i"


class Points:
    """Writes the points of one charger; `polled` has their period."""

    __slots__ = (
        "_channels", "_charger", "_charging", "_load", "_out", "_polled",
        "_witnessed_steady", "_writer",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        charging: Charging,
        channels: Channels,
        load: Load,
        writer: Writer,
        out: Outbox,
        polled: PolledValues,
    ) -> None:
        self._charger = charger
        self._charging = charging
        self._channels = channels
        self._load = load
        self._writer = writer
        self._out = out
        self._polled = polled
        self._witnessed_steady: Steady | None = None
        """Steady time of the last /status with evidence for its values."""

    def witnessed(self, steady: Steady) -> None:
        """A /status arrived that has evidence for its values."""
        self._witnessed_steady = steady

    def write(
        self,
        parts: Mapping[str, Channel],
        now: Moment,
        polled_field: str,
        witness: Witness | None = None,
    ) -> None:
        """Write one point of these members, by column; `now.steady` is the last one's arrival."""
        unix, steady = now.unix, now.steady
        fields = [part.text for part in parts.values()]
        sent = self._channels.by_wire.get("power")
        computed = "power" not in parts and (sent is None or not sent.shown)
        power = self._load.observe(parts, steady, show=computed)
        if power is not None and computed:
            fields.append(number("power", power))
        if not computed and (reported := parts.get("power")) is not None:
            power = reported.value
        if (energy := parts.get("energy")) is not None and energy.value is not None:
            alone = self._no_status_due(steady)
            total = self._charging.observe_energy(float(energy.value), unix, witness, alone=alone)
            if total is not None:
                fields.append(number("energy_total", total))
        self._observe_session(parts, now)
        self._charging.observe_load(self._load.amperes, power or 0.0, unix)
        fields.append(polled_field)
        self._writer.write_point(fields, len(parts), unix)
        self._out.dirty_since.setdefault(self._charger.id, steady)

    def _observe_session(self, parts: Mapping[str, Channel], now: Moment) -> None:
        spent, elapsed = parts.get("session_energy"), parts.get("session_elapsed")
        if spent is not None or elapsed is not None:
            self._charging.observe_session(
                None if spent is None else spent.value,
                None if elapsed is None else elapsed.value,
                now,
            )

    def _no_status_due(self, steady: Steady) -> bool:
        """Whether no /status with evidence for a total can be expected."""
        witnessed = self._witnessed_steady
        return witnessed is None or steady - witnessed >= self._polled.status_after
