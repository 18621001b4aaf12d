"""Faults and crashes: what, where, how often; events carry no site."""

from bridge.core.fields.states import FAULTS as KINDS
from bridge.core.gateway.frozen import DEAD
from bridge.dashboards.build import bars, listing, ranking, stat
from bridge.dashboards.influxql.common import EACH, TO_CHARGER, events, marks
from bridge.dashboards.model import Dashboard, Language, Row, Threshold
from bridge.dashboards.words import BAD, GOOD, WARN, coloured, good_at_zero

_RED = (Threshold(None, BAD),)
_COUNT, _TIME = 'COUNT("code")', "$timeFilter"
_WRONG = ("fault", "crash", "frozen", "unit_suspect", "duplicate")


_SUMS = Row("In the chosen time", (
    stat("Fault entries", "Changes into a fault, however short.", "short", events("fault"),
         width=6, no_value="0", thresholds=good_at_zero(WARN)),
    stat("Crashes", "Crashes of gateways.", "short", events("crash"), width=6, no_value="0",
         thresholds=good_at_zero()),
    stat("Reboots", "How often boots of gateways were told, those after a crash too; several "
         "between two polls are told as one.", "short", events("reboot"), width=6, no_value="0"),
    stat("Frozen controllers", "Controllers that died behind live MQTT.", "short",
         events("frozen", _COUNT, f"{_TIME} AND \"text\" = '{DEAD}'"), width=6,
         no_value="0", thresholds=good_at_zero()),
))  # fmt: skip

_FAULTS = Row("Faults", (
    ranking("By kind", "Entries in the chosen time; kinds that did not occur have no bar.",
            "short",
            *((events("fault", _COUNT, f'{_TIME} AND "code" = {code}'), name.replace("_", " "))
              for code, name in KINDS.items()), thresholds=_RED, height=12),
    bars("Over time", "Entries in each stretch of time, and how many faults were over.", "short",
         (events("fault", _COUNT, _TIME, EACH), "entered"),
         (events("fault_cleared", _COUNT, _TIME, EACH), "cleared"), low=0, height=12,
         overrides=coloured({"entered": BAD, "cleared": GOOD})),
    listing("Faults by charger", "Entries in the chosen time.",
            {"charger": "Charger", "Count": "Faults"},
            events("fault", f'{_COUNT} AS "Count"', _TIME, '"charger"'),
            link=TO_CHARGER, width=12, sort="Faults"),
    listing("Crashes by charger", "In the chosen time.",
            {"charger": "Charger", "Count": "Crashes"},
            events("crash", f'{_COUNT} AS "Count"', _TIME, '"charger"'),
            link=TO_CHARGER, width=12, sort="Crashes"),
))  # fmt: skip

_KINDS = " OR ".join(f"\"kind\" = '{kind}'" for kind in _WRONG)
_LIST = Row("What happened", (
    listing("Latest", "The last two hundred faults, crashes and oddities.",
            {"Time": "Time", "charger": "Charger", "kind": "Kind", "text": "What"},
            'SELECT "charger", "kind", "text" FROM "evse_event" '
            f"WHERE {_TIME} AND ({_KINDS}) ORDER BY time DESC LIMIT 200",
            link=TO_CHARGER, height=12),
))  # fmt: skip

FAULTS = Dashboard(
    "nofos-faults-influx",
    "Faults and crashes (InfluxDB)",
    "What goes wrong, where and how often.",
    Language.INFLUXQL,
    (_SUMS, _FAULTS, _LIST),
    annotations=marks(_TIME),
    since="now-24h",
)
