"""Applies the labels file to the chargers, and again when the file changes."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from bridge.core.errors import FixSettings, Problem
from bridge.core.labels import Labels
from bridge.core.model import ChargerId
from bridge.core.telemetry.telemetry import Telemetry
from bridge.ingest.boundary import Boundary
from bridge.runtime.blocking_call import BlockingCall
from bridge.runtime.yielding import Yielding
from bridge.settings.labels import LabelsFile
from bridge.settings.parse import InvalidValue

log = structlog.get_logger("bridge")

SETTING = "fleet.labels_file"
CHECK_SECONDS = 2.0


class Relabelling:
    """The labels of all chargers, as they are in the file now."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file = LabelsFile(path)

    def of(self, charger: ChargerId) -> Labels:
        return self._file.of(charger)

    def names(self, charger: ChargerId) -> bool:
        """Whether the file names the charger."""
        return self._file.names(charger)

    async def load(self) -> None:
        """Read the file at start. Raises FixSettings."""
        wrong = await asyncio.to_thread(self._file.load)
        if wrong:
            source = f"file {self._path}"
            raise FixSettings(tuple(Problem(SETTING, source, w.problem, w.remedy) for w in wrong))

    async def run(self, telemetries: Mapping[ChargerId, Telemetry], boundary: Boundary) -> None:
        """Check the file until cancelled."""
        refresh = BlockingCall(self._file.refresh)
        while self._path is not None:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                wrong = await refresh.result()
            except TimeoutError:
                continue
            if wrong:
                self._report_refused(wrong)
            elif wrong is not None:
                changed = await relabel(telemetries, self._file, boundary)
                log.info("labels.read", file=str(self._path), changed=changed)

    def _report_refused(self, wrong: Sequence[InvalidValue]) -> None:
        """The last good labels stay in use."""
        # At every change of the file, not rate limited: whoever fixes it waits for this line.
        log.error(
            "labels.refused", file=str(self._path), why=wrong[0].problem, remedy=wrong[0].remedy,
            more=len(wrong) - 1,
        )  # fmt: skip


async def relabel(
    telemetries: Mapping[ChargerId, Telemetry], file: LabelsFile, boundary: Boundary
) -> int:
    """Relabel all chargers in short turns; returns how many had other labels."""
    pause, changed = Yielding(), 0
    for telemetry in list(telemetries.values()):
        # A charger may retire between two turns, and its series must not be created again.
        if telemetries.get(telemetry.charger.id) is telemetry:
            charger = telemetry.charger.id
            changed += bool(boundary.run(charger, telemetry.relabel, file.of(charger)))
        await pause.due()
    return changed
