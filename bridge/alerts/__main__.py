"""`python -m bridge.alerts`: prints the rules with custom links, or writes the committed files."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bridge.alerts.model import LinkBases
from bridge.alerts.rules_file import rules_text
from bridge.alerts.runbooks import regenerate
from bridge.alerts.table import ALERTS

RULES = Path("deploy/prometheus/rules.yml")
RUNBOOKS = Path("docs/runbooks")
_DEFAULT = LinkBases()


def write(root: Path) -> None:
    """Generate the rule file and the first part of each runbook in the repository."""
    (root / RULES).write_text(rules_text(_DEFAULT), encoding="utf-8")
    for alert in ALERTS:
        page = root / RUNBOOKS / f"{alert.name}.md"
        written = page.read_text(encoding="utf-8") if page.exists() else ""
        page.write_text(regenerate(alert, written), encoding="utf-8")


def main(
    runbooks: Annotated[str, typer.Option(help="Base URL of the runbooks.")] = _DEFAULT.runbooks,
    grafana: Annotated[str, typer.Option(help="Base URL of Grafana.")] = _DEFAULT.grafana,
    root: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Write a repository's files.")
    ] = None,
) -> None:
    """Print the rules for Prometheus."""
    if root is not None:
        write(root)
        return
    links = LinkBases(f"{runbooks.rstrip('/')}/", f"{grafana.rstrip('/')}/")
    sys.stdout.write(rules_text(links))


if __name__ == "__main__":
    typer.run(main)
