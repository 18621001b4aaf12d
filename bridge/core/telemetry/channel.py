"""A channel: one field of one charger, with its newest value and its series."""

from bridge.core.clock import Moment, Steady, Unix
from bridge.core.fields.catalogue import FieldRow, Kind, Origin
from bridge.core.fields.decode import LONGEST, Value, skew
from bridge.core.fields.decoder import Decoder
from bridge.core.model import Reason
from bridge.core.output.series import Series

SAME_SECOND = 0.5
"""A gateway's clock has whole seconds."""


class Channel:
    """The newest value of a field.

    Speed: a payload that equals the last one is not even looked up in the decoder.
    """

    __slots__ = (
        "column",
        "compared",
        "current",
        "decoder",
        "ending",
        "event_driven",
        "kind",
        "payload",
        "rank",
        "reason",
        "row",
        "series",
        "shown",
        "state",
        "steady",
        "text",
        "value",
    )  # fmt: skip

    def __init__(self, row: FieldRow, decoder: Decoder, series: Series | None) -> None:
        self.row = row
        self.decoder = decoder
        self.series = series
        self.column = row.column
        self.kind = row.kind
        self.rank = row.rank
        self.state = row.kind is Kind.STATE
        self.current = row.metric == "evse_current_amperes"
        """Whether it is a phase's current, whose unit may be suspect."""
        self.compared = row.column == "current_1"
        """Whether its unit is compared with the pilot."""
        self.event_driven = bool(row.origin & Origin.EVENT)
        self.payload: bytes | None = None
        self.value: Value | None = None
        self.reason: Reason | None = None
        self.text = ""
        self.ending = b""
        self.steady = Steady(0.0)
        self.shown = False

    def read(self, payload: bytes, unix: Unix) -> None:
        """Decode a payload that differs from the last: a new value, or a reason for none.

        `unix` is its arrival in Unix seconds, against which a device's clock is compared.
        """
        decoder = self.decoder
        found = decoder.known.get(payload) or decoder.read(payload)
        if self.kind is Kind.TIME:
            # The same time means another skew at each arrival.
            found = decoder.value(found[0] or skew(found[1], unix))
        else:
            # A long payload is never a value, and not worth its memory.
            self.payload = payload if len(payload) <= LONGEST else None
        self.reason, value, text, ending = found
        if self.reason is None:
            self.shown = self.shown and value == self.value
            self.value, self.text, self.ending = value, text, ending

    def repeats(self, payload: bytes, now: Moment) -> bool:
        """Whether a payload is the same as the last one, which was a value."""
        if self.kind is not Kind.TIME:
            return payload == self.payload
        reason, device_time, _, _ = self.decoder.known.get(payload) or self.decoder.read(payload)
        passed = now.steady - self.steady
        # The last payload of a clock is not kept, only its skew.
        return (
            reason is None
            and self.value is not None
            and abs(device_time - now.unix + passed - self.value) < SAME_SECOND
        )

    def set_value(self, value: Value) -> None:
        """Set a value that was decoded elsewhere, in the column's unit."""
        if value == self.value and self.reason is None:
            return
        self.shown = self.shown and value == self.value
        self.reason, self.value, self.text, self.ending = self.decoder.value(value)

    def show(self) -> None:
        """Expose the value, if there is one."""
        self.shown = True
        if self.series is not None and self.value is not None:
            self.series.set_text(self.ending)

    def hide(self) -> None:
        """Stop exposing the value: it is stale, or the sensor is missing.

        A counter's series stays until the charger retires.
        """
        if self.shown and self.series is not None and not self.row.counter:
            self.series.clear()
        self.shown = False
