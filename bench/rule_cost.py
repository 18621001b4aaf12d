"""What recording and alert rules cost Prometheus with 10,000 chargers, group by group.

An hour at 30 s of all families that the rules read is filled in; then the fleet lives on.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.fleet_queries import wait_for_the_past
from bench.past import Past, overview_rows, serving
from bench.table import table
from bridge.alerts.model import LinkBases
from bridge.alerts.rules_file import rules_text
from tests.kit.servers import Prometheus
from tests.kit.servers.web import ask

EVERY_SECONDS = 30
SETTLE_SECONDS = 330.0
"""The group that is evaluated every five minutes has had its turn."""
_DURATION = "prometheus_rule_group_last_duration_seconds"
_INTERVAL = "prometheus_rule_group_interval_seconds"
_RULES = "prometheus_rule_group_rules"
_SAMPLES = "prometheus_rule_group_last_evaluation_samples"
_FAILURES = "prometheus_rule_evaluation_failures_total"


def all_rows(charger: int) -> Iterator[str]:
    """Also what only rules read."""
    yield from overview_rows(charger)
    of = f'charger="{charger:012x}"'
    labelled = {
        f'evse_source{{{of},evse_source="mqtt"}}': "1",
        f'evse_source{{{of},evse_source="http"}}': "0",
        f'evse_last_reset{{{of},reason="software"}}': "1",
    }
    values = {
        "poll_success": "1", "boots_total": "12", "gfci_trips_total": "3",
        "no_ground_trips_total": "0", "stuck_relay_trips_total": "0",
        "clock_skew_seconds": "0.4", "duplicate": "0", "frozen": "0", "unit_suspect": "0",
        "contradictory": "0",
        "rapi_commands_total": "@", "rapi_successes_total": "@",
    }  # fmt: skip
    plain = {f"evse_{name}{{{of}}}": value for name, value in values.items()}
    for name, value in (labelled | plain).items():
        yield f"{name} {value} @000"


def own(prometheus: Prometheus, name: str) -> Mapping[str, float]:
    """A metric that Prometheus tells of itself, by group of rules."""
    rows = ask(f"{prometheus.url}/metrics").splitlines()
    found = (row.removeprefix(name).rsplit(" ", 1) for row in rows if row.startswith(f"{name}{{"))
    return {labels.rpartition(";")[2].removesuffix('"}'): float(value) for labels, value in found}


def costs(prometheus: Prometheus) -> Sequence[Sequence[str]]:
    """A row for each group, and one for all."""
    failures = sum(own(prometheus, _FAILURES).values())
    if failures:
        raise RuntimeError(f"{failures:g} evaluations failed: {prometheus.log[-500:]}")
    took, every = own(prometheus, _DURATION), own(prometheus, _INTERVAL)
    rules, samples = own(prometheus, _RULES), own(prometheus, _SAMPLES)
    rows = [
        [
            name, f"{rules[name]:g}", f"{samples[name]:,.0f}", f"{every[name]:g} s",
            f"{took[name]:.2f} s", f"{60 / every[name] * took[name]:.2f} s",
        ]
        for name in took
    ]  # fmt: skip
    total = sum(60 / every[name] * took[name] for name in took)
    series = f"{sum(samples.values()):,.0f}"
    return [*rows, ["all", f"{sum(rules.values()):g}", series, "", "", f"{total:.2f} s"]]


def measure(chargers: int, seconds: int, folder: Path) -> Sequence[Sequence[str]]:
    """Fill the past in, let the fleet live on, and ask what evaluations took."""
    rules = folder / "rules.yml"
    rules.write_text(rules_text(LinkBases()), encoding="utf-8")
    past = Past(chargers, seconds, all_rows)
    with (
        serving(past) as targets,
        Prometheus(
            folder, targets=targets, timeout="2s", rule_files=[rules], every=f"{EVERY_SECONDS}s"
        ) as prometheus,
    ):
        wait_for_the_past(prometheus, past)
        time.sleep(SETTLE_SECONDS)
        return costs(prometheus)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rule_cost", description=__doc__)
    parser.add_argument("--chargers", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=3600, help="of the past")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nofos-bench-") as folder:
        found = measure(given.chargers, given.seconds, Path(folder))
    head = ("Group", "Rules", "Series", "Every", "An evaluation", "A minute")
    sys.stdout.write(table(head, found) + "\n")


if __name__ == "__main__":
    main()
