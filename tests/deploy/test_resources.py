"""What pods and containers are given: memory for a measured fleet, and a place to write."""

import re
from typing import Any

import pytest
import yaml

from tests.deploy.quantities import size
from tests.deploy.render import CHART
from tests.kit.root import ROOT

FIGURE = re.compile(r"^\| resident memory, 10,000 chargers polled every 60 s +\| (\d+) MB;", re.M)


def services() -> dict[str, Any]:
    text = (ROOT / "deploy" / "compose" / "compose.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


def room() -> float:
    """A quarter more than the last full bench found 10,000 polled chargers to take, in bytes."""
    report = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    (measured,) = FIGURE.findall(report)
    return 1.25 * int(measured) * 1e6


def test_the_charts_limit_holds_ten_thousand_polled_chargers() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert size(values["resources"]["limits"]["memory"]) >= room()


def test_the_compose_files_limit_holds_ten_thousand_polled_chargers() -> None:
    assert size(services()["bridge"]["mem_limit"]) >= room()


@pytest.mark.parametrize("name", ["passwords", "influxdb", "grafana"])
def test_those_that_need_a_tmp_have_one(name: str) -> None:
    """Their root is read-only: without it, mosquitto_passwd fails, and nothing else starts."""
    assert services()[name]["tmpfs"] == ["/tmp"]
