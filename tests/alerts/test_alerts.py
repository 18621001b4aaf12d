"""Every alert, judged by promtool: when it fires, with what words, and when it does not."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.alerts.table import ALERTS
from tests.alerts import cases_bridge, cases_chargers
from tests.kit.alerts import (
    RULES,
    Case,
    at,
    promtool,
    promtool_test,
    shown_by,
    torn,
    with_names,
)

CASES = (*cases_chargers.CASES, *cases_bridge.CASES)
OF_CHARGERS = tuple(case for case in CASES if case.scope == "charger")
LOOK, RESTART = 3, 2
"""Minutes."""


def ids(cases: tuple[Case, ...]) -> list[str]:
    return [f"{case.alert}-{number}" for number, case in enumerate(cases)]


def a_minute_before_and_then(case: Case, expected: Mapping[str, object]) -> list[dict[str, object]]:
    before = [at(case.fires - 1, case.alert)]
    return [*before, at(case.fires, case.alert, expected)]


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_it_fires_when_it_must_and_not_a_minute_before(case: Case, tmp_path: Path) -> None:
    series = shown_by("bridge-0", with_names(case.series))
    assert (
        promtool_test(
            tmp_path, case.alert, (series, a_minute_before_and_then(case, case.expected()))
        )
        == ""
    )


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_it_stays_quiet_where_something_only_looks_like_it(case: Case, tmp_path: Path) -> None:
    never = [at(minute, case.alert) for minute in range(0, case.watched, LOOK)]
    quiet = [(shown_by("bridge-0", with_names(series)), never) for series in case.quiet]
    assert quiet
    assert promtool_test(tmp_path, case.alert, *quiet) == ""


@pytest.mark.parametrize("case", OF_CHARGERS, ids=ids(OF_CHARGERS))
def test_it_does_not_vanish_where_the_names_are_missing(case: Case, tmp_path: Path) -> None:
    series = shown_by("bridge-0", case.series)
    assert (
        promtool_test(
            tmp_path, case.alert, (series, a_minute_before_and_then(case, case.nameless()))
        )
        == ""
    )


@pytest.mark.parametrize("case", OF_CHARGERS, ids=ids(OF_CHARGERS))
def test_two_replicas_that_show_one_charger_make_one_alert(case: Case, tmp_path: Path) -> None:
    expected = with_names(case.series)
    both = [*shown_by("bridge-0", expected), *shown_by("bridge-1", expected)]
    assert (
        promtool_test(tmp_path, case.alert, (both, a_minute_before_and_then(case, case.expected())))
        == ""
    )


@pytest.mark.parametrize("case", OF_CHARGERS, ids=ids(OF_CHARGERS))
def test_a_restart_of_the_bridge_makes_no_other_alert_of_one_that_stands(
    case: Case, tmp_path: Path
) -> None:
    """Neither does it end, which would be told, nor is it told again, as one without names."""
    gone = case.fires + 1
    series = torn(with_names(case.series), gone, length=RESTART)
    minutes = [at(minute, case.alert) for minute in range(case.fires, gone + RESTART + 3)]
    output = promtool_test(tmp_path, case.alert, (shown_by("bridge-0", series), minutes))
    assert output.count("time: ") == len(minutes), "it ended"
    assert len(set(re.findall(r"Labels:(\{alertname=.*?\})", output))) == 1, "it is another one"


def test_two_names_of_one_charger_make_one_alert(tmp_path: Path) -> None:
    fault = {"evse_state_code": "1x4 8x30"}
    old = {'evse_info{charger="c1",name="old"}': "1x30", **fault}
    new = {'evse_info{charger="c1",name="new"}': "1x30", **fault}
    series = [*shown_by("bridge-0", old), *shown_by("bridge-1", new)]
    output = promtool_test(tmp_path, "EvseStuckRelay", (series, [at(6, "EvseStuckRelay")]))
    assert output.count('alertname="EvseStuckRelay"') == 1
    assert len(re.findall(r'name="(?:old|new)"', output)) == 1


@pytest.mark.parametrize(
    ("alert", "series", "last"),
    [
        ("EvseBridgeDeaf", {"evse_bridge_mqtt_ready": "1x4 0x5 1x60"}, 15),
        ("EvseBridgeDown", {"up": "1x4 0x5 1x60", "evse_bridge_build_info": "1x4 _x5 1x60"}, 15),
        ("EvseStuckRelay", {"evse_state_code": "1x4 8x5 1x60"}, 15),
        ("EvseGfciFault", {"evse_state_code": "1x4 6x5 1x60"}, 15),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_goes_on_until_what_follows_from_it_has_ended_too(
    alert: str, series: Mapping[str, str], last: int, tmp_path: Path
) -> None:
    shown = shown_by("bridge-0", with_names(series))
    output = promtool_test(tmp_path, alert, (shown, [at(last, alert), at(last + 1, alert)]))
    assert f"alertname: {alert}, time: {last}m" in output
    assert f"time: {last + 1}m" not in output


def test_a_bridge_that_is_down_for_days_stays_so_while_another_runs(tmp_path: Path) -> None:
    build = 'evse_bridge_build_info{version="1"}'
    series = [
        *shown_by("bridge-0", {"up": "1x4 0x2000", build: "1x4 stale"}),
        *shown_by("bridge-1", {"up": "1x2005", build: "1x2005"}),
    ]
    alert = "EvseBridgeDown"
    output = promtool_test(tmp_path, alert, (series, [at(day, alert) for day in (1440, 2000)]))
    assert re.findall(r'instance="(.*?):', output) == ["bridge-0", "bridge-0"]


def test_promtool_notices_another_word_in_an_alert(tmp_path: Path) -> None:
    case = CASES[0]
    expected = {**case.expected(), "exp_annotations": {"summary": "something else"}}
    series = shown_by("bridge-0", with_names(case.series))
    output = promtool_test(tmp_path, case.alert, (series, [at(case.fires, case.alert, expected)]))
    assert "something else" in output


def test_each_alert_has_a_case_and_each_case_its_alert() -> None:
    assert {case.alert for case in CASES} == {alert.name for alert in ALERTS}


def test_promtool_finds_nothing_to_complain_of() -> None:
    code, output = promtool("check", "rules", "--lint=all", "--lint-fatal", str(RULES))
    assert (code, "SUCCESS: 66 rules found" in output) == (0, True), output
