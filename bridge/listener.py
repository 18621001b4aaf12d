"""Whoever is told what happens to the fleet."""

from collections.abc import Iterable
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.subscriptions import SubscriptionChange
from bridge.core.model import ChargerId


class RegistryReport(Protocol):
    """Whoever is told what happens to the fleet: subscriptions, metrics, the log."""

    def subscriptions(self, changes: Iterable[SubscriptionChange]) -> None:
        """Change what is listened to."""

    def announced(self, label: str, charger: str, topic: str) -> None:
        """An announcement was taken or refused; `label` says how."""

    def connected(self, charger: ChargerId, now: Moment) -> None:
        """A charger said, just now, that it is there."""

    def spoiled(self, charger: ChargerId) -> None:
        """What was saved of a charger cannot be read."""

    def retired(self, charger: ChargerId) -> None:
        """A charger is gone."""
