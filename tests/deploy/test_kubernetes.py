"""What the chart and the overlays make: valid, restricted, and in itself consistent."""

import copy
from typing import Any

import kubernetes_validate
import pytest

from bridge.app.service import DRAIN_SECONDS
from tests.deploy.pods import containers, loose_ends, millis, of_kind, pod, unrestricted, workloads
from tests.deploy.quantities import size
from tests.deploy.render import RENDERED, cases, kept, overlays, summed

KEPT = kept()
BUDGET = ("maxUnavailable", "minAvailable", "unhealthyPodEvictionPolicy")
VERSIONS = ("1.30", "1.34", "1.37")
OPERATORS = "monitoring.coreos.com/"
RENDER_AGAIN = "the sources changed: `make manifests`, then commit"


def test_every_case_was_rendered_from_what_is_there() -> None:
    targets = [f"helm-{case}" for case in cases()] + [f"kustomize-{name}" for name in overlays()]
    assert len(cases()) >= 6
    assert sorted(KEPT) == sorted(targets)
    for target in targets:
        first = (RENDERED / f"{target}.yaml").read_text(encoding="utf-8").splitlines(True)[0]
        assert first == summed(target), RENDER_AGAIN


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_document(version: str) -> None:
    for found in KEPT.values():
        for each in found:
            if not each["apiVersion"].startswith(OPERATORS):
                kubernetes_validate.validate(each, version, strict=True)


def test_a_name_that_kubernetes_does_not_know_is_noticed() -> None:
    (worse,) = of_kind(copy.deepcopy(KEPT["helm-default"]), "StatefulSet")
    worse["spec"]["template"]["spec"]["terminationGraceSeconds"] = 1
    with pytest.raises(kubernetes_validate.ValidationError, match="terminationGraceSeconds"):
        kubernetes_validate.validate(worse, VERSIONS[0], strict=True)


@pytest.mark.parametrize("target", sorted(KEPT))
def test_pods_keep_to_the_restricted_standard(target: str) -> None:
    assert workloads(KEPT[target])
    assert [list(unrestricted(pod(each))) for each in workloads(KEPT[target])] == [
        [] for _ in workloads(KEPT[target])
    ]


@pytest.mark.parametrize(
    ("where", "name", "value", "what"),
    [
        ("pod", "hostNetwork", True, "hostNetwork"),
        ("pod", "volumes", [{"name": "x", "hostPath": {"path": "/"}}], "volume hostPath"),
        ("pod", "securityContext", {"runAsNonRoot": True}, "seccompProfile"),
        ("own", "runAsNonRoot", False, "runAsNonRoot"),
        ("own", "runAsUser", 0, "runAsUser"),
        ("own", "privileged", True, "privileged"),
        ("own", "allowPrivilegeEscalation", True, "allowPrivilegeEscalation"),
        ("own", "capabilities", {"drop": ["ALL"], "add": ["SYS_TIME"]}, "capabilities"),
        ("container", "ports", [{"hostPort": 1, "containerPort": 1}], "hostPort"),
    ],
)
def test_a_pod_that_wants_more_is_noticed(where: str, name: str, value: Any, what: str) -> None:
    spec = copy.deepcopy(pod(workloads(KEPT["helm-default"])[0]))
    container = spec["containers"][0]
    {"pod": spec, "container": container, "own": container["securityContext"]}[where][name] = value
    assert list(unrestricted(spec)) == [what]


@pytest.mark.parametrize("target", sorted(KEPT))
def test_what_is_named_is_there(target: str) -> None:
    assert list(loose_ends(KEPT[target])) == []


def test_loose_ends_are_noticed() -> None:
    found = copy.deepcopy(KEPT["helm-shards"])
    (bridge,) = of_kind(found, "StatefulSet")
    pod(bridge)["containers"][0]["volumeMounts"].append({"name": "other"})
    pod(bridge)["serviceAccountName"] = "other"
    pod(bridge)["containers"][0]["ports"][0]["name"] = "web"
    bridge["spec"]["serviceName"] = "other"
    bridge["spec"]["template"]["metadata"]["labels"].pop("app.kubernetes.io/component")
    kinds = ("NetworkPolicy", "PodDisruptionBudget", "PodMonitor", "Service", "StatefulSet")
    assert set(loose_ends(found)) == {
        "volume other", "serviceAccountName", "port http", "serviceName",
        *(f"selector of {kind}" for kind in kinds if kind != "NetworkPolicy"),
    }  # fmt: skip


def test_loose_ends_of_the_last_container_are_noticed() -> None:
    found = copy.deepcopy(KEPT["helm-drain"])
    (job,) = of_kind(found, "Job")
    pod(job)["containers"][-1]["volumeMounts"][0]["name"] = "other"
    pod(job)["volumes"][1]["configMap"]["name"] = "other"
    assert list(loose_ends(found)) == ["volume other", "configMap"]


@pytest.mark.parametrize("target", sorted(KEPT))
def test_what_is_asked_for_is_within_the_limits(target: str) -> None:
    for container in containers(KEPT[target]):
        resources = container["resources"]
        wanted, most = resources["requests"], resources["limits"]
        assert 0 < millis(wanted["cpu"]) < millis(most["cpu"])
        for name in ("memory", "ephemeral-storage"):
            assert size(wanted[name]) < size(most[name])


@pytest.mark.parametrize("target", sorted(KEPT))
def test_pods_do_not_speak_to_the_cluster_and_have_time_to_drain(target: str) -> None:
    for each in workloads(KEPT[target]):
        assert pod(each)["automountServiceAccountToken"] is False
        assert pod(each)["enableServiceLinks"] is False
    for container in containers(KEPT[target]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    for each in of_kind(KEPT[target], "StatefulSet"):
        assert each["spec"]["podManagementPolicy"] == "Parallel"
        # The journal and the stores have this long each.
        assert pod(each)["terminationGracePeriodSeconds"] > 2 * DRAIN_SECONDS
        container = pod(each)["containers"][0]
        tls = {"scheme": "HTTPS"} if target == "helm-page" else {}
        livez, readyz = ({"path": path, "port": "http"} | tls for path in ("/livez", "/readyz"))
        assert container["livenessProbe"]["httpGet"] == livez
        assert container["startupProbe"]["httpGet"] == livez
        assert container["readinessProbe"]["httpGet"] == readyz


def test_one_replica_does_not_keep_its_node_from_a_drain() -> None:
    (budget,) = of_kind(KEPT["helm-default"], "PodDisruptionBudget")
    assert {name: budget["spec"].get(name) for name in BUDGET} == {
        "maxUnavailable": 1,
        "minAvailable": None,
        # A replica is not ready while its broker is away; a node may be drained then too.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
