"""Tries the files that the settings name: certificates, credentials, labels."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bridge.app import from_settings
from bridge.monitoring.certificates import CertificateExpiries
from bridge.settings import CredentialsFile
from bridge.settings.labels import read_labels
from bridge.tools.cautions import SOON_SECONDS
from bridge.tools.doctor.finding import Case, Finding, counted, doubtful, failed, good

_RENEW = "put a renewed one in its place; it is read again without a restart"
_DAY_SECONDS = 86400


async def probe_certificates(case: Case) -> AsyncIterator[Finding]:
    """The first end of validity in each file."""
    files, now = from_settings.certificates(case.settings), time.time()
    ends = await asyncio.to_thread(CertificateExpiries(files).seconds)
    for name, file in files.items():
        yield _expiry(f"certificate {name}", file, ends.get(name), now)


def _expiry(subject: str, file: Path, end: float | None, now: float) -> Finding:
    if end is None:
        found = f"{file} holds no certificate whose date can be read"
        return failed(subject, found, "name a readable file in PEM form")
    date = f"{datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M} UTC"
    if end <= now:
        return failed(subject, f"{file} expired on {date}", _RENEW)
    found = f"{file} is valid until {date}, for {int((end - now) // _DAY_SECONDS)} days"
    if end < now + SOON_SECONDS:
        return doubtful(subject, found, _RENEW)
    return good(subject, found)


async def probe_credentials(case: Case) -> AsyncIterator[Finding]:
    """Nothing of what stands in it is repeated."""
    path = case.settings.http.credentials_file
    if path is None:
        return
    file = CredentialsFile(path)
    await asyncio.to_thread(file.refresh)
    if file.problem is not None:
        remedy = "name a readable TOML file: [CHARGER] with username, password and allow"
        yield failed("credentials file", f"{path}: {file.problem}", remedy)
    else:
        yield good(
            "credentials file", f"{path} has entries for {counted(len(file.entries), 'charger')}"
        )


async def probe_labels(case: Case) -> AsyncIterator[Finding]:
    """Alias and site of each charger."""
    path = case.settings.fleet.labels_file
    if path is None:
        return
    for finding in await asyncio.to_thread(lambda: list(_labels(path))):
        yield finding


def _labels(path: Path) -> Iterator[Finding]:
    labels, wrongs = read_labels(path)
    for wrong in wrongs:
        yield failed("labels file", wrong.wrong, wrong.remedy)
    if not wrongs:
        yield good("labels file", f"{path} has labels for {counted(len(labels), 'charger')}")
