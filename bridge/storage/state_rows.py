"""Events and sessions as rows of the state file."""

from collections.abc import Sequence
from math import isfinite

from bridge.core.clock import NEVER, Unix
from bridge.core.model import ChargerId, Event, EventKind, Session
from bridge.storage.database import MOST_MS

KINDS = frozenset(EventKind)
NEW_EVENT = (
    "INSERT INTO events (time_ms, charger, kind, code, text, device_time) VALUES (?, ?, ?, ?, ?, ?)"
)
NEW_SESSION = (
    "INSERT INTO sessions (charger, start_ms, end_ms, charging_s, plugged_s, energy_wh, peak_a,"
    " peak_w, doubtful) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def event_row(event: Event) -> tuple[object, ...]:
    return (
        int(event.unix * 1000), event.charger, event.kind.value, event.code, event.text,
        event.device_time,
    )  # fmt: skip


def read_event(row: Sequence[object]) -> Event:
    _, time_ms, charger, kind, code, text, device_time = row
    return Event(
        ChargerId(str(charger)), _unix(time_ms), EventKind(str(kind)), as_int(code), str(text),
        None if device_time is None else as_int(device_time),
    )  # fmt: skip


def session_row(session: Session) -> tuple[object, ...]:
    return (
        session.charger, int(session.start * 1000), int(session.end * 1000), session.charging_s,
        session.plugged_s, session.energy_wh, session.peak_a, session.peak_w,
        int(session.doubtful),
    )  # fmt: skip


def read_session(row: Sequence[object]) -> Session:
    _, charger, start, end, *numbers, doubtful = row
    charging_s, plugged_s, energy_wh, peak_a, peak_w = map(_as_float, numbers)
    return Session(
        ChargerId(str(charger)), _unix(start), _unix(end), charging_s, plugged_s, energy_wh,
        peak_a, peak_w, bool(doubtful),
    )  # fmt: skip


def _unix(ms: object) -> Unix:
    """Never, for what is no time that can be shown."""
    number = as_int(ms)
    return Unix(number / 1000) if 0 <= number <= MOST_MS else NEVER


def _as_float(value: object) -> float:
    return float(value) if isinstance(value, int | float) and isfinite(value) else 0.0


def as_int(value: object) -> int:
    return value if isinstance(value, int) else 0
