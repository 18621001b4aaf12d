"""Value mappings and colours of states, flags and sources, the same on every dashboard."""

from collections.abc import Mapping

from bridge.core.fields import states
from bridge.dashboards.model import Json, Override, Threshold, ValueMapping

ASLEEP = "#b8a04a"
GOOD, BUSY, IDLE, ODD, WARN, BAD = "green", "blue", "#8e8e8e", "purple", "orange", "red"
_COLOURS = {
    states.STARTING: ODD,
    states.NOT_CONNECTED: IDLE,
    states.CONNECTED: BUSY,
    states.CHARGING: GOOD,
    254: ASLEEP,
    255: "#5a5a5a",
}


def _display_text(name: str) -> str:
    return name.replace("_", " ")


STATES: Mapping[float, ValueMapping] = {
    code: ValueMapping(_display_text(name), _COLOURS.get(code, BAD))
    for code, name in states.NAMES.items()
}
YES_NO: Mapping[float, ValueMapping] = {0: ValueMapping("no", BAD), 1: ValueMapping("yes", GOOD)}
NO_YES: Mapping[float, ValueMapping] = {0: ValueMapping("no", GOOD), 1: ValueMapping("yes", BAD)}
NO_THRESHOLDS = (Threshold(None, "text"),)


def good_at_zero(bad: str = BAD) -> tuple[Threshold, ...]:
    """Green for 0, `bad` from 1 upwards."""
    return (Threshold(None, GOOD), Threshold(1, bad))


def state_series() -> tuple[Override, ...]:
    """Series named by a state code get that state's name and colour."""
    return tuple(
        Override(
            f"{code:g}",
            {
                "displayName": each.text,
                "color": {"mode": "fixed", "fixedColor": each.colour},
            },
        )
        for code, each in STATES.items()
    )


def series_colours(colours: Mapping[str, str]) -> tuple[Override, ...]:
    """Fixed colours for series by name, the same on every dashboard."""
    return tuple(
        Override(name, {"color": {"mode": "fixed", "fixedColor": each}})
        for name, each in colours.items()
    )


TROUBLE = series_colours({"faults": BAD, "crashes": WARN})
PRESENCE = series_colours({"online": GOOD, "offline": ODD})


def column(
    name: str,
    unit: str | None = None,
    mappings: Mapping[float, ValueMapping] | None = None,
    width: int | None = None,
    **more: object,
) -> Override:
    """The display of one table column; `mappings` also colour its text."""
    properties: dict[str, object] = {}
    if unit:
        properties["unit"] = unit
    if mappings:
        options: Json = {
            f"{value:g}": {"text": each.text, "color": each.colour, "index": index}
            for index, (value, each) in enumerate(mappings.items())
        }
        properties["mappings"] = [{"type": "value", "options": options}]
        properties["custom.cellOptions"] = {"type": "color-text"}
    if width:
        properties["custom.width"] = width
    return Override(name, properties | more)
