"""The path that feeds a charger's values: MQTT, or HTTP while MQTT is silent.

MQTT can die silently while HTTP works. After `silent_after` without live telemetry a charger is
polled; it returns to MQTT once that has been live for two periods, so that an unstable
connection does not make the path flap.
"""

from bridge.core.clock import Moment
from bridge.core.discovery.charger import Charger
from bridge.core.model import Event, EventKind, SavedState
from bridge.core.output.writer import Writer
from bridge.core.polling.timer import Mode
from bridge.core.telemetry.presence import Presence

PERIOD_SECONDS = 30.0
"""How often a gateway repeats its document: integration guide, "Telemetry and event topics"."""


class FeedPath:
    """The path of one charger; each change is an event."""

    __slots__ = (
        "_charger",
        "_first_steady",
        "_mqtt_since",
        "_presence",
        "_resumed",
        "_silent_after",
        "_stale_after",
        "_writer",
        "fallback",
        "reported",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        presence: Presence,
        writer: Writer,
        saved: SavedState,
        silent_after: float,
        stale_after: float,
    ) -> None:
        self._charger = charger
        self._presence = presence
        self._writer = writer
        self._silent_after = silent_after
        self._stale_after = stale_after
        self._first_steady: float | None = None
        """Steady time of the first decision: a charger never heard counts as silent from it."""
        self._mqtt_since: float | None = None
        # A charger in fallback when the last run ended is polled at once, to keep its series.
        self._resumed = charger.polled_unix - charger.heard_unix >= silent_after
        """It was in fallback then, and has sent nothing over MQTT since."""
        self.fallback = self._resumed
        self.reported = "http" if saved.get("path") == "http" else "mqtt"
        """The path of the last event."""

    def poll_mode(self, now: Moment) -> Mode:
        """The mode in which to poll the charger from now on."""
        charger = self._charger
        self._decide(now)
        if self.fallback and charger.answered_poll(now.steady, self._stale_after):
            self._report("http", now)
        elif not self.fallback and self._presence.up and charger.heard_steady is not None:
            self._report("mqtt", now)
        return Mode.FALLBACK if self.fallback else Mode.ENRICH

    def _decide(self, now: Moment) -> None:
        charger = self._charger
        if self._first_steady is None:
            self._first_steady = now.steady
        heard = self._first_steady if charger.heard_steady is None else charger.heard_steady
        if charger.ambiguous or now.steady - heard >= self._silent_after:
            # Below a base that two ids claim, nothing from MQTT can be attributed.
            self.fallback, self._mqtt_since, self._resumed = True, None, False
        elif self._resumed:
            self.fallback = self._resumed = charger.heard_steady is None
        elif self.fallback:
            self._mqtt_since = heard if self._mqtt_since is None else self._mqtt_since
            self.fallback = heard - self._mqtt_since < 2 * PERIOD_SECONDS

    def _report(self, source: str, now: Moment) -> None:
        if self._presence.source != source:
            self._presence.set_source(source)
        if self.reported != source:
            self.reported = source
            self._writer.write_event(Event(self._charger.id, now.unix, EventKind.PATH, 0, source))
