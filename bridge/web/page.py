"""The fleet page: plain HTML, rendered on the server, without scripts."""

from collections.abc import Iterable, Mapping
from html import escape

from bridge.core.discovery.charger import Charger
from bridge.core.fields import states
from bridge.core.model import ChargerId
from bridge.core.telemetry.presence import PRESENCES
from bridge.core.telemetry.snapshot import ShownValue
from bridge.core.telemetry.telemetry import Telemetry
from bridge.runtime.yielding import Yielding

MAX_ROWS = 500
_COLUMNS = (
    ("Current", ("current_1", "current_2", "current_3"), "A", 1),
    ("Voltage", ("voltage_1", "voltage_2", "voltage_3"), "V", 0),
    ("Pilot", ("pilot",), "A", 0),
    ("Temp.", ("temp1",), "°C", 1),
    ("Energy", ("energy",), "kWh", 1),
    ("Wi-Fi", ("rssi",), "dBm", 0),
)
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #777; --ok: #2a7d46; --bad: #b3261e;
  --busy: #1f5fa8; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 76rem;
  padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0 0 .3rem; }
p { margin: .2rem 0 1rem; color: var(--dim); }
.summary { display: flex; gap: 1.5rem; flex-wrap: wrap; margin: .8rem 0; padding: 0; }
.summary li { list-style: none; } .summary b { font-size: 1.4rem; display: block; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { font-weight: 600; color: var(--dim); }
th:nth-child(-n+3), td:nth-child(-n+3) { text-align: left; }
td small { color: var(--dim); }
.dot::before { content: "●"; margin-right: .4rem; color: var(--dim); }
.up::before { color: var(--ok); } .fault::before { color: var(--bad); }
.charging::before { color: var(--busy); }
form { margin: .8rem 0; }
"""


class FleetPage:
    """Renders the chargers and their current values."""

    def __init__(self, telemetries: Mapping[ChargerId, Telemetry]) -> None:
        self._telemetries = telemetries

    async def render(self, now: float, *, search: str = "") -> str:
        """The page; `search` selects chargers whose id, name, alias or site contains it.

        Yields to the event loop in between, so rows may differ slightly in time.
        """
        pause, telemetries = Yielding(), list(self._telemetries.values())
        matching, count = await _matching(telemetries, search.strip().lower(), pause)
        summary = await _summary(telemetries, pause)
        rows = []
        for telemetry in matching:
            rows.append(_row(telemetry, now))
            await pause.due()
        return (
            "<!doctype html><html lang=en><meta charset=utf-8>"
            '<meta name=viewport content="width=device-width, initial-scale=1">'
            '<meta http-equiv=refresh content="10">'
            f"<title>nofos-bridge</title><style>{_STYLE}</style><h1>nofos-bridge</h1>"
            f"{summary}{_search_form(search)}{_truncation_note(count)}"
            f"<div class=wide><table><thead><tr>{_header_cells()}</tr></thead>"
            f"<tbody>{''.join(rows) or _NO_CHARGERS}</tbody></table></div>"
            '<p>More: <a href="/metrics">/metrics</a>, '
            '<a href="/api/v1/chargers">/api/v1/chargers</a>, '
            '<a href="/api/v1/events">/api/v1/events</a>, '
            '<a href="/api/v1/sessions">/api/v1/sessions</a></p></html>'
        )


async def _matching(
    telemetries: Iterable[Telemetry], search: str, pause: Yielding
) -> tuple[list[Telemetry], int]:
    """The first MAX_ROWS matching chargers, sorted by name and id, and how many match."""
    first: list[tuple[str, ChargerId, Telemetry]] = []
    count = 0
    for telemetry in telemetries:
        if _matches(telemetry, search):
            count += 1
            first.append((_display_name(telemetry.charger), telemetry.charger.id, telemetry))
            # Speed: sorting a whole large fleet would hold up the event loop.
            if len(first) == 2 * MAX_ROWS:
                first = sorted(first)[:MAX_ROWS]
        await pause.due()
    return [telemetry for *_, telemetry in sorted(first)[:MAX_ROWS]], count


async def _summary(telemetries: Iterable[Telemetry], pause: Yielding) -> str:
    counts = dict.fromkeys(PRESENCES, 0)
    charging = faulty = 0
    for telemetry in telemetries:
        snapshot = telemetry.snapshot()
        counts[snapshot.presence] += 1
        if snapshot.up:
            charging += snapshot.state_code == states.CHARGING
            faulty += snapshot.state_code in states.FAULTS
        await pause.due()
    totals = {**counts, "charging": charging, "in fault": faulty}
    items = "".join(f"<li><b>{count}</b>{name}</li>" for name, count in totals.items())
    return f"<ul class=summary>{items}</ul>"


_NO_CHARGERS = (
    f"<tr><td colspan={len(_COLUMNS) + 4}>No chargers yet. "
    "Chargers appear when they announce themselves.</td></tr>"
)


def _header_cells() -> str:
    names = ["Charger", "State", "Id", *(f"{n} <small>{u}</small>" for n, _, u, _ in _COLUMNS)]
    return "".join(f"<th>{name}</th>" for name in [*names, "Last seen"])


def _search_form(search: str) -> str:
    return (
        f'<form><input type=search name=q value="{escape(search)}" '
        'placeholder="name, site or id" aria-label="Search chargers"> '
        "<button>Search</button></form>"
    )


def _truncation_note(count: int) -> str:
    if count <= MAX_ROWS:
        return ""
    return f"<p>The first {MAX_ROWS} of {count} chargers; use the search to find others.</p>"


def _matches(telemetry: Telemetry, search: str) -> bool:
    charger, labels = telemetry.charger, telemetry.charger.labels
    words = (charger.id, charger.name or "", labels.alias, labels.site)
    return any(search in word.lower() for word in words)


def _display_name(charger: Charger) -> str:
    """The operator's alias, or else the charger's own name."""
    return charger.labels.alias or charger.name or ""


def _name_cell(charger: Charger) -> str:
    notes = [charger.labels.site]
    if charger.untrusted:
        notes.append("not polled: untrusted")
    if charger.behind is not None:
        notes.append(f"announced the address of {charger.behind}")
    shown = "".join(f" <small>{escape(note)}</small>" for note in notes if note)
    return escape(_display_name(charger) or "-") + shown


def _row(telemetry: Telemetry, now: float) -> str:
    snapshot, values = telemetry.snapshot(), telemetry.shown_values()
    charger, code, up = snapshot.charger, snapshot.state_code, snapshot.up
    state = snapshot.presence if not up or code is None else states.name(code)
    css_class = "up" if up else ""
    if up and code in states.FAULTS:
        css_class = "fault"
    elif up and code == states.CHARGING:
        css_class = "charging"
    cells = "".join(f"<td>{_cell(columns, values, digits)}</td>"
                    for _, columns, _, digits in _COLUMNS)  # fmt: skip
    return (
        f"<tr><td>{_name_cell(charger)}</td>"
        f'<td class="dot {css_class}">{escape(state.replace("_", " "))}</td>'
        f'<td><a href="/api/v1/chargers/{escape(charger.id)}">{escape(charger.id)}</a></td>'
        f"{cells}<td>{_age(charger.last_seen_unix, now)}</td></tr>"
    )


def _cell(columns: Iterable[str], values: Mapping[str, ShownValue], digits: int) -> str:
    shown = []
    for column in columns:
        found = values.get(column)
        if found is not None and found.value is not None:
            value = found.value / 1000 if column == "energy" else found.value
            shown.append(f"{value:.{digits}f}")
    return " / ".join(shown) or "<small>-</small>"


def _age(last_seen: float, now: float) -> str:
    if not last_seen:
        return "<small>never</small>"
    seconds = max(0, int(now - last_seen))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
