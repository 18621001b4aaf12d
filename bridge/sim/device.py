"""A whole charger without network: controller, gateway, sensors, Wi-Fi."""

from dataclasses import dataclass, replace
from math import sin
from random import Random

from bridge.sim.controller import SimController
from bridge.sim.gateway import Boot, Heap, SimGateway
from bridge.sim.mains import Three
from bridge.sim.plan import FleetUsage, Outlet

_REFRESH_SECONDS = 12.0
_COMMANDS = 8
_DARK: Three = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Traits:
    """What differs from unit to unit; `has_mcp` is the support for the sensor behind temp4."""

    outlet: Outlet
    has_sensor: bool
    has_mcp: bool
    wired: bool
    rssi: int
    air: int


@dataclass(frozen=True, slots=True)
class View:
    """The gateway's view at one moment. Temperatures are tenths of a degree, or False."""

    state: int
    pilot: int
    amps: Three
    volts: Three
    wh: float
    wattsec: int
    elapsed: int
    temp1: int | bool
    temp4: int | bool | None
    heap: Heap
    rssi: int
    connected: bool
    sent: int
    success: int


class SimDevice:
    """One charger without network; `freeze` simulates a controller that stops responding."""

    def __init__(self, *, rng: Random, temper: FleetUsage, wired: bool = False) -> None:
        outlet = Outlet(amps=rng.choice((16, 32, 32)), phases=rng.choice(temper.phases))
        self.traits = Traits(
            outlet=outlet,
            has_sensor=rng.random() > 1 / 6,
            has_mcp=rng.random() > 1 / 2,
            wired=wired,
            rssi=rng.randint(-84, -48),
            air=rng.randint(60, 280),
        )
        self.gateway = SimGateway(rng)
        self.life = SimController(rng=rng, temper=temper, outlet=outlet)
        self._frozen: View | None = None
        self._frozen_until = 0.0

    def freeze(self, *, at: float, until: float) -> None:
        """The controller hangs: values stay, only the count of commands goes on."""
        self._frozen = self.view(at)
        self._frozen_until = until

    def is_frozen(self, at: float) -> bool:
        """Whether the controller hangs."""
        return self._frozen is not None and at < self._frozen_until

    def view(self, at: float) -> View:
        """`at` must not be before the controller's last advance."""
        sent = int(self.gateway.uptime(at) / _REFRESH_SECONDS) * _COMMANDS
        if self._frozen is not None and at < self._frozen_until:
            return replace(self._frozen, connected=False, sent=sent, heap=self.gateway.heap(at))
        self._frozen = None
        match self.gateway.boot(at):
            case Boot.DONE:
                return self._measured(at, sent)
            case Boot.ZEROS:
                return self._zeros(self._measured(at, sent))
            case Boot.DOWN | Boot.BLANK:
                blank = replace(self._measured(at, sent), state=0, pilot=0, volts=_DARK)
                return replace(self._zeros(blank), connected=False)

    def _zeros(self, view: View) -> View:
        no_mcp = None if view.temp4 is None else False
        return replace(view, amps=_DARK, wh=0.0, wattsec=0, temp1=False, temp4=no_mcp)

    def _measured(self, at: float, sent: int) -> View:
        reading, traits = self.life.reading(at), self.traits
        warm = int(traits.air + 15 * sin(at / 13_000) + reading.warmth)
        return View(
            state=reading.state,
            pilot=reading.pilot,
            amps=reading.amps,
            volts=reading.volts,
            wh=reading.total_wh,
            wattsec=reading.wattsec,
            elapsed=reading.elapsed,
            temp1=warm if traits.has_sensor else False,
            temp4=warm + 21 if traits.has_mcp else None,
            heap=self.gateway.heap(at),
            rssi=0 if traits.wired else traits.rssi + int(3 * sin(at / 71)),
            connected=True,
            sent=sent,
            success=sent - sent // 500,
        )
