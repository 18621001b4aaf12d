"""The periodic event document of each dialect: members in the order they are published."""

from collections.abc import Callable, Mapping
from enum import Enum

from bridge.sim.device import View
from bridge.sim.wire import Value, single

Members = list[tuple[str, Value]]


class SimDialect(Enum):
    """The firmware's message format."""

    NOFOS = "nofos"
    ANCESTOR = "ancestor"


def amperes(current: float) -> float:
    """Amperes, as the controller's milliamperes give them."""
    return round(current * 1000) / 1000


def volts(voltage: float) -> float:
    """Volts to two places in a 32-bit float: 231.48 becomes 231.4799957."""
    return single(round(voltage, 2))


def nofos(view: View) -> Members:
    """The guide's members: amperes, each phase by itself."""
    one, two, three = (amperes(current) for current in view.amps)
    v1, v2, v3 = (volts(voltage) for voltage in view.volts)
    members: Members = [
        ("amp", one),
        ("amp1", one),
        ("amp2", two),
        ("amp3", three),
        ("voltage", v1),
        ("v1", v1),
        ("v2", v2),
        ("v3", v3),
        ("pilot", view.pilot),
        ("wh", view.wh),
        ("state", view.state),
        ("freeram", view.heap.free),
        ("srssi", view.rssi),
        ("temp1", view.temp1),
    ]
    return members if view.temp4 is None else [*members, ("temp4", view.temp4)]


def ancestor(view: View) -> Members:
    """The ancestor's members: milliamperes, one phase."""
    return [
        ("amp", round(view.amps[0] * 1000)),
        ("voltage", round(view.volts[0], 1)),
        ("pilot", view.pilot),
        ("wh", view.wh),
        ("temp1", view.temp1),
        ("temp2", False),
        ("temp3", False),
        ("state", view.state),
        ("freeram", view.heap.free),
        ("divertmode", 1),
        ("srssi", view.rssi),
    ]


def limits(pilot: int) -> Members:
    """Published when the shared current changes; the smoothed value lags behind."""
    available = pilot + 0.37
    return [
        ("charge_rate", pilot),
        ("available_current", available),
        ("smoothed_available_current", round(available * 0.985, 3)),
    ]


PERIODIC: Mapping[SimDialect, Callable[[View], Members]] = {
    SimDialect.NOFOS: nofos,
    SimDialect.ANCESTOR: ancestor,
}
