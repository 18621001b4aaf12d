"""Cases for alerts, and what promtool says of them: series in, alerts out."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.alerts.model import Recording
from bridge.alerts.table import GROUPS
from tests.kit.root import ROOT
from tests.kit.servers import find_program

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
RUNBOOKS = "https://nofos-bridge.example/runbooks/"
GRAFANA = "https://grafana.example/d/"
INFO = 'evse_info{charger="c1",name="nofos-c1",alias="Gate 1",site="Depot",dialect="nofos"}'
NAMES = {"name": "nofos-c1", "alias": "Gate 1", "site": "Depot"}
CHARGER = {"charger": "c1", **NAMES}
BRIDGE = {"job": "nofos-bridge", "instance": "bridge-0:9876"}
PATIENCE_SECONDS = 120.0
GROUP = re.compile(r"^(?=  - name: )", re.MULTILINE)
RECORDINGS = "nofos-recordings"
METRIC = re.compile(r"(?<![\w:])evse_\w+")
RECORDED = re.compile(r"\b\w+:\w+:\w+")

Series = Mapping[str, str]
"""Values minute by minute as promtool writes them, by metric name and labels; a charger's
series without the label `charger` is c1's."""


@dataclass(frozen=True, slots=True)
class Case:
    """`series` make the alert fire at minute `fires`, and not before; `quiet` never."""

    alert: str
    series: Series
    fires: int
    severity: str
    scope: str
    summary: str
    description: str
    dashboard: str
    quiet: Sequence[Series]
    labels: Mapping[str, str] = field(default_factory=lambda: CHARGER)
    watched: int = 35
    """Minutes for which the look-alikes are watched; their series last as long."""

    def expected(self) -> dict[str, dict[str, str]]:
        """The alert as Prometheus sends it."""
        return {
            "exp_labels": {**self.labels, "severity": self.severity, "scope": self.scope},
            "exp_annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}{self.alert}.md",
                "dashboard_url": f"{GRAFANA}{self.dashboard}",
            },
        }

    def nameless(self) -> dict[str, dict[str, str]]:
        """The same where the bridge does not tell the charger's names."""
        told = self.expected()
        for name in NAMES:
            told["exp_labels"].pop(name)
        told["exp_annotations"]["summary"] = self.summary.replace("Gate 1 (Depot)", "c1")
        return told


def with_names(series: Series) -> Series:
    """The series and the charger's names, where they do not tell them already."""
    told = any(name.startswith("evse_info") for name in series)
    return series if told else {**series, INFO: "1x700"}


def torn(series: Series, minute: int, *, length: int) -> Series:
    """The same, but nothing was scraped for so many minutes from this one on."""
    found = {}
    for name, values in series.items():
        each = [one for value in values.split() for one in _each(value)]
        each[minute : minute + length] = ["stale", *["_"] * (length - 1)]
        found[name] = " ".join(each)
    return found


def _each(value: str) -> list[str]:
    """Promtool's `2+3x4` written out: it begins with the first, and four follow."""
    first, _, times = value.partition("x")
    start = re.fullmatch(r"(-?[\d.]+)([+-][\d.]+)", first)
    if not times or start is None:
        follow = 0 if not times else int(times) - (first == "_")
        return [first] * (follow + 1)
    return [f"{float(start[1]) + float(start[2]) * step:g}" for step in range(int(times) + 1)]


def shown_by(instance: str, series: Series) -> list[dict[str, str]]:
    """The series as a scrape of this instance stores them."""
    return [
        {"series": _labelled(name, instance), "values": values} for name, values in series.items()
    ]


def _labelled(name: str, instance: str) -> str:
    bare, _, given = name.rstrip("}").partition("{")
    labels = [given] if given else []
    if 'charger="' not in given and bare.startswith("evse_") and "evse_bridge" not in bare:
        labels.append('charger="c1"')
    if 'job="' not in given:
        labels.append(f'job="nofos-bridge",instance="{instance}:9876"')
    return f"{bare}{{{','.join(labels)}}}"


def at(minute: int, alert: str, *expected: Mapping[str, object]) -> dict[str, object]:
    """What is to fire at a minute."""
    return {"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": list(expected)}


def groups_for(alert: str) -> tuple[str, list[str]]:
    """The rule file cut down to the recordings and the alert's own group; their names."""
    top, *groups = GROUP.split(RULES.read_text(encoding="utf-8"))
    kept = [each for each in groups if RECORDINGS in each or f"- alert: {alert}\n" in each]
    return top + "".join(kept), [each.split()[2] for each in kept]


def promtool_test(
    folder: Path, alert: str, *tests: tuple[list[dict[str, str]], list[dict[str, object]]]
) -> str:
    """What promtool has to say against these; nothing where all is as expected."""
    text, order = groups_for(alert)
    rules = folder / "rules.yml"
    rules.write_text(text, encoding="utf-8")
    asked: dict[str, Any] = {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "group_eval_order": order,
        "tests": [
            {"interval": "1m", "input_series": series, "alert_rule_test": expected}
            for series, expected in tests
        ],
    }
    path = folder / "alerts.test.yml"
    # JSON is YAML.
    path.write_text(json.dumps(asked), encoding="utf-8")
    code, said = promtool("test", "rules", str(path))
    assert "FAILED" in said or code == 0, said
    return "" if code == 0 else said


def expressions() -> list[str]:
    """What all rules rest on."""
    return [
        rule.expression if isinstance(rule, Recording) else rule.condition
        for group in GROUPS
        for rule in group.rules
    ]


def promtool(*arguments: str) -> tuple[int, str]:
    """Its exit code and all it said."""
    return said_by("promtool", *arguments)


def said_by(program: str, *arguments: str) -> tuple[int, str]:
    """A program's exit code and all it said."""
    done = subprocess.run(
        [find_program(program), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout.decode()
