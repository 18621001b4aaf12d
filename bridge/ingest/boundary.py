"""The boundary around one message, document or charger: an unforeseen error ends nothing else."""

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

from bridge.core.model import Reason
from bridge.core.output.outbox import Outbox
from bridge.monitoring.stats import Accounts

P = ParamSpec("P")
T = TypeVar("T")


class BugReport(Protocol):
    """Logs errors."""

    def bug(self, topic: bytes, error: BaseException) -> None:
        """An unforeseen error; the topic, or the charger, is from an untrusted sender."""


class Boundary:
    """Reports an error, and counts as `bug` the readings that it left without an outcome.

    `backlog`: the readings that the journal has and the main store has not.
    """

    def __init__(
        self, *, accounts: Accounts, out: Outbox, backlog: Callable[[], int], report: BugReport
    ) -> None:
        self._accounts = accounts
        self._out = out
        self._backlog = backlog
        self._report = report

    def failed(self, about: bytes, error: Exception) -> None:
        """Processing a message, document or charger ended with this error.

        What it cost is the difference between all readings and those with an outcome: an error
        may take an open frame along, or come when the reading already has its outcome.
        """
        accounts, out = self._accounts, self._out
        pending = out.readings_open + out.readings_held + self._backlog()
        known = accounts.stored + pending + sum(accounts.discarded.values())
        lost = accounts.received + accounts.recovered - known
        accounts.discard(Reason.BUG, max(0, lost))
        self._report.bug(about, error)

    def run(self, about: str, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T | None:
        """Do the work; None where it failed."""
        try:
            return work(*args, **more)
        except Exception as error:  # noqa: BLE001  # one charger must not end the process
            self.failed(about.encode(), error)
            return None
