"""Colours, words and names of a panel's fields, as Grafana takes them from its configuration."""

import re
from collections.abc import Mapping
from typing import Any

PALETTE = (
    "#73bf69", "#5794f2", "#ff9830", "#b877d9", "#f2cc0c", "#8ab8ff", "#ff7383", "#96d98d",
    "#ca95e5", "#ffb357", "#37872d", "#1f60c4", "#fa6400", "#8f3bb8",
)  # fmt: skip
_NAMED = {
    "green": "#73bf69", "blue": "#5794f2", "orange": "#ff9830", "red": "#f2495c",
    "purple": "#b877d9", "text": "#d8d9da",
}  # fmt: skip
Panel = Mapping[str, Any]


def colour(name: str) -> str:
    """As the page writes it."""
    return _NAMED.get(name, name)


def properties(panel: Panel, name: str) -> dict[str, Any]:
    """What overrides say of the field of this name."""
    return {
        each["id"]: each["value"]
        for override in panel["fieldConfig"]["overrides"]
        if _meant(override["matcher"], name)
        for each in override["properties"]
    }


def _meant(matcher: Mapping[str, str], name: str) -> bool:
    if matcher["id"] == "byRegexp":
        return re.search(matcher["options"].strip("/"), name) is not None
    return matcher["options"] == name


def threshold(panel: Panel, value: float) -> str:
    """The colour that a value has."""
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    fitting = [each["color"] for each in steps if each["value"] is None or value >= each["value"]]
    return colour(fitting[-1])


def word(mappings: list[Any], value: float) -> tuple[str, str] | None:
    """The text and colour of a value that has them."""
    for mapping in mappings:
        if found := mapping["options"].get(f"{value:g}"):
            return found["text"], colour(found["color"])
    return None


def series_look(panel: Panel, name: str, index: int) -> tuple[str, str]:
    """The shown name and the colour of a series."""
    own = properties(panel, name)
    fixed = own.get("color", {}).get("fixedColor")
    return own.get("displayName", name), colour(fixed or PALETTE[index % len(PALETTE)])
