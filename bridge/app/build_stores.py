"""Builds what brings points to the stores: the journal, a client and a delivery for each."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bridge.app import from_settings
from bridge.app.disk_values import DiskValues
from bridge.monitoring.reporter import Reporter
from bridge.monitoring.stats import MAIN, Stats
from bridge.runtime.clock import steady
from bridge.settings import Settings, StoreSettings
from bridge.sinks.influx.delivery import Delivery
from bridge.storage.journal import Journal

if TYPE_CHECKING:
    from bridge.sinks.influx.client import InfluxClient


async def open_journal(
    settings: Settings,
    stack: AsyncExitStack,
    stores: Mapping[str, StoreSettings],
    *,
    stats: Stats,
    reporter: Reporter,
) -> Journal:
    """The journal, with a cursor for each store. Raises CannotStart or DiskTrouble."""
    config = settings.journal
    journal = await Journal.open(
        config.dir, stores=tuple(stores), keep=config.keep, limit=config.max_bytes,
        points_lost=reporter.points_lost,
    )  # fmt: skip
    stack.push_async_callback(journal.close)
    if MAIN in stores:
        stats.accounts.recovered = journal.backlog(MAIN).readings
    return journal


def build_clients(
    settings: Settings,
    stack: AsyncExitStack,
    stores: Mapping[str, StoreSettings],
    *,
    disk_values: DiskValues,
) -> "dict[str, InfluxClient]":
    """The client of each store; they are closed by the stack."""
    return {
        name: _build_client(settings, stack, name, store, disk_values=disk_values)
        for name, store in stores.items()
    }


def build_deliveries(
    clients: "Mapping[str, InfluxClient]",
    stores: Mapping[str, StoreSettings],
    *,
    journal: Journal,
    reporter: Reporter,
) -> list[Delivery]:
    """The delivery of each store, behind its own cursor of the journal."""
    return [
        Delivery(
            name, journal, clients[name], batch=store.batch,
            flush_every=store.flush_every.total_seconds(), report=reporter,
        )
        for name, store in stores.items()
    ]  # fmt: skip


def _build_client(
    settings: Settings,
    stack: AsyncExitStack,
    name: str,
    store: StoreSettings,
    *,
    disk_values: DiskValues,
) -> "InfluxClient":
    # A third of a second, and 14 MB: a bridge without a store does without.
    from bridge.sinks.influx.client import InfluxClient

    secrets = from_settings.secrets(settings)
    secret = "influx.token" if name == MAIN else f"influx.mirrors.{name}.token"
    token = disk_values.add(secret, lambda: secrets.current(secret) or "", "")
    client = InfluxClient(
        url=store.url or "", org=store.org or "", bucket=store.bucket or "",
        token=token.read, timeout=store.timeout.total_seconds(),
        ca_file=store.ca_file, steady=steady,
    )  # fmt: skip
    stack.push_async_callback(client.close)
    return client
