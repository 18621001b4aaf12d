"""What an operator of a cluster asks of the chart: room, reach, volumes that stay, rotation."""

import pytest

from tests.deploy.pods import of_kind, pod
from tests.deploy.render import Document, kept

KEPT = kept()
BRIDGES = sorted(KEPT)


def bridge(target: str) -> Document:
    (found,) = of_kind(KEPT[target], "StatefulSet")
    return found


def policy(target: str) -> Document:
    (found,) = of_kind(KEPT[target], "NetworkPolicy")
    return found


@pytest.mark.parametrize("target", BRIDGES)
def test_replicas_go_to_different_nodes_where_they_can(target: str) -> None:
    (spread,) = pod(bridge(target))["topologySpreadConstraints"]
    labels = bridge(target)["spec"]["template"]["metadata"]["labels"]
    assert spread.pop("labelSelector")["matchLabels"].items() <= labels.items()
    assert spread == {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
    }


@pytest.mark.parametrize("target", BRIDGES)
def test_no_scale_down_takes_a_volume_away(target: str) -> None:
    kept_when = bridge(target)["spec"]["persistentVolumeClaimRetentionPolicy"]
    assert kept_when == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    (claim,) = bridge(target)["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert pod(bridge(target))["securityContext"]["fsGroup"] == 65532


def test_prometheus_alone_gets_in_and_the_cluster_names_it() -> None:
    (rule,) = policy("helm-default")["spec"]["ingress"]
    monitoring = {"kubernetes.io/metadata.name": "monitoring"}
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": monitoring}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": "http"}]
    (rule,) = policy("helm-closed")["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app": "prometheus"}}}]


def test_nothing_gets_out_but_to_what_is_named() -> None:
    names, broker, store, further = policy("helm-closed")["spec"]["egress"]
    assert [port["port"] for port in names["ports"]] == [53, 53]
    assert broker["to"] == [{"podSelector": {"matchLabels": {"app": "mosquitto"}}}]
    assert store["to"] == [{"ipBlock": {"cidr": "192.0.2.7/32"}}]
    assert further["ports"] == [{"protocol": "TCP", "port": 3128}]


def test_a_service_in_front_may_have_another_port_than_what_is_behind_it() -> None:
    _, broker, stores = policy("helm-page")["spec"]["egress"]
    assert broker["ports"] == [{"protocol": "TCP", "port": 18883}]
    assert stores["ports"] == [{"protocol": "TCP", "port": 8086}]


def test_new_settings_are_new_pods() -> None:
    sums = {
        bridge(target)["spec"]["template"]["metadata"]["annotations"]["checksum/settings"]
        for target in ("helm-default", "helm-depot", "helm-shards")
    }
    assert len(sums) == 3
    for target in ("kustomize-depot", "kustomize-shards"):
        (config,) = of_kind(KEPT[target], "ConfigMap")
        assert config["metadata"]["name"].startswith("nofos-bridge-")


def test_secrets_are_files_that_follow_their_secret() -> None:
    (secrets,) = (v for v in pod(bridge("helm-depot"))["volumes"] if v["name"] == "secrets")
    assert secrets["secret"]["defaultMode"] == 0o440
    (container,) = pod(bridge("helm-depot"))["containers"]
    (mount,) = (m for m in container["volumeMounts"] if m["name"] == "secrets")
    # With a subPath a file would stay as it was when the pod began.
    assert "subPath" not in mount
    assert not any("valueFrom" in each for each in container["env"])


def test_a_pod_goes_where_it_is_told_to() -> None:
    spec = pod(bridge("helm-placed"))
    assert spec["nodeSelector"] == {"pool": "telemetry"}
    assert spec["tolerations"] == [
        {"key": "telemetry", "operator": "Exists", "effect": "NoSchedule"}
    ]
    assert spec["priorityClassName"] == "telemetry"
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    (container,) = spec["containers"]
    assert {"name": "NOFOS_LOG__LEVEL", "value": "warning"} in container["env"]
    assert container["image"].startswith("registry.example/nofos-bridge@sha256:1111")


def test_volumes_of_the_operator_reach_the_container() -> None:
    spec = pod(bridge("helm-tls"))
    (container,) = spec["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert {"authorities"} <= mounts.keys() & {volume["name"] for volume in spec["volumes"]}


@pytest.mark.parametrize("target", ["helm-shards", "kustomize-shards"])
def test_the_operators_prometheus_scrapes_pods(target: str) -> None:
    (monitor,) = of_kind(KEPT[target], "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == "http"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    # A timeout above the interval would have the operator leave it out without a word to Helm.
    assert not endpoint.keys() & {"scheme", "tlsConfig", "basicAuth", "scrapeTimeout"}


def test_the_operators_prometheus_is_told_of_certificate_and_login() -> None:
    (monitor,) = of_kind(KEPT["helm-page"], "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["scheme"] == "https"
    assert endpoint["tlsConfig"]["serverName"] == "bridge.example"
    assert endpoint["basicAuth"]["password"] == {"name": "page-login", "key": "password"}


def test_a_drain_is_no_target_of_service_or_monitor() -> None:
    (job,) = of_kind(KEPT["helm-drain"], "Job")
    labels = job["spec"]["template"]["metadata"]["labels"].items()
    for service in of_kind(KEPT["helm-drain"], "Service"):
        assert not service["spec"]["selector"].items() <= labels
    (budget,) = of_kind(KEPT["helm-drain"], "PodDisruptionBudget")
    assert not budget["spec"]["selector"]["matchLabels"].items() <= labels
    # But the policy lets it reach the stores.
    assert policy("helm-drain")["spec"]["podSelector"]["matchLabels"].items() <= labels
