"""A day of five healthy chargers, with a restart and a roll-out of the bridge: nothing fires."""

import json
from pathlib import Path

import pytest

from tests.alert_day import CHARGERS, Day, promtool_series
from tests.alert_parts import RULES, promtool
from tests.test_alert_files import METRIC, expressions

DAY = 24 * 60


def fired(folder: Path, scrapes: list[dict[str, str]]) -> str:
    """What promtool says where an alert fired at any minute; nothing where none did."""
    used = frozenset(name for each in expressions() for name in METRIC.findall(each)) | {"up"}
    everything = {
        "expr": f'count_over_time(ALERTS{{alertstate="firing"}}[{len(scrapes)}m])',
        "eval_time": f"{len(scrapes) - 1}m",
        "exp_samples": [],
    }
    text = RULES.read_text(encoding="utf-8")
    order = [line.split()[2] for line in text.splitlines() if line.startswith("  - name: ")]
    asked = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "group_eval_order": order,
        "tests": [
            {
                "interval": "1m",
                "input_series": promtool_series(scrapes, used),
                "promql_expr_test": [everything],
            }
        ],
    }
    path = folder / "day.test.yml"
    path.write_text(json.dumps(asked), encoding="utf-8")
    code, said = promtool("test", "rules", str(path))
    return "" if code == 0 else said


@pytest.fixture(scope="module")
def scrapes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """A restart at noon; from six in the evening a roll-out, with both replicas for a while."""
    day = Day(tmp_path_factory.mktemp("day"))
    day.live(12 * 60)
    day.restart("bridge-0", as_="bridge-0")
    day.live(6 * 60)
    day.join("bridge-0", "bridge-1")
    day.live(5)
    day.leave("bridge-0")
    day.live(DAY - len(day.scrapes))
    return day.scrapes


def test_the_day_is_full_of_life(scrapes: list[dict[str, str]]) -> None:
    def last(name: str) -> list[float]:
        return [float(v) for k, v in scrapes[-1].items() if k.startswith(f"{name}{{")]

    assert len(scrapes) == DAY
    assert last("evse_up") == [1] * CHARGERS
    assert min(last("evse_sessions_total")) >= 5
    assert len(last("evse_heap_largest_free_block_bytes")) == CHARGERS


def test_nothing_fires(scrapes: list[dict[str, str]], tmp_path: Path) -> None:
    assert fired(tmp_path, scrapes) == ""


def test_a_day_with_a_fault_in_it_is_noticed(scrapes: list[dict[str, str]], tmp_path: Path) -> None:
    part = [dict(each) for each in scrapes[:30]]
    for shown in part[10:]:
        for name in [name for name in shown if name.startswith('evse_state_code{charger="c3"')]:
            shown[name] = "8"
    said = fired(tmp_path, part)
    assert 'alertname="EvseStuckRelay"' in said
    assert said.count("alertname=") == 1
