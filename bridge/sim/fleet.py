"""Builds a fleet: the same options give the same chargers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

from bridge.sim.broker_session import BrokerSession
from bridge.sim.charger import SimCharger
from bridge.sim.clock import Clock
from bridge.sim.connector import Connector
from bridge.sim.device import SimDevice
from bridge.sim.documents import SimDialect
from bridge.sim.endpoint import Endpoint
from bridge.sim.fault_injector import FaultInjector
from bridge.sim.identity import Identity, Naming, fleet_identities
from bridge.sim.ledger import Ledger
from bridge.sim.options import SimOptions
from bridge.sim.publisher import TelemetryPublisher
from bridge.sim.scenarios import PublishStyle, RecurringFault, Role, Scenario
from bridge.sim.settings import ChargerConfig
from bridge.sim.site import ChargerWebSite, query

_DEVICE_NAMES = {SimDialect.NOFOS: "nofos", SimDialect.ANCESTOR: "openevse"}


@dataclass(frozen=True, slots=True)
class SimEnvironment:
    """What all chargers share."""

    options: SimOptions
    scenario: Scenario
    endpoint: Endpoint
    connector: Connector
    clock: Clock
    ledger: Ledger


def identities(options: SimOptions, scenario: Scenario) -> list[Identity]:
    """The chargers' identities."""
    naming = Naming(
        device=_DEVICE_NAMES[scenario.dialect],
        base_prefix=options.base_prefix,
        announce_prefix=options.announce_prefix,
    )
    shares = [role.shares for role in scenario.roles]
    return fleet_identities(options.seed, options.chargers, naming, shares)


def build_fleet(around: SimEnvironment) -> Iterator[tuple[SimCharger, ChargerWebSite]]:
    """Each charger with its web site."""
    roles = around.scenario.roles
    for identity in identities(around.options, around.scenario):
        yield _ChargerBuilder(around, identity, roles[identity.index % len(roles)]).build()


class _ChargerBuilder:
    """Builds one charger; `_rng` does not influence the simulated controller."""

    def __init__(self, around: SimEnvironment, identity: Identity, role: Role) -> None:
        options = around.options
        self._around = around
        self._identity = identity
        self._role = role
        self._rng = Random(f"{options.seed}/{identity.index}/manner")
        self._device = device(options, around.scenario, identity.index)
        self._settings = ChargerConfig(
            identity=identity,
            endpoint=around.endpoint,
            username=options.http_username or "",
            password=options.http_password or "",
        )
        self._presence = self._build_connection()

    def build(self) -> tuple[SimCharger, ChargerWebSite]:
        around, identity = self._around, self._identity
        voice = self._build_publisher()
        charger = SimCharger(
            identity=identity,
            device=self._device,
            dialect=around.scenario.dialect,
            habit=self._role.style,
            connection=self._presence,
            publisher=voice,
            faults=self._build_faults(voice),
            clock=around.clock,
            ledger=around.ledger,
            rng=self._rng,
            interval=around.options.interval,
            phase=around.options.interval * identity.index / around.options.chargers,
        )
        return charger, self._build_site()

    def _build_site(self) -> ChargerWebSite:
        return ChargerWebSite(
            identity=self._identity,
            device=self._device,
            dialect=self._around.scenario.dialect,
            settings=self._settings,
            connection=self._presence,
            clock=self._around.clock,
            rng=self._rng,
        )

    def _build_connection(self) -> BrokerSession:
        around = self._around
        return BrokerSession(
            identity=self._identity,
            settings=self._settings,
            endpoint=around.endpoint,
            url=self._identity.url(around.options.http_port),
            connector=around.connector,
            clock=around.clock,
            ledger=around.ledger,
            rng=self._rng,
            clean_disconnect=self._role.fault is not RecurringFault.DROP,
            query=partial(query, self._device, around.clock),
        )

    def _build_publisher(self) -> TelemetryPublisher:
        return TelemetryPublisher(
            connection=self._presence,
            clock=self._around.clock,
            rng=self._rng,
            interval=self._around.options.interval,
            retain=self._role.style is PublishStyle.RETAINED,
        )

    def _build_faults(self, voice: TelemetryPublisher) -> FaultInjector | None:
        if self._role.fault is None:
            return None
        return FaultInjector(
            self._role.fault,
            device=self._device,
            connection=self._presence,
            settings=self._settings,
            publisher=voice,
            clock=self._around.clock,
            rng=Random(f"{self._around.options.seed}/{self._identity.index}/mishaps"),
        )


def device(options: SimOptions, scenario: Scenario, index: int) -> SimDevice:
    """The device at an index of the fleet, without network."""
    rng = Random(f"{options.seed}/{index}/life")
    role = scenario.roles[index % len(scenario.roles)]
    return SimDevice(rng=rng, temper=scenario.usage, wired=role.wired)
