"""One tree of errors, named after what to do next.

BridgeError
├── FixSettings        the operator corrects a setting, then starts again (exit 2)
├── FolderBusy         another bridge holds the data folder (exit 2)
├── CannotStart        a port is taken, a folder not writable (exit 1)
├── CommandFailed      the user of the command follows the text (exit 1)
├── DiskTrouble        keep the data in memory, try the disk again
├── AnnounceRefused    count the announcement under its reason, continue
├── BrokenStream       end the connection and connect again
└── SinkTrouble        a store did not accept a write
    ├── SinkBusy       wait, then send the same again
    ├── SinkDenied     wait and tell the operator: token, organisation or bucket are wrong
    ├── SinkTooLarge   send the same in smaller pieces
    └── SinkRefused    set the bad lines aside, never send them again
"""

from collections.abc import Mapping
from dataclasses import dataclass

SYSTEM_FAILURES = (OSError, RuntimeError, MemoryError)
"""What a system call may raise: any errno, no more threads, no more memory."""


class BridgeError(Exception):
    """Everything the bridge raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong setting: its name, where it came from, what is wrong, what to do."""

    name: str
    source: str
    wrong: str
    remedy: str


class FixSettings(BridgeError):
    """Settings that cannot be used, all of them at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.name} ({p.source}): {p.wrong}" for p in problems))
        self.problems = problems


class FolderBusy(BridgeError):
    """The data folder belongs to a running bridge; pid 0 where it is unknown."""

    def __init__(self, folder: str, pid: int) -> None:
        who = f"the bridge with pid {pid}" if pid else "another bridge"
        super().__init__(f"{folder} is in use by {who}")
        self.pid = pid


class CannotStart(BridgeError):
    """The machine does not provide what the settings require."""


class CommandFailed(BridgeError):
    """A command failed; the text gives the reason and the remedy."""


class DiskTrouble(BridgeError):
    """A read or a write failed; a later one may succeed."""


class AnnounceRefused(BridgeError):
    """An announcement that is not followed; `reason` is from a closed list."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


class BrokenStream(BridgeError):
    """A broker sent what is not MQTT."""


class SinkTrouble(BridgeError):
    """A store did not accept a write."""


class SinkBusy(SinkTrouble):
    """The store is unavailable or overloaded; `retry_after` in seconds where it sent one."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class SinkDenied(SinkTrouble):
    """The store denies access: token, organisation, bucket or address."""


class SinkTooLarge(SinkTrouble):
    """The body is over the store's limit."""


@dataclass(frozen=True, slots=True)
class TypeConflict:
    """A column that the store has as another type; any measurement where that is empty."""

    column: str
    measurement: str = ""


class SinkRefused(SinkTrouble):
    """Some lines are bad.

    `bad` maps the zero-based line number to the store's reason, where the store reported
    it, and `conflicts` the columns of another type to its reason; `dropped` is the number of
    lines it reported as dropped, if any; the rest of the body is stored when `partial` is true.
    `first_only`: the reason is that of the first bad line, others may have another one.
    """

    def __init__(
        self,
        why: str,
        *,
        bad: dict[int, str] | None = None,
        conflicts: Mapping[TypeConflict, str] | None = None,
        dropped: int | None = None,
        partial: bool = False,
        first_only: bool = False,
    ) -> None:
        super().__init__(why)
        self.bad = bad or {}
        self.conflicts = conflicts or {}
        self.dropped = dropped
        self.partial = partial
        self.first_only = first_only
