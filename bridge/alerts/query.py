"""PromQL and template fragments shared by many alerts.

During a rollout two replicas may show one charger: `any_replica` takes the highest value, so
that an alert is neither duplicated nor interrupted.
"""

NAMES_SERIES = "charger:evse_names:info"
CHARGER_NAME = (
    "{{ if $labels.alias }}{{ $labels.alias }}"
    "{{ else if $labels.name }}{{ $labels.name }}"
    "{{ else }}{{ $labels.charger }}{{ end }}"
    "{{ if $labels.site }} ({{ $labels.site }}){{ end }}"
)
"""The charger's alias, or else its own name, or else its id; and its site."""
INSTANCE = "{{ $labels.instance }}"
AFTER_RESTART, AFTER_RESTART_POLLED = "5m", "10m"
"""How long an alert keeps firing after its condition ended: until a restarted bridge has received,
or polled, all chargers. Otherwise each restart would resolve the alert and fire it again."""


def any_replica(expression: str, *labels: str) -> str:
    """One series for each charger, and for each value of the labels."""
    return f"max by ({', '.join(('charger', *labels))}) ({expression})"


def increase_without_resets(counter: str, window: str) -> str:
    """The increase of a counter that starts at the device's own value.

    It only falls where a bridge lost its state and starts again from that value: no increase.
    """
    return f"(increase({counter}[{window}]) unless resets({counter}[{window}]) > 0)"


def with_names(condition: str, names: str = NAMES_SERIES) -> str:
    """The condition's series with the charger's names, where they are known."""
    return (
        f"{condition} * on (charger) group_left (name, alias, site) {names}\n"
        f"or on (charger) {condition}"
    )
