"""What an alert is: a condition, how long it must hold, how bad it is, what it says."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """`page`: someone gets up; `warning`: someone looks today; `info`: someone may look."""

    PAGE = "page"
    WARNING = "warning"
    INFO = "info"


class Scope(StrEnum):
    """What is in trouble; Alertmanager groups and inhibits by it."""

    CHARGER = "charger"
    SITE = "site"
    FLEET = "fleet"
    BRIDGE = "bridge"


class Dashboard(StrEnum):
    """The path of a dashboard below Grafana's address."""

    FLEET = "d/nofos-fleet"
    CHARGER = "d/nofos-charger?var-charger={{ $labels.charger }}"
    FAULTS = "d/nofos-faults"
    ENERGY = "d/nofos-energy"
    BRIDGE = "d/nofos-bridge"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; durations as Prometheus writes them, `summary` and `description` templates.

    `condition` gives one series for each alert: those about a charger carry the label
    `charger`, and are given its names where the bridge tells them.
    """

    name: str
    severity: Severity
    scope: Scope
    condition: str
    wait: str
    summary: str
    description: str
    dashboard: Dashboard
    keep: str = ""
    """How long it goes on after its condition ended."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A series computed at each evaluation, for alerts and dashboards."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other."""

    name: str
    rules: tuple[Alert | Recording, ...]
    every: str = ""
    """How often, where not as often as all others."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the links of the alerts lead to; both end with a slash."""

    runbooks: str = "https://nofos-bridge.example/runbooks/"
    grafana: str = "https://grafana.example/"
