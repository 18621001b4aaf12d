"""The report: the machine, the comparison and the goals, as text for a terminal and the note."""

from collections.abc import Sequence
from pathlib import Path

from bench.goals import goals
from bench.results import Results, median
from bench.steady import Steady
from bench.table import table

BEGIN = "<!-- figures: written by `make bench` -->"
END = "<!-- end of figures -->"
MEGA = 1e6


def report(results: Results) -> str:
    """Everything in Markdown."""
    plan = results.plan
    rounds = "one run" if plan.repeats == 1 else f"medians of {plan.repeats} runs, by turns"
    how = (
        f"{plan.steady_rate:,} messages a second, {plan.chargers:,} chargers, a window of "
        f"{plan.window:g} s, `/metrics` scraped every {plan.scrape_every:g} s; {rounds}; "
        "least and most in parentheses:"
    )
    asked = (
        f"The queries of the Fleet dashboard over {results.queries.chargers:,} chargers, with "
        f"{plan.asked_seconds / 60:g} minutes of data at 30 s:"
    )
    return "\n\n".join(
        [
            table(("Place", ""), results.place),
            how,
            _comparison(results),
            "What is to be reached:",
            table(
                ("Figure", "Measured", "Aim", "Reached"),
                [goal.row() for goal in goals(results)],
            ),
            asked,
            results.queries.table(),
        ]
    )


def _comparison(results: Results) -> str:
    head = (
        "Program", "CPU per message", "Cores", "Took", "Missing at the end", "Resident (peak)",
    )  # fmt: skip
    rate = results.plan.steady_rate
    return table(head, [_row(name, runs, rate) for name, runs in results.steady.items()])


def _row(name: str, runs: Sequence[Steady], rate: int) -> list[str]:
    micros = [run.micros for run in runs]
    took = median(runs, lambda run: run.taken_per_second)
    follows = all(run.follows(rate) for run in runs)
    resident = median(runs, lambda run: run.resident) / MEGA
    return [
        name,
        f"{median(runs, lambda run: run.micros):.1f} µs ({min(micros):.1f} to {max(micros):.1f})",
        f"{median(runs, lambda run: run.cores):.2f}",
        f"{took:,.0f}/s" + ("" if follows else ", cannot follow"),
        f"{sum(run.missing for run in runs):,} of {sum(run.sent for run in runs):,}",
        f"{resident:.0f} MB ({max(run.peak for run in runs) / MEGA:.0f})",
    ]


def put(text: str, note: Path) -> None:
    """Between the marks of the note, leaving the prose around them."""
    old = note.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{note} has no marks for the figures")
    note.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
