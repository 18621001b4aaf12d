"""Fleet: how all chargers are, and which to look at."""

from bridge.dashboards.build import bars, lines, listing, ranking, stat
from bridge.dashboards.model import Dashboard, Language, Override, Row, Threshold
from bridge.dashboards.promql.common import (
    NAMES,
    SITE,
    TO_CHARGER,
    TO_CHARGER_OF_SERIES,
    by_site,
    each,
    grown,
    or_zero,
)
from bridge.dashboards.words import (
    BAD,
    GOOD,
    STATES,
    WARN,
    YES_NO,
    column,
    good_at_zero,
    state_series,
)

_UP, _ANNOUNCED = each("evse_up"), each("evse_announced")
_HEARD = 'label_replace(evse_last_message_timestamp_seconds, "by", "mqtt", "", "")'
_POLLED = 'label_replace(evse_last_poll_timestamp_seconds, "by", "http", "", "")'
_AGE = each(f"time() - max by (charger) ({_HEARD} or {_POLLED})")
_ENERGY = grown("evse_energy_joules_total")
_FAULTS = f"sum by (charger) ({grown('evse_faults_total', '$__range', 'fault')})"
_TROUBLED = f"topk(10, ({_FAULTS} + {grown('evse_crashes_total')}) > 0)"
_FAULT = each("evse_fault")
_CODE = each("evse_state_code")
_STATES = f'count_values("state_code", {_CODE} < 4 or {_CODE} > 17)'
_FAULTY = or_zero(f"count({_CODE} >= 4 <= 17)")
_RED = Override("fault", {"color": {"mode": "fixed", "fixedColor": BAD}})
_OLD = (Threshold(None, GOOD), Threshold(120, WARN), Threshold(3600, BAD))
_TODAY = {"time_from": "now/d"}
_STACKED = {"fillOpacity": 60, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
_MINUTE = "1m"

_NOW = Row("Now", (
    stat("Up", "Chargers that told something, by MQTT or by poll, within stale_after.",
         "short", f"sum({_UP})"),
    stat("Silent", "Chargers that are announced as connected and of which nothing comes.",
         "short", or_zero(f"count({_ANNOUNCED} == 1 unless on (charger) {_UP} == 1)"),
         thresholds=good_at_zero(WARN)),
    stat("Offline", "Chargers whose broker said that they are gone; up too, until stale_after.",
         "short", or_zero(f"count({_ANNOUNCED} == 0)"), thresholds=good_at_zero(WARN)),
    stat("In a fault", "Chargers whose state is a fault now.",
         "short", or_zero(f"sum({_FAULT})"), thresholds=good_at_zero()),
    stat("Power", "Sum over the chargers: current times voltage, power factor taken as 1.",
         "watt", or_zero(f"sum({each('evse_power_watts')})")),
    stat("Energy today", "Delivered since midnight.",
         "watth", or_zero(f"sum({_ENERGY}) / 3600"), **_TODAY),
    stat("Sessions today", "Charging sessions that ended since midnight.",
         "short", or_zero(f"sum({grown('evse_sessions_total')})"), decimals=0, **_TODAY),
    stat("Oldest data", "How long ago the charger that was silent longest last told something.",
         "s", f"max({_AGE})", thresholds=_OLD),
))  # fmt: skip

_TIME = Row("Over time", (
    lines("States", "Chargers by their state, all faults as one; one that is not up has none.",
          "short", (_STATES, "{{state_code}}"), (_FAULTY, "fault"),
          overrides=(*state_series(), _RED), custom=_STACKED, interval=_MINUTE, low=0),
    lines("Presence", "Chargers that are up, and those that are announced as connected.", "short",
          (f"sum({_UP})", "up"), (f"sum({_ANNOUNCED})", "announced"),
          interval=_MINUTE, low=0),
    lines("Power by site", "Sum of the chargers' power; those without a site are one of their own.",
          "watt", (by_site(each("evse_power_watts")), "{{site}}"),
          custom=_STACKED, interval=_MINUTE, low=0),
    bars("Faults and crashes", "Entries into a fault, and crashes, in each stretch of time.",
          "short", (f"sum({grown('evse_faults_total', '$__interval', 'fault')})", "faults"),
          (f"sum({grown('evse_crashes_total', '$__interval')})", "crashes"),
          interval="5m", low=0),
))  # fmt: skip

_TROUBLE = Row("Look at these first", (
    ranking("Faults and crashes", "The ten chargers with most of both in the chosen time.",
            "short",
            (_TROUBLED, "{{charger}}"),
            width=6, decimals=0, leads_to=TO_CHARGER_OF_SERIES, thresholds=(
                Threshold(None, GOOD), Threshold(1, WARN), Threshold(5, BAD))),
    ranking("Oldest data", "The ten chargers that have been silent longest.", "s",
            (f"topk(10, {_AGE})", "{{charger}}"),
            width=6, leads_to=TO_CHARGER_OF_SERIES, thresholds=_OLD),
    ranking("Weakest Wi-Fi", "The ten chargers with the weakest signal; wired ones tell none.",
            "dBm", (f"bottomk(10, {each('evse_wifi_rssi_dbm')})", "{{charger}}"),
            width=6, low=-100, high=-30, leads_to=TO_CHARGER_OF_SERIES, thresholds=(
                Threshold(None, BAD), Threshold(-80, WARN), Threshold(-70, GOOD))),
    ranking("Smallest free heap block", "The ten chargers closest to a crash for want of memory.",
            "bytes",
            (f"bottomk(10, {each('evse_heap_largest_free_block_bytes')})", "{{charger}}"),
            width=6, leads_to=TO_CHARGER_OF_SERIES, thresholds=(
                Threshold(None, BAD), Threshold(8192, WARN), Threshold(16384, GOOD))),
))  # fmt: skip

_ALL = Row("All chargers", (
    listing(
        "Chargers", "Every charger of the chosen sites; its name leads to it.",
        {"charger": "Charger", "alias": "Alias", "site": "Site", "Value #B": "Up",
         "Value #C": "State", "Value #D": "Power", "Value #E": "Energy",
         "Value #F": "Data age", "Value #G": "Wi-Fi", "Value #H": "Free heap block",
         "version": "Firmware"},
        NAMES, _UP, each("evse_state_code"), each("evse_power_watts"), f"{_ENERGY} / 3600", _AGE,
        each("evse_wifi_rssi_dbm"), each("evse_heap_largest_free_block_bytes"),
        shows=(column("Up", words=YES_NO), column("State", words=STATES), column("Power", "watt"),
               column("Energy", "watth"), column("Data age", "s"),
               column("Wi-Fi", "dBm"), column("Free heap block", "bytes")),
        link=TO_CHARGER, height=12, sort="Data age",
    ),
))  # fmt: skip

FLEET = Dashboard(
    "nofos-fleet",
    "Fleet of chargers",
    "All chargers now and over time, and those to look at first.",
    Language.PROMQL,
    (_NOW, _TIME, _TROUBLE, _ALL),
    variables=(SITE,),
)
