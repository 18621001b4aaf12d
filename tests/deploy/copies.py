"""Writes the rules and the list of dashboards for kustomize: `python -m tests.deploy.copies`.

Kustomize neither globs nor reads beyond its folder; the chart does both through links.
"""

from pathlib import Path

import yaml

from tests.deploy.parts import DEPLOY
from tests.kit.root import ROOT

GRAFANA = ROOT / "grafana"
MONITORING = DEPLOY / "kustomize" / "components" / "monitoring"
GENERATED = "# Made by `python -m tests.deploy.copies`; do not edit.\n"
LABELS = {"app.kubernetes.io/name": "nofos-bridge", "app.kubernetes.io/instance": "nofos-bridge"}


def rule_files() -> list[Path]:
    return sorted((DEPLOY / "prometheus").glob("*rules*.yml"))


def dashboards() -> list[Path]:
    return sorted((GRAFANA / "dashboards").glob("*.json"))


def rules() -> str:
    """All groups of rules, as the Prometheus operator takes them."""
    groups = [
        group
        for path in rule_files()
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    ]
    document = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "nofos-bridge", "labels": LABELS},
        "spec": {"groups": groups},
    }
    return GENERATED + yaml.safe_dump(document, sort_keys=False, width=100, allow_unicode=True)


def listing() -> str:
    """A component with a ConfigMap for each dashboard."""
    maps = [
        {
            "name": f"nofos-bridge-{path.stem.removeprefix('nofos-')}-dashboard",
            "files": [f"dashboards/{path.name}"],
            "options": {"disableNameSuffixHash": True, "labels": {"grafana_dashboard": "1"}},
        }
        for path in dashboards()
    ]
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "configMapGenerator": maps,
    }
    return GENERATED + yaml.safe_dump(document, sort_keys=False, width=100)


def copies() -> dict[Path, str]:
    return {
        MONITORING / "prometheusrule.yaml": rules(),
        GRAFANA / "kustomization.yaml": listing(),
    }


if __name__ == "__main__":
    for path, text in copies().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
