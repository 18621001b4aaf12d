"""The gateway in front of the controller: its boots, crashes and memory."""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from math import sin
from random import Random

CRASH_REASONS = (4, 5, 6, 7)
SOFTWARE = 3
REASON_NAMES = {
    0: "unknown",
    1: "poweron",
    3: "software",
    4: "panic",
    5: "int_wdt",
    6: "task_wdt",
    7: "wdt",
    9: "brownout",
}
_DOWN_SECONDS = 3.0
_BLANK_SECONDS = 5.0
_ZERO_SECONDS = 13.0
_LARGEST_UPTIME_MS = 2**32


class Boot(Enum):
    """How far a boot has come."""

    DOWN = "down"
    BLANK = "no data yet"
    ZEROS = "state, but no measurements yet"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Heap:
    """Bytes: free, the largest free block, the least ever free since boot."""

    free: int
    largest_block: int
    least: int


@dataclass(frozen=True, slots=True)
class CrashRecord:
    """What a boot recorded about the previous one."""

    seq: int
    reason: int
    uptime_ms: int
    heap: Heap
    last_seen_unix: int
    recorded_unix: int


class SimGateway:
    """Up for a while when the simulation starts; times are simulated seconds."""

    def __init__(self, rng: Random) -> None:
        self._angle = rng.uniform(0, 6.28)
        self.booted = -rng.uniform(60, 400_000)
        self.boot_count = rng.randint(1, 60)
        self.crash_seq = rng.randint(0, 4)
        self.reason = 1
        self.previous: CrashRecord | None = None
        self.crashes: deque[CrashRecord] = deque(maxlen=10)

    def restart(self, *, at: float, unix: float, reason: int) -> None:
        """Reboot; a crash is recorded with the values of the last heartbeat."""
        self.boot_count += 1
        crashed = reason in CRASH_REASONS
        self.crash_seq += crashed
        self.previous = CrashRecord(
            seq=self.crash_seq,
            reason=reason,
            uptime_ms=int(self.uptime(at) * 1000) % _LARGEST_UPTIME_MS,
            heap=self.heap(at),
            last_seen_unix=int(unix),
            recorded_unix=int(unix + _DOWN_SECONDS),
        )
        if crashed:
            self.crashes.append(self.previous)
        self.reason = reason
        self.booted = at

    def uptime(self, at: float) -> float:
        """Seconds since the boot."""
        return max(0.0, at - self.booted)

    def boot(self, at: float) -> Boot:
        """For about ten seconds after a boot the gateway reports zeros."""
        uptime = self.uptime(at)
        if uptime < _DOWN_SECONDS:
            return Boot.DOWN
        if uptime < _BLANK_SECONDS:
            return Boot.BLANK
        return Boot.ZEROS if uptime < _ZERO_SECONDS else Boot.DONE

    def heap(self, at: float) -> Heap:
        """A slow memory leak, visible in the largest block first."""
        leak = min(60_000.0, self.uptime(at) * 0.2)
        wave = 3000 * sin(at / 61 + self._angle)
        return Heap(
            free=int(186_000 - leak + wave),
            largest_block=int(110_000 - 1.2 * leak),
            least=int(175_000 - leak),
        )
