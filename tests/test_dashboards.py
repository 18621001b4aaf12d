"""The dashboards as files: each there under its uid, fresh, and written by the command."""

import re
from pathlib import Path

from typer.testing import CliRunner

from bridge.cli import app
from bridge.dashboards.files import dashboard_files
from tests.alert_parts import RECORDED, RULES
from tests.dash_parts import boards, queries

GRAFANA = Path(__file__).resolve().parent.parent / "grafana"
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
