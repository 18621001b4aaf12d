"""The polling of one charger: how and where, and what its documents add to its telemetry."""

from bridge.core.charging.charging import Charging
from bridge.core.clock import Moment
from bridge.core.counters import Witness
from bridge.core.discovery.charger import Charger
from bridge.core.fields.catalogue import Kind
from bridge.core.fields.config import DeviceConfig
from bridge.core.fields.crashlog import Crash
from bridge.core.fields.status import Status, StatusValue
from bridge.core.gateway.gateway import Gateway
from bridge.core.model import Reason, SavedState
from bridge.core.output.line_protocol import number
from bridge.core.output.writer import Writer
from bridge.core.polling.outcome import Page
from bridge.core.polling.timer import Mode
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.channels import Channels
from bridge.core.telemetry.path import FeedPath
from bridge.core.telemetry.points import POLLED, Points
from bridge.core.telemetry.polled import PolledValues
from bridge.core.telemetry.presence import Presence
from bridge.core.telemetry.unit_check import CHECKED, CURRENTS, UnitCheck


class Documents:
    """Receives one charger's documents; methods return the reasons of discarded members.

    Values from MQTT within `silent_after` seconds are fresher and take precedence.
    """

    __slots__ = (
        "_channels", "_charger", "_charging", "_gateway", "_path", "_points", "_polled",
        "_presence", "_silent_after", "_stale_after", "_unit_check", "_writer",
    )  # fmt: skip

    def __init__(
        self,
        charger: Charger,
        *,
        channels: Channels,
        charging: Charging,
        gateway: Gateway,
        points: Points,
        polled: PolledValues,
        presence: Presence,
        unit_check: UnitCheck,
        writer: Writer,
        saved: SavedState,
        silent_after: float,
        stale_after: float,
    ) -> None:
        self._charger = charger
        self._channels = channels
        self._charging = charging
        self._gateway = gateway
        self._points = points
        self._polled = polled
        self._presence = presence
        self._unit_check = unit_check
        self._writer = writer
        self._silent_after = silent_after
        self._stale_after = stale_after
        self._path = FeedPath(
            charger, presence=presence, writer=writer, saved=saved,
            silent_after=silent_after, stale_after=stale_after,
        )  # fmt: skip

    @property
    def poll_hints(self) -> int:
        """Rises when /status is worth polling soon."""
        return self._charging.poll_hints + self._gateway.poll_hints

    def http_address(self, now: Moment, polled_at: str | None) -> str | None:
        """The announced address to poll; `polled_at` is where it is polled now."""
        return self._charger.http_address(now.steady, self._stale_after, polled_at)

    def poll_mode(self, now: Moment) -> Mode:
        """The mode in which to poll it from now on."""
        return self._path.poll_mode(now)

    def wanted(self, now: Moment) -> list[Page]:
        """The other pages that are worth requesting."""
        return self._gateway.wanted(now.steady)

    def polled_every(self, seconds: float) -> None:
        """/status is polled at this period now."""
        self._polled.polled_every(seconds)

    def receive_status(self, status: Status, seconds: float, now: Moment) -> list[Reason]:
        """Receive a /status; `seconds` is how long the poll took."""
        self._polled.poll_ended(True, seconds, now)
        if not self._presence.up or self._charger.offline:
            event = self._presence.mark_up(now, "http")
            if event is not None:
                self._writer.write_event(event)
        witness = status.witness()
        if witness.commands is not None:
            self._points.witnessed(now.steady)
        reasons = self._accept(status, witness, now)
        self._gateway.observe_status(status, witness, now, self._charging.code)
        return reasons

    def poll_failed(self, seconds: float, now: Moment) -> None:
        """A poll of /status failed; after the third in a row, hide what only /status reports."""
        self._polled.poll_ended(False, seconds, now)
        if self._polled.lost:
            for channel in self._polled.http_only():
                self._channels.expire_polled(channel)
            self._gateway.expire()

    def receive_answer(self, status: Status, now: Moment) -> list[Reason]:
        """Receive a reply of the controller itself, over MQTT.

        No gateway in between can report 0 for what it has not read yet.
        """
        witness = Witness(measured=True)
        reasons = self._accept(status, witness, now)
        self._gateway.observe_answer(status, witness, now, self._charging.code)
        return reasons

    def receive_config(self, config: DeviceConfig, now: Moment) -> list[Reason]:
        """Receive a /config."""
        if self._gateway.observe_config(config, now):
            self._presence.update()
        if config.values:
            fields = [number(column, value) for column, value in config.values.items()]
            self._writer.write_point((*fields, POLLED), len(config.values), now.unix)
        others = len(config.texts) + config.dropped
        return [reason for _, reason in config.discarded] + [Reason.NOT_TELEMETRY] * others

    def receive_crashlog(
        self, records: tuple[Crash, ...], members: int, now: Moment
    ) -> list[Reason]:
        """Receive a /crashlog of so many members."""
        self._gateway.observe_crashlog(records, now)
        return [Reason.NOT_TELEMETRY] * members

    def page_missing(self, page: Page, now: Moment, *, permanent: bool) -> None:
        """The charger answered without this page; `permanent`: it does not have it."""
        self._gateway.page_missing(page, now, permanent=permanent)

    def saved(self) -> dict[str, object]:
        """What the state file keeps."""
        return {"path": self._path.reported}

    def _accept(self, status: Status, witness: Witness, now: Moment) -> list[Reason]:
        ambiguous = self._charger.ambiguous
        fresh = self._channels.fresh_columns(now.steady, 0.0 if ambiguous else self._silent_after)
        reasons = [reason for _, reason in status.discarded]
        accepted: dict[str, Channel] = {}
        refused = self._refused(status, fresh, now)
        for column, part in status.parts.items():
            if column in fresh:
                reasons.append(Reason.FRESHER_SOURCE)
            elif column in refused:
                reasons.append(Reason.IMPLAUSIBLE)
                self._receive(part, now)
            else:
                accepted[column] = self._receive(part, now)
        if accepted:
            self._channels.leave_to_polls(accepted)
            self._points.write(accepted, now, POLLED, witness)
        energy = status.value("energy")
        if "energy" in fresh and energy is not None and self._charging.doubtful:
            # MQTT's totals contradict the believed one: this document decides between them.
            self._charging.observe_energy(float(energy), now, witness, alone=False)
        return reasons

    def _refused(self, status: Status, fresh: set[str], now: Moment) -> frozenset[str]:
        """The columns of currents whose unit is suspect, as of this document."""
        heard = self._channels.by_wire.get("pilot")
        pilot = status.value("pilot") or (heard.value if heard is not None else None)
        state = None if "state_code" in fresh else status.value("state_code")
        if CHECKED not in fresh:
            self._unit_check.observe(
                status.value(CHECKED), pilot, self._charging.code if state is None else int(state),
                now,
            )  # fmt: skip
        return CURRENTS if self._unit_check.suspect else frozenset()

    def _receive(self, part: StatusValue, now: Moment) -> Channel:
        if part.row.kind is Kind.STATE:
            self._charging.observe_state(int(part.value), now)
        return self._polled.receive(part, now)
