"""Fleet: the state of all chargers, and those that need attention."""

from bridge.alerts.recorded import ANNOUNCED, FAULTS, STATES, UP
from bridge.core.fields.states import FAULTS as FAULTS_BY_CODE
from bridge.core.fields.states import NAMES as NAMES_OF_STATES
from bridge.dashboards.build import bars, lines, ranking, stat, table
from bridge.dashboards.model import Dashboard, PanelRow, QueryLanguage, Threshold
from bridge.dashboards.promql.common import (
    NAMES,
    RECORDED,
    SITE,
    TO_CHARGER,
    TO_CHARGER_OF_SERIES,
    UNRECORDED,
    each,
    greatest,
    grown,
    least,
    or_zero,
    power_by_site,
    recorded,
)
from bridge.dashboards.words import (
    BAD,
    GOOD,
    TROUBLE,
    WARN,
    YES_NO,
    column,
    good_at_zero,
    series_colours,
    state_series,
)
from bridge.dashboards.words import STATES as WORDS

_UP, _ANNOUNCED = each("evse_up"), each("evse_announced")
_HEARD = 'label_replace(evse_last_message_timestamp_seconds, "by", "mqtt", "", "")'
_POLLED = 'label_replace(evse_last_poll_timestamp_seconds, "by", "http", "", "")'
_AGE = each(f"time() - max by (charger) ({_HEARD} or {_POLLED})")
_ENERGY = grown("evse_energy_joules_total")
_TROUBLED = f"({grown(FAULTS)} + {grown('evse_crashes_total')}) > 0"
_FAULT = each("evse_fault")
_IN_A_FAULT = "[4-9]|1[0-7]"
_KNOWN = "|".join(str(code) for code in NAMES_OF_STATES if code not in FAULTS_BY_CODE)
_WELL = recorded(STATES, f',state_code=~"{_KNOWN}"')
_ILL = recorded(STATES, f',state_code=~"{_IN_A_FAULT}"')
_UNKNOWN = recorded(STATES, f',state_code!~"{_KNOWN}|{_IN_A_FAULT}"')
_OTHERS = series_colours({"fault": BAD, "unknown": WARN})
_OLD = (Threshold(None, GOOD), Threshold(120, WARN), Threshold(3600, BAD))
_TODAY = {"time_from": "now/d"}
_STACKED = {"fillOpacity": 60, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
_FROM_RULES = {"interval": "1m", "low": 0, "no_value": UNRECORDED}

_NOW = PanelRow("Now", (
    stat("Up", "Chargers with data over MQTT or by polling within stale_after.",
         "short", f"sum({_UP})"),
    stat("Silent", "Chargers that are announced as connected but send nothing.",
         "short", or_zero(f"count({_ANNOUNCED} == 1 unless on (charger) {_UP} == 1)"),
         thresholds=good_at_zero(WARN)),
    stat("Offline", "Chargers disconnected according to their last will.",
         "short", or_zero(f"count({_ANNOUNCED} == 0)"), thresholds=good_at_zero(WARN)),
    stat("In a fault", "Chargers whose state is a fault now.",
         "short", or_zero(f"sum({_FAULT})"), thresholds=good_at_zero()),
    stat("Power", "Sum over the chargers: current times voltage, power factor taken as 1.",
         "watt", or_zero(f"sum({each('evse_power_watts')})")),
    stat("Energy today", "Delivered since midnight.",
         "watth", or_zero(f"sum({_ENERGY}) / 3600"), **_TODAY),
    stat("Sessions today", "Charging sessions that ended since midnight.",
         "short", or_zero(f"sum({grown('evse_sessions_total')})"), decimals=0, **_TODAY),
    stat("Oldest data", "Age of the last data of the charger that has been silent longest.",
         "s", f"max({_AGE})", thresholds=_OLD),
))  # fmt: skip

_TIME = PanelRow("Over time", (
    lines("States", "Chargers that are up by state; all faults together, and all unknown codes "
          "together."
          + RECORDED,
          "short", (f"sum by (state_code) ({_WELL})", "{{state_code}}"),
          # Not vector(0): a fleet of which nothing was recorded is not without faults.
          (f"sum({_ILL}) or 0 * sum({recorded(STATES)})", "fault"),
          (f"sum({_UNKNOWN}) or 0 * sum({recorded(STATES)})", "unknown"),
          overrides=(*state_series(), *_OTHERS), custom=_STACKED, **_FROM_RULES),
    lines("Presence", "Chargers that are up, and those announced as connected."
          + RECORDED, "short", (f"sum({recorded(UP)})", "up"),
          (f"sum({recorded(ANNOUNCED)})", "announced"), **_FROM_RULES),
    lines("Power by site", "Sum of the chargers' power; those without a site form their own group."
          + RECORDED, "watt", (power_by_site(), "{{site}}"), custom=_STACKED, **_FROM_RULES),
    bars("Faults and crashes", "Faults and crashes per interval."
         + RECORDED, "short", (f"sum({grown(FAULTS, '$__interval')})", "faults"),
         (f"sum({grown('evse_crashes_total', '$__interval')})", "crashes"),
         overrides=TROUBLE, interval="5m", low=0, no_value=UNRECORDED),
))  # fmt: skip

_TROUBLE = PanelRow("Need attention", (
    ranking("Faults and crashes", "The ten chargers with the most in the selected time range."
            + RECORDED, "short",
            (greatest(10, _TROUBLED), "{{who}}"),
            width=6, decimals=0, link_url=TO_CHARGER_OF_SERIES, thresholds=(
                Threshold(None, GOOD), Threshold(1, WARN), Threshold(5, BAD))),
    ranking("Oldest data", "The ten chargers that have been silent longest.", "s",
            (greatest(10, _AGE), "{{who}}"),
            width=6, link_url=TO_CHARGER_OF_SERIES, thresholds=_OLD),
    ranking("Weakest Wi-Fi", "The ten chargers with the weakest signal; wired ones are absent.",
            "dBm", (least(10, each("evse_wifi_rssi_dbm")), "{{who}}"),
            width=6, low=-100, high=-30, link_url=TO_CHARGER_OF_SERIES, thresholds=(
                Threshold(None, BAD), Threshold(-80, WARN), Threshold(-70, GOOD))),
    ranking("Smallest free heap block", "The ten chargers with the least memory.",
            "bytes",
            (least(10, each("evse_heap_largest_free_block_bytes")), "{{who}}"),
            width=6, link_url=TO_CHARGER_OF_SERIES, thresholds=(
                Threshold(None, BAD), Threshold(8192, WARN), Threshold(16384, GOOD))),
))  # fmt: skip

_ALL = PanelRow("All chargers", (
    table(
        "Chargers", "Every charger of the selected sites, linked to its dashboard.",
        {"charger": "Charger", "alias": "Alias", "site": "Site", "Value #B": "Up",
         "Value #C": "State", "Value #D": "Power", "Value #E": "Energy",
         "Value #F": "Data age", "Value #G": "Wi-Fi", "Value #H": "Free heap block",
         "version": "Firmware"},
        NAMES, _UP, each("evse_state_code"), each("evse_power_watts"), f"{_ENERGY} / 3600", _AGE,
        each("evse_wifi_rssi_dbm"), each("evse_heap_largest_free_block_bytes"),
        shows=(column("Up", mappings=YES_NO), column("State", mappings=WORDS),
               column("Power", "watt"), column("Energy", "watth"), column("Data age", "s"),
               column("Wi-Fi", "dBm"), column("Free heap block", "bytes")),
        link=TO_CHARGER, height=12, sort="Data age",
    ),
))  # fmt: skip

FLEET = Dashboard(
    "nofos-fleet",
    "Fleet of chargers",
    "All chargers now and over time, and those that need attention.",
    QueryLanguage.PROMQL,
    (_NOW, _TIME, _TROUBLE, _ALL),
    variables=(SITE,),
)
