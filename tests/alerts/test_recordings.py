"""The recorded series for dashboards, judged by promtool: by site, and each charger once."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.alerts.overview import OVERVIEW
from bridge.alerts.recorded import ANNOUNCED, FAULTS, POWER, STATES, UP
from tests.kit.alerts import RULES, promtool

Values = Mapping[str, str]
"""Values minute by minute as promtool writes them, or at the end, by name and labels."""
NORTH = {'evse_info{charger="c1",site="north",alias="Gate"}': "1x10",
         'evse_info{charger="c2",site="north"}': "1x10"}  # fmt: skip
NOWHERE = {'evse_info{charger="c3"}': "1x10"}
FLEET = NORTH | NOWHERE


def on_two_pods(series: Values) -> Values:
    """Both show every charger, as they do for a moment while replicas are rolled out."""
    return {
        f'{name.removesuffix("}")},instance="{pod}"}}': values
        for name, values in series.items()
        for pod in ("bridge-0", "bridge-1")
    }


def recorded(folder: Path, series: Values, name: str, expected: Values) -> str:
    """What promtool says where something else was recorded at minute 5."""
    text = RULES.read_text(encoding="utf-8")
    asked = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "group_eval_order": [
            line.split()[2] for line in text.splitlines() if line.startswith("  - name: ")
        ],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": key, "values": value} for key, value in series.items()],
                "promql_expr_test": [
                    {
                        "expr": name,
                        "eval_time": "5m",
                        "exp_samples": [
                            {"labels": f"{name}{labels}", "value": float(value)}
                            for labels, value in expected.items()
                        ],
                    }
                ],
            }
        ],
    }
    path = folder / "recorded.test.yml"
    # JSON is YAML.
    path.write_text(json.dumps(asked), encoding="utf-8")
    code, output = promtool("test", "rules", str(path))
    assert "FAILED" in output or code == 0, output
    return "" if code == 0 else output


CASES: dict[str, tuple[str, Values, Values]] = {
    "those that are up, also where none is": (
        UP,
        {'evse_up{charger="c1"}': "1x10", 'evse_up{charger="c2"}': "1x10",
         'evse_up{charger="c3"}': "0x10"},
        {'{site="north"}': "2", "{}": "0"},
    ),
    "those that are announced as connected": (
        ANNOUNCED,
        {'evse_announced{charger="c1"}': "1x10", 'evse_announced{charger="c2"}': "0x10",
         'evse_announced{charger="c3"}': "1x10"},
        {'{site="north"}': "1", "{}": "1"},
    ),
    "power": (
        POWER,
        {'evse_power_watts{charger="c1"}': "7400x10", 'evse_power_watts{charger="c2"}': "3600x10",
         'evse_power_watts{charger="c3"}': "0x10"},
        {'{site="north"}': "11000", "{}": "0"},
    ),
    "chargers by state, 0 too": (
        STATES,
        {'evse_state_code{charger="c1"}': "3x10", 'evse_state_code{charger="c2"}': "3x10",
         'evse_state_code{charger="c3"}': "0x10"},
        {'{site="north",state_code="3"}': "2", '{state_code="0"}': "1"},
    ),
    "a state of today, not of a minute ago": (
        STATES,
        {'evse_state_code{charger="c1"}': "1x4 8x6"},
        {'{site="north",state_code="8"}': "1"},
    ),
    "a charger's faults of all kinds": (
        FAULTS,
        {'evse_faults_total{charger="c1",fault="no_ground"}': "2x10",
         'evse_faults_total{charger="c1",fault="stuck_relay"}': "1x10",
         'evse_faults_total{charger="c2",fault="no_ground"}': "0x10"},
        {'{charger="c1"}': "3", '{charger="c2"}': "0"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "series", "expected"), CASES.values(), ids=CASES)
def test_it_is_recorded_by_site(
    name: str, series: Values, expected: Values, tmp_path: Path
) -> None:
    assert recorded(tmp_path, {**FLEET, **series}, name, expected) == ""


@pytest.mark.parametrize(("name", "series", "expected"), CASES.values(), ids=CASES)
def test_two_pods_that_show_one_charger_count_it_once(
    name: str, series: Values, expected: Values, tmp_path: Path
) -> None:
    assert recorded(tmp_path, on_two_pods({**FLEET, **series}), name, expected) == ""


def test_a_charger_that_moves_to_another_pod_keeps_its_faults(tmp_path: Path) -> None:
    of = 'charger="c1",fault="no_ground"'
    moved = {
        f'evse_faults_total{{{of},instance="bridge-0"}}': "2 2 3 stale",
        f'evse_faults_total{{{of},instance="bridge-1"}}': "_ _ _ 3 3 4 4 4",
    }
    assert recorded(tmp_path, moved, FAULTS, {'{charger="c1"}': "4"}) == ""


def test_promtool_notices_another_value(tmp_path: Path) -> None:
    name, series, _ = CASES["power"]
    output = recorded(tmp_path, {**FLEET, **series}, name, {'{site="north"}': "11001", "{}": "0"})
    assert "1.1001E+04" in output.upper()


def test_each_recorded_series_of_the_dashboards_has_a_case() -> None:
    assert {name for name, _, _ in CASES.values()} == {rule.name for rule in OVERVIEW.rules}
