"""By which path a charger is heard: MQTT, or HTTP while MQTT is silent.

MQTT dies silently while HTTP works. After `silent_after` without live telemetry a charger is
polled; it is left to MQTT again once that has spoken for two periods, so that a connection
which comes and goes does not make the path flap.
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
    """The path of one charger; a change of it is an event."""

    __slots__ = (
        "_charger", "_presence", "_resumed", "_silent_after", "_since", "_spoke", "_stale_after",
        "_writer", "fallback", "reported",
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
        self._since: float | None = None
        """Steady time of the first look, from which one never heard counts as silent."""
        self._spoke: float | None = None
        # Who was polled when the last run ended is polled at once, or its series would break off.
        self._resumed = charger.polled_unix - charger.heard_unix >= silent_after
        """Whether it was then, and MQTT has not spoken since."""
        self.fallback = self._resumed
        self.reported = "http" if saved.get("path") == "http" else "mqtt"
        """The path of the last event."""

    def poll_mode(self, now: Moment) -> Mode:
        """How the charger is to be polled from now on."""
        charger = self._charger
        self._decide(now)
        if self.fallback and charger.answered_poll(now.steady, self._stale_after):
            self._report("http", now)
        elif not self.fallback and self._presence.up and charger.heard_steady is not None:
            self._report("mqtt", now)
        return Mode.FALLBACK if self.fallback else Mode.ENRICH

    def _decide(self, now: Moment) -> None:
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

    def _report(self, source: str, now: Moment) -> None:
        if self._presence.source != source:
            self._presence.set_source(source)
        if self.reported != source:
            self.reported = source
            self._writer.write_event(Event(self._charger.id, now.unix, EventKind.PATH, 0, source))
