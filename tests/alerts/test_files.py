"""The files that operators take: rules, runbooks, examples for Prometheus and Alertmanager."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.alerts.__main__ import RUNBOOKS, write
from bridge.alerts.model import Alert, LinkBases, Recording
from bridge.alerts.overview import OVERVIEW
from bridge.alerts.query import NAMES_SERIES
from bridge.alerts.rules_file import rules_text
from bridge.alerts.runbooks import GENERATED_END, generated_part, regenerate
from bridge.alerts.table import ALERTS, GROUPS
from bridge.cli import app
from bridge.core.fields.families import BY_NAME
from bridge.core.model import Reason
from bridge.core.polling.outcome import PollOutcome
from tests.kit.alerts import METRIC, RECORDED, RULES, expressions, promtool, said_by
from tests.kit.root import ROOT
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto

EXAMPLES = ROOT / "deploy" / "prometheus"
ALERTMANAGER = str(EXAMPLES / "alertmanager.yml")
HEADINGS = [
    "## What it means", "## Look first", "## Likely causes", "## What to do", "## Close it when",
]  # fmt: skip
SHORTEST_PAGE = 600
"""Characters written by hand."""


def page(alert: Alert) -> str:
    return (ROOT / RUNBOOKS / f"{alert.name}.md").read_text(encoding="utf-8")


async def test_no_rule_names_a_metric_that_the_bridge_does_not_show(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with bridge(tmp_path, mosquitto.url) as running:
        _, text = await running.get("/metrics")
    types = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    shown = {f"{name}_bucket" if kind == "histogram" else name for name, kind in types}
    used = {name for each in expressions() for name in METRIC.findall(each)}
    labels = {"evse_source"}
    assert len(used) > 35
    assert used - labels - shown - BY_NAME.keys() == set()
    assert "evse_state" not in used


def test_no_rule_names_a_recorded_series_that_is_none() -> None:
    recorded = {
        rule.name for group in GROUPS for rule in group.rules if isinstance(rule, Recording)
    }
    used = {name for each in expressions() for name in RECORDED.findall(each)}
    # The other ones are for dashboards.
    assert used | {NAMES_SERIES} | {rule.name for rule in OVERVIEW.rules} == recorded


def test_no_rule_names_a_reason_or_an_outcome_that_is_none() -> None:
    text = " ".join(expressions())
    (reasons,) = set(re.findall(r'discarded_total\{reason=~"([^"]+)"', text))
    outcomes = "|".join(re.findall(r'outcome!~"([^"]+)"', text))
    assert set(reasons.split("|")) <= set(Reason)
    assert set(outcomes.split("|")) <= set(PollOutcome)


def test_the_rule_file_is_fresh() -> None:
    assert RULES.read_text(encoding="utf-8") == rules_text(LinkBases())


def test_the_command_writes_the_rules_beside_the_dashboards(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["dashboards", "--out", str(tmp_path)])
    assert done.exit_code == 0
    written = (tmp_path / "deploy" / "prometheus" / "rules.yml").read_text("utf-8")
    assert written == RULES.read_text(encoding="utf-8")


def test_every_dashboard_that_an_alert_links_to_is_there() -> None:
    linked = {alert.dashboard.value.partition("?")[0] for alert in ALERTS}
    there = {f"d/{path.stem}" for path in (ROOT / "grafana" / "dashboards").glob("*.json")}
    assert len(linked) == 5
    assert linked <= there


def test_the_links_lead_where_the_operator_says() -> None:
    text = rules_text(LinkBases(runbooks="http://wiki/", grafana="http://graphs/"))
    assert 'runbook_url: "http://wiki/EvseCrash.md"' in text
    assert 'dashboard_url: "http://graphs/d/nofos-fleet"' in text
    assert ".example" not in text


def test_the_rules_are_printed_with_an_operators_own_links() -> None:
    command = [sys.executable, "-m", "bridge.alerts", "--runbooks", "http://wiki"]
    output = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()
    assert output == rules_text(LinkBases(runbooks="http://wiki/"))


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    pages = {path.stem for path in (ROOT / RUNBOOKS).glob("*.md")}
    assert pages - {"README"} == {alert.name for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
def test_a_runbook_opens_with_its_query_and_has_something_to_say(alert: Alert) -> None:
    text = page(alert)
    written = text.partition(GENERATED_END)[2]
    assert text.startswith(generated_part(alert))
    assert text.splitlines()[2] == "```promql"
    assert re.findall(r"^## .*$", written, re.MULTILINE) == HEADINGS
    assert all(each.strip() for each in re.split(r"^## .*$", written, flags=re.MULTILINE)[1:])
    assert len(written) > SHORTEST_PAGE


def test_the_list_of_runbooks_names_each() -> None:
    listed = (ROOT / RUNBOOKS / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w+)\.md\)", listed)) == {alert.name for alert in ALERTS}


def test_writing_anew_keeps_what_was_written_by_hand(tmp_path: Path) -> None:
    for folder in ("deploy/prometheus", "docs/runbooks"):
        (tmp_path / folder).mkdir(parents=True)
    write(tmp_path)
    first = tmp_path / RUNBOOKS / f"{ALERTS[0].name}.md"
    assert first.read_text("utf-8") == regenerate(ALERTS[0], "")
    first.write_text(f"old\n{GENERATED_END}by hand\n", "utf-8")
    write(tmp_path)
    assert first.read_text("utf-8") == f"{generated_part(ALERTS[0])}by hand\n"


def test_promtool_takes_the_example_for_prometheus() -> None:
    code, output = promtool("check", "config", str(EXAMPLES / "prometheus.yml"))
    assert code == 0, output
    assert "SUCCESS: 1 rule files found" in output


def test_amtool_takes_the_example_for_alertmanager() -> None:
    code, output = said_by("amtool", "check-config", ALERTMANAGER)
    assert code == 0, output
    assert "SUCCESS" in output


def test_alertmanager_names_no_alert_that_is_none() -> None:
    text = Path(ALERTMANAGER).read_text(encoding="utf-8")
    assert set(re.findall(r"Evse\w+", text)) <= {alert.name for alert in ALERTS}


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("alertname=EvseStuckRelay", "severity=page"), "pager"),
        (("alertname=EvseBridgeDeaf", "severity=page"), "pager"),
        (("alertname=EvseCrash", "severity=warning"), "operators"),
        (("alertname=EvseChargerDown", "severity=warning"), "operators"),
        (("alertname=EvseWifiWeak", "severity=info"), "operators"),
    ],
)
def test_pages_go_to_the_pager_and_the_rest_to_the_operators(
    labels: tuple[str, ...], receiver: str
) -> None:
    asked = ("config", "routes", "test", f"--config.file={ALERTMANAGER}")
    code, output = said_by("amtool", *asked, *labels)
    receivers = [line for line in output.splitlines() if not line.startswith("Warning: ")]
    assert (code, receivers) == (0, [receiver])
