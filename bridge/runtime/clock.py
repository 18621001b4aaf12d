"""The clock of the running bridge."""

import time

from bridge.core.clock import Moment


def now() -> Moment:
    """This moment in Unix time and in steady time."""
    return Moment.of(time.time(), time.monotonic())
