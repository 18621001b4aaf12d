"""Generates the rule file of Prometheus from the table."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from bridge.alerts.model import Alert, LinkBases, Recording, RuleGroup, Scope
from bridge.alerts.query import with_names
from bridge.alerts.table import GROUPS

_WORD = re.compile("[A-Z][a-z]+")
_HEAD = (
    "# Made by `python -m bridge.alerts --write .` from bridge/alerts/: change it there.\n"
    "# Needs Prometheus 2.42 or newer (keep_firing_for).\n"
)


def recording(alert: Alert) -> Recording | None:
    """A charger alert's condition as a recorded series: adding names needs it twice."""
    if alert.scope is not Scope.CHARGER:
        return None
    words = _WORD.findall(alert.name)
    return Recording(f"charger:{'_'.join(words).lower()}:is", alert.condition)


def expression(alert: Alert) -> str:
    """The expression that Prometheus evaluates."""
    recorded = recording(alert)
    return alert.condition if recorded is None else with_names(recorded.name)


def labels(alert: Alert) -> Mapping[str, str]:
    """The labels added to those of the series."""
    return {"severity": alert.severity.value, "scope": alert.scope.value}


def annotations(alert: Alert, links: LinkBases) -> Mapping[str, str]:
    """The texts and links."""
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": f"{links.runbooks}{alert.name}.md",
        "dashboard_url": f"{links.grafana}{alert.dashboard}",
    }


def rules_text(links: LinkBases, groups: Iterable[RuleGroup] = GROUPS) -> str:
    """The whole file; JSON strings are valid YAML."""
    return _HEAD + "groups:\n" + "".join(line for group in groups for line in _group(group, links))


def _group(group: RuleGroup, links: LinkBases) -> Iterator[str]:
    yield f"  - name: {group.name}\n"
    if group.interval:
        yield f"    interval: {group.interval}\n"
    yield "    rules:\n"
    for rule in group.rules:
        yield from _recording(rule) if isinstance(rule, Recording) else _alert(rule, links)


def _recording(rule: Recording) -> Iterator[str]:
    yield f"      - record: {rule.name}\n"
    yield _block(rule.expression)


def _alert(alert: Alert, links: LinkBases) -> Iterator[str]:
    recorded = recording(alert)
    if recorded is not None:
        yield from _recording(recorded)
    yield f"      - alert: {alert.name}\n"
    yield _block(expression(alert))
    yield f"        for: {alert.hold_for}\n"
    if alert.keep_firing_for:
        yield f"        keep_firing_for: {alert.keep_firing_for}\n"
    yield from _mapping("labels", labels(alert))
    yield from _mapping("annotations", annotations(alert, links))


def _block(expression: str) -> str:
    lines = "".join(f"          {line}\n" for line in expression.splitlines())
    return f"        expr: |-\n{lines}"


def _mapping(name: str, members: Mapping[str, str]) -> Iterator[str]:
    yield f"        {name}:\n"
    for key, value in members.items():
        yield f"          {key}: {json.dumps(value, ensure_ascii=False)}\n"
