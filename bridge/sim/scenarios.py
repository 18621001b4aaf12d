"""The table of scenarios: which chargers have which faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from bridge.sim.documents import SimDialect
from bridge.sim.identity import Shares
from bridge.sim.options import SimError
from bridge.sim.plan import FleetUsage


class RecurringFault(Enum):
    """A fault that recurs at one charger."""

    CRASH = "crash"
    CRASH_LOOP = "three crashes in a row"
    REBOOT = "planned reboot"
    SILENCE = "connected, but publishes nothing"
    DROP = "network lost"
    MOVE = "another base topic"
    FREEZE = "controller hangs behind a live gateway"
    STUCK_RELAY = "a relay welds, and comes loose after ten minutes"


class PublishStyle(Enum):
    """What a charger publishes."""

    PLAIN = "plain"
    ODD_PAYLOADS = "invalid values"
    RETAINED = "retains its telemetry"
    DOCUMENTS = "JSON documents and others' commands below its base"


@dataclass(frozen=True, slots=True)
class Role:
    """One charger's role; `wired` is an Ethernet unit, whose srssi is meaningless."""

    fault: RecurringFault | None = None
    style: PublishStyle = PublishStyle.PLAIN
    shares: Shares = Shares.NOTHING
    wired: bool = False


_CALM = FleetUsage()
_PLAIN = Role()


@dataclass(frozen=True, slots=True)
class Scenario:
    """`roles` is repeated over the fleet."""

    about: str
    dialect: SimDialect = SimDialect.NOFOS
    usage: FleetUsage = _CALM
    roles: tuple[Role, ...] = (_PLAIN,)


# The charger before one that shares something is plain: its trouble would hide the sharing.
_BAD_DAY = (
    Role(),
    Role(shares=Shares.BASE),
    Role(RecurringFault.CRASH),
    Role(RecurringFault.REBOOT),
    Role(RecurringFault.SILENCE),
    Role(RecurringFault.DROP),
    Role(RecurringFault.MOVE),
    Role(style=PublishStyle.ODD_PAYLOADS),
    Role(style=PublishStyle.RETAINED),
    Role(style=PublishStyle.DOCUMENTS),
    Role(RecurringFault.FREEZE),
    Role(),
    Role(shares=Shares.TAIL),
    Role(RecurringFault.CRASH_LOOP, wired=True),
)

TABLE: Mapping[str, Scenario] = {
    "calm": Scenario("chargers that charge cars, without faults"),
    "bad-day": Scenario(
        "faults, crashes, reboots, silence, lost networks, shared topics, odd payloads",
        usage=FleetUsage(idle=(30.0, 300.0), charge=(240.0, 1200.0), fault_chance=0.6),
        roles=_BAD_DAY,
    ),
    "alarms": Scenario(
        "faults that raise alerts: of twelve chargers one crashes, and one has a stuck relay",
        roles=(Role(RecurringFault.CRASH), Role(RecurringFault.STUCK_RELAY), *(_PLAIN,) * 10),
    ),
    "moved": Scenario(
        "every charger changes its base topic now and then", roles=(Role(RecurringFault.MOVE),)
    ),
    "ancestor": Scenario(
        "the firmware's ancestor: milliamperes, one phase, other members",
        dialect=SimDialect.ANCESTOR,
        usage=FleetUsage(phases=(1,)),
    ),
}


def scenario_named(name: str) -> Scenario:
    """Raises SimError with the list of names."""
    try:
        return TABLE[name]
    except KeyError as error:
        raise SimError(f"no scenario {name!r}; known: {', '.join(TABLE)}") from error
