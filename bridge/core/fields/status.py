"""GET /status as values: each member becomes a value of a column, or has a reason for none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.core.clock import Unix
from bridge.core.counters import Witness
from bridge.core.fields import resets
from bridge.core.fields.catalogue import LIVE, FieldRow, Kind
from bridge.core.fields.decode import LONGEST, Parse, Value, parser, skew
from bridge.core.fields.decoder import MOST_KNOWN
from bridge.core.fields.payloads import payloads
from bridge.core.fields.states import STARTING
from bridge.core.model import Dialect, Reason

NETWORK_MODES = ("Wired", "STA", "AP", "STA+AP")
OTHER = "other"


@dataclass(frozen=True, slots=True)
class StatusValue:
    """A value of one column, and the catalogue row of its member."""

    row: FieldRow
    value: Value


@dataclass(slots=True)
class Status:
    """One document; always `members` = parts + discarded."""

    members: int
    parts: dict[str, StatusValue] = field(default_factory=dict)
    """By column."""
    discarded: list[tuple[str, Reason]] = field(default_factory=list)
    """By wire key."""
    mode: str | None = None
    """The network mode, from a closed list; also among the discarded: it has no column."""
    reset: str | None = None
    """The reset reason's name, from a closed list."""

    def value(self, column: str) -> Value | None:
        """The value of a column; None where the document had none."""
        part = self.parts.get(column)
        return None if part is None else part.value

    def witness(self) -> Witness:
        """The evidence for its values: after a gateway's boot they are 0 for a while."""
        return Witness(
            commands=self.value("rapi_successes"),
            boots=self.value("boot_count"),
            measured=bool(self.value("energy"))
            and self.value("rapi_connected") != 0
            and self.value("state_code") != STARTING,
        )


class StatusMember:
    """Decodes one member, with a cache: most members of a document repeat.

    Speed: shared by all chargers of a dialect, like the decoders for MQTT.
    """

    __slots__ = ("_parse", "known", "row")

    def __init__(self, row: FieldRow, parse: Parse) -> None:
        self.row = row
        self.known: dict[bytes, StatusValue | Reason] = {}
        self._parse = parse

    def read(self, payload: bytes, unix: Unix) -> StatusValue | Reason:
        """Decode a payload that is not in `known`."""
        found, clock = self._parse(payload), self.row.kind is Kind.TIME
        if clock and not isinstance(found, Reason):
            found = skew(found, unix)
        read = found if isinstance(found, Reason) else StatusValue(self.row, found)
        # The same time means another skew at each arrival.
        if not clock and len(payload) <= LONGEST:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[payload] = read
        return read


class StatusReader:
    """Reads documents of one dialect; made once for many chargers."""

    def __init__(self, dialect: Dialect, temperature_scale: float | None) -> None:
        self._members = {
            wire: StatusMember(row, parser(row, row.scale_for(dialect, temperature_scale)))
            for wire, row in LIVE.items()
        }

    def read(self, document: Mapping[str, object], unix: Unix) -> Status:
        """The values that arrived at `unix`, in Unix seconds."""
        status = Status(len(document))
        idle: list[FieldRow] = []
        for wire, payload in payloads(document):
            member = self._members.get(wire)
            if member is None:
                status.discarded.append((wire, Reason.UNKNOWN_FIELD))
                continue
            found = member.known.get(payload) or member.read(payload, unix)
            if isinstance(found, StatusValue):
                _join(status, found)
            elif found is Reason.NO_SENSOR and member.row.idle_with and payload != b"false":
                idle.append(member.row)
            else:
                status.discarded.append((wire, found))
        _idle(status, idle)
        _read_mode_and_reset(status, document)
        return status


def _join(status: Status, part: StatusValue) -> None:
    """Of two names of one value the better one counts, the other is an alias."""
    other = status.parts.get(part.row.column)
    better = other is None or part.row.rank < other.row.rank
    if better:
        status.parts[part.row.column] = part
    if other is not None:
        worse = other if better else part
        status.discarded.append((worse.row.wire, Reason.ALIAS))


def _idle(status: Status, rows: list[FieldRow]) -> None:
    """0 V on a phase with current is not an unused phase."""
    for row in rows:
        carries = bool(row.idle_with and status.value(row.idle_with))
        reason = Reason.IMPLAUSIBLE if carries else Reason.NO_SENSOR
        status.discarded.append((row.wire, reason))


def _read_mode_and_reset(status: Status, document: Mapping[str, object]) -> None:
    mode = document.get("mode")
    if isinstance(mode, str):
        status.mode = mode if mode in NETWORK_MODES else OTHER
    code, text = status.value("reset_reason"), document.get("reset_reason_str")
    if code is not None or isinstance(text, str):
        words = text if isinstance(text, str) else None
        status.reset = resets.name(None if code is None else int(code), words)
