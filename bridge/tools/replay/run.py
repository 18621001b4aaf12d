"""`replay`: the journal's points into a store again, from where the last try was interrupted."""

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

from bridge.core.errors import CommandFailed
from bridge.settings import Settings
from bridge.storage.journal_reader import JournalReader, Span
from bridge.tools.replay.bookmark import Bookmark, Mark
from bridge.tools.replay.progress import Show
from bridge.tools.replay.resend import PATIENCE_SECONDS, Resend, Sent
from bridge.tools.replay.target import Asked, Target, target
from bridge.tools.time_argument import span_between


@dataclass(frozen=True, slots=True)
class Errand:
    """What to replay and where to; None for no limit, or for what the settings say."""

    to: Asked
    since: str | None = None
    until: str | None = None
    pending: bool = False
    cursor_dir: Path | None = None
    patience: float = PATIENCE_SECONDS


async def replay(settings: Settings, errand: Errand, now: datetime, err: TextIO) -> None:
    """Words and bar to `err`; raises CommandFailed, also where lines were refused; DiskTrouble."""
    folder = settings.journal.dir
    place = target(settings, errand.to)
    words = (place.url, place.org, place.bucket, errand.since or "", errand.until or "")
    bookmark = Bookmark(errand.cursor_dir or folder, *words, "pending" * errand.pending)
    span = span_between(errand.since, errand.until, now)
    before = bookmark.load()
    if before:
        span = Span(before.since_ms, before.until_ms)
    with Show(place.url, err) as show, closing(_opened(folder, span, show)) as past:
        mark = _begin(past, span, before, place.name if errand.pending else None)
        done = await _send(past, mark, bookmark, place, errand, show)
        bookmark.remove()
        show.end(done)
    if done.refused:
        raise CommandFailed(f"{place.url} refused {done.refused} points; nothing sends them again")


def _opened(folder: Path, span: Span, show: Show) -> JournalReader:
    try:
        return JournalReader(folder, span, corrupt_row=show.spoiled)
    except FileNotFoundError:
        raise CommandFailed(
            f"there is no journal in {folder}: name the bridge's data folder (journal.dir, "
            "NOFOS_JOURNAL__DIR)"
        ) from None


def _begin(past: JournalReader, span: Span, before: Mark | None, owed_to: str | None) -> Mark:
    # A mark behind the newest row is of a journal that was set aside meanwhile.
    if before and before.row <= past.last:
        return before
    return Mark(past.acknowledged(owed_to) if owed_to else 0, span.since_ms, span.until_ms)


async def _send(
    past: JournalReader, mark: Mark, bookmark: Bookmark, place: Target, errand: Errand, show: Show
) -> Mark:
    bookmark.save(mark)
    show.begin(mark, past.points(mark.row))

    def done(sent: Sent) -> None:
        nonlocal mark
        stored, refused = mark.stored + sent.stored, mark.refused + len(sent.refusals)
        mark = replace(mark, row=sent.row, stored=stored, refused=refused)
        bookmark.save(mark)
        show.sent(sent)

    store = place.open()
    resend = Resend(
        place.url, store, told=show.waits, batch=place.batch, patience=errand.patience
    )  # fmt: skip
    try:
        await resend.send(past.rows(mark.row), done)
    finally:
        await store.close()
    return mark
