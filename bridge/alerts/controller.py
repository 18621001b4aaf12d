"""Alerts about the controller behind the gateway, and about implausible measurements."""

from bridge.alerts.model import Alert, DashboardPath, RuleGroup, Scope, Severity
from bridge.alerts.query import AFTER_RESTART, CHARGER_NAME, any_replica

_FROZEN = f"{any_replica('evse_frozen')} == 1"


def _rate(counter: str) -> str:
    return any_replica(f"rate({counter}[1h])")


CONTROLLER = RuleGroup(
    "nofos-controller",
    (
        Alert(
            "EvseControllerDead",
            Severity.WARNING,
            Scope.CHARGER,
            _FROZEN,
            "5m",
            f"{CHARGER_NAME}: the controller does not respond, values are frozen",
            "The gateway keeps publishing the controller's last values over MQTT; they are "
            "outdated.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
        ),
        Alert(
            "EvseRapiFailing",
            Severity.WARNING,
            Scope.CHARGER,
            f"{_rate('evse_rapi_successes_total')}\n"
            f"/ on (charger) ({_rate('evse_rapi_commands_total')} > 0) < 0.9\n"
            f"unless on (charger) {_FROZEN}",
            "30m",
            f"{CHARGER_NAME}: the controller often does not respond",
            "Only {{ $value | humanizePercentage }} of the gateway's commands succeeded within the "
            "last hour.",
            DashboardPath.CHARGER,
        ),
        Alert(
            "EvseUnitSuspect",
            Severity.WARNING,
            Scope.CHARGER,
            f"{any_replica('evse_unit_suspect')} == 1",
            "5m",
            f"{CHARGER_NAME}: current in the wrong unit (A or mA)",
            "Its currents differ from its dialect's unit by a factor of 1000: current and power "
            "are "
            "wrong by that factor, the energy total is correct.",
            DashboardPath.CHARGER,
            keep_firing_for=AFTER_RESTART,
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
            f"{CHARGER_NAME}: charging, but the energy total does not increase",
            "It reports {{ $value | printf `%.0f` }} W, but its energy total did not increase "
            "for 15 "
            "minutes: the session is not billed.",
            DashboardPath.ENERGY,
            keep_firing_for=AFTER_RESTART,
        ),
    ),
)
