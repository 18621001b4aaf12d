"""`python -m bridge.alerts`: the rules with one's own links, or the repository's files."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bridge.alerts.model import Places
from bridge.alerts.rules_file import rules_text
from bridge.alerts.runbooks import refreshed
from bridge.alerts.table import ALERTS

RULES = Path("deploy/prometheus/rules.yml")
RUNBOOKS = Path("docs/runbooks")
_USUAL = Places()


def write(root: Path) -> None:
    """Make the rule file and the beginnings of the runbooks anew in a tree of the repository."""
    (root / RULES).write_text(rules_text(_USUAL), encoding="utf-8")
    for alert in ALERTS:
        page = root / RUNBOOKS / f"{alert.name}.md"
        written = page.read_text(encoding="utf-8") if page.exists() else ""
        page.write_text(refreshed(alert, written), encoding="utf-8")


def main(
    runbooks: Annotated[str, typer.Option(help="Where the runbooks are.")] = _USUAL.runbooks,
    grafana: Annotated[str, typer.Option(help="Where Grafana is.")] = _USUAL.grafana,
    root: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Write a repository's files.")
    ] = None,
) -> None:
    """Print the rules for Prometheus."""
    if root is not None:
        write(root)
        return
    places = Places(f"{runbooks.rstrip('/')}/", f"{grafana.rstrip('/')}/")
    sys.stdout.write(rules_text(places))


if __name__ == "__main__":
    typer.run(main)
