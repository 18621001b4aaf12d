"""`fields`: the catalogue as a Markdown table."""

from bridge.core.fields.catalogue import CATALOGUE, FieldRow, Kind, Origin
from bridge.core.fields.families import FAMILIES, Family

_SOURCES = {
    Origin.PERIODIC: "MQTT",
    Origin.EVENT: "MQTT, when it changes",
    Origin.STATUS: "/status",
    Origin.CONFIG: "/config",
}
_INTRO = """# Fields

Every field that a charger can send, the column of measurement `evse` in InfluxDB and the
Prometheus metric that it becomes. Made by `nofos-bridge fields`; a test keeps it fresh.

| field | from | column | type | unit | metric | meaning |
|---|---|---|---|---|---|---|
"""


_METRICS = """
## Metrics of a charger

Every series has the label `charger`, the charger's id as it was announced. A value that went
stale is absent. In OpenMetrics, `evse_info` is an info and the two sets are state sets; the
text format shows them as gauges.

| metric | type | group | meaning |
|---|---|---|---|
"""


def table() -> str:
    """The whole document."""
    rows = "".join(_line(row) for row in CATALOGUE)
    return _INTRO + rows + _METRICS + "".join(_metric(family) for family in FAMILIES)


def _metric(family: Family) -> str:
    return f"| `{family.name}` | {family.type} | {family.group} | {family.help} |\n"


def _line(row: FieldRow) -> str:
    sources = ", ".join(text for origin, text in _SOURCES.items() if origin & row.origin)
    kind = {Kind.FLOAT: "float", Kind.TIME: "float", Kind.TEXT: "-"}.get(row.kind, "int")
    column = "-" if row.kind is Kind.TEXT else f"`{row.column}`"
    label = f'{{{row.label[0]}="{row.label[1]}"}}' if row.label else ""
    metric = f"`{row.metric}{label}`" if row.metric else "-"
    cells = (f"`{row.wire}`", sources, column, kind, row.unit or "-", metric, row.help)
    return f"| {' | '.join(cells)} |\n"
