"""Work that SIGINT and SIGTERM may end in good order."""

import asyncio
from collections.abc import Coroutine

from bridge.app.service import stop_on_signals
from bridge.core.errors import CommandFailed


async def interruptible(work: Coroutine[None, None, None], then: str) -> None:
    """Do it; raises CommandFailed, which says what follows, where a signal came first."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    doing = asyncio.create_task(work, name="work")
    signalled = asyncio.create_task(stop.wait(), name="signalled")
    await asyncio.wait({doing, signalled}, return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    if not doing.done():
        doing.cancel()
        await asyncio.wait({doing})
    if doing.cancelled():
        raise CommandFailed(f"interrupted; {then}")
    doing.result()
