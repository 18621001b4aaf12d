"""Faults and crashes: kind, charger, count, start, firmware."""

from bridge.dashboards.build import bars, ranking, stat, table
from bridge.dashboards.model import Dashboard, PanelRow, QueryLanguage, Threshold
from bridge.dashboards.promql.common import (
    NAMES,
    SITE,
    TO_CHARGER,
    TO_CHARGER_OF_SERIES,
    each,
    greatest,
    grown,
    named,
    or_zero,
)
from bridge.dashboards.words import (
    BAD,
    BUSY,
    STATES,
    TROUBLE,
    WARN,
    column,
    good_at_zero,
    series_colours,
)

_ENTRIES = grown("evse_faults_total", "$__range", "fault")
_CRASHES = grown("evse_crashes_total")
_BOOTS = grown("evse_boots_total")
_BY_CHARGER = named(f"sum by (charger) ({_ENTRIES})", "version", "firmware")
_PER_CHARGER = (
    f"sum by (version, firmware) ({_BY_CHARGER}) / count by (version, firmware) ({NAMES})"
)
_RESETS = (
    "sort_desc(count by (reason) (max by (charger, reason) (evse_last_reset) "
    f"and on (charger) {NAMES}))"
)
_FAULTY = f"{each('evse_fault')} == 1"
_RED = (Threshold(None, BAD),)
_ORANGE = (Threshold(None, WARN),)

_NOW = PanelRow("Now, and in the selected time range", (
    stat("In a fault now", "Chargers whose state is a fault.", "short",
         or_zero(f"sum({each('evse_fault')})"), thresholds=good_at_zero(), width=4),
    stat("Fault entries", "Number of faults, however short.", "short",
         or_zero(f"sum({_ENTRIES})"), thresholds=good_at_zero(WARN), width=4, decimals=0),
    stat("Chargers with faults", "Chargers that entered a fault at least once.", "short",
         or_zero(f"count(sum by (charger) ({_ENTRIES}) > 0)"), width=4,
         thresholds=good_at_zero(WARN)),
    stat("Crashes", "Crashes of gateways.", "short", or_zero(f"sum({_CRASHES})"),
         thresholds=good_at_zero(), width=4, decimals=0),
    stat("Boots", "Boots of gateways, including planned ones.", "short", or_zero(f"sum({_BOOTS})"),
         width=4, decimals=0),
    stat("Brown-outs", "Chargers whose last reset was caused by low supply voltage.", "short",
         or_zero('count(max by (charger) (evse_last_reset{reason="brownout"}) '
                 f"and on (charger) {NAMES})"),
         width=4, thresholds=good_at_zero(WARN)),
    table("Present faults", "Kind, charger and start; a fault that began "
            "before the selected time range has no start.",
            {"charger": "Charger", "alias": "Alias", "site": "Site", "Value #A": "Fault",
             "Value #B": "Since", "version": "Gateway", "firmware": "Controller"},
            f"{named(each('evse_state_code'), 'alias', 'site', 'version', 'firmware')} "
            f"and on (charger) {_FAULTY}",
            "1000 * max by (charger) (max_over_time(timestamp(evse_fault == 0)[$__range:])) "
            f"and on (charger) {_FAULTY}",
            shows=(column("Fault", mappings=STATES), column("Since", "dateTimeFromNow")),
            link=TO_CHARGER, height=7),
))  # fmt: skip

_FAULTS = PanelRow("Faults", (
    ranking("By kind", "Faults in the selected time range.", "short",
            (f"sort_desc(sum by (fault) ({_ENTRIES}) > 0)", "{{fault}}"),
            thresholds=_RED, decimals=0),
    bars("Over time", "Faults per interval, by kind.", "short",
         (f"sum by (fault) ({grown('evse_faults_total', '$__interval', 'fault')}) > 0",
          "{{fault}}"), low=0, interval="5m"),
    ranking("By charger", "The top fifteen.", "short",
            (greatest(15, f"(sum by (charger) ({_ENTRIES}) > 0)"), "{{who}}"),
            thresholds=_RED, decimals=0, link_url=TO_CHARGER_OF_SERIES),
    ranking("Per charger, by firmware", "Faults per charger, by gateway and controller "
            "version.", "short",
            (_PER_CHARGER, "{{version}} / {{firmware}}"),
            thresholds=_RED, decimals=2),
))  # fmt: skip

_CRASHING = PanelRow("Crashes and resets", (
    bars("Crashes and boots", "Per interval, over all chargers.", "short",
         (f"sum({grown('evse_crashes_total', '$__interval')})", "crashes"),
         (f"sum({grown('evse_boots_total', '$__interval')})", "boots"), low=0, interval="5m",
         overrides=(*TROUBLE, *series_colours({"boots": BUSY}))),
    ranking("Last resets", "Chargers by the reason of their gateway's last boot.", "short",
            (_RESETS, "{{reason}}"), thresholds=_ORANGE, decimals=0),
    table("Gateways that crashed", "In the selected time range, with values before the last reset.",
            {"charger": "Charger", "alias": "Alias", "site": "Site", "Value #A": "Crashes",
             "Value #B": "Boots", "reason": "Last reset", "Value #D": "Uptime before",
             "Value #E": "Free block before", "version": "Gateway"},
            f"{named(f'({_CRASHES} > 0)', 'alias', 'site', 'version')}",
            f"{_BOOTS} and on (charger) ({_CRASHES} > 0)",
            f"max by (charger, reason) (evse_last_reset) and on (charger) ({_CRASHES} > 0)",
            f"{each('evse_previous_uptime_seconds')} and on (charger) ({_CRASHES} > 0)",
            f"{each('evse_previous_heap_largest_free_block_bytes')} "
            f"and on (charger) ({_CRASHES} > 0)",
            shows=(column("Crashes", decimals=0), column("Boots", decimals=0),
                   column("Uptime before", "s"), column("Free block before", "bytes")),
            link=TO_CHARGER, sort="Crashes"),
    ranking("Trips of the controllers", "Counted by the controllers in the selected time range, "
            "including trips too short for a message.", "short",
            (f"sum({grown('evse_gfci_trips_total')})", "GFCI"),
            (f"sum({grown('evse_no_ground_trips_total')})", "no ground"),
            (f"sum({grown('evse_stuck_relay_trips_total')})", "stuck relay"),
            thresholds=_RED, decimals=0, width=24, height=5),
))  # fmt: skip

FAULTS = Dashboard(
    "nofos-faults",
    "Faults and crashes",
    "Faults and crashes by kind, charger, time and firmware.",
    QueryLanguage.PROMQL,
    (_NOW, _FAULTS, _CRASHING),
    variables=(SITE,),
    since="now-24h",
)
