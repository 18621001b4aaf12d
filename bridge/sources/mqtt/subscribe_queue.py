"""Queues subscriptions to the broker: many filters per packet, few packets per turn of the loop.

Ten thousand chargers are ten thousand filters; sending all at once would block the event loop.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from itertools import islice

from paho.mqtt.client import Client

FILTERS_PER_PACKET = 100
ANSWER_SECONDS = 1.0
"""A connection that ends so soon after a SUBSCRIBE may have ended because of it."""
PACKETS_PER_TURN = 4


class SubscribeQueue:
    """One connection's changes of subscription, sent in the order in which they were queued."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._queued: deque[tuple[bool, str]] = deque()
        self._sent: dict[int, list[str]] = {}
        self._sent_steady = 0.0
        self._most = FILTERS_PER_PACKET
        self._next: asyncio.Handle | None = None

    def subscribe(self, filters: Iterable[str]) -> None:
        """Queue subscriptions to these filters."""
        self._enqueue(True, filters)

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Queue the end of the subscriptions to these filters."""
        self._enqueue(False, filters)

    def limit(self, filters: int) -> None:
        """Put at most so many filters into one SUBSCRIBE packet."""
        self._most = filters

    def unanswered(self) -> int:
        """The filters in the largest SUBSCRIBE packet without its answer, if the last one was
        sent within a second; else 0."""
        if time.monotonic() - self._sent_steady > ANSWER_SECONDS:
            return 0
        return max(map(len, self._sent.values()), default=0)

    def acknowledged(self, packet: int) -> list[str]:
        """The filters in this SUBSCRIBE packet; empty for a packet that was never sent."""
        return self._sent.pop(packet, [])

    def stop(self) -> None:
        """The connection ended: drop the queue."""
        self._queued.clear()
        if self._next is not None:
            self._next.cancel()

    def _enqueue(self, wanted: bool, filters: Iterable[str]) -> None:
        self._queued.extend((wanted, each) for each in filters)
        if self._queued and self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._next = None
        for _ in range(PACKETS_PER_TURN):
            if self._queued:
                self._send_packet()
        self._enqueue(True, ())

    def _send_packet(self) -> None:
        wanted = self._queued[0][0]
        filters: list[str] = []
        for kind, each in islice(self._queued, self._most):
            if kind is not wanted:
                break
            filters.append(each)
        for _ in filters:
            self._queued.popleft()
        if not wanted:
            self._client.unsubscribe(filters)
            return
        _, packet = self._client.subscribe([(each, 0) for each in filters])
        if packet is not None:
            self._sent[packet] = filters
            self._sent_steady = time.monotonic()
