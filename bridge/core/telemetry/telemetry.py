"""The telemetry of one charger: receives payloads, turns its open frame into points."""

from math import inf

from bridge.core.clock import Moment, Steady
from bridge.core.clock_steps import ClockStep
from bridge.core.discovery.charger import Charger
from bridge.core.fields.decoder import Decoders
from bridge.core.labels import Labels
from bridge.core.model import Event, Reason, SavedState
from bridge.core.output.outbox import Outbox
from bridge.core.output.series import SeriesTable
from bridge.core.output.writer import Writer
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.config import TelemetryConfig
from bridge.core.telemetry.frame import Repeat
from bridge.core.telemetry.parts import build_parts
from bridge.core.telemetry.reading_limit import ReadingLimits
from bridge.core.telemetry.snapshot import ShownValue, Snapshot, shown_skew, shown_values


class Telemetry:
    """Receives the payloads of one charger and fills the outbox and the series.

    `charger` is its identity, `documents` receives the documents of its polls.
    """

    __slots__ = (
        "_channels", "_charging", "_config", "_due", "_frames", "_gateway", "_limit", "_limits",
        "_load", "_moment", "_out", "_points", "_polled", "_presence", "_unit_check", "_writer",
        "charger", "documents",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        series_table: SeriesTable,
        out: Outbox,
        writer: Writer,
        config: TelemetryConfig,
        decoders: Decoders,
        saved: SavedState,
        trusted: bool,
    ) -> None:
        self.charger = charger
        self._writer = writer
        self._out = out
        self._config = config
        self._moment: Moment | None = None
        self._due = 0.0
        """Steady time before which no value can become stale."""
        self._limits = ReadingLimits(config.readings_per_second)
        self._limit = self._limits.fields
        parts = build_parts(
            charger, series_table=series_table, out=out, writer=writer, config=config,
            decoders=decoders, saved=saved, trusted=trusted,
        )  # fmt: skip
        self._load, self._gateway = parts.load, parts.gateway
        self._presence, self._charging = parts.presence, parts.charging
        self._polled = parts.polled
        self._channels = parts.channels
        self._points = parts.points
        self._frames = parts.frames
        self._unit_check = parts.unit_check
        self.documents = parts.documents

    def channel(self, wire: str) -> Channel | None:
        """The channel of a wire key; None where the catalogue has no such field."""
        return self._channels.of(wire)

    def receive(self, channel: Channel, payload: bytes, now: Moment) -> Reason | None:
        """Receive one live payload; returns the reason for no sample, or None.

        Speed: one burst of messages shares a moment, so what depends only on time is done once
        per moment, and a member joins its frame here, not in a call.
        """
        if now is not self._moment:
            self._begin_moment(now)
        limit = self._limits.states_at(now.steady) if channel.state else self._limit
        if limit.left < 1:
            self._out.open_frames[self] = None
            return self._limits.hold(limit, channel, payload)
        limit.left -= 1
        frame, first = self._frames.open, None
        if frame is not None:
            first = frame.parts.get(channel.column)
            if frame.repeat is not None or (
                first is not None and (first is channel or channel in frame.aliases)
            ):
                repeat = frame.observe_repeat(channel, payload, now)
                if repeat is Repeat.NO_VALUE and channel.reason is not None:
                    return self._channels.discard(channel, channel.reason)
                if repeat is not Repeat.NONE:
                    return self._frames.add_repeat(frame, repeat)
                frame = self._frames.without(channel)
                first = None if frame is None else frame.parts.get(channel.column)
        if payload != channel.payload:
            channel.read(payload, now.unix)
        if channel.reason is not None:
            return self._channels.discard(channel, channel.reason)
        channel.steady = now.steady
        if (
            channel.current
            and first is None
            and (channel.compared or self._unit_check.suspect)
            and self._unit_check.refuses(channel, self._channels.by_wire.get("pilot"), now)
        ):
            return Reason.IMPLAUSIBLE
        if channel.state:
            if frame is None and self._frames.repeats_lone(channel, now.steady):
                return Reason.ALIAS
            if self._frames.receive_state(channel, now):
                return None
        if frame is None:
            frame = self._frames.begin(now)
            self._out.open_frames[self] = None
        frame.last = now.steady
        if first is not None:
            if frame.add_second_name(channel, first):
                # Both names have one series, and the better one decides what it shows.
                channel.show()
            return Reason.ALIAS
        frame.parts[channel.column] = channel
        if not channel.shown:
            channel.show()
        return None

    def mark_up(self, now: Moment) -> None:
        """Mark a charger up that was not up."""
        event = self._presence.mark_up(now)
        if event is not None:
            self._writer.write_event(event)

    @property
    def readings(self) -> int:
        """Readings in the open frame, and those held back by a limit."""
        frame = self._frames.open
        return self._limits.waiting + (0 if frame is None else frame.readings)

    def close_if_quiet(self, steady: Steady) -> bool:
        """Close the frame if it has ended; False while one is open."""
        if self._limits.holding:
            self._release(steady)
        self._frames.close_if_over(steady)
        return self._frames.open is None and not self._limits.holding

    def close(self) -> None:
        """Close the frame, with what a limit held back: its members become one point."""
        self._release(Steady(inf))
        self._frames.close()

    def sweep(self, now: Moment) -> None:
        """Hide stale values, and end a session that has waited long enough."""
        config = self._config
        down = self._presence.sweep(now)
        if down or now.steady >= self._due:
            self._expire(now.steady, down)
        for channel in self._polled.stale(now.steady, periodic_after=config.stale_after, down=down):
            self._channels.expire_polled(channel)
        self._gateway.sweep(now.steady, self._polled.status_after)
        ended = self._presence.duplicate_ended(now)
        if ended is not None:
            self._writer.write_event(ended)
        self._charging.sweep(now)

    @property
    def presence(self) -> str:
        """One of PRESENCES."""
        return self._presence.kind()

    def snapshot(self) -> Snapshot:
        """The charger's state now."""
        presence = self._presence
        return Snapshot(
            self.charger, self.presence, presence.up, presence.source, self._charging.shown
        )

    def shown_values(self) -> dict[str, ShownValue]:
        """The newest value of each column that is not stale, those computed or from /config too."""
        return shown_values(
            self.charger, channels=self._channels.values(), from_polls=self._polled.from_polls(),
            load=self._load, energy_total=self._charging.total,
            facts=self._gateway.facts,
        )  # fmt: skip

    def identity_changed(self) -> None:
        """The fleet changed the charger's name or presence."""
        self._presence.update()

    def relabel(self, labels: Labels) -> bool:
        """Set the labels; False if they are unchanged."""
        if labels == self.charger.labels:
            return False
        self.charger.labels = labels
        self._writer.set_site(labels.site)
        self._presence.update()
        return True

    def write_event(self, event: Event) -> None:
        """Write an event of the charger."""
        self._writer.write_event(event)

    def clock_stepped(self, step: ClockStep) -> None:
        """The wall clock was set: correct the times that the wrong one gave."""
        self._charging.sessions.clock_stepped(step)

    def clock_skew(self, since: Steady) -> float | None:
        """Its clock minus ours, as received since then and not stale."""
        by_wire, polled = self._channels.by_wire, self._polled.channels
        return shown_skew(since, by_wire.get("time"), polled.get("clock_skew"))

    def last_stamp_ms(self) -> int:
        """The latest timestamp of its points."""
        return max(self._writer.stamps())

    def saved(self) -> dict[str, object]:
        """What the state file keeps of this charger."""
        return {
            **self.charger.saved(),
            **self._charging.saved(),
            **self._polled.saved(),
            **self._gateway.saved(),
            **self.documents.saved(),
            "unit_suspect": self._unit_check.suspect,
            **self._points.saved(),
            "stamps": self._writer.stamps(),
        }

    def _begin_moment(self, now: Moment) -> None:
        """Do once per moment what depends only on time."""
        self._limit.fill(now.steady)
        if self._limits.holding:
            self._release(now.steady)
        self._moment = now
        self.charger.heard_steady, self.charger.heard_unix = now.steady, now.unix
        if not self._presence.up:
            self.mark_up(now)
        self._frames.close_if_over(now.steady)

    def _release(self, steady: Steady) -> None:
        for reason in self._limits.release(self.receive, self._moment, steady):
            self._out.discard(reason)

    def _expire(self, steady: Steady, down: bool) -> None:
        """Hide stale values, and set `_due`."""
        stale_after = self._config.stale_after
        first = self._channels.expire(steady, stale_after, down=down)
        self._load.expire(steady - stale_after)
        self._due = min(first, self._load.steady or first) + stale_after
