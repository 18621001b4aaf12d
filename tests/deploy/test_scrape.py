"""What the Prometheus of a cluster calls a replica: the same after its pod is replaced."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.parts import DEPLOY
from tests.deploy.pods import of_kind
from tests.deploy.render import kept
from tests.kit.alerts import promtool

KEPT = kept()
IN_PROMETHEUS = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
META = "__meta_kubernetes_"


def example() -> list[dict[str, Any]]:
    text = (DEPLOY / "prometheus" / "kubernetes-sd.yml").read_text(encoding="utf-8")
    (job,) = yaml.safe_load(text)["scrape_configs"]
    return list(job["relabel_configs"])


def monitored(target: str) -> list[dict[str, Any]]:
    """The PodMonitor's, as the operator writes them into a configuration."""
    (monitor,) = of_kind(KEPT[target], "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    return [
        {IN_PROMETHEUS.get(key, key): value for key, value in each.items()}
        for each in endpoint["relabelings"]
    ]


RELABELLED = {
    "kubernetes-sd.yml": example(),
    "helm-shards": monitored("helm-shards"),
    "kustomize-shards": monitored("kustomize-shards"),
}


def named(
    relabelled: list[dict[str, Any]], folder: Path, address: str, pod: str = "nofos-bridge-0"
) -> dict[str, str]:
    """The labels of a pod at this address."""
    config = folder / "prometheus.yml"
    labels = {
        f"{META}namespace": "evse",
        f"{META}pod_name": pod,
        f"{META}pod_container_port_name": "http",
    }
    job = {
        "job_name": "nofos-bridge",
        "static_configs": [{"targets": [address], "labels": labels}],
        "relabel_configs": relabelled,
    }
    # JSON is YAML.
    config.write_text(json.dumps({"scrape_configs": [job]}), encoding="utf-8")
    code, output = promtool(
        "check", "service-discovery", "--timeout=100ms", str(config), "nofos-bridge"
    )
    assert code == 0, output
    (found,) = json.loads(output)
    return {name: text for name, text in found["labels"].items() if not name.startswith("__")}


@pytest.mark.parametrize("name", sorted(RELABELLED))
def test_a_replaced_pod_goes_on_with_its_series(name: str, tmp_path: Path) -> None:
    before, after = (named(RELABELLED[name], tmp_path, f"10.0.0.{n}:9876") for n in (7, 8))
    assert before == after
    assert before["instance"] == "evse/nofos-bridge-0"
    assert before["job"] == "nofos-bridge"


@pytest.mark.parametrize("name", sorted(RELABELLED))
def test_two_installations_in_one_namespace_are_two_jobs(name: str, tmp_path: Path) -> None:
    """EvseBridgeShardMissing counts by job: replicas of one must not stand in for the other's."""
    pods = ("north-nofos-bridge-0", "north-nofos-bridge-12", "nofos-bridge-south-0")
    jobs = [named(RELABELLED[name], tmp_path, "10.0.0.7:9876", pod)["job"] for pod in pods]
    assert jobs == ["north-nofos-bridge", "north-nofos-bridge", "nofos-bridge-south"]


def test_a_pod_named_by_its_address_would_be_noticed(tmp_path: Path) -> None:
    careless = [each for each in example() if each.get("target_label") != "instance"]
    before, after = (named(careless, tmp_path, f"10.0.0.{n}:9876") for n in (7, 8))
    assert (before["instance"], after["instance"]) == ("10.0.0.7:9876", "10.0.0.8:9876")
