"""Bridge: whether it receives, keeps and delivers everything."""

from bridge.dashboards.build import bars, heatmap, lines, stat, table
from bridge.dashboards.model import (
    Dashboard,
    Override,
    PanelRow,
    QueryLanguage,
    Threshold,
    Variable,
)
from bridge.dashboards.words import BAD, GOOD, WARN, YES_NO, column, good_at_zero

_AT = '{instance=~"$instance"}'
_INSTANCE = Variable("instance", "Instance", "label_values(evse_bridge_build_info, instance)")


def _own(name: str, labels: str = "") -> str:
    """A metric of the bridge, of the chosen instances."""
    more = f", {labels}" if labels else ""
    return f'evse_bridge_{name}{{instance=~"$instance"{more}}}'


def _rate(name: str, *by: str) -> str:
    return f"sum by ({', '.join(by)}) (rate({_own(name)}[$__rate_interval]))"


def _quantile(q: float, name: str, *by: str) -> str:
    grouped = ", ".join(("le", *by))
    rate = f"rate({_own(name + '_bucket')}[$__rate_interval])"
    return f"histogram_quantile({q:g}, sum by ({grouped}) ({rate}))"


_DISCARDED = f"sum by (instance) ({_own('readings_discarded_total')})"
_IDENTITY = (
    f"sum(abs({_own('readings_received_total')} + {_own('readings_recovered')} "
    f"- {_own('readings_stored_total')} - {_own('readings_pending')} "
    f"- on (instance) group_left () {_DISCARDED}))"
)
_RIGHT = Override("CPU", {"unit": "percentunit", "custom.axisPlacement": "right"}, prefix=True)
_OF_BRIDGES = f"and on (instance) {_own('build_info')}"
_MEMORY = f"max by (instance) (process_resident_memory_bytes{_AT} {_OF_BRIDGES})"
_PROCESSOR = (
    f"max by (instance) (rate(process_cpu_seconds_total{_AT}[$__rate_interval]) {_OF_BRIDGES})"
)
_OLDEST = _own("journal_oldest_pending_timestamp_seconds")

_NOW = PanelRow("Now", (
    stat("Broker", "Whether every selected bridge is connected to its broker.", "none",
         f"min({_own('mqtt_connected')})", mappings=YES_NO),
    stat("Ready", "Whether every selected bridge is subscribed, and the broker responds.",
         "none", f"min({_own('mqtt_ready')})", mappings=YES_NO),
    stat("Readings", "Readings received per second.", "cps",
         f"sum({_rate('readings_received_total')})"),
    stat("Unaccounted", "Received and recovered, less stored, pending and discarded: always 0.",
         "short", _IDENTITY, thresholds=good_at_zero()),
    stat("Journal used", "Size of the journal as a share of its limit.", "percentunit",
         f"max({_own('journal_bytes')} / {_own('journal_limit_bytes')})",
         thresholds=(Threshold(None, GOOD), Threshold(0.7, WARN), Threshold(0.9, BAD))),
    stat("Oldest pending point", "Age of the oldest point not yet stored; 0 for none.", "s",
         f"max(time() - ({_OLDEST} > 0)) or vector(0)",
         thresholds=(Threshold(None, GOOD), Threshold(60, WARN), Threshold(3600, BAD))),
    stat("Store", "Whether every store accepted the last request.", "none",
         f"min({_own('store_up')})", mappings=YES_NO),
    stat("Poll stretch", "Actual poll interval divided by the configured one.", "short",
         f"max({_own('poll_stretch_ratio')})", decimals=1,
         thresholds=(Threshold(None, GOOD), Threshold(1.5, WARN), Threshold(3, BAD))),
    table("Bridge instances", "Each instance with the number of its chargers.",
            {"instance": "Instance", "version": "Version", "Value #B": "Up",
             "Value #C": "Silent", "Value #D": "Offline", "Value #E": "Readings per second",
             "Value #F": "Memory", "Value #G": "Running for"},
            f"max by (instance, version) ({_own('build_info')})",
            *(f"sum by (instance) ({_own('chargers', state)})" for state in (
                'state="up"', 'state="silent"', 'state="offline"')),
            _rate("readings_received_total", "instance"),
            _MEMORY,
            f"time() - max by (instance) (process_start_time_seconds{_AT} and on (instance) "
            f"{_own('build_info')})",
            shows=(column("Readings per second", "cps"), column("Memory", "bytes"),
                   column("Running for", "s")), height=5),
))  # fmt: skip

