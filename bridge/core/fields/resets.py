"""The reset reasons of a gateway: ESP-IDF's codes, their names, and which are crashes."""

from enum import Enum

NAMES = {
    0: "unknown",
    1: "poweron",
    2: "ext",
    3: "sw",
    4: "panic",
    5: "int_wdt",
    6: "task_wdt",
    7: "wdt",
    8: "deepsleep",
    9: "brownout",
    10: "sdio",
    11: "usb",
    12: "jtag",
    13: "efuse",
    14: "pwr_glitch",
    15: "cpu_lockup",
}
OTHER = "other"
"""The label of an unknown reason."""
_CODES = {name: code for code, name in NAMES.items()} | {
    "power_on": 1,
    "external": 2,
    "software": 3,
    "interrupt_wdt": 5,
    "deep_sleep": 8,
    "power_glitch": 14,
}
_CRASH = frozenset({4, 5, 6, 7, 15})
_POWER = frozenset({9, 14})
_PLANNED = frozenset({3, 8})


class Cause(Enum):
    """What a reset means to an operator."""

    CRASH = "crash"
    POWER = "power"
    PLANNED = "planned"
    ORDINARY = "ordinary"


def name(code: int | None, text: str | None = None) -> str:
    """The reason's name from a closed list: by its code, else by its text."""
    known = code if code in NAMES else code_of(text)
    return OTHER if known is None else NAMES[known]


def code_of(text: str | None) -> int | None:
    """The code for a firmware's text."""
    word = (text or "").strip().lower().replace("-", "_").replace(" ", "_")
    return _CODES.get(word.removeprefix("esp_rst_"))


def cause(code: int | None) -> Cause:
    """Whether it was a crash, a power problem, or planned."""
    if code in _CRASH:
        return Cause.CRASH
    if code in _POWER:
        return Cause.POWER
    return Cause.PLANNED if code in _PLANNED else Cause.ORDINARY
