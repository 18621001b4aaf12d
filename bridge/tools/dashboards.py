"""`dashboards`: writes the files for Grafana and Prometheus below a folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from bridge.alerts.files import rule_files
from bridge.core.errors import CommandFailed
from bridge.dashboards.files import dashboard_files, write

FILES_BY_FOLDER: Mapping[str, Callable[[], Mapping[str, str]]] = {
    "grafana": dashboard_files,
    "deploy/prometheus": rule_files,
}
"""By folder below `--out`: text by path."""


def dashboards(out: Path, err: TextIO) -> None:
    """Write all files. Raises CommandFailed where the folder is not writable."""
    for folder, files in FILES_BY_FOLDER.items():
        texts = files()
        try:
            write(texts, out / folder)
        except OSError as error:
            raise CommandFailed(f"cannot write to {out / folder}: {error.strerror}") from error
        err.write(f"{len(texts)} files in {out / folder}\n")
