"""`fields`: the catalogue as a Markdown table."""

from bridge.core.catalogue import CATALOGUE, Kind, Origin, Row

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


def table() -> str:
    """The whole document."""
    return _INTRO + "".join(_line(row) for row in CATALOGUE)


def _line(row: Row) -> str:
    sources = ", ".join(text for origin, text in _SOURCES.items() if origin & row.origin)
    kind = {Kind.FLOAT: "float", Kind.TIME: "float", Kind.TEXT: "-"}.get(row.kind, "int")
    column = "-" if row.kind is Kind.TEXT else f"`{row.column}`"
    label = f'{{{row.label[0]}="{row.label[1]}"}}' if row.label else ""
    metric = f"`{row.metric}{label}`" if row.metric else "-"
    cells = (f"`{row.wire}`", sources, column, kind, row.unit or "-", metric, row.help)
    return f"| {' | '.join(cells)} |\n"
