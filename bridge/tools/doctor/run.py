"""Runs all probes, one after the other, each within a time limit."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from bridge.core.errors import BridgeError, CommandFailed, FixSettings
from bridge.settings import load
from bridge.tools.doctor.broker import probe_broker
from bridge.tools.doctor.chargers import probe_chargers
from bridge.tools.doctor.files import probe_certificates, probe_credentials, probe_labels
from bridge.tools.doctor.finding import Case, Probe, failed
from bridge.tools.doctor.folder import probe_folder
from bridge.tools.doctor.report import Report
from bridge.tools.doctor.settings import probe_settings, wrong_settings
from bridge.tools.doctor.stores import probe_stores
from bridge.tools.doctor.web import probe_web

LIMIT_SECONDS = 120.0
"""For one probe; each of its waits has a shorter limit of its own."""

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
}
"""In the order in which they run: chargers need those that the broker told of."""


async def doctor(
    config: Path | None, environ: Mapping[str, str], out: TextIO, err: TextIO
) -> None:  # fmt: skip
    """A line for each finding on `out`; raises CommandFailed where something failed."""
    report = Report(out, err)
    try:
        case = Case(load(config, environ), environ)
    except FixSettings as error:
        for finding in wrong_settings(error.problems):
            report.add(finding)
    else:
        await try_all(case, report)
    if not report.close():
        raise CommandFailed("something that the bridge needs failed")


async def try_all(case: Case, report: Report) -> None:
    """Every probe, whatever the others find."""
    for name, probe in PROBES.items():
        await _try(name, probe, case, report)


async def _try(name: str, probe: Probe, case: Case, report: Report) -> None:
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            async for finding in probe(case):
                report.add(finding)
    except TimeoutError:
        found = f"came to no end within {LIMIT_SECONDS:g} s"
        report.add(failed(name, found, "try again; see whether the machine is overloaded"))
    except (BridgeError, OSError) as error:
        report.add(failed(name, f"could not be tried: {error}", "do what the reason asks for"))
