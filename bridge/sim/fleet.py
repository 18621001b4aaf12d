"""Puts a fleet together: the same options give the same chargers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

from bridge.sim.charger import Charger
from bridge.sim.clock import Clock
from bridge.sim.device import Device
from bridge.sim.documents import Dialect
from bridge.sim.endpoint import Endpoint
from bridge.sim.identity import Identity, Naming, fleet_identities
from bridge.sim.ledger import Ledger
from bridge.sim.mishaps import Mishaps
from bridge.sim.options import SimOptions
from bridge.sim.presence import Presence
from bridge.sim.scenarios import Habit, Role, Scenario, Trouble
from bridge.sim.settings import Settings
from bridge.sim.site import Site, query
from bridge.sim.switchboard import Switchboard
from bridge.sim.voice import Voice

_DEVICE_NAMES = {Dialect.NOFOS: "nofos", Dialect.ANCESTOR: "openevse"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all chargers share."""

    options: SimOptions
    scenario: Scenario
    endpoint: Endpoint
    board: Switchboard
    clock: Clock
    ledger: Ledger


def identities(options: SimOptions, scenario: Scenario) -> list[Identity]:
    """Who they are."""
    naming = Naming(
        device=_DEVICE_NAMES[scenario.dialect],
        base_prefix=options.base_prefix,
        announce_prefix=options.announce_prefix,
    )
    shares = [role.shares for role in scenario.roles]
    return fleet_identities(options.seed, options.chargers, naming, shares)


def assembled(around: Surroundings) -> Iterator[tuple[Charger, Site]]:
    """Each charger with its web site."""
    roles = around.scenario.roles
    for identity in identities(around.options, around.scenario):
        yield _Assembly(around, identity, roles[identity.index % len(roles)]).made()


class _Assembly:
    """One charger's parts; `manner` is chance that leaves the course of life alone."""

    def __init__(self, around: Surroundings, identity: Identity, role: Role) -> None:
        options = around.options
        self._around = around
        self._identity = identity
        self._role = role
        self._manner = Random(f"{options.seed}/{identity.index}/manner")
        self._device = device(options, around.scenario, identity.index)
        self._settings = Settings(
            identity=identity,
            endpoint=around.endpoint,
            username=options.http_username or "",
            password=options.http_password or "",
        )
        self._presence = self._made_presence()

    def made(self) -> tuple[Charger, Site]:
        around, identity = self._around, self._identity
        voice = self._made_voice()
        charger = Charger(
            identity=identity,
            device=self._device,
            dialect=around.scenario.dialect,
            habit=self._role.habit,
            presence=self._presence,
            voice=voice,
            mishaps=self._made_mishaps(voice),
            clock=around.clock,
            ledger=around.ledger,
            rng=self._manner,
            interval=around.options.interval,
            phase=around.options.interval * identity.index / around.options.chargers,
        )
        return charger, self._made_site()

    def _made_site(self) -> Site:
        return Site(
            identity=self._identity,
            device=self._device,
            dialect=self._around.scenario.dialect,
            settings=self._settings,
            presence=self._presence,
            clock=self._around.clock,
            rng=self._manner,
        )

    def _made_presence(self) -> Presence:
        around = self._around
        return Presence(
            identity=self._identity,
            settings=self._settings,
            endpoint=around.endpoint,
            url=self._identity.url(around.options.http_port),
            board=around.board,
            clock=around.clock,
            ledger=around.ledger,
            rng=self._manner,
            polite=self._role.trouble is not Trouble.DROP,
            query=partial(query, self._device, around.clock),
        )

    def _made_voice(self) -> Voice:
        return Voice(
            presence=self._presence,
            clock=self._around.clock,
            rng=self._manner,
            interval=self._around.options.interval,
            retain=self._role.habit is Habit.RETAINED,
        )

    def _made_mishaps(self, voice: Voice) -> Mishaps | None:
        if self._role.trouble is None:
            return None
        return Mishaps(
            self._role.trouble,
            device=self._device,
            presence=self._presence,
            settings=self._settings,
            voice=voice,
            clock=self._around.clock,
            rng=Random(f"{self._around.options.seed}/{self._identity.index}/mishaps"),
        )


def device(options: SimOptions, scenario: Scenario, index: int) -> Device:
    """The device of a fleet's place, without any network."""
    rng = Random(f"{options.seed}/{index}/life")
    role = scenario.roles[index % len(scenario.roles)]
    return Device(rng=rng, temper=scenario.temper, wired=role.wired)
