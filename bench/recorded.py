"""What the rules would have recorded in the past, filled in by promtool."""

import subprocess
import time
from pathlib import Path

from bench.past import STEP
from bridge.alerts.model import LinkBases, Recording, RuleGroup
from bridge.alerts.overview import OVERVIEW
from bridge.alerts.query import NAMES_SERIES
from bridge.alerts.recordings import RECORDINGS
from bridge.alerts.rules_file import rules_text
from tests.kit.servers import Prometheus, find_program

PATIENCE_SECONDS = 600.0
RELOADED_SECONDS = 150.0
"""Prometheus looks for new blocks once a minute."""

_NAMES = tuple(
    rule for rule in RECORDINGS.rules if isinstance(rule, Recording) and rule.name == NAMES_SERIES
)
# promtool knows of no series that a rule of the same file records.
_STAGES = (RuleGroup("names", _NAMES), OVERVIEW)


def fill(prometheus: Prometheus, folder: Path, start: int, end: int) -> None:
    """The series of the overview, as the rules make them of what is there."""
    for stage in _STAGES:
        rules = folder / f"{stage.name}.yml"
        rules.write_text(rules_text(LinkBases(), [stage]), encoding="utf-8")
        subprocess.run(
            [find_program("promtool"), "tsdb", "create-blocks-from", "rules",
             f"--start={start}", f"--end={end}", f"--eval-interval={STEP}s",
             f"--url={prometheus.url}", f"--output-dir={folder / 'prometheus'}", str(rules)],
            check=True, capture_output=True, timeout=PATIENCE_SECONDS,
        )  # fmt: skip
        for rule in stage.rules:
            _wait_for(prometheus, rule.name, end)


def _wait_for(prometheus: Prometheus, name: str, end: int) -> None:
    deadline = time.monotonic() + RELOADED_SECONDS
    while not prometheus.query(f"count({name} @ {end})"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} was not filled in: {prometheus.log[-500:]}")
        time.sleep(1)
