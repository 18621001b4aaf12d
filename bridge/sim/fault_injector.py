"""Injects recurring faults into a charger."""

from collections.abc import Mapping
from random import Random

from bridge.sim.broker_session import BrokerSession
from bridge.sim.clock import Clock
from bridge.sim.device import SimDevice
from bridge.sim.events import SimEvent, SimEventKind
from bridge.sim.gateway import CRASH_REASONS, SOFTWARE
from bridge.sim.plan import STUCK_RELAY
from bridge.sim.publisher import TelemetryPublisher
from bridge.sim.scenarios import RecurringFault
from bridge.sim.settings import ChargerConfig

_FIRST_SECONDS = (15.0, 60.0)
_REPEAT_SECONDS = (150.0, 600.0)
_BOOTING = (5.0, 9.0)
_RECONNECTING = (2.0, 8.0)
_LOOP_SECONDS = 1.5
_WELDED_SECONDS = 600.0


class FaultInjector:
    """Injects one kind of fault repeatedly; `due` is the simulated time of the next one."""

    def __init__(
        self,
        trouble: RecurringFault,
        *,
        device: SimDevice,
        connection: BrokerSession,
        settings: ChargerConfig,
        publisher: TelemetryPublisher,
        clock: Clock,
        rng: Random,
    ) -> None:
        self._trouble = trouble
        self._device = device
        self._connection = connection
        self._settings = settings
        self._publisher = publisher
        self._clock = clock
        self._rng = rng
        self._moves = 0
        self.due = rng.uniform(*_FIRST_SECONDS)

    def inject(self, at: float) -> list[SimEvent]:
        """Inject the fault; returns the events."""
        self.due = at + self._rng.uniform(*_REPEAT_SECONDS)
        match self._trouble:
            case RecurringFault.CRASH:
                return [self._boot(at, self._rng.choice(CRASH_REASONS))]
            case RecurringFault.CRASH_LOOP:
                return [self._boot(at + n * _LOOP_SECONDS, CRASH_REASONS[0]) for n in range(3)]
            case RecurringFault.REBOOT:
                return [self._boot(at, SOFTWARE)]
            case RecurringFault.SILENCE:
                return [self._mute(at)]
            case RecurringFault.DROP:
                return [self._drop(at)]
            case RecurringFault.MOVE:
                return [self._move(at)]
            case RecurringFault.FREEZE:
                return [self._freeze(at)]
            case RecurringFault.STUCK_RELAY:
                return self._weld(at)

    def _boot(self, at: float, reason: int) -> SimEvent:
        gateway = self._device.gateway
        gateway.restart(at=at, unix=self._clock.unix(at), reason=reason)
        pause = self._rng.uniform(*_BOOTING)
        if reason == SOFTWARE:
            self._connection.disconnect(pause)
        else:
            self._connection.drop(pause)
        values = {
            "reason": reason,
            "boot_count": gateway.boot_count,
            "crash_seq": gateway.crash_seq,
        }
        return SimEvent(
            at, SimEventKind.REBOOT if reason == SOFTWARE else SimEventKind.CRASH, values
        )

    def _mute(self, at: float) -> SimEvent:
        self._publisher.muted_until = at + self._rng.uniform(100, 240)
        return self._with_duration(at, SimEventKind.SILENT, self._publisher.muted_until)

    def _freeze(self, at: float) -> SimEvent:
        until = at + self._rng.uniform(90, 300)
        self._device.freeze(at=at, until=until)
        return self._with_duration(at, SimEventKind.FROZEN, until)

    def _weld(self, at: float) -> list[SimEvent]:
        """The controller itself produces the event."""
        self._device.life.interrupt(at, STUCK_RELAY, _WELDED_SECONDS)
        return []

    def _drop(self, at: float) -> SimEvent:
        away = self._rng.uniform(5, 60)
        self._connection.drop(away)
        return self._with_duration(at, SimEventKind.DROPPED, at + away)

    def _move(self, at: float) -> SimEvent:
        self._moves += 1
        name = self._settings.text("hostname")
        prefix = self._connection.base.rpartition("/")[0].removesuffix(f"/site{self._moves - 1}")
        base = f"{prefix}/site{self._moves}/{name}"
        self._settings.change({"mqtt_topic": base})
        self._connection.disconnect(self._rng.uniform(*_RECONNECTING))
        return SimEvent(at, SimEventKind.MOVED, {"base": base})

    def _with_duration(self, at: float, kind: SimEventKind, until: float) -> SimEvent:
        values: Mapping[str, float] = {"seconds": until - at, "until": self._clock.unix(until)}
        return SimEvent(at, kind, values)
