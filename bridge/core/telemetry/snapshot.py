"""A charger's telemetry as others see it, at one moment."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bridge.core.clock import Steady, Unix
from bridge.core.discovery.charger import Charger
from bridge.core.fields.decode import Value
from bridge.core.gateway.facts import Facts
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.load import Load


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A charger now; `state_code` is None once it is stale.

    `presence` is one of PRESENCES, `source` one of SOURCES.
    """

    charger: Charger
    presence: str
    up: bool
    source: str
    state_code: int | None


@dataclass(frozen=True, slots=True)
class ShownValue:
    """The newest value of a column, in its unit; `steady` is when it arrived.

    `unix` is set instead where only the wall clock is known: it may be from an earlier run.
    """

    value: Value | None
    steady: Steady
    polled: bool
    unix: Unix | None = None


def shown_values(
    charger: Charger,
    *,
    channels: Iterable[Channel],
    from_polls: Collection[Channel],
    load: Load,
    energy_total: float | None,
    facts: Facts,
) -> dict[str, ShownValue]:
    """By column; of two names of one value the better one counts, computed values come last."""
    polled = set(from_polls)
    shown = {
        column: ShownValue(value, Steady(0.0), polled=True, unix=facts.unix)
        for column, value in facts.values.items()
    }
    shown |= {
        each.column: ShownValue(each.value, each.steady, each in polled)
        for each in sorted(channels, key=lambda channel: -channel.rank)
    }
    if load.steady is not None and "power" not in shown:
        last_poll = charger.polled_steady
        shown["power"] = ShownValue(load.watts, load.steady, load.steady == last_poll)
    if energy_total is not None and (energy := shown.get("energy")) is not None:
        shown["energy_total"] = ShownValue(energy_total, energy.steady, energy.polled)
    return shown


def shown_skew(since: Steady, *channels: Channel | None) -> float | None:
    """The charger's clock minus ours, from the first channel that received it since then."""
    for channel in channels:
        if channel is not None and channel.shown and channel.steady >= since:
            return channel.value if isinstance(channel.value, float) else None
    return None
