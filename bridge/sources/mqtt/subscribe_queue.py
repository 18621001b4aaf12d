"""Subscriptions on their way to the broker: many filters a packet, few packets a turn.

Ten thousand chargers are ten thousand filters; asking for all at once would hold the loop.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import islice

from paho.mqtt.client import Client

FILTERS_PER_PACKET = 100
PACKETS_PER_TURN = 4


class SubscribeQueue:
    """What one connection is asked for, in the order it was wished."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._queued: deque[tuple[bool, str]] = deque()
        self._sent: dict[int, list[str]] = {}
        self._next: asyncio.Handle | None = None

    def subscribe(self, filters: Iterable[str]) -> None:
        """Ask for these, soon."""
        self._enqueue(True, filters)

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Ask no more for these, soon."""
        self._enqueue(False, filters)

    def answered(self, packet: int) -> list[str]:
        """The filters that this packet asked for; empty for one that we never sent."""
        return self._sent.pop(packet, [])

    def stop(self) -> None:
        """The connection is over."""
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
        few: list[str] = []
        for kind, each in islice(self._queued, FILTERS_PER_PACKET):
            if kind is not wanted:
                break
            few.append(each)
        for _ in few:
            self._queued.popleft()
        if not wanted:
            self._client.unsubscribe(few)
            return
        _, packet = self._client.subscribe([(each, 0) for each in few])
        if packet is not None:
            self._sent[packet] = few
