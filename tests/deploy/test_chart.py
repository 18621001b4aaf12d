"""Chart and overlays: they make settings that the bridge takes, and agree."""

import copy
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from bridge.settings import Settings, load
from bridge.web.login import hash_password
from tests.deploy.copies import copies
from tests.deploy.parts import DEPLOY, ask, documents
from tests.deploy.pods import of_kind, pod, workloads
from tests.deploy.render import CHART, Document, bare, kept
from tests.kit.root import ROOT
from tests.tools.test_cli import environ, nofos

KEPT = kept()
PASSWORDS = {"helm-depot", "helm-page", "helm-tls", "kustomize-depot", "kustomize-drain"}
SECTIONS = tuple(Settings.model_fields)
# What Kubernetes injects into pods beside a Service of ours, where service links are on.
INJECTED = {
    "NOFOS_BRIDGE_SERVICE_HOST": "10.0.0.1",
    "NOFOS_BRIDGE_SERVICE_PORT": "9876",
    "NOFOS_BRIDGE_PORT": "tcp://10.0.0.1:9876",
    "NOFOS_BRIDGE_PORT_9876_TCP_ADDR": "10.0.0.1",
    "KUBERNETES_SERVICE_HOST": "10.0.0.2",
}


def settings(target: str, folder: Path, ordinal: int = 0) -> Settings:
    """The bridge's settings in a pod of these documents."""
    found = KEPT[target]
    (config,) = of_kind(found, "ConfigMap")
    (workload,) = of_kind(found, "StatefulSet")
    env = {each["name"]: each["value"] for each in pod(workload)["containers"][0]["env"]}
    (folder / "mqtt__password").write_text("secret\n", encoding="utf-8")
    if target == "helm-page":
        (folder / "web__password_hash").write_text(hash_password("secret"), encoding="utf-8")
    toml = folder / "nofos-bridge.toml"
    # Files that only the cluster has.
    text = re.sub(r'(?m)^(ca|cert|key)_file = ".*"$', "", config["data"]["nofos-bridge.toml"])
    toml.write_text(text, encoding="utf-8")
    env |= {"NOFOS_CONFIG": str(toml), "HOSTNAME": f"nofos-bridge-{ordinal}"} | INJECTED
    if "NOFOS_SECRETS_DIR" in env:
        env["NOFOS_SECRETS_DIR"] = str(folder)
    return load(None, env)


@pytest.mark.parametrize("target", sorted(name for name in KEPT if name != "helm-drain"))
def test_the_bridge_takes_the_settings_of_every_case(target: str, tmp_path: Path) -> None:
    loaded = settings(target, tmp_path)
    assert loaded.mqtt.url.host in {"mosquitto", "broker.depot", "broker.example", "emqx"}
    assert bool(loaded.mqtt.password) == (target in PASSWORDS)


def test_lists_maps_and_numbers_arrive(tmp_path: Path) -> None:
    loaded = settings("helm-depot", tmp_path)
    assert [str(each) for each in loaded.http.allow] == ["10.20.0.0/16", "fd00:20::/64"]
    assert loaded.http.ports == (80,)
    assert loaded.influx.tags == {"region": "north"}
    tls = settings("helm-tls", tmp_path)
    assert list(tls.influx.mirrors) == ["backup"]


@pytest.mark.parametrize("target", ["helm-shards", "kustomize-shards"])
def test_each_replica_knows_its_shard(target: str, tmp_path: Path) -> None:
    shards = [settings(target, tmp_path, ordinal).shard for ordinal in range(3)]
    assert [(shard.index, shard.count) for shard in shards] == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.parametrize("name", ["depot", "shards"])
def test_chart_and_overlay_agree(name: str) -> None:
    assert comparable(KEPT[f"helm-{name}"]) == comparable(KEPT[f"kustomize-{name}"])


def comparable(found: list[Document]) -> list[Document]:
    """By kind and name, without Helm's labels, kustomize's sums and the namespace."""
    plain = [bare(copy.deepcopy(each)) for each in found]
    for each in plain:
        each["metadata"].pop("namespace", None)
        each["metadata"]["name"] = without_sum(each["metadata"]["name"])
        if each["kind"] == "ConfigMap":
            each["data"] = {"settings": Settings.__name__}
    for each in workloads(plain):
        for volume in pod(each)["volumes"]:
            if "configMap" in volume:
                volume["configMap"]["name"] = without_sum(volume["configMap"]["name"])
            if "secret" in volume:
                volume["secret"]["secretName"] = "its own"
    return sorted(plain, key=lambda each: (each["kind"], each["metadata"]["name"]))


def without_sum(name: str) -> str:
    return re.sub(r"-[a-z0-9]{10}$", "", name)


@pytest.mark.parametrize("name", ["depot", "shards"])
def test_chart_and_overlay_make_the_same_settings(name: str, tmp_path: Path) -> None:
    one, other = settings(f"helm-{name}", tmp_path), settings(f"kustomize-{name}", tmp_path)
    assert {n: getattr(one, n) for n in SECTIONS} == {n: getattr(other, n) for n in SECTIONS}


