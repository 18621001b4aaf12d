"""A moment on two clocks: the wall's for stamps, the steady one for durations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """`wall` is Unix seconds and may step; `steady` is seconds that only go forward."""

    wall: float
    steady: float
