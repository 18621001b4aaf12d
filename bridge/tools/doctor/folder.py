"""Tries the data folder: whether it can be written to, who uses it, how much space it has."""

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
from bridge.tools.doctor.finding import Case, Finding, doubtful, failed, good

SUBJECT = "data folder"
_MEGABYTE = 1_000_000
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_FULL = "make space on that disk; a running bridge goes on by itself once there is some"
_REMEDY = "make it writable for the bridge's user, or set journal.dir (NOFOS_JOURNAL__DIR)"


async def probe_folder(case: Case) -> AsyncIterator[Finding]:
    """Leaves nothing behind, a folder that is not there yet included."""
    for finding in await asyncio.to_thread(lambda: list(_look(case.settings))):
        yield finding


def _look(settings: Settings) -> Iterator[Finding]:
    folder = settings.journal.dir
    there = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"doctor")
            file.flush()
            os.fsync(file.fileno())
        found = f"{folder} can be written to"
        yield good(SUBJECT, found if there == folder else f"{found}: the bridge will make it")
        yield _user(folder)
        yield _space(settings, there)
    except OSError as error:
        remedy = _FULL if error.errno in _NO_SPACE else _REMEDY
        yield failed(SUBJECT, f"{folder} cannot be written to: {error.strerror}", remedy)


def _nearest(folder: Path) -> Path:
    """The folder, or that of its parents in which it would be made."""
    here = folder.absolute()
    if here.exists():
        return folder
    return next(parent for parent in here.parents if parent.exists())


def _user(folder: Path) -> Finding:
    pid = holder(folder)
    if pid is None:
        return good(SUBJECT, "no bridge uses it now")
    return good(SUBJECT, f"in use by the bridge with pid {pid or 'unknown'}, which goes on")


def _space(settings: Settings, there: Path) -> Finding:
    free, most = shutil.disk_usage(there).free, settings.journal.max_bytes
    journal = settings.journal.dir / FILE
    grows = max(0, most - (journal.stat().st_size if journal.exists() else 0))
    found = f"{_megabytes(free)} free; the journal may still grow by {_megabytes(grows)}"
    if free >= grows:
        return good(SUBJECT, found)
    return doubtful(SUBJECT, found, "make space, or lower journal.max_bytes")


def _megabytes(count: int) -> str:
    return f"{count // _MEGABYTE:,} MB"
