"""`/metrics`: the chargers' ready lines and the bridge's own numbers, in either format."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics_text

from bridge.core.fields.families import Group
from bridge.runtime.yielding import Yielding
from bridge.web.body import Body, gzipped
from bridge.web.printing import Printing

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ALL = frozenset(Group)
_EOF = b"# EOF\n"


class Blocks(Protocol):
    """The chargers' lines, family by family."""

    def blocks(self, groups: frozenset[Group], *, openmetrics: bool) -> Iterator[bytes]:
        """Pieces of text of the families in these groups."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a scraper asks for."""

    groups: frozenset[Group]
    openmetrics: bool
    gzip: bool = False


class Metrics:
    """Renders scrapes in short turns, each for all who want the same."""

    def __init__(self, chargers: Blocks, bridge: CollectorRegistry) -> None:
        self._chargers = chargers
        self._bridge = bridge
        # A thread of its own: the journal and the login must not wait behind scrapes.
        self._packers = ThreadPoolExecutor(1, thread_name_prefix="gzip")
        self._printing = Printing[Wanted, Body](self._make)

    async def render(self, wanted: Wanted) -> Body:
        """The whole text; the bridge's own numbers are all of one moment."""
        return await self._printing.get(wanted)

    async def close(self) -> None:
        """End the thread; what it works on is finished."""
        self._packers.shutdown(wait=False, cancel_futures=True)

    async def _make(self, wanted: Wanted) -> Body:
        pieces, pause = list[bytes](), Yielding()
        for piece in self._chargers.blocks(wanted.groups, openmetrics=wanted.openmetrics):
            pieces.append(piece)
            await pause.due()
        if Group.BRIDGE in wanted.groups:
            await asyncio.sleep(0)
            pieces.append(self._own(wanted.openmetrics))
        if wanted.openmetrics:
            pieces.append(_EOF)
        if not wanted.gzip:
            return Body(pieces)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._packers, gzipped, Body(pieces))

    def _own(self, openmetrics: bool) -> bytes:
        if openmetrics:
            text = openmetrics_text.generate_latest(self._bridge)  # type: ignore[no-untyped-call]
            return bytes(text).removesuffix(_EOF)
        return bytes(generate_latest(self._bridge))


def groups_of(wanted: Sequence[str]) -> frozenset[Group]:
    """The groups asked for by `collect[]`; ValueError for a name that is none."""
    return frozenset(Group(name) for name in wanted) or ALL


def wants_openmetrics(accept: str) -> bool:
    """Whether the scraper prefers OpenMetrics 1.0 (RFC 9110 quality values)."""
    best = {"openmetrics": 0.0, "text": 0.0}
    for part in accept.split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = _quality(parameters)
        if kind == "application/openmetrics-text":
            best["openmetrics"] = max(best["openmetrics"], quality)
        elif kind in {"text/plain", "text/*", "*/*"}:
            best["text"] = max(best["text"], quality)
    return best["openmetrics"] > 0 and best["openmetrics"] >= best["text"]


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
