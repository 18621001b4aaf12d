"""Functions that build panels, one for each kind."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.dashboards.model import Override, Panel, PanelKind, PanelQuery, QueryType
from bridge.dashboards.words import column


def queries(*pairs: str | tuple[str, str]) -> tuple[PanelQuery, ...]:
    """Queries, each with or without a legend."""
    return tuple(PanelQuery(pair) if isinstance(pair, str) else PanelQuery(*pair) for pair in pairs)


def _panel(
    kind: PanelKind,
    title: str,
    description: str,
    unit: str,
    pairs: tuple[str | tuple[str, str], ...],
    options: Mapping[str, object],
) -> Panel:
    panel = Panel(kind, title, description, queries(*pairs), unit)
    return replace(panel, **options)  # type: ignore[arg-type]  # names as in Panel


def stat(title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object) -> Panel:
    """One current value."""
    small = {"width": 3, "height": 4, "query_type": QueryType.INSTANT}
    return _panel(PanelKind.STAT, title, about, unit, pairs, small | more)


def lines(
    title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object
) -> Panel:
    """Values over time."""
    return _panel(PanelKind.TIMESERIES, title, about, unit, pairs, more)


def bars(title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object) -> Panel:
    """Counts per interval, stacked."""
    custom = {
        "drawStyle": "bars",
        "fillOpacity": 80,
        "stacking": {"mode": "normal", "group": "A"},
    }
    return _panel(PanelKind.TIMESERIES, title, about, unit, pairs, {"custom": custom} | more)


def ranking(
    title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object
) -> Panel:
    """The current value of each series as a bar."""
    now = {"query_type": QueryType.INSTANT, "low": 0}
    return _panel(PanelKind.BARGAUGE, title, about, unit, pairs, now | more)


def timeline(title: str, about: str, *pairs: str | tuple[str, str], **more: object) -> Panel:
    """States over time, as coloured text."""
    return _panel(
        PanelKind.TIMELINE, title, about, "none", pairs, {"width": 24, "height": 6} | more
    )


def heatmap(
    title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object
) -> Panel:
    """A histogram's buckets over time."""
    buckets = {"query_type": QueryType.BUCKETS}
    return _panel(PanelKind.HEATMAP, title, about, unit, pairs, buckets | more)


def table(
    title: str,
    about: str,
    columns: dict[str, str],
    *pairs: str | tuple[str, str],
    shows: tuple[Override, ...] = (),
    link: str | None = None,
    **more: object,
) -> Panel:
    """One row per charger, linked to its dashboard."""
    leads = column("Charger", links=[{"title": "Show this charger", "url": link}]) if link else None
    overrides = (*shows, leads) if leads else shows
    table = {
        "query_type": QueryType.TABLE, "columns": columns, "overrides": overrides, "width": 24,
    }  # fmt: skip
    return _panel(PanelKind.TABLE, title, about, "none", pairs, table | more)
