"""What befalls a charger from outside its controller, and when."""

from collections.abc import Mapping
from random import Random

from bridge.sim.clock import Clock
from bridge.sim.device import Device
from bridge.sim.gateway import CRASH_REASONS, SOFTWARE
from bridge.sim.happening import Happening, Kind
from bridge.sim.plan import STUCK_RELAY
from bridge.sim.presence import Presence
from bridge.sim.scenarios import Trouble
from bridge.sim.settings import Settings
from bridge.sim.voice import Voice

_FIRST = (15.0, 60.0)
_AGAIN = (150.0, 600.0)
_BOOTING = (5.0, 9.0)
_RECONNECTING = (2.0, 8.0)
_LOOP_SECONDS = 1.5
_WELDED_SECONDS = 600.0


class Mishaps:
    """One trouble, again and again; `due` is the simulated moment of the next one."""

    def __init__(
        self,
        trouble: Trouble,
        *,
        device: Device,
        presence: Presence,
        settings: Settings,
        voice: Voice,
        clock: Clock,
        rng: Random,
    ) -> None:
        self._trouble = trouble
        self._device = device
        self._presence = presence
        self._settings = settings
        self._voice = voice
        self._clock = clock
        self._rng = rng
        self._moves = 0
        self.due = rng.uniform(*_FIRST)

    def strike(self, at: float) -> list[Happening]:
        """Let it happen, and say what did."""
        self.due = at + self._rng.uniform(*_AGAIN)
        match self._trouble:
            case Trouble.CRASH:
                return [self._boot(at, self._rng.choice(CRASH_REASONS))]
            case Trouble.CRASH_LOOP:
                return [self._boot(at + n * _LOOP_SECONDS, CRASH_REASONS[0]) for n in range(3)]
            case Trouble.REBOOT:
                return [self._boot(at, SOFTWARE)]
            case Trouble.SILENCE:
                return [self._mute(at)]
            case Trouble.DROP:
                return [self._drop(at)]
            case Trouble.MOVE:
                return [self._move(at)]
            case Trouble.FREEZE:
                return [self._freeze(at)]
            case Trouble.STUCK_RELAY:
                return self._weld(at)

    def _boot(self, at: float, reason: int) -> Happening:
        gateway = self._device.gateway
        gateway.restart(at=at, unix=self._clock.unix(at), reason=reason)
        pause = self._rng.uniform(*_BOOTING)
        if reason == SOFTWARE:
            self._presence.leave(pause)
        else:
            self._presence.vanish(pause)
        told = {"reason": reason, "boot_count": gateway.boot_count, "crash_seq": gateway.crash_seq}
        return Happening(at, Kind.REBOOT if reason == SOFTWARE else Kind.CRASH, told)

    def _mute(self, at: float) -> Happening:
        self._voice.muted_until = at + self._rng.uniform(100, 240)
        return self._lasting(at, Kind.SILENT, self._voice.muted_until)

    def _freeze(self, at: float) -> Happening:
        until = at + self._rng.uniform(90, 300)
        self._device.freeze(at=at, until=until)
        return self._lasting(at, Kind.FROZEN, until)

    def _weld(self, at: float) -> list[Happening]:
        """The controller's own life tells of it."""
        self._device.life.break_off(at, STUCK_RELAY, _WELDED_SECONDS)
        return []

    def _drop(self, at: float) -> Happening:
        away = self._rng.uniform(5, 60)
        self._presence.vanish(away)
        return self._lasting(at, Kind.DROPPED, at + away)

    def _move(self, at: float) -> Happening:
        self._moves += 1
        name = self._settings.text("hostname")
        prefix = self._presence.base.rpartition("/")[0].removesuffix(f"/site{self._moves - 1}")
        base = f"{prefix}/site{self._moves}/{name}"
        self._settings.change({"mqtt_topic": base})
        self._presence.leave(self._rng.uniform(*_RECONNECTING))
        return Happening(at, Kind.MOVED, {"base": base})

    def _lasting(self, at: float, kind: Kind, until: float) -> Happening:
        told: Mapping[str, float] = {"seconds": until - at, "until": self._clock.unix(until)}
        return Happening(at, kind, told)
