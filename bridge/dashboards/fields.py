"""A panel's field configuration: unit, colours, words for values, links."""

from bridge.dashboards.model import Json, Kind, Override, Panel

_LINES: Json = {
    "drawStyle": "line",
    "lineWidth": 1,
    "fillOpacity": 8,
    "showPoints": "auto",
    "spanNulls": False,
    "axisPlacement": "auto",
}
_CUSTOM: dict[Kind, Json] = {
    Kind.TIMESERIES: _LINES,
    Kind.TIMELINE: {"lineWidth": 0, "fillOpacity": 80},
    Kind.TABLE: {"align": "auto", "filterable": True},
    Kind.HEATMAP: {"scaleDistribution": {"type": "linear"}},
}


def fields(panel: Panel) -> Json:
    """Defaults for all fields, and what single ones have of their own."""
    return {
        "defaults": _defaults(panel),
        "overrides": [_override(each) for each in panel.overrides],
    }


def _defaults(panel: Panel) -> Json:
    steps = [{"value": each.value, "color": each.colour} for each in panel.thresholds]
    by_name = panel.kind is Kind.TIMESERIES
    found: dict[str, object] = {
        "unit": panel.unit,
        "color": {"mode": "palette-classic-by-name" if by_name else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": _mappings(panel),
        "custom": {**_CUSTOM.get(panel.kind, {}), **panel.custom},
    }
    chosen = {
        "decimals": panel.decimals,
        "min": panel.low,
        "max": panel.high,
        "noValue": panel.no_value,
    }
    found |= {name: value for name, value in chosen.items() if value is not None}
    if panel.leads_to:
        found["links"] = [link(panel.leads_to)]
    return found


def link(url: str) -> Json:
    """A click on a value leads to the charger."""
    return {"title": "Show this charger", "url": url, "targetBlank": False}


def mapped(panel_mappings: Json) -> list[Json]:
    """Words for values, as Grafana has them."""
    return [{"type": "value", "options": panel_mappings}] if panel_mappings else []


def _mappings(panel: Panel) -> list[Json]:
    return mapped(
        {
            f"{value:g}": {"text": each.text, "color": each.colour, "index": index}
            for index, (value, each) in enumerate(panel.mappings.items())
        }
    )


def _override(override: Override) -> Json:
    by_name = {"id": "byName", "options": override.name}
    by_start = {"id": "byRegexp", "options": f"/^{override.name}/"}
    return {
        "matcher": by_start if override.many else by_name,
        "properties": [{"id": id_, "value": value} for id_, value in override.properties.items()],
    }
