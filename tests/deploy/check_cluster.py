"""What a real API server says of chart and overlays, in a namespace that enforces `restricted`."""

import copy
import json
from collections.abc import Iterator

import pytest

from tests.deploy.cluster import ApiServer, Etcd
from tests.deploy.conform import CRDS
from tests.deploy.pods import of_kind, pod, workloads
from tests.deploy.render import (
    BINARIES,
    KUSTOMIZE,
    NAMESPACE,
    Document,
    cases,
    chart,
    kept,
    kustomize,
    overlays,
    written,
)

KEPT = kept()
OPERATORS = ("podmonitors", "prometheusrules")
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(BINARIES), prepend=":")
        with Etcd(folder) as etcd, ApiServer(folder, etcd) as api:
            prepare(api)
            yield api


def prepare(api: ApiServer) -> None:
    """The operator's kinds, the namespace, and what `placed` takes for granted."""
    for kind in OPERATORS:
        path = str(CRDS / f"monitoring.coreos.com_{kind}.yaml")
        assert api.kubectl("apply", "--server-side", "--filename", path)[0] == 0
    for command in (
        ("create", "namespace", NAMESPACE),
        ("label", "namespace", NAMESPACE, RESTRICTED),
        ("create", "priorityclass", "telemetry", "--value=1000"),
        *(
            ("wait", "--for=condition=Established", f"crd/{k}.monitoring.coreos.com")
            for k in OPERATORS
        ),
    ):
        code, output = api.kubectl(*command)
        assert code == 0, output


def pods(found: list[Document]) -> list[Document]:
    """The pods that a controller would make, with a claim for each template's volume."""
    made = []
    for number, each in enumerate(workloads(copy.deepcopy(found))):
        spec = pod(each)
        for claim in each["spec"].get("volumeClaimTemplates", []):
            volume = {"name": claim["metadata"]["name"]}
            spec["volumes"].append(volume | {"persistentVolumeClaim": {"claimName": "journal"}})
        meta = {"name": f"pod-{number}", "namespace": NAMESPACE}
        made.append({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    return made


@pytest.mark.parametrize("case", cases())
def test_the_server_takes_the_chart(server: ApiServer, case: str) -> None:
    code, output = server.tried(chart(case))
    assert code == 0, output


@pytest.mark.parametrize("name", overlays())
def test_the_server_takes_the_overlay(server: ApiServer, name: str) -> None:
    code, output = server.tried(kustomize(KUSTOMIZE / "overlays" / name))
    assert code == 0, output


@pytest.mark.parametrize("target", sorted(KEPT))
def test_the_namespace_lets_the_pods_in(server: ApiServer, target: str) -> None:
    code, output = server.tried(written(*pods(KEPT[target])))
    assert code == 0, output


def test_the_namespace_keeps_a_pod_out_that_wants_more(server: ApiServer) -> None:
    (one,) = pods(KEPT["helm-default"])
    one["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    code, output = server.tried(written(one))
    assert code == 1
    assert 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false' in output


def test_a_name_that_there_is_not_is_refused(server: ApiServer) -> None:
    (worse,) = of_kind(copy.deepcopy(KEPT["helm-shards"]), "PodMonitor")
    worse["spec"]["podMetricsEndpoints"][0]["scrapes"] = 1
    code, output = server.tried(written(worse))
    assert code == 1
    assert "podMetricsEndpoints[0].scrapes" in output


def test_a_mount_without_its_volume_is_refused(server: ApiServer) -> None:
    (worse,) = of_kind(copy.deepcopy(KEPT["helm-default"]), "StatefulSet")
    pod(worse)["volumes"] = []
    code, output = server.tried(written(worse))
    assert code == 1
    assert 'volumeMounts[1].name: Not found: "settings"' in output


def test_a_selector_that_does_not_match_its_pods_is_refused(server: ApiServer) -> None:
    (worse,) = of_kind(copy.deepcopy(KEPT["helm-default"]), "StatefulSet")
    worse["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] = "other"
    code, output = server.tried(written(worse))
    assert code == 1
    assert "`selector` does not match template `labels`" in output


@pytest.mark.parametrize("kind", ["StatefulSet", "Job"])
def test_more_than_the_limit_cannot_be_asked_for(server: ApiServer, kind: str) -> None:
    (worse,) = of_kind(copy.deepcopy(KEPT["helm-drain"]), kind)
    pod(worse)["containers"][-1]["resources"]["requests"]["memory"] = "2Gi"
    code, output = server.tried(written(worse))
    assert code == 1
    assert 'Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi' in output


def evicted(server: ApiServer, found: list[Document]) -> tuple[int, str]:
    """What a drain of its node hears of the one replica, which runs and is not ready."""
    (budget,) = of_kind(found, "PodDisruptionBudget")
    (bridge,) = of_kind(found, "StatefulSet")
    (one, *_) = pods([bridge])
    one["metadata"]["labels"] = bridge["spec"]["template"]["metadata"]["labels"]
    where = ("--namespace", NAMESPACE)
    kept = (("poddisruptionbudget", budget), ("pod", one))
    try:
        for _, each in kept:
            code, output = server.kubectl("apply", *where, "-f", "-", text=written(each))
            assert code == 0, output
        # What the controllers say of it, which do not run here: nobody is ready, nobody has to be.
        for (kind, each), status in zip(kept, (NONE_READY, NOT_READY), strict=True):
            options = ("--subresource=status", "--type=merge", "--patch", json.dumps(status))
            code, output = server.kubectl("patch", kind, each["metadata"]["name"], *where, *options)
            assert code == 0, output
        name = one["metadata"]["name"]
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
        return server.kubectl("create", "--raw", path, "-f", "-", text=json.dumps(eviction))
    finally:
        for kind, each in kept:
            server.kubectl("delete", kind, each["metadata"]["name"], *where, "--force")


NOT_READY = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}}
NONE_READY = {
    "status": {
        "observedGeneration": 1, "expectedPods": 1, "currentHealthy": 0, "desiredHealthy": 0,
        "disruptionsAllowed": 0,
    }
}  # fmt: skip


def test_a_node_is_drained_also_while_the_broker_is_away(server: ApiServer) -> None:
    code, output = evicted(server, KEPT["helm-default"])
    assert code == 0, output


def test_a_budget_that_waits_for_the_broker_would_be_noticed(server: ApiServer) -> None:
    worse = copy.deepcopy(KEPT["helm-default"])
    (budget,) = of_kind(worse, "PodDisruptionBudget")
    del budget["spec"]["unhealthyPodEvictionPolicy"]
    code, output = evicted(server, worse)
    assert code == 1
    assert "Cannot evict pod as it would violate the pod's disruption budget" in output
