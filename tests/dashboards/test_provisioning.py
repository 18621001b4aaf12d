"""The files with which Grafana finds datasources and dashboards by itself."""

from typing import Any

import yaml

from tests.kit.dashboards import FOLDER, boards
from tests.kit.root import ROOT

PROVISIONING = ROOT / "grafana" / "provisioning"
ENVIRONMENT = {
    "NOFOS_PROMETHEUS_URL", "NOFOS_INFLUXDB_URL", "NOFOS_INFLUXDB_DATABASE", "NOFOS_INFLUXDB_TOKEN",
}  # fmt: skip


def read(kind: str) -> Any:
    return yaml.safe_load((PROVISIONING / kind / "nofos.yml").read_text(encoding="utf-8"))


def test_there_is_a_datasource_of_each_kind_that_dashboards_ask_for() -> None:
    kinds = [each["type"] for each in read("datasources")["datasources"]]
    assert kinds == ["prometheus", "influxdb"]
    asked = {
        each["query"]
        for kind in kinds
        for board in boards(kind).values()
        for each in board["templating"]["list"]
        if each["type"] == "datasource"
    }
    assert asked == set(kinds)


def test_influxdb_is_asked_in_influxql() -> None:
    influx = read("datasources")["datasources"][1]
    assert influx["jsonData"]["version"] == "InfluxQL"


def test_addresses_and_secrets_come_from_the_environment_alone() -> None:
    words = (PROVISIONING / "datasources" / "nofos.yml").read_text(encoding="utf-8").split()
    assert {word[2:-1] for word in words if word.startswith("${")} == ENVIRONMENT
    assert [word for word in words if "://" in word] == []


def test_every_datasource_has_a_uid_and_a_name_of_its_own() -> None:
    found = read("datasources")["datasources"]
    assert [each["uid"] for each in found] == ["nofos-prometheus", "nofos-influxdb"]
    assert len({each["name"] for each in found}) == 2


def test_the_provider_loads_the_folder_that_the_docs_say() -> None:
    (provider,) = read("dashboards")["providers"]
    path = provider["options"]["path"]
    assert provider["type"] == "file"
    assert provider["folder"] == "EV chargers"
    page = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    assert f"`grafana/dashboards/` to `{path}/`" in page.replace("\n", " ")


def test_the_folder_holds_nothing_but_dashboards() -> None:
    others = [path.name for path in FOLDER.iterdir() if path.suffix != ".json"]
    assert set(others) <= {"kustomization.yaml"}
    assert len(boards("prometheus") | boards("influxdb")) == 9
