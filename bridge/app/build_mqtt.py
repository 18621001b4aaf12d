"""Builds the connection to the broker, and the queries over it where they are switched on."""

import random
import secrets

from bridge.app import from_settings
from bridge.core.discovery.fleet import Fleet
from bridge.core.discovery.subscriptions import WantedFilters
from bridge.core.fields.status import StatusReader
from bridge.core.model import Dialect
from bridge.core.rapi.schedule import QuerySchedule
from bridge.ingest.boundary import Boundary
from bridge.ingest.pipeline import DocumentPipeline
from bridge.ingest.polling import Polling
from bridge.ingest.queries import Queries
from bridge.ingest.registry import Registry
from bridge.monitoring.reporter import Reporter
from bridge.settings import Settings
from bridge.sources.mqtt.client import ConnectionState, MqttClient
from bridge.sources.mqtt.publisher import PublishingMqttClient
from bridge.storage.state_file import StateFile


async def build_mqtt(
    settings: Settings,
    state: StateFile,
    *,
    fleet: Fleet,
    wanted: WantedFilters,
    connection: ConnectionState,
) -> MqttClient:
    """The client, which subscribes to what is wanted; it can publish only with `mqtt.queries`."""
    kind = PublishingMqttClient if settings.mqtt.queries else MqttClient
    return kind(
        from_settings.broker(settings, await _client_id(state)),
        announce_topics=settings.mqtt.announce_topics,
        wanted=wanted,
        announcements_expected=fleet.expected,
        state=connection,
    )


def build_queries(
    settings: Settings,
    mqtt: MqttClient,
    *,
    registry: Registry,
    reporter: Reporter,
    documents: DocumentPipeline,
    boundary: Boundary,
    polling: Polling | None,
) -> Queries | None:
    """The queries to chargers over MQTT; None where they are off."""
    if not isinstance(mqtt, PublishingMqttClient):
        return None
    return Queries(
        telemetries=registry.telemetries, publisher=mqtt, documents=documents, report=reporter,
        boundary=boundary,
        schedule=QuerySchedule(from_settings.query_config(settings), random=random.random),
        # The queried values are the same in every dialect, and none is a temperature.
        readers={dialect: StatusReader(dialect, None) for dialect in Dialect},
        unpolled=polling.unpollable if polling else lambda _: True,
        silent_after=settings.fleet.silent_after.total_seconds(),
    )  # fmt: skip


async def _client_id(state: StateFile) -> str:
    """Generated once and saved: a broker's access rules may depend on it."""
    client_id = state.meta.get("client_id")
    if client_id is None:
        client_id = f"nofos-bridge-{secrets.token_hex(4)}"
        await state.save(meta={"client_id": client_id})
    return client_id
