"""Names and colours of states, flags and sources; the same on every dashboard."""

from collections.abc import Mapping

from bridge.core.fields import states
from bridge.dashboards.model import Json, Mapped, Override, Threshold

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


def _spoken(name: str) -> str:
    return name.replace("_", " ")


STATES: Mapping[float, Mapped] = {
    code: Mapped(_spoken(name), _COLOURS.get(code, BAD)) for code, name in states.NAMES.items()
}
YES_NO: Mapping[float, Mapped] = {0: Mapped("no", BAD), 1: Mapped("yes", GOOD)}
NO_YES: Mapping[float, Mapped] = {0: Mapped("no", GOOD), 1: Mapped("yes", BAD)}
PLAIN = (Threshold(None, "text"),)


def good_at_zero(bad: str = BAD) -> tuple[Threshold, ...]:
    """Green for nothing, and a colour from one on."""
    return (Threshold(None, GOOD), Threshold(1, bad))


def state_series() -> tuple[Override, ...]:
    """Series that are called by a state's code get its name and colour."""
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


def coloured(colours: Mapping[str, str]) -> tuple[Override, ...]:
    """Series by their names, in colours that mean the same on every dashboard."""
    return tuple(
        Override(name, {"color": {"mode": "fixed", "fixedColor": each}})
        for name, each in colours.items()
    )


TROUBLE = coloured({"faults": BAD, "crashes": WARN})
PRESENCE = coloured({"online": GOOD, "offline": ODD})


def column(
    name: str,
    unit: str | None = None,
    words: Mapping[float, Mapped] | None = None,
    width: int | None = None,
    **more: object,
) -> Override:
    """How a table shows one column; `words` for its values colour the text."""
    properties: dict[str, object] = {}
    if unit:
        properties["unit"] = unit
    if words:
        options: Json = {
            f"{value:g}": {"text": each.text, "color": each.colour, "index": index}
            for index, (value, each) in enumerate(words.items())
        }
        properties["mappings"] = [{"type": "value", "options": options}]
        properties["custom.cellOptions"] = {"type": "color-text"}
    if width:
        properties["custom.width"] = width
    return Override(name, properties | more)
