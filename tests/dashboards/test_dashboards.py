"""The dashboards as files: each there under its uid, fresh, and written by the command."""

import re
from pathlib import Path

from typer.testing import CliRunner

from bridge.cli import app
from bridge.dashboards.files import dashboard_files
from tests.kit.alerts import RECORDED, RULES
from tests.kit.dashboards import boards, panels, queries
from tests.kit.root import ROOT

GRAFANA = ROOT / "grafana"
ALL = boards("prometheus") | boards("influxdb")
UIDS = {
    "nofos-fleet", "nofos-charger", "nofos-faults", "nofos-energy", "nofos-bridge",
    "nofos-fleet-influx", "nofos-charger-influx", "nofos-faults-influx", "nofos-energy-influx",
}  # fmt: skip


def test_there_is_each_dashboard_under_its_stable_uid() -> None:
    assert boards("prometheus").keys() | boards("influxdb").keys() == UIDS


def test_the_committed_files_are_fresh() -> None:
    committed = {
        path.relative_to(GRAFANA).as_posix(): path.read_text(encoding="utf-8")
        for path in GRAFANA.rglob("*")
        # That one is made from the others, for kustomize.
        if path.is_file() and path.name != "kustomization.yaml"
    }
    assert committed == dashboard_files(), "run: nofos-bridge dashboards --out ."


def test_the_command_writes_the_same_files(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["dashboards", "--out", str(tmp_path)])
    assert done.exit_code == 0
    written = (tmp_path / "grafana" / "dashboards" / "nofos-fleet.json").read_text("utf-8")
    assert written == dashboard_files()["dashboards/nofos-fleet.json"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "grafana").write_text("in the way", encoding="utf-8")
    done = CliRunner().invoke(app, ["dashboards", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert f"cannot write to {tmp_path / 'grafana'}" in done.stderr


def colours(uid: str) -> dict[str, str]:
    """Of the states over time, by what the legend calls them."""
    (panel,) = (each for each in panels(ALL[uid]) if each["title"] == "States")
    found = {}
    for override in panel["fieldConfig"]["overrides"]:
        own = {each["id"]: each["value"] for each in override["properties"]}
        name = own.get("displayName", override["matcher"]["options"])
        found[name] = own["color"]["fixedColor"]
    return found


def test_a_state_has_one_colour_on_all_dashboards() -> None:
    prometheus, influx = colours("nofos-fleet"), colours("nofos-fleet-influx")
    alike = {"charging", "connected", "not connected", "starting", "fault", "unknown"}
    assert alike <= prometheus.keys() & influx.keys()
    assert {name: prometheus[name] for name in alike} == {name: influx[name] for name in alike}
    assert influx["sleeping or disabled"] == prometheus["sleeping"]
    used = [prometheus[name] for name in (*alike, "sleeping", "disabled")]
    assert len(set(used)) == len(used)


def test_what_each_bridge_takes_of_a_processor_can_be_told_apart() -> None:
    (panel,) = (each for each in panels(ALL["nofos-bridge"]) if each["title"] == "Memory and CPU")
    legends = [each["legendFormat"] for each in panel["targets"]]
    (override,) = panel["fieldConfig"]["overrides"]
    assert legends == ["memory, {{instance}}", "CPU, {{instance}}"]
    assert override["matcher"] == {"id": "byRegexp", "options": "/^CPU/"}


def test_no_series_of_states_takes_a_colour_by_chance() -> None:
    (states,) = (each for each in panels(ALL["nofos-fleet-influx"]) if each["title"] == "States")
    assert {each["alias"] for each in states["targets"]} == colours("nofos-fleet-influx").keys()


def test_every_recorded_series_named_is_one_that_the_rules_record() -> None:
    named = {
        name
        for board in boards("prometheus").values()
        for asked in queries(board)
        for name in RECORDED.findall(asked.text)
    }
    recorded = re.findall(r"- record: (\S+)", RULES.read_text(encoding="utf-8"))
    assert len(named) == 5
    assert named - set(recorded) == set()
