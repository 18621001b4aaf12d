"""`replay`: sends the journal's points to a store again, continuing an interrupted replay."""

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

from bridge.core.errors import CommandFailed
from bridge.settings import Settings
from bridge.storage.journal_reader import JournalReader, Span
from bridge.tools.replay.position import PositionFile, ReplayPosition
from bridge.tools.replay.progress import ReplayProgress
from bridge.tools.replay.resend import MAX_WAIT_SECONDS, BatchResult, Resender
from bridge.tools.replay.target import ReplayTarget, TargetOptions, resolve_target
from bridge.tools.time_argument import parse_span


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """The arguments of `replay`; None for no limit, or for the value of the settings."""

    to: TargetOptions
    since: str | None = None
    until: str | None = None
    pending: bool = False
    cursor_dir: Path | None = None
    max_wait_seconds: float = MAX_WAIT_SECONDS


async def replay(settings: Settings, options: ReplayOptions, now: datetime, err: TextIO) -> None:
    """Progress to `err`; raises CommandFailed, also where lines were refused, or DiskTrouble."""
    folder = settings.journal.dir
    store = resolve_target(settings, options.to)
    key = (store.url, store.org, store.bucket, options.since or "", options.until or "")
    position_file = PositionFile(options.cursor_dir or folder, *key, "pending" * options.pending)
    span = parse_span(options.since, options.until, now)
    earlier = position_file.load()
    if earlier:
        span = Span(earlier.since_ms, earlier.until_ms)
    with (
        ReplayProgress(store.url, err) as progress,
        closing(_open_journal(folder, span, progress)) as journal,
    ):
        position = _start_position(journal, span, earlier, store.name if options.pending else None)
        reached = await _send(journal, position, position_file, store, options, progress)
        position_file.remove()
        progress.finish(reached)
    if reached.refused:
        raise CommandFailed(
            f"{store.url} refused {reached.refused} points; they will not be sent again"
        )


def _open_journal(folder: Path, span: Span, progress: ReplayProgress) -> JournalReader:
    try:
        return JournalReader(folder, span, corrupt_row=progress.row_damaged)
    except FileNotFoundError:
        raise CommandFailed(
            f"there is no journal in {folder}: name the bridge's data folder (journal.dir, "
            "NOFOS_JOURNAL__DIR)"
        ) from None


def _start_position(
    journal: JournalReader, span: Span, earlier: ReplayPosition | None, pending_for: str | None
) -> ReplayPosition:
    # A mark behind the newest row is of a journal that was set aside meanwhile.
    if earlier and earlier.row <= journal.last:
        return earlier
    return ReplayPosition(
        journal.acknowledged(pending_for) if pending_for else 0, span.since_ms, span.until_ms
    )


async def _send(
    journal: JournalReader,
    position: ReplayPosition,
    position_file: PositionFile,
    target: ReplayTarget,
    options: ReplayOptions,
    progress: ReplayProgress,
) -> ReplayPosition:
    position_file.save(position)
    progress.start(position, journal.points(position.row))

    def on_batch(sent: BatchResult) -> None:
        nonlocal position
        stored, refused = position.stored + sent.stored, position.refused + sent.refused
        position = replace(position, row=sent.row, stored=stored, refused=refused)
        position_file.save(position)
        progress.batch_sent(sent)

    client = target.open_client()
    resender = Resender(
        target.url,
        client,
        on_wait=progress.waiting,
        batch=target.batch,
        max_wait_seconds=options.max_wait_seconds,
    )
    try:
        await resender.send(journal.rows(position.row), on_batch)
    finally:
        await client.close()
    return position
