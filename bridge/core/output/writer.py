"""The points of one charger as line protocol: frames, events, sessions."""

from collections.abc import Iterable, Mapping

from bridge.core.clock import Unix
from bridge.core.model import ChargerId, Event, EventKind, Session
from bridge.core.output import line_protocol
from bridge.core.output.outbox import Outbox
from bridge.core.output.series import Series
from bridge.core.output.timestamps import Timestamps

POLLED = "polled"


class Writer:
    """Gives every point its tags and timestamp, and appends it to the outbox."""

    __slots__ = (
        "_charge_head",
        "_charger",
        "_head",
        "_out",
        "_tags",
        "charges",
        "events",
        "samples",
    )

    def __init__(
        self, charger: ChargerId, *, out: Outbox, tags: Mapping[str, str], floor_ms: int
    ) -> None:
        self._tags = {**tags, "charger": charger}
        self.set_site("")
        self._out = out
        self._charger = charger
        self.samples = Timestamps(floor_ms)
        self.events = Timestamps(floor_ms)
        self.charges = Timestamps(floor_ms)

    def set_site(self, site: str) -> None:
        """Set the site of all further points; empty for that of the static tags, if any."""
        tags = {**self._tags, "site": site} if site else self._tags
        self._head = line_protocol.head("evse", tags)
        self._charge_head = line_protocol.head("evse_charge", tags)

    def stamps(self) -> list[int]:
        """The last timestamp in each measurement, in milliseconds."""
        return [self.samples.last, self.events.last, self.charges.last]

    def restore(self, stamps: object) -> None:
        """Continue after the timestamps that an earlier run gave."""
        if isinstance(stamps, list) and len(stamps) == 3:
            for each, last in zip((self.samples, self.events, self.charges), stamps, strict=True):
                each.last = max(each.last, int(last))

    def write_point(self, fields: Iterable[str], readings: int, unix: Unix) -> None:
        """Write one point of samples, made from so many readings."""
        before = self.samples.last
        stamp = self.samples.next(unix)
        if stamp < before:
            text = f"timestamps go back by {round((before - stamp) / 1000)} s: the clock was set"
            self.write_event(Event(self._charger, unix, EventKind.CLOCK, 0, text))
        self._out.append(line_protocol.line(self._head, fields, stamp), readings, stamp)

    def mark_dirty(self) -> None:
        """Have the charger's state saved at once."""
        self._out.dirty.add(self._charger)

    def write_event(self, event: Event) -> None:
        """Write an event as a point and to the state file."""
        stamp = self.events.next(event.unix)
        fields = [line_protocol.number("code", event.code), line_protocol.text("text", event.text)]
        if event.device_time is not None:
            fields.append(line_protocol.number("device_time", event.device_time))
        head = line_protocol.head("evse_event", {**self._tags, "kind": event.kind})
        self._out.append(line_protocol.line(head, fields, stamp), 0, stamp)
        self._out.events.append(event)
        self._out.dirty.add(event.charger)

    def publish_when_saved(self, line: Series, value: float) -> None:
        """Expose a counter once the state file has it: a crash must not make it fall."""
        self._out.counters[line] = value

    def publish_when_journaled(self, line: Series, value: float) -> None:
        """Expose a total once the journal has the point that holds it."""
        self._out.counters[line] = value
        self._out.totals.add(line)

    def write_session(self, session: Session) -> None:
        """Write a finished session; its timestamp is its end."""
        stamp = self.charges.next(session.end)
        fields = [
            line_protocol.number("start", int(session.start)),
            line_protocol.number("charging_s", session.charging_s),
            line_protocol.number("plugged_s", session.plugged_s),
            line_protocol.number("energy_wh", session.energy_wh),
            line_protocol.number("peak_a", session.peak_a),
            line_protocol.number("peak_w", session.peak_w),
            line_protocol.number("doubtful", int(session.doubtful)),
        ]
        self._out.append(line_protocol.line(self._charge_head, fields, stamp), 0, stamp)
        self._out.sessions.append(session)
        self._out.dirty.add(session.charger)
