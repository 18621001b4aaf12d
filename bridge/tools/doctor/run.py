"""`doctor`: runs all probes one after the other, each with a time limit."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from bridge.core.errors import BridgeError, CommandFailed, FixSettings
from bridge.settings import load
from bridge.tools.doctor.broker import probe_broker
from bridge.tools.doctor.chargers import probe_chargers
from bridge.tools.doctor.clock import probe_clock
from bridge.tools.doctor.files import probe_certificates, probe_credentials, probe_labels
from bridge.tools.doctor.finding import DoctorContext, Probe, failed
from bridge.tools.doctor.folder import probe_folder
from bridge.tools.doctor.report import DoctorReport
from bridge.tools.doctor.settings import probe_settings, settings_findings
from bridge.tools.doctor.stores import probe_stores
from bridge.tools.doctor.web import probe_web

LIMIT_SECONDS = 120.0
"""For one probe; each of its waits has a shorter timeout."""

PROBES: Mapping[str, Probe] = {
    "settings": probe_settings,
    "data folder": probe_folder,
    "web port": probe_web,
    "certificates": probe_certificates,
    "credentials file": probe_credentials,
    "labels file": probe_labels,
    "broker": probe_broker,
    "stores": probe_stores,
    "chargers": probe_chargers,
    "clock": probe_clock,
}
"""In the order in which they run: the charger probe needs the broker's announcements, the clock
probe the chargers' clocks."""


async def doctor(
    config: Path | None, environ: Mapping[str, str], out: TextIO, err: TextIO
) -> None:  # fmt: skip
    """Print one line for each finding to `out`; raises CommandFailed where a check failed."""
    report = DoctorReport(out, err)
    try:
        context = DoctorContext(load(config, environ), environ)
    except FixSettings as error:
        for finding in settings_findings(error.problems):
            report.add(finding)
    else:
        await run_probes(context, report)
    if not report.finish():
        raise CommandFailed("a check failed")


async def run_probes(context: DoctorContext, report: DoctorReport) -> None:
    """Run every probe, regardless of the others' findings."""
    for name, probe in PROBES.items():
        await _run_probe(name, probe, context, report)


async def _run_probe(name: str, probe: Probe, context: DoctorContext, report: DoctorReport) -> None:
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            async for finding in probe(context):
                report.add(finding)
    except TimeoutError:
        found = f"did not finish within {LIMIT_SECONDS:g} s"
        report.add(failed(name, found, "try again; check whether the machine is overloaded"))
    except (BridgeError, OSError) as error:
        report.add(failed(name, f"could not be checked: {error}", "fix the cause given above"))
