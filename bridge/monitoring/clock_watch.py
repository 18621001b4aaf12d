"""Watches the clock: its steps, and its offset from the kernel's, a store's, the chargers'."""

from collections.abc import Callable, Mapping

import structlog

from bridge.core.clock import PLAUSIBLE_FROM, STEP_SECONDS, Moment, Steady
from bridge.core.clock_offset import TOLERANCE_SECONDS
from bridge.core.clock_steps import ClockStep, ClockSteps, DeletionClock
from bridge.logs import RepeatedLog
from bridge.runtime.clock import PlausibleClock
from bridge.runtime.kernel_clock import KernelClock

log = structlog.get_logger("bridge")

KERNEL = "kernel"
CONFIRMED_SECONDS = 3600.0
"""A reference this near confirms the clock for the deletion of old data."""

Reference = Callable[[Steady], float | None]
"""The clock's offset in seconds from another one; None where it was not measured since then."""


class ClockWatch:
    """`references` by the name that they have in metrics and logs.

    `known_unix` is the last time that earlier runs believed, `last_unix` their last timestamp.
    """

    def __init__(
        self,
        clock: PlausibleClock,
        *,
        known_unix: float,
        last_unix: float,
        references: Mapping[str, Reference],
        repeated_log: RepeatedLog,
        kernel: Callable[[], KernelClock | None],
    ) -> None:
        self._clock = clock
        self._references = references
        self._repeated_log = repeated_log
        self._kernel = kernel
        start = clock()
        self._steps = ClockSteps(start)
        self._deletion = DeletionClock(known_unix, start)
        self._estimated_since = self._stepped_at = start.steady
        self.steps = 0
        self.estimated_seconds = 0.0
        """How long timestamps were estimated, because the system's clock was not set."""
        if last_unix - start.unix > STEP_SECONDS:
            self._stepped(start.unix - last_unix, "since the last run")
        if clock.estimated:
            log.error("clock.not_set", goes_on_from=round(max(last_unix, PLAUSIBLE_FROM)))

    def observe(self, now: Moment) -> ClockStep | None:
        """Called many times a second; returns a step since the last call."""
        if self._clock.estimated:
            self.estimated_seconds += now.steady - self._estimated_since
        self._estimated_since = now.steady
        step = self._steps.observe(now)
        if step is not None:
            self._stepped_at = now.steady
            self._stepped(step.seconds, "in this run")
        return step

    def deletion_unix(self) -> float:
        """The time by which old data may be deleted."""
        near = [abs(offset) < CONFIRMED_SECONDS for offset in self.offsets().values()]
        return self._deletion.at(self._clock(), confirmed=any(near))

    def synchronised(self) -> Mapping[str, float]:
        """Whether the kernel says that a time service keeps its clock; empty if unknown."""
        kernel = self._kernel()
        return {} if kernel is None else {KERNEL: int(kernel.synchronised)}

    def offsets(self) -> dict[str, float]:
        """The clock's offset in seconds from each reference, as far as measured since the last
        step."""
        offsets = {name: offset(self._stepped_at) for name, offset in self._references.items()}
        kernel = self._kernel()
        if kernel is not None and kernel.synchronised:
            offsets[KERNEL] = kernel.offset
        return {name: offset for name, offset in offsets.items() if offset is not None}

    def report(self) -> None:
        """Log offsets that are too large."""
        for name, offset in self.offsets().items():
            if abs(offset) > TOLERANCE_SECONDS:
                self._repeated_log.report(
                    "clock.differs", about="reference", reference=name, seconds=round(offset, 1)
                )

    def _stepped(self, seconds: float, when: str) -> None:
        self.steps += 1
        log.warning("clock.stepped", seconds=round(seconds, 1), when=when)
