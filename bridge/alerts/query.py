"""Pieces of PromQL and of templates that many alerts share.

While replicas are rolled out, two of them may show one charger: `any_replica` lets the
highest value speak, so that an alert is neither doubled nor torn.
"""

NAMES = "charger:evse_names:info"
WHO = (
    "{{ if $labels.alias }}{{ $labels.alias }}"
    "{{ else if $labels.name }}{{ $labels.name }}"
    "{{ else }}{{ $labels.charger }}{{ end }}"
    "{{ if $labels.site }} ({{ $labels.site }}){{ end }}"
)
"""The charger as people call it: alias, or else its own name, or else its id; and its site."""
WHERE = "{{ $labels.instance }}"
AGAIN, POLLED_AGAIN = "5m", "10m"
"""How long an alert outlives its condition: until a bridge that started anew has heard, or polled,
all chargers. Else each start would tell that all is well, and then once more that it is not."""


def any_replica(expression: str, *labels: str) -> str:
    """One series for each charger, and for each value of the labels."""
    return f"max by ({', '.join(('charger', *labels))}) ({expression})"


def gained(counter: str, window: str) -> str:
    """By how much a counter grew that begins at the device's own value.

    It never falls, but where a bridge lost what it knew and begins there anew: that is no growth.
    """
    return f"(increase({counter}[{window}]) unless resets({counter}[{window}]) > 0)"


def named(condition: str, names: str = NAMES) -> str:
    """The condition's series with the charger's names; without them where none are known."""
    return (
        f"{condition} * on (charger) group_left (name, alias, site) {names}\n"
        f"or on (charger) {condition}"
    )