def test_the_policy_lets_the_bridge_reach_what_it_is_set_to() -> None:
    (policy,) = of_kind(KEPT["helm-depot"], "NetworkPolicy")
    _names, broker, store, chargers = policy["spec"]["egress"]
    assert [port["port"] for port in broker["ports"]] == [1883]
    assert [port["port"] for port in store["ports"]] == [8086]
    assert [port["port"] for port in chargers["ports"]] == [80]
    cidrs = [each["ipBlock"]["cidr"] for each in chargers["to"]]
    assert cidrs == ["10.20.0.0/16", "fd00:20::/64"]
    (policy,) = of_kind(KEPT["helm-tls"], "NetworkPolicy")
    _names, broker, stores = policy["spec"]["egress"]
    assert [port["port"] for port in broker["ports"]] == [8883]
    assert [port["port"] for port in stores["ports"]] == [443, 8443]


def test_a_drain_sends_each_store_what_it_is_owed() -> None:
    (job,) = of_kind(KEPT["helm-drain"], "Job")
    (volume, *_) = pod(job)["volumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == "journal-nofos-bridge-2"
    assert {each["name"]: each["args"] for each in pod(job)["containers"]} == {
        "to-main-0": [
            "replay", "--pending", "--to", "http://influxdb:8086", "--org", "fleet",
            "--bucket", "chargers",
        ],
        "to-off-site-1": [
            "replay", "--pending", "--to", "http://backup:8086", "--bucket", "chargers",
        ],
    }  # fmt: skip


@pytest.mark.parametrize("target", ["helm-drain", "kustomize-drain"])
def test_a_drain_that_failed_leaves_its_log(target: str) -> None:
    """With OnFailure, a Job that gives up deletes its pod, and what it said goes too."""
    (job,) = of_kind(KEPT[target], "Job")
    assert pod(job)["restartPolicy"] == "Never"


def test_the_overlays_drain_is_the_charts() -> None:
    jobs = [
        of_kind(copy.deepcopy(KEPT[name]), "Job")[0] for name in ("helm-drain", "kustomize-drain")
    ]
    assert [job["metadata"]["name"] for job in jobs] == ["nofos-bridge-drain-2"] * 2
    charts, overlays = (pod(job)["containers"] for job in jobs)
    (config,) = of_kind(KEPT["kustomize-drain"], "ConfigMap")
    store = tomllib.loads(config["data"]["nofos-bridge.toml"])["influx"]["url"]
    assert overlays[0].pop("args") == ["replay", "--pending", "--to", store]
    assert charts[0].pop("args")[:2] == ["replay", "--pending"]
    assert overlays == charts[:1]
    assert pod(jobs[1])["volumes"][0] == pod(jobs[0])["volumes"][0]
    (bridge,) = of_kind(KEPT["kustomize-drain"], "StatefulSet")
    assert pod(jobs[1])["volumes"][1:] == pod(bridge)["volumes"]


@pytest.mark.parametrize("target", ["helm-drain", "kustomize-drain"])
def test_the_bridge_takes_the_words_of_a_drain(target: str, tmp_path: Path) -> None:
    (job,) = of_kind(KEPT[target], "Job")
    for each in pod(job)["containers"]:
        env = environ(JOURNAL__DIR=str(tmp_path), INFLUX__URL="http://a", INFLUX__BUCKET="b")
        done = nofos(*each["args"], env=env)
        assert f"there is no journal in {tmp_path}" in done.stderr


def test_the_copies_for_kustomize_are_fresh() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in copies().items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "`.venv/bin/python -m tests.deploy.copies`, then commit"


def judged(rules: Document, folder: Path) -> tuple[int, str]:
    """What promtool says to the groups of a PrometheusRule."""
    path = folder / "rules.yml"
    path.write_text(yaml.safe_dump(rules["spec"]), encoding="utf-8")
    return ask("promtool", "check", "rules", path)


def test_promtool_takes_the_rules_for_the_operator(tmp_path: Path) -> None:
    (rules,) = documents(DEPLOY / "kustomize/components/monitoring/prometheusrule.yaml")
    code, output = judged(rules, tmp_path)
    assert code == 0, output
    rules["spec"]["groups"][0]["rules"][0]["expr"] = "up =="
    assert judged(rules, tmp_path)[0] == 1


def test_the_chart_sees_rules_and_dashboards() -> None:
    links = {path.name: path.resolve() for path in (CHART / "files").iterdir()}
    assert links == {
        "rules": DEPLOY / "prometheus",
        "dashboards": ROOT / "grafana" / "dashboards",
    }


def test_yamllint_has_nothing_to_say(tmp_path: Path) -> None:
    assert ask("yamllint", "--strict", "deploy") == (0, "")
    worse = tmp_path / "a.yaml"
    worse.write_text("a: 1\na: 2\n", encoding="utf-8")
    assert "duplication of key" in ask("yamllint", "--strict", worse)[1]


def test_prometheus_finds_the_pods_by_their_own_names() -> None:
    text = (DEPLOY / "prometheus" / "kubernetes-sd.yml").read_text(encoding="utf-8")
    (job,) = yaml.safe_load(text)["scrape_configs"]
    (workload,) = of_kind(KEPT["helm-default"], "StatefulSet")
    name, _, value = job["kubernetes_sd_configs"][0]["selectors"][0]["label"].partition("=")
    assert workload["spec"]["template"]["metadata"]["labels"][name] == value
    (port,) = pod(workload)["containers"][0]["ports"]
    assert job["relabel_configs"][0]["regex"] == port["name"]
