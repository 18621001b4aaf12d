"""The data model of dashboards, in Grafana's terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Json = Mapping[str, object]
WIDTH = 24
"""Columns of Grafana's grid."""


class PanelKind(StrEnum):
    """The panel types in use, all built into Grafana."""

    STAT = "stat"
    TIMESERIES = "timeseries"
    TABLE = "table"
    TIMELINE = "state-timeline"
    BARGAUGE = "bargauge"
    HEATMAP = "heatmap"


class QueryLanguage(StrEnum):
    """A query language; the value is Grafana's name for the datasource type."""

    PROMQL = "prometheus"
    INFLUXQL = "influxdb"


class QueryType(StrEnum):
    """What a panel queries: current values, values over time, table rows, or histogram buckets."""

    INSTANT = "now"
    RANGE = "range"
    TABLE = "table"
    BUCKETS = "buckets"


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """`legend` names its series; labels (PromQL) or tags (InfluxQL) in it are filled in."""

    text: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The colour from `value` upwards; None for the lowest."""

    value: float | None
    colour: str


@dataclass(frozen=True, slots=True)
class ValueMapping:
    """Shows a value as coloured text."""

    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class Override:
    """Properties of one field, by its displayed name; `prefix`: of all fields with this prefix."""

    name: str
    properties: Json
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; `unit` is Grafana's unit id; table columns have their own units."""

    kind: PanelKind
    title: str
    description: str
    queries: tuple[PanelQuery, ...]
    unit: str
    width: int = 12
    height: int = 8
    query_type: QueryType = QueryType.RANGE
    mappings: Mapping[float, ValueMapping] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = (Threshold(None, "text"),)
    overrides: tuple[Override, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    """For tables: displayed name by field name, in order; other fields are hidden."""
    sort: str | None = None
    """For tables: the column to sort by, descending unless `ascending`."""
    ascending: bool = False
    name_only: bool = False
    """For a stat: show the series' name instead of its value."""
    decimals: int | None = None
    no_value: str | None = None
    """The text for an empty result."""
    low: float | None = None
    high: float | None = None
    custom: Json = field(default_factory=dict)
    time_from: str | None = None
    """A time range of its own: `now/d` is today."""
    interval: str | None = None
    """The minimum interval between points."""
    link_url: str | None = None
    """The URL behind the values."""


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A titled group of panels."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A selection above the dashboard, filled by a query."""

    name: str
    label: str
    query: str
    multi: bool = True


@dataclass(frozen=True, slots=True)
class Annotation:
    """Marks on all time axes."""

    name: str
    colour: str
    query: str
    title: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`uid` never changes: links and bookmarks depend on it."""

    uid: str
    title: str
    description: str
    language: QueryLanguage
    rows: tuple[PanelRow, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    since: str = "now-6h"
    refresh: str = "1m"
