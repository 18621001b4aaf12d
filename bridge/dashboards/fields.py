"""A panel's field configuration: unit, colours, value mappings, links."""

from bridge.dashboards.model import Json, Override, Panel, PanelKind

_LINES: Json = {
    "drawStyle": "line",
    "lineWidth": 1,
    "fillOpacity": 8,
    "showPoints": "auto",
    "spanNulls": False,
    "axisPlacement": "auto",
}
_CUSTOM: dict[PanelKind, Json] = {
    PanelKind.TIMESERIES: _LINES,
    PanelKind.TIMELINE: {"lineWidth": 0, "fillOpacity": 80},
    PanelKind.TABLE: {"align": "auto", "filterable": True},
    PanelKind.HEATMAP: {"scaleDistribution": {"type": "linear"}},
}


def fields(panel: Panel) -> Json:
    """Defaults for all fields, and overrides for single ones."""
    return {
        "defaults": _defaults(panel),
        "overrides": [_override(each) for each in panel.overrides],
    }


def _defaults(panel: Panel) -> Json:
    steps = [{"value": each.value, "color": each.colour} for each in panel.thresholds]
    by_name = panel.kind is PanelKind.TIMESERIES
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
    if panel.link_url:
        found["links"] = [link(panel.link_url)]
    return found


def link(url: str) -> Json:
    """A link from a value to the charger's dashboard."""
    return {"title": "Show this charger", "url": url, "targetBlank": False}


def value_mappings(panel_mappings: Json) -> list[Json]:
    """Value mappings in Grafana's format."""
    return [{"type": "value", "options": panel_mappings}] if panel_mappings else []


def _mappings(panel: Panel) -> list[Json]:
    return value_mappings(
        {
            f"{value:g}": {"text": each.text, "color": each.colour, "index": index}
            for index, (value, each) in enumerate(panel.mappings.items())
        }
    )


def _override(override: Override) -> Json:
    by_name = {"id": "byName", "options": override.name}
    by_start = {"id": "byRegexp", "options": f"/^{override.name}/"}
    return {
        "matcher": by_start if override.prefix else by_name,
        "properties": [{"id": id_, "value": value} for id_, value in override.properties.items()],
    }
