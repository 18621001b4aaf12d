"""The charger's state codes, their names, and which of them are faults."""

NAMES = {
    0: "starting",
    1: "not_connected",
    2: "connected",
    3: "charging",
    4: "vent_required",
    5: "diode_check_failed",
    6: "gfci_fault",
    7: "no_ground",
    8: "stuck_relay",
    9: "gfci_self_test_failed",
    10: "over_temperature",
    11: "over_current",
    12: "reserved_12",
    13: "reserved_13",
    14: "relay_closure_fault",
    15: "pp_shorted",
    16: "pp_missing",
    17: "eeprom_failure",
    254: "sleeping",
    255: "disabled",
}
FAULTS = {code: NAMES[code] for code in range(4, 18)}
UNKNOWN = "unknown"

STARTING = 0
NOT_CONNECTED = 1
CONNECTED = 2
CHARGING = 3
SLEEPING = 254
DISABLED = 255


def name(code: int) -> str:
    """The state's name; `unknown` for an undocumented code."""
    return NAMES.get(code, UNKNOWN)
