"""The display options of each kind of panel, the same on all dashboards."""

from collections.abc import Mapping

from bridge.dashboards.model import Json, PanelKind

_LAST: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_TOOLTIP: Json = {"mode": "multi", "sort": "desc"}

OPTIONS: Mapping[PanelKind, dict[str, object]] = {
    PanelKind.STAT: {
        "reduceOptions": _LAST,
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
        "wideLayout": True,
    },
    PanelKind.TIMESERIES: {"legend": _LEGEND, "tooltip": _TOOLTIP},
    PanelKind.TABLE: {"showHeader": True, "cellHeight": "sm"},
    PanelKind.TIMELINE: {
        "legend": _LEGEND,
        "tooltip": _TOOLTIP,
        "mergeValues": True,
        "showValue": "auto",
        "rowHeight": 0.85,
        "alignValue": "left",
    },
    PanelKind.BARGAUGE: {
        "reduceOptions": _LAST,
        "displayMode": "gradient",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "color",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "namePlacement": "left",
    },
    PanelKind.HEATMAP: {
        "calculate": False,
        "yAxis": {"unit": "s", "axisPlacement": "left"},
        "rowsFrame": {"layout": "auto"},
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5},
        "cellGap": 1,
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "showValue": "never",
    },
}
