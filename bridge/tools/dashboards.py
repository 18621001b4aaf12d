"""`dashboards`: writes what Grafana and Prometheus read, below a folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from bridge.alerts.files import rule_files
from bridge.core.errors import CommandFailed
from bridge.dashboards.files import dashboard_files, write

PARTS: Mapping[str, Callable[[], Mapping[str, str]]] = {
    "grafana": dashboard_files,
    "deploy/prometheus": rule_files,
}
"""By folder below the one that was asked for: text by path."""


def dashboards(out: Path, said: TextIO) -> None:
    """Write every part. Raises CommandFailed where the folder takes none."""
    for folder, files in PARTS.items():
        made = files()
        try:
            write(made, out / folder)
        except OSError as error:
            raise CommandFailed(f"cannot write to {out / folder}: {error.strerror}") from error
        said.write(f"{len(made)} files in {out / folder}\n")
