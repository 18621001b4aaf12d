"""The data model of alerts: condition, hold time, severity, texts."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """`page`: act now, also at night; `warning`: check today; `info`: no action required."""

    PAGE = "page"
    WARNING = "warning"
    INFO = "info"


class Scope(StrEnum):
    """What is affected; Alertmanager groups and inhibits by it."""

    CHARGER = "charger"
    SITE = "site"
    FLEET = "fleet"
    BRIDGE = "bridge"


class DashboardPath(StrEnum):
    """The path of a dashboard below Grafana's address."""

    FLEET = "d/nofos-fleet"
    CHARGER = "d/nofos-charger?var-charger={{ $labels.charger }}"
    FAULTS = "d/nofos-faults"
    ENERGY = "d/nofos-energy"
    BRIDGE = "d/nofos-bridge"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; durations as Prometheus writes them, `summary` and `description` templates.

    `condition` yields one series for each alert: those about a charger have the label
    `charger`, and get the charger's names where they are known.
    """

    name: str
    severity: Severity
    scope: Scope
    condition: str
    hold_for: str
    summary: str
    description: str
    dashboard: DashboardPath
    keep_firing_for: str = ""
    """How long it keeps firing after its condition ended."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A series computed at each evaluation, for alerts and dashboards."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are evaluated one after the other."""

    name: str
    rules: tuple[Alert | Recording, ...]
    interval: str = ""
    """The evaluation interval, where it differs from the global one."""


@dataclass(frozen=True, slots=True)
class LinkBases:
    """Base URLs of the links in alerts; both end with a slash."""

    runbooks: str = "https://nofos-bridge.example/runbooks/"
    grafana: str = "https://grafana.example/"
