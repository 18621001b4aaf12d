"""Faults and crashes: kind, charger, count; events have no site."""

from bridge.core.fields.states import FAULTS as KINDS
from bridge.core.gateway.frozen import DEAD
from bridge.dashboards.build import bars, ranking, stat, table
from bridge.dashboards.influxql.common import EACH, TO_CHARGER, events, marks
from bridge.dashboards.model import Dashboard, PanelRow, QueryLanguage, Threshold
from bridge.dashboards.words import BAD, GOOD, WARN, good_at_zero, series_colours

_RED = (Threshold(None, BAD),)
_COUNT, _TIME = 'COUNT("code")', "$timeFilter"
_WRONG = ("fault", "crash", "frozen", "unit_suspect", "duplicate")


_SUMS = PanelRow("In the selected time range", (
    stat("Fault entries", "Number of faults, however short.", "short", events("fault"),
         width=6, no_value="0", thresholds=good_at_zero(WARN)),
    stat("Crashes", "Crashes of gateways.", "short", events("crash"), width=6, no_value="0",
         thresholds=good_at_zero()),
    stat("Reboots", "Reported boots of gateways, including those after a crash; several "
         "between two polls count as one.", "short", events("reboot"), width=6, no_value="0"),
    stat("Frozen controllers", "Controllers that stopped responding.", "short",
         events("frozen", _COUNT, f"{_TIME} AND \"text\" = '{DEAD}'"), width=6,
         no_value="0", thresholds=good_at_zero()),
))  # fmt: skip

_FAULTS = PanelRow("Faults", (
    ranking("By kind", "Faults in the selected time range; kinds that did not occur are absent.",
            "short",
            *((events("fault", _COUNT, f'{_TIME} AND "code" = {code}'), name.replace("_", " "))
              for code, name in KINDS.items()), thresholds=_RED, height=12),
    bars("Over time", "Faults and cleared faults per interval.", "short",
         (events("fault", _COUNT, _TIME, EACH), "entered"),
         (events("fault_cleared", _COUNT, _TIME, EACH), "cleared"), low=0, height=12,
         overrides=series_colours({"entered": BAD, "cleared": GOOD})),
    table("Faults by charger", "Faults in the selected time range.",
            {"charger": "Charger", "Count": "Faults"},
            events("fault", f'{_COUNT} AS "Count"', _TIME, '"charger"'),
            link=TO_CHARGER, width=12, sort="Faults"),
    table("Crashes by charger", "In the selected time range.",
            {"charger": "Charger", "Count": "Crashes"},
            events("crash", f'{_COUNT} AS "Count"', _TIME, '"charger"'),
            link=TO_CHARGER, width=12, sort="Crashes"),
))  # fmt: skip

_KINDS = " OR ".join(f"\"kind\" = '{kind}'" for kind in _WRONG)
_LIST = PanelRow("Events", (
    table("Latest", "The last 200 faults, crashes and other problems.",
            {"Time": "Time", "charger": "Charger", "kind": "Kind", "text": "Text"},
            'SELECT "charger", "kind", "text" FROM "evse_event" '
            f"WHERE {_TIME} AND ({_KINDS}) ORDER BY time DESC LIMIT 200",
            link=TO_CHARGER, height=12),
))  # fmt: skip

FAULTS = Dashboard(
    "nofos-faults-influx",
    "Faults and crashes (InfluxDB)",
    "Faults and crashes by kind and charger.",
    QueryLanguage.INFLUXQL,
    (_SUMS, _FAULTS, _LIST),
    annotations=marks(_TIME),
    since="now-24h",
)