_READINGS = PanelRow("Readings", (
    lines("In and out", "Readings received and stored per second.", "cps",
          (_rate("readings_received_total", "instance"), "received, {{instance}}"),
          (_rate("readings_stored_total", "instance"), "stored, {{instance}}"), low=0),
    bars("Discarded", "Discarded readings, by reason.", "cps",
         (f"{_rate('readings_discarded_total', 'reason')} > 0", "{{reason}}"), low=0),
    lines("Pending readings", "Readings that are neither stored nor discarded yet.", "short",
          (f"sum by (instance) ({_own('readings_pending')})", "{{instance}}"), low=0),
    bars("Announcements", "By outcome, per second.", "cps",
         (f"{_rate('announces_total', 'outcome')} > 0", "{{outcome}}"), low=0),
))  # fmt: skip

_STORES = PanelRow("Journal and stores", (
    lines("Journal", "Its size and its limit.", "bytes",
          (f"sum by (instance) ({_own('journal_bytes')})", "journal, {{instance}}"),
          (f"sum by (instance) ({_own('journal_limit_bytes')})", "limit, {{instance}}"),
          low=0, width=8),
    lines("Free disk", "On the journal's file system.", "bytes",
          (f"min by (instance) ({_own('disk_free_bytes')})", "{{instance}}"), low=0, width=8),
    lines("Pending points", "Points not yet stored.", "short",
          (f"sum by (store) ({_own('points_pending')})", "{{store}}"), low=0, width=8),
    lines("Store latency", "Duration of requests to a store.", "s",
          (_quantile(0.5, "store_request_duration_seconds", "store"), "{{store}}, median"),
          (_quantile(0.99, "store_request_duration_seconds", "store"), "{{store}}, 99 %"), low=0),
    bars("Requests", "To stores, by outcome, per second.", "reqps",
         (_rate("store_requests_total", "store", "outcome"), "{{store}} {{outcome}}"), low=0),
    lines("Points stored and refused", "Per second.", "cps",
          (_rate("points_stored_total", "store"), "{{store}} stored"),
          (_rate("points_refused_total", "store"), "{{store}} refused"), low=0),
    lines("Certificates", "Time until a certificate in the settings expires.",
          "s", (f"min by (file) ({_own('certificate_expiry_timestamp_seconds')}) - time()",
                "{{file}}"), no_value="no certificate in use"),
))  # fmt: skip

_WORK = PanelRow("Work", (
    bars("Polls", "Polls of chargers by outcome, per second.", "cps",
         (f"{_rate('polls_total', 'outcome')} > 0", "{{outcome}}"), low=0),
    lines("Broker connections", "Reconnects and failures per second.", "cps",
          (_rate("mqtt_reconnects_total", "instance"), "reconnects, {{instance}}"),
          (f"{_rate('mqtt_failures_total', 'reason')} > 0", "{{reason}}"), low=0),
    heatmap("Loop lag", "The longest iteration of the event loop in each 50 ms; above 50 ms "
         "something blocks it.", "short",
         (f"sum by (le) (increase({_own('loop_lag_seconds_bucket')}[$__rate_interval]))",
          "{{le}}")),
    lines("Memory and CPU", "Resident memory and CPU share.", "bytes",
          (_MEMORY, "memory, {{instance}}"),
          (_PROCESSOR, "CPU, {{instance}}"), low=0,
          overrides=(_RIGHT,)),
))  # fmt: skip

BRIDGE = Dashboard(
    "nofos-bridge",
    "Bridge",
    "Whether the bridge receives, keeps and delivers everything.",
    QueryLanguage.PROMQL,
    (_NOW, _READINGS, _STORES, _WORK),
    variables=(_INSTANCE,),
    since="now-3h",
)
