"""Short ways to make panels; each kind has one."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.dashboards.model import Answer, Kind, Override, Panel, Query
from bridge.dashboards.words import column


def asks(*pairs: str | tuple[str, str]) -> tuple[Query, ...]:
    """Queries, each with its legend or without."""
    return tuple(Query(pair) if isinstance(pair, str) else Query(*pair) for pair in pairs)


def _panel(
    kind: Kind,
    title: str,
    about: str,
    unit: str,
    pairs: tuple[str | tuple[str, str], ...],
    more: Mapping[str, object],
) -> Panel:
    made = Panel(kind, title, about, asks(*pairs), unit)
    return replace(made, **more)  # type: ignore[arg-type]  # names as in Panel


def stat(title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object) -> Panel:
    """One number, now."""
    small = {"width": 3, "height": 4, "answer": Answer.NOW}
    return _panel(Kind.STAT, title, about, unit, pairs, small | more)


def lines(
    title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object
) -> Panel:
    """Values over time."""
    return _panel(Kind.TIMESERIES, title, about, unit, pairs, more)


def bars(title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object) -> Panel:
    """What happened in each stretch of time, stacked."""
    custom = {
        "drawStyle": "bars",
        "fillOpacity": 80,
        "stacking": {"mode": "normal", "group": "A"},
    }
    return _panel(Kind.TIMESERIES, title, about, unit, pairs, {"custom": custom} | more)


def ranking(
    title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object
) -> Panel:
    """A bar for each series, now."""
    now = {"answer": Answer.NOW, "low": 0}
    return _panel(Kind.BARGAUGE, title, about, unit, pairs, now | more)


def timeline(title: str, about: str, *pairs: str | tuple[str, str], **more: object) -> Panel:
    """Words in colours over time."""
    return _panel(Kind.TIMELINE, title, about, "none", pairs, {"width": 24, "height": 6} | more)


def heat(title: str, about: str, unit: str, *pairs: str | tuple[str, str], **more: object) -> Panel:
    """How often which bucket was hit."""
    buckets = {"answer": Answer.BUCKETS}
    return _panel(Kind.HEATMAP, title, about, unit, pairs, buckets | more)


def listing(
    title: str,
    about: str,
    columns: dict[str, str],
    *pairs: str | tuple[str, str],
    shows: tuple[Override, ...] = (),
    link: str | None = None,
    **more: object,
) -> Panel:
    """A row per charger; its name leads to it."""
    leads = column("Charger", links=[{"title": "Show this charger", "url": link}]) if link else None
    overrides = (*shows, leads) if leads else shows
    table = {
        "answer": Answer.TABLE, "columns": columns, "overrides": overrides, "width": 24,
    }  # fmt: skip
    return _panel(Kind.TABLE, title, about, "none", pairs, table | more)
