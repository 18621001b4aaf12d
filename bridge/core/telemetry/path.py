"""By which path a charger is heard: MQTT, or HTTP while MQTT is silent.

MQTT dies silently while HTTP works. After `silent_after` without live telemetry a charger is
polled; it is left to MQTT again once that has spoken for two periods, so that a connection
which comes and goes does not make the path flap.
"""

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.polling.turn import Mode

PERIOD_SECONDS = 30.0
"""How often a gateway repeats its document: integration guide, "Telemetry and event topics"."""


class FeedPath:
    """The path of one charger."""

    __slots__ = ("_charger", "_resumed", "_silent_after", "_since", "_spoke", "fallback")

    def __init__(self, charger: Charger, *, silent_after: float) -> None:
        self._charger = charger
        self._silent_after = silent_after
        self._since: float | None = None
        """Steady time of the first look, from which one never heard counts as silent."""
        self._spoke: float | None = None
        # Who was polled when the last run ended is polled at once, or its series would break off.
        self._resumed = charger.polled_unix - charger.heard_unix >= silent_after
        """Whether it was then, and MQTT has not spoken since."""
        self.fallback = self._resumed

    def poll_mode(self, now: Moment) -> Mode:
        """How the charger is to be polled from now on."""
        charger = self._charger
        if self._since is None:
            self._since = now.steady
        heard = self._since if charger.heard_steady is None else charger.heard_steady
        if charger.ambiguous or now.steady - heard >= self._silent_after:
            # Of a base that two ids claim, MQTT tells nothing that could be believed.
            self.fallback, self._spoke, self._resumed = True, None, False
        elif self._resumed:
            self.fallback = self._resumed = charger.heard_steady is None
        elif self.fallback:
            self._spoke = heard if self._spoke is None else self._spoke
            self.fallback = heard - self._spoke < 2 * PERIOD_SECONDS
        return Mode.FALLBACK if self.fallback else Mode.ENRICH
