"""What a dashboard is made of, in the words of Grafana."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Json = Mapping[str, object]
WIDTH = 24
"""Columns of Grafana's grid."""


class Kind(StrEnum):
    """The panels used, all of which every Grafana brings."""

    STAT = "stat"
    TIMESERIES = "timeseries"
    TABLE = "table"
    TIMELINE = "state-timeline"
    BARGAUGE = "bargauge"
    HEATMAP = "heatmap"


class Language(StrEnum):
    """A store's query language is also Grafana's name for its kind of datasource."""

    PROMQL = "prometheus"
    INFLUXQL = "influxdb"


class Answer(StrEnum):
    """What a panel asks for: values now, over time, rows of a table, or a heat map's buckets."""

    NOW = "now"
    RANGE = "range"
    TABLE = "table"
    BUCKETS = "buckets"


@dataclass(frozen=True, slots=True)
class Query:
    """`legend` names its series; labels (PromQL) or tags (InfluxQL) in it are filled in."""

    text: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `value` on the panel has this colour; None for the lowest."""

    value: float | None
    colour: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """A value shown as a word in a colour."""

    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class Override:
    """Properties of one field, by its displayed name; `many`: of all whose name begins so."""

    name: str
    properties: Json
    many: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; `unit` is Grafana's id of it, and of a table its columns say theirs."""

    kind: Kind
    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str
    width: int = 12
    height: int = 8
    answer: Answer = Answer.RANGE
    mappings: Mapping[float, Mapped] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = (Threshold(None, "text"),)
    overrides: tuple[Override, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    """Of a table: shown name by field name, in order; all others are hidden."""
    sort: str | None = None
    """Of a table: the column that it is sorted by, greatest first unless `least_first`."""
    least_first: bool = False
    name_only: bool = False
    """A stat that shows the series' name instead of its value."""
    decimals: int | None = None
    no_value: str | None = None
    """What an empty answer means."""
    low: float | None = None
    high: float | None = None
    custom: Json = field(default_factory=dict)
    time_from: str | None = None
    """Another stretch of time than the dashboard's: `now/d` is today."""
    interval: str | None = None
    """The least distance of points."""
    leads_to: str | None = None
    """Where a click on a value leads."""


@dataclass(frozen=True, slots=True)
class Row:
    """A titled group of panels."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice above the dashboard, filled by a query."""

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
    """`uid` never changes: links and bookmarks rest on it."""

    uid: str
    title: str
    description: str
    language: Language
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    since: str = "now-6h"
    refresh: str = "1m"
