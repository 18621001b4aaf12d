"""Looks for silent chargers below the leading levels of their announce topics.

A broker bridge may put a prefix before all topics. Nothing is guessed: what is found is logged
once, with the setting that is missing.
"""

import math
from typing import Protocol

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.discovery.fleet import Fleet
from bridge.core.discovery.prefix import bases_below
from bridge.core.discovery.subscriptions import SubscriptionChange, WantedFilters
from bridge.core.model import ChargerId

LISTEN_SECONDS = 65.0
"""Two of a charger's periods."""
AT_ONCE = 5
"""So many chargers are looked for at a time, and each of them once."""
MOST_PROBED = 10_000


class PrefixReport(Protocol):
    """Logs what was found."""

    def heard_below_prefix(self, charger: ChargerId, base: str, heard: str) -> None:
        """A base is silent, and the same base below other levels is not."""


class PrefixProbe:
    """Subscribes for a minute to where silent chargers may be; ends with the first one found."""

    def __init__(
        self, *, fleet: Fleet, wanted: WantedFilters, report: PrefixReport, silent_after: float
    ) -> None:
        self._fleet = fleet
        self._wanted = wanted
        self._report = report
        self._silent_after = silent_after
        self._places: dict[str, Charger] = {}
        self._probed: set[ChargerId] = set()
        self._until = 0.0

    def sweep(self, now: Moment) -> None:
        """Begin and end to listen; to be called about once a second."""
        if now.steady < self._until:
            return
        self._stop()
        silent = [each for each in self._fleet if self._is_silent(each, now)][:AT_ONCE]
        for charger in silent:
            self._probed.add(charger.id)
            for place in bases_below(charger.announce_topic or "", charger.base or ""):
                if not self._fleet.claimants(place):
                    self._places[place] = charger
        filters = tuple(f"{place}/#" for place in self._places)
        self._wanted.apply(SubscriptionChange(subscribe=filters))
        self._until = now.steady + (LISTEN_SECONDS if filters else self._silent_after)

    def observe(self, topic: str) -> None:
        """A message on a topic that belongs to no charger."""
        end = topic.find("/")
        while self._places and end > 0:
            charger = self._places.get(topic[:end])
            if charger is not None and charger.heard_steady is None:
                self._report.heard_below_prefix(charger.id, charger.base or "", topic[:end])
                self._stop()
                self._until = math.inf
            end = topic.find("/", end + 1)

    def _stop(self) -> None:
        # A base that is a charger's own by now stays subscribed to.
        unclaimed = [place for place in self._places if not self._fleet.claimants(place)]
        self._places.clear()
        filters = tuple(f"{place}/#" for place in unclaimed)
        self._wanted.apply(SubscriptionChange(unsubscribe=filters))

    def _is_silent(self, charger: Charger, now: Moment) -> bool:
        """Announced as connected, and never heard, in no run before either."""
        claim = charger.claim
        return (
            claim is not None
            and charger.announced
            and charger.announce_topic is not None
            and not charger.heard_unix
            and charger.id not in self._probed
            and len(self._probed) < MOST_PROBED
            and now.steady - claim.since_steady >= self._silent_after
        )
