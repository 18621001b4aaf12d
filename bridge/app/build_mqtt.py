"""Makes the parts that hear chargers over MQTT, and that ask them where that is switched on."""

import random
import secrets
from collections.abc import Callable

from bridge.app import from_settings
from bridge.core.clock import Moment
from bridge.core.fields.status import StatusReader
from bridge.core.model import Dialect
from bridge.core.rapi.plan import QuerySchedule
from bridge.ingest.pipeline import Pipeline
from bridge.ingest.polling import Polling
from bridge.ingest.queries import Queries
from bridge.ingest.registry import Registry
from bridge.monitoring.reporter import Reporter
from bridge.settings import Settings
from bridge.sources.mqtt.client import ConnectionState, MqttClient
from bridge.sources.mqtt.publisher import PublishingMqttClient
from bridge.storage.state_file import StateFile


async def make_mqtt(
    settings: Settings,
    state: StateFile,
    *,
    registry: Registry,
    pipeline: Pipeline,
    hearing: ConnectionState,
    clock: Callable[[], Moment],
) -> MqttClient:
    """The connection, which follows what the fleet wants; one that can ask only if it may."""
    kind = PublishingMqttClient if settings.mqtt.queries else MqttClient
    mqtt = kind(
        from_settings.broker(settings, await _client_id(state)),
        announce_topics=settings.mqtt.announce_topics,
        deliver=lambda batch: pipeline.process(batch, clock()),
        expects=registry.fleet.expected,
        hearing=hearing,
    )
    mqtt.follow(registry.fleet.filters(), ())
    return mqtt


def make_queries(
    settings: Settings,
    mqtt: MqttClient,
    *,
    registry: Registry,
    reporter: Reporter,
    pipeline: Pipeline,
    polling: Polling | None,
) -> Queries | None:
    """What asks over MQTT; None where that is off."""
    if not isinstance(mqtt, PublishingMqttClient):
        return None
    queries = Queries(
        telemetries=registry.telemetries, broker=mqtt, replies=pipeline, report=reporter,
        plan=QuerySchedule(from_settings.query_config(settings), random=random.random),
        # What is asked for here is the same in every dialect, and no temperature.
        readers={dialect: StatusReader(dialect, None) for dialect in Dialect},
        unpolled=polling.unpollable if polling else lambda _: True,
        silent_after=settings.fleet.silent_after.total_seconds(),
    )  # fmt: skip
    registry.router.rapi_observer = queries.observe_rapi
    return queries


async def _client_id(state: StateFile) -> str:
    """Made once and kept: a broker's access rules may rest on it."""
    known = state.meta.get("client_id")
    if known is None:
        known = f"nofos-bridge-{secrets.token_hex(4)}"
        await state.save(meta={"client_id": known})
    return known
