"""The scenarios: a table of who suffers what."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from bridge.sim.documents import Dialect
from bridge.sim.identity import Shares
from bridge.sim.options import SimError
from bridge.sim.plan import Temper


class Trouble(Enum):
    """What befalls a charger again and again."""

    CRASH = "crash"
    CRASH_LOOP = "three crashes in a row"
    REBOOT = "planned reboot"
    SILENCE = "connected, but tells nothing"
    DROP = "network lost"
    MOVE = "another base topic"
    FREEZE = "controller hangs behind a live gateway"
    STUCK_RELAY = "a relay welds, and comes loose after ten minutes"


class Habit(Enum):
    """What a charger does all the time."""

    PLAIN = "plain"
    ODD_PAYLOADS = "values that are none"
    RETAINED = "retains its telemetry"
    DOCUMENTS = "JSON documents and others' commands below its base"


@dataclass(frozen=True, slots=True)
class Role:
    """One charger's part; `wired` is an Ethernet unit, whose srssi means nothing."""

    trouble: Trouble | None = None
    habit: Habit = Habit.PLAIN
    shares: Shares = Shares.NOTHING
    wired: bool = False


_CALM = Temper()
_PLAIN = Role()


@dataclass(frozen=True, slots=True)
class Scenario:
    """`roles` is repeated over the fleet."""

    about: str
    dialect: Dialect = Dialect.NOFOS
    temper: Temper = _CALM
    roles: tuple[Role, ...] = (_PLAIN,)


# The charger before one that shares something is plain: its trouble would hide the sharing.
_BAD_DAY = (
    Role(),
    Role(shares=Shares.BASE),
    Role(Trouble.CRASH),
    Role(Trouble.REBOOT),
    Role(Trouble.SILENCE),
    Role(Trouble.DROP),
    Role(Trouble.MOVE),
    Role(habit=Habit.ODD_PAYLOADS),
    Role(habit=Habit.RETAINED),
    Role(habit=Habit.DOCUMENTS),
    Role(Trouble.FREEZE),
    Role(),
    Role(shares=Shares.TAIL),
    Role(Trouble.CRASH_LOOP, wired=True),
)

TABLE: Mapping[str, Scenario] = {
    "calm": Scenario("chargers that charge cars, and nothing else happens"),
    "bad-day": Scenario(
        "faults, crashes, reboots, silence, lost networks, shared topics, odd payloads",
        temper=Temper(idle=(30.0, 300.0), charge=(240.0, 1200.0), fault_chance=0.6),
        roles=_BAD_DAY,
    ),
    "alarms": Scenario(
        "what somebody is told of: of twelve chargers one crashes, and one has a stuck relay",
        roles=(Role(Trouble.CRASH), Role(Trouble.STUCK_RELAY), *(_PLAIN,) * 10),
    ),
    "moved": Scenario(
        "every charger changes its base topic now and then", roles=(Role(Trouble.MOVE),)
    ),
    "ancestor": Scenario(
        "the firmware's ancestor: milliamperes, one phase, other members",
        dialect=Dialect.ANCESTOR,
        temper=Temper(phases=(1,)),
    ),
}


def scenario_named(name: str) -> Scenario:
    """Raises SimError that lists the names there are."""
    try:
        return TABLE[name]
    except KeyError as error:
        raise SimError(f"no scenario {name!r}; there are {', '.join(TABLE)}") from error
