"""`/metrics`: the chargers' ready lines and the bridge's own numbers, in either format."""

import asyncio
import zlib
from collections.abc import Iterator, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics_text

from bridge.core.families import Group

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ALL = frozenset(Group)
_EOF = b"# EOF\n"


class Blocks(Protocol):
    """The chargers' lines, a block per family."""

    def blocks(self, groups: frozenset[Group], *, openmetrics: bool) -> Iterator[bytes]:
        """Blocks of the families in these groups."""


class Metrics:
    """Renders a scrape without holding the loop for longer than one family."""

    def __init__(self, chargers: Blocks, bridge: CollectorRegistry) -> None:
        self._chargers = chargers
        self._bridge = bridge

    async def render(self, groups: frozenset[Group], *, openmetrics: bool) -> bytes:
        """The whole text; the bridge's own numbers are all of one moment."""
        parts = []
        for block in self._chargers.blocks(groups, openmetrics=openmetrics):
            parts.append(block)
            await asyncio.sleep(0)
        if Group.BRIDGE in groups:
            parts.append(self._own(openmetrics))
        if openmetrics:
            parts.append(_EOF)
        return b"".join(parts)

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


def gzipped(body: bytes) -> bytes:
    """The body as gzip; level 1, because Prometheus asks often and the text is repetitive."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
