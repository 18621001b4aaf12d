"""Tests the files named in the settings: certificates, credentials, labels."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bridge.app import from_settings
from bridge.monitoring.certificates import CertificateExpiries
from bridge.settings import CredentialsFile
from bridge.settings.labels import read_labels
from bridge.tools.cautions import EXPIRES_SOON_SECONDS
from bridge.tools.doctor.finding import DoctorContext, Finding, failed, ok, plural, warning

_RENEW_REMEDY = "replace it with a renewed one; it is reloaded without a restart"
_DAY_SECONDS = 86400


async def probe_certificates(context: DoctorContext) -> AsyncIterator[Finding]:
    """The earliest expiry date in each file."""
    files, now = from_settings.certificates(context.settings), time.time()
    ends = await asyncio.to_thread(CertificateExpiries(files).seconds)
    for name, file in files.items():
        yield _expiry_finding(f"certificate {name}", file, ends.get(name), now)


def _expiry_finding(subject: str, file: Path, end: float | None, now: float) -> Finding:
    if end is None:
        found = f"{file} contains no certificate with a readable date"
        return failed(subject, found, "name a readable file in PEM form")
    date = f"{datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M} UTC"
    if end <= now:
        return failed(subject, f"{file} expired on {date}", _RENEW_REMEDY)
    found = f"{file} is valid until {date}, for {int((end - now) // _DAY_SECONDS)} days"
    if end < now + EXPIRES_SOON_SECONDS:
        return warning(subject, found, _RENEW_REMEDY)
    return ok(subject, found)


async def probe_credentials(context: DoctorContext) -> AsyncIterator[Finding]:
    """Never repeats the file's content."""
    path = context.settings.http.credentials_file
    if path is None:
        return
    file = CredentialsFile(path)
    await asyncio.to_thread(file.refresh)
    if file.problem is not None:
        remedy = "name a readable TOML file: [CHARGER] with username, password and allow"
        yield failed("credentials file", f"{path}: {file.problem}", remedy)
    else:
        yield ok(
            "credentials file", f"{path} has entries for {plural(len(file.entries), 'charger')}"
        )


async def probe_labels(context: DoctorContext) -> AsyncIterator[Finding]:
    """Alias and site of each charger."""
    path = context.settings.fleet.labels_file
    if path is None:
        return
    for finding in await asyncio.to_thread(lambda: list(_labels_findings(path))):
        yield finding


def _labels_findings(path: Path) -> Iterator[Finding]:
    labels, wrongs = read_labels(path)
    for wrong in wrongs:
        yield failed("labels file", wrong.problem, wrong.remedy)
    if not wrongs:
        yield ok("labels file", f"{path} has labels for {plural(len(labels), 'charger')}")
