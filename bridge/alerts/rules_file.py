"""The rule file of Prometheus, made from the table."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from bridge.alerts.model import Alert, Group, Places, Recording, Scope
from bridge.alerts.query import named
from bridge.alerts.table import GROUPS

_WORD = re.compile("[A-Z][a-z]+")
_HEAD = (
    "# Made by `python -m bridge.alerts --write .` from bridge/alerts/: change it there.\n"
    "# Needs Prometheus 2.42 or newer (keep_firing_for).\n"
)


def recording(alert: Alert) -> Recording | None:
    """The condition of an alert about a charger, computed once: its names join it twice."""
    if alert.scope is not Scope.CHARGER:
        return None
    words = _WORD.findall(alert.name)
    return Recording(f"charger:{'_'.join(words).lower()}:is", alert.condition)


def expression(alert: Alert) -> str:
    """What Prometheus evaluates."""
    recorded = recording(alert)
    return alert.condition if recorded is None else named(recorded.name)


def labels(alert: Alert) -> Mapping[str, str]:
    """What every such alert carries, beside the labels of its series."""
    return {"severity": alert.severity.value, "scope": alert.scope.value}


def annotations(alert: Alert, places: Places) -> Mapping[str, str]:
    """What it says, and where to look further."""
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": f"{places.runbooks}{alert.name}.md",
        "dashboard_url": f"{places.grafana}{alert.dashboard}",
    }


def rules_text(places: Places, groups: Iterable[Group] = GROUPS) -> str:
    """The whole file; a string of JSON is one of YAML."""
    return _HEAD + "groups:\n" + "".join(line for group in groups for line in _group(group, places))


def _group(group: Group, places: Places) -> Iterator[str]:
    yield f"  - name: {group.name}\n"
    if group.every:
        yield f"    interval: {group.every}\n"
    yield "    rules:\n"
    for rule in group.rules:
        yield from _recording(rule) if isinstance(rule, Recording) else _alert(rule, places)


def _recording(rule: Recording) -> Iterator[str]:
    yield f"      - record: {rule.name}\n"
    yield _block(rule.expression)


def _alert(alert: Alert, places: Places) -> Iterator[str]:
    recorded = recording(alert)
    if recorded is not None:
        yield from _recording(recorded)
    yield f"      - alert: {alert.name}\n"
    yield _block(expression(alert))
    yield f"        for: {alert.wait}\n"
    if alert.keep:
        yield f"        keep_firing_for: {alert.keep}\n"
    yield from _mapping("labels", labels(alert))
    yield from _mapping("annotations", annotations(alert, places))


def _block(expression: str) -> str:
    lines = "".join(f"          {line}\n" for line in expression.splitlines())
    return f"        expr: |-\n{lines}"


def _mapping(name: str, members: Mapping[str, str]) -> Iterator[str]:
    yield f"        {name}:\n"
    for key, value in members.items():
        yield f"          {key}: {json.dumps(value, ensure_ascii=False)}\n"
