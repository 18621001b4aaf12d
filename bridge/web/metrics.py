"""`/metrics`: the chargers' prepared lines and the bridge's own metrics, in either format."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics_text

from bridge.core.fields.families import Group
from bridge.runtime.yielding import Yielding
from bridge.web.accept import qualities
from bridge.web.body import Body, compress
from bridge.web.shared_renderer import SharedRenderer

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ALL = frozenset(Group)
_EOF = b"# EOF\n"


class Blocks(Protocol):
    """The chargers' metrics, family by family."""

    def blocks(self, groups: frozenset[Group], *, openmetrics: bool) -> Iterator[bytes]:
        """Pieces of text of the families in these groups."""


@dataclass(frozen=True, slots=True)
class ScrapeFormat:
    """What a scrape requests: groups and format."""

    groups: frozenset[Group]
    openmetrics: bool
    gzip: bool = False


class Metrics:
    """Renders scrapes in short steps; equal requests share one rendering."""

    def __init__(
        self,
        chargers: Blocks,
        bridge: CollectorRegistry,
        *,
        refresh: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`refresh` renews what the bridge's own metrics show of files and disks."""
        self._refresh = refresh
        self._chargers = chargers
        self._bridge = bridge
        # A thread of its own: the journal and the login must not wait behind scrapes.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="gzip")
        self._renderer = SharedRenderer[ScrapeFormat, Body](self._render)

    async def render(self, scrape_format: ScrapeFormat) -> Body:
        """The whole text; the bridge's own metrics are all from one moment."""
        return await self._renderer.get(scrape_format)

    async def close(self) -> None:
        """Stop the thread after its present task."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _render(self, scrape_format: ScrapeFormat) -> Body:
        pieces, pause = list[bytes](), Yielding()
        for piece in self._chargers.blocks(
            scrape_format.groups, openmetrics=scrape_format.openmetrics
        ):
            pieces.append(piece)
            await pause.due()
        if Group.BRIDGE in scrape_format.groups:
            await (self._refresh() if self._refresh else asyncio.sleep(0))
            pieces.append(self._bridge_metrics(scrape_format.openmetrics))
        if scrape_format.openmetrics:
            pieces.append(_EOF)
        if not scrape_format.gzip:
            return Body(pieces)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, compress, Body(pieces))

    def _bridge_metrics(self, openmetrics: bool) -> bytes:
        if openmetrics:
            text = openmetrics_text.generate_latest(self._bridge)  # type: ignore[no-untyped-call]
            return bytes(text).removesuffix(_EOF)
        return bytes(generate_latest(self._bridge))


def parse_groups(names: Sequence[str]) -> frozenset[Group]:
    """The groups requested by `collect[]`; ValueError for an unknown name."""
    return frozenset(Group(name) for name in names) or ALL


def prefers_openmetrics(accept: str) -> bool:
    """Whether the scraper prefers OpenMetrics 1.0."""
    openmetrics = text = 0.0
    for kind, quality in qualities(accept):
        if kind == "application/openmetrics-text":
            openmetrics = max(openmetrics, quality)
        elif kind in {"text/plain", "text/*", "*/*"}:
            text = max(text, quality)
    return openmetrics > 0 and openmetrics >= text
