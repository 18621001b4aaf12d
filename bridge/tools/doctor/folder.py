"""Tests the data folder: whether it is writable, which bridge uses it, how much space is free."""

import asyncio
import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from bridge.settings import Settings
from bridge.storage.folder_lock import holder
from bridge.storage.journal_sql import FILE
from bridge.tools.doctor.finding import DoctorContext, Finding, failed, ok, warning

SUBJECT = "data folder"
_MEGABYTE = 1_000_000
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_FULL_REMEDY = "free some disk space; a running bridge then continues by itself"
_REMEDY = "make it writable for the bridge's user, or set journal.dir (NOFOS_JOURNAL__DIR)"


async def probe_folder(context: DoctorContext) -> AsyncIterator[Finding]:
    """Leaves nothing behind, and does not create a missing folder."""
    for finding in await asyncio.to_thread(lambda: list(_check_folder(context.settings))):
        yield finding


def _check_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.journal.dir
    existing = _nearest_existing(folder)
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"doctor")
            file.flush()
            os.fsync(file.fileno())
        found = f"{folder} is writable"
        yield ok(SUBJECT, found if existing == folder else f"{found}: the bridge will create it")
        yield _lock_finding(folder)
        yield _space_finding(settings, existing)
    except OSError as error:
        remedy = _FULL_REMEDY if error.errno in _NO_SPACE else _REMEDY
        yield failed(SUBJECT, f"{folder} is not writable: {error.strerror}", remedy)


def _nearest_existing(folder: Path) -> Path:
    """The folder, or its nearest existing parent."""
    here = folder.absolute()
    if here.exists():
        return folder
    return next(parent for parent in here.parents if parent.exists())


def _lock_finding(folder: Path) -> Finding:
    pid = holder(folder)
    if pid is None:
        return ok(SUBJECT, "not in use by a bridge")
    return ok(SUBJECT, f"in use by the bridge with pid {pid or 'unknown'}, which keeps running")


def _space_finding(settings: Settings, existing: Path) -> Finding:
    free, most = shutil.disk_usage(existing).free, settings.journal.max_bytes
    journal = settings.journal.dir / FILE
    growth = max(0, most - (journal.stat().st_size if journal.exists() else 0))
    found = f"{_megabytes(free)} free; the journal may still grow by {_megabytes(growth)}"
    if free >= growth:
        return ok(SUBJECT, found)
    return warning(SUBJECT, found, "free some space, or lower journal.max_bytes")


def _megabytes(count: int) -> str:
    return f"{count // _MEGABYTE:,} MB"
