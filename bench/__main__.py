"""`python -m bench`: every run, then the report; `--write FILE` puts it into a note."""

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.child import ROOT
from bench.fleet_queries import fleet_queries
from bench.flood import flood
from bench.large import large
from bench.latency import latency
from bench.machine import machine
from bench.plan import FULL, QUICK, BenchPlan
from bench.polling import polling
from bench.report import put, report
from bench.results import Results
from bench.steady import Steady, steady
from bench.subjects import Subject, present

LATEST = ROOT / ".cache" / "bench" / "latest.json"


def tell(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def compare(subjects: Sequence[Subject], plan: BenchPlan, folder: Path) -> dict[str, list[Steady]]:
    """Every subject in turn, then all again, so that a busy minute hits each alike."""
    found: dict[str, list[Steady]] = {subject.name: [] for subject in subjects}
    for repeat in range(plan.repeats):
        for subject in subjects:
            run = steady(subject, plan, folder)
            found[subject.name].append(run)
            tell(
                f"{plan.steady_rate:,}/s, run {repeat + 1} of {plan.repeats}, {subject.name}: "
                f"{run.micros:.1f} µs a message, {run.missing:,} missing"
            )
    return found


def everything(plan: BenchPlan, folder: Path) -> Results:
    """All runs, one after the other."""
    subjects = present()
    place = machine(subjects)
    compared = compare(subjects, plan, folder)
    floods = []
    for rate, seconds in plan.floods:
        tell(f"{rate:,}/s for {seconds:g} s")
        floods.append(
            flood(
                rate, seconds, chargers=plan.chargers, scrape_every=plan.scrape_every,
                folder=folder,
            )
        )  # fmt: skip
    tell(f"latency at {plan.latency_rate:,}/s")
    delays = latency(plan, folder)
    tell(f"{plan.fleet:,} chargers")
    whole = large(plan, folder)
    tell(f"{plan.polls.chargers:,} chargers polled every {plan.polls.every:g} s")
    polled = polling(plan, folder)
    tell(f"the Fleet dashboard over {plan.asked_chargers:,} chargers")
    asked = fleet_queries(plan.asked_chargers, plan.asked_seconds, folder)
    return Results(plan, place, compared, floods, delays, whole, polled, asked)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under two minutes, one run each")
    parser.add_argument("--write", type=Path, metavar="FILE", help="a note with the marks")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nofos-bench-") as folder:
        results = everything(QUICK if given.quick else FULL, Path(folder))
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps(dataclasses.asdict(results), indent=1), encoding="utf-8")
    text = report(results)
    sys.stdout.write(text + "\n")
    if given.write:
        put(text, given.write)


if __name__ == "__main__":
    main()
