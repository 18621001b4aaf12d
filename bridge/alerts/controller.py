"""Alerts about the controller behind the gateway, and about measurements that cannot be true."""

from bridge.alerts.model import Alert, Dashboard, Group, Scope, Severity
from bridge.alerts.query import AGAIN, WHO, any_replica

_FROZEN = f"{any_replica('evse_frozen')} == 1"


def _rate(counter: str) -> str:
    return any_replica(f"rate({counter}[1h])")


CONTROLLER = Group(
    "nofos-controller",
    (
        Alert(
            "EvseControllerDead",
            Severity.WARNING,
            Scope.CHARGER,
            _FROZEN,
            "5m",
            f"{WHO}: its controller is dead, its values stand still",
            "The gateway goes on repeating the controller's last values over MQTT; they are not "
            "true any more.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
        Alert(
            "EvseRapiFailing",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_rate('evse_rapi_successes_total')}\n"
            f"/ on (charger) ({_rate('evse_rapi_commands_total')} > 0) < 0.9\n"
            f"unless on (charger) {_FROZEN}",
            "30m",
            f"{WHO}: its controller often does not answer",
            "Only {{ $value | humanizePercentage }} of the gateway's commands were answered "
            "within the last hour.",
            Dashboard.CHARGER,
        ),
        Alert(
            "EvseUnitSuspect",
            Severity.WARNING,
            Scope.CHARGER,
            f"{any_replica('evse_unit_suspect')} == 1",
            "5m",
            f"{WHO}: amperes and milliamperes are mixed up",
            "Its currents contradict its dialect by a factor of a thousand: they and its power are "
            "wrong by as much, its energy total is not.",
            Dashboard.CHARGER,
            keep=AGAIN,
        ),
        # Of old controllers the total grows only when the session ends. Where /status shows that
        # the session's own energy rises, nothing is lost; without it, the dialect has to tell.
        Alert(
            "EvseEnergyStandsStill",
            Severity.WARNING,
            Scope.CHARGER,
            f"{any_replica('evse_power_watts')} > 500\n"
            f"and on (charger) {any_replica('evse_state_code == 3')}\n"
            f"and on (charger) {any_replica('increase(evse_energy_joules_total[15m])')} == 0\n"
            f"unless on (charger) {any_replica('delta(evse_session_energy_joules[15m])')} > 0\n"
            f'unless on (charger) evse_info{{dialect!="nofos"}}',
            "15m",
            f"{WHO}: charges, but its energy total stands still",
            "It reports {{ $value | printf `%.0f` }} W, and its energy total did not grow for 15 "
            "minutes: the session is not billed.",
            Dashboard.ENERGY,
            keep=AGAIN,
        ),
    ),
)
