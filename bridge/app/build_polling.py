"""Builds the parts that poll chargers over HTTP."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge.app import from_settings
from bridge.core.clock import Moment
from bridge.core.errors import CannotStart
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.polling.address_policy import AddressPolicy
from bridge.core.polling.request_gate import RequestGate
from bridge.core.polling.schedule import PollSchedule
from bridge.core.polling.server_queues import ServerQueues
from bridge.ingest.boundary import Boundary
from bridge.ingest.known_chargers import KnownChargers
from bridge.ingest.pipeline import DocumentPipeline
from bridge.ingest.polling import Polling
from bridge.ingest.registry import Registry
from bridge.monitoring.reporter import Reporter
from bridge.settings import Settings
from bridge.sources.http.client import HttpClient
from bridge.sources.http.credentials import Credentials
from bridge.sources.http.exchange import tls_context
from bridge.sources.http.local_address import is_own
from bridge.sources.http.poller import Poller
from bridge.sources.http.resolver import Resolver


@dataclass(frozen=True, slots=True)
class PollingTasks:
    """The poller, and the reloading of credentials."""

    polling: Polling
    poller: Poller
    credentials: Credentials
    clock: Callable[[], Moment]

    def tasks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Poll, and reload changed credentials; each runs until cancelled."""
        return {
            "poller": self.poller.run,
            "credentials": lambda: self.polling.reload_credentials(self.credentials, self.clock),
        }


def build_polling(
    settings: Settings,
    *,
    registry: Registry,
    reporter: Reporter,
    documents: DocumentPipeline,
    boundary: Boundary,
    clock: Callable[[], Moment],
    labelled: Callable[[ChargerId], bool],
) -> PollingTasks | None:
    """The parts, or None where polling is off; `labelled`: whether the labels file names a charger.

    Raises CannotStart for a `http.ca_file` that cannot be used.
    """
    http = settings.http
    if not http.enabled:
        return None
    credentials = from_settings.credentials(settings)
    known = KnownChargers(
        registry.telemetries, named=(credentials.names, labelled),
        login_after=http.login_after.total_seconds(),
        stale_after=settings.fleet.stale_after.total_seconds(),
    )  # fmt: skip
    config = from_settings.poll_config(settings)
    gate = RequestGate(config.min_gap)
    queues = ServerQueues(gate, heard=known.heard)
    schedule = PollSchedule(config, queues=queues, random=random.random)
    try:
        tls = tls_context(http.ca_file)
    except OSError as error:
        raise CannotStart(f"http.ca_file {http.ca_file}: {error}") from error
    client = HttpClient(
        policy=AddressPolicy(http.allow, own=is_own), credentials=credentials,
        trusted=known.trusted, gate=gate,
        resolve=Resolver().resolve, timeout=http.timeout.total_seconds(), tls=tls,
    )  # fmt: skip
    polling = Polling(
        telemetries=registry.telemetries, schedule=schedule, queues=queues, known=known,
        ports=http.ports, names=http.names, documents=documents, boundary=boundary, report=reporter,
        readers={
            dialect: StatusReader(dialect, settings.fleet.temperature_scale.get(dialect))
            for dialect in Dialect
        },
    )  # fmt: skip
    poller = Poller(
        schedule=schedule, client=client, address=polling.address, ended=polling.poll_ended,
        clock=clock,
    )  # fmt: skip
    return PollingTasks(polling, poller, credentials, clock)
