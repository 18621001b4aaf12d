"""A day of five healthy chargers, with a restart and a roll-out of the bridge: nothing fires."""

import json
import time
from pathlib import Path

import pytest

from bridge.alerts.rules_file import expression
from bridge.alerts.table import ALERTS
from tests.kit import backfill
from tests.kit.alert_day import CHARGERS, Day, promtool_series
from tests.kit.alerts import METRIC, RULES, expressions, promtool

pytestmark = pytest.mark.timeout(300)  # a quarter of a minute of work each, on a busy machine
DAY = 24 * 60
USED = frozenset(name for each in expressions() for name in METRIC.findall(each)) | {"up"}


def fired(folder: Path, scrapes: list[dict[str, str]]) -> str:
    """What promtool says where an alert fired at any minute; nothing where none did."""
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
                "input_series": promtool_series(scrapes, USED),
                "promql_expr_test": [everything],
            }
        ],
    }
    path = folder / "day.test.yml"
    path.write_text(json.dumps(asked), encoding="utf-8")
    code, output = promtool("test", "rules", str(path))
    return "" if code == 0 else output


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
    output = fired(tmp_path, part)
    assert 'alertname="EvseStuckRelay"' in output
    assert output.count("alertname=") == 1


def fired_in_prometheus(folder: Path, scrapes: list[dict[str, str]]) -> set[str]:
    """The alerts whose condition was met for as long as it must, in a server that has the day.

    promtool does not fill alerts in, so their expressions are asked minute by minute.
    """
    end = int(time.time()) // 60 * 60 - 60
    start = end - 60 * (len(scrapes) - 1)
    with backfill.filled(folder, scrapes, USED, end) as server:
        asked = f"min(count_over_time(charger:evse_up:max[{len(scrapes)}m] @ {end}))"
        # The day is whole, but for a minute at its edge.
        assert [len(scrapes) - each.value <= 1 for each in server.query(asked)] == [True]
        return {
            alert.name
            for alert in ALERTS
            for times in backfill.met(server, expression(alert), start, end)
            if backfill.held(times, alert.hold_for)
        }


def test_nothing_fires_in_a_prometheus_that_has_the_day(
    scrapes: list[dict[str, str]], tmp_path: Path
) -> None:
    assert fired_in_prometheus(tmp_path, scrapes) == set()


def test_a_fault_in_a_prometheus_that_has_the_day_is_noticed(
    scrapes: list[dict[str, str]], tmp_path: Path
) -> None:
    part = [dict(each) for each in scrapes[:60]]
    for shown in part[10:]:
        for name in [name for name in shown if name.startswith('evse_state_code{charger="c3"')]:
            shown[name] = "8"
    for shown in part[40:]:
        for name in [name for name in shown if 'charger="c1"' in name and "evse_up" in name]:
            shown[name] = "0"
    assert fired_in_prometheus(tmp_path, part) == {"EvseStuckRelay", "EvseChargerSilent"}
