"""How well a charger is known: who is polled first, and who may be given the shared login."""

from collections.abc import Callable, Collection, Mapping

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.model import ChargerId
from bridge.core.telemetry.telemetry import Telemetry


class KnownChargers:
    """`named`: whether an operator's file names a charger, for each file; times in seconds."""

    def __init__(
        self,
        telemetries: Mapping[ChargerId, Telemetry],
        *,
        named: Collection[Callable[[ChargerId], bool]],
        login_after: float,
        stale_after: float,
    ) -> None:
        self._telemetries = telemetries
        self._named = named
        self._login_after = login_after
        self._stale_after = stale_after

    def heard(self, charger: ChargerId) -> bool:
        """Whether it was heard over MQTT, or is named."""
        telemetry = self._telemetries.get(charger)
        heard = telemetry is not None and telemetry.charger.heard_unix > 0
        return heard or self._is_named(charger)

    def trusted(self, charger: ChargerId) -> bool:
        """Whether it may be given the shared login."""
        telemetry = self._telemetries.get(charger)
        known = telemetry is not None and telemetry.charger.trust.reached(self._login_after)
        return known or self._is_named(charger)

    def observe(self, charger: Charger, now: Moment) -> None:
        """Count for how long it is heard; called at each sweep."""
        trust, topic = charger.trust, charger.claim.topic if charger.claim else None
        if trust.granted and topic == trust.topic:
            return
        heard = charger.heard_steady
        current = heard is not None and now.steady - heard < self._stale_after
        trust.observe(topic, current=current, steady=now.steady)
        if not trust.granted and charger.last_seen_unix and trust.reached(self._login_after):
            trust.granted = True

    def _is_named(self, charger: ChargerId) -> bool:
        return any(names(charger) for names in self._named)
