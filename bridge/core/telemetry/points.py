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
from bridge.core.telemetry.contradictions import Contradictions
from bridge.core.telemetry.load import Load
from bridge.core.telemetry.polled import PolledValues
from bridge.core.telemetry.unit_check import CHECKED, UnitCheck

NOT_POLLED, POLLED = "polled=0i", "polled=1i"


class Points:
    """Writes the points of one charger; `polled` has their period."""

    __slots__ = (
        "_channels", "_charger", "_charging", "_contradictions", "_load", "_out",
        "_polled", "_unit_check", "_witnessed_steady", "_writer",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        charging: Charging,
        channels: Channels,
        load: Load,
        unit_check: UnitCheck,
        contradictions: Contradictions,
        writer: Writer,
        out: Outbox,
        polled: PolledValues,
    ) -> None:
        self._charger = charger
        self._charging = charging
        self._channels = channels
        self._load = load
        self._unit_check = unit_check
        self._contradictions = contradictions
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
        power, total = self._observe_power(parts, steady, fields), None
        self._observe_supply(parts, now)
        if (energy := parts.get("energy")) is not None and energy.value is not None:
            alone = self._no_status_due(steady)
            total = self._charging.observe_energy(float(energy.value), now, witness, alone=alone)
            if total is not None:
                fields.append(number("energy_total", total))
        self._observe_session(parts, now)
        if CHECKED in parts and not self._unit_check.doubted:
            self._check(parts, now, total)
        amperes = 0.0 if self._unit_check.doubted else self._load.amperes
        self._charging.observe_load(amperes, power or 0.0, unix)
        fields.append(polled_field)
        self._writer.write_point(fields, len(parts), unix)
        self._out.dirty_since.setdefault(self._charger.id, steady)

    def saved(self) -> dict[str, object]:
        """What the state file keeps."""
        return {"contradictory": self._contradictions.found}

    def _observe_power(
        self, parts: Mapping[str, Channel], steady: Steady, fields: list[str]
    ) -> float | None:
        """The power in W, as the charger measured it or computed; none from a current whose
        unit is in doubt."""
        sent, doubted = self._channels.by_wire.get("power"), self._unit_check.doubted
        reported = "power" in parts or (sent is not None and sent.shown)
        computed = not reported and not doubted
        power = self._load.observe(parts, steady, show=computed)
        if doubted:
            self._load.hide()
        if power is not None and computed:
            fields.append(number("power", power))
        if (measured := parts.get("power")) is not None:
            return measured.value
        return None if doubted else power

    def _check(self, parts: Mapping[str, Channel], now: Moment, total: float | None) -> None:
        """Compare the frame's values with each other."""
        load, measured = self._load, parts.get("power")
        self._contradictions.observe(
            now, state=self._charging.code, amperes=load.amperes, computed=load.computed,
            measured=None if measured is None else measured.value,
            total=None if self._charging.doubtful else total,
        )  # fmt: skip

    def _observe_supply(self, parts: Mapping[str, Channel], now: Moment) -> None:
        """What bounds the energy comes before it; a session's meter bounds it too."""
        pilot, load = parts.get("pilot"), self._load
        if pilot is not None or load.amperes:
            offered = None if pilot is None else pilot.value
            self._charging.deliverable.observe_supply(offered, load.amperes, load.phases, now)
        if (elapsed := parts.get("session_elapsed")) is not None and elapsed.value:
            spent = parts.get("session_energy")
            self._charging.deliverable.observe_session(
                elapsed.value, None if spent is None else spent.value, now
            )

    def _observe_session(self, parts: Mapping[str, Channel], now: Moment) -> None:
        spent, elapsed = parts.get("session_energy"), parts.get("session_elapsed")
        if spent is not None and spent.value is not None:
            self._contradictions.observe_meter(float(spent.value))
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
