"""A webhook on loopback that keeps what Alertmanager sends."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Notification:
    """What one receiver was told once: the alerts that fire, by name and summary."""

    receiver: str
    name: str
    summaries: tuple[str, ...]


@dataclass
class Receiver:
    """`got` has one entry for each notification of alerts that fire."""

    port: int = 0
    got: list[Notification] = field(default_factory=list)

    def of(self, *names: str) -> list[Notification]:
        """The notifications of these alerts, in the order of their names."""
        return sorted((one for one in self.got if one.name in names), key=lambda one: one.name)

    async def take(self, request: web.Request) -> web.Response:
        notice = json.loads(await request.read())
        firing = [alert for alert in notice["alerts"] if alert["status"] == "firing"]
        if firing:
            self.got.append(_notification(request.path[1:], notice, firing))
        return web.Response()


def _notification(
    receiver: str, notice: dict[str, Any], firing: list[dict[str, Any]]
) -> Notification:
    summaries = tuple(sorted(alert["annotations"]["summary"] for alert in firing))
    return Notification(receiver, notice["groupLabels"]["alertname"], summaries)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook that listens as long as the block."""
    made = Receiver()
    app = web.Application()
    app.router.add_post("/{name}", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        made.port = runner.addresses[0][1]
        yield made
    finally:
        await runner.cleanup()
