"""Converts the settings into the values that each part needs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import structlog
from pydantic import BaseModel

from bridge.core.discovery.config import FleetConfig
from bridge.core.discovery.subscriptions import OneFilter, WantedFilters
from bridge.core.errors import CannotStart
from bridge.core.polling.login import ChargerLogin as ChargerLogin
from bridge.core.polling.timer import PollConfig
from bridge.core.rapi.schedule import QueryConfig, config_for
from bridge.core.telemetry.config import TelemetryConfig
from bridge.monitoring.stats import MAIN
from bridge.settings import CredentialsFile, Secrets, Settings, StoreSettings
from bridge.sources.http.credentials import Credentials
from bridge.sources.mqtt.broker import Broker
from bridge.web.login import WebLogin

log = structlog.get_logger("bridge")


def stores(settings: Settings) -> dict[str, StoreSettings]:
    found: dict[str, StoreSettings] = {MAIN: settings.influx, **settings.influx.mirrors}
    return {name: store for name, store in found.items() if store.url}


def secrets(settings: Settings) -> Secrets:
    """The secrets, with a log line for a file that cannot be used."""

    def refused(name: str, why: str) -> None:
        log.error("secret.refused", setting=name, why=why)

    return Secrets(settings, refused=refused)


def broker(settings: Settings, client_id: str) -> Broker:
    mqtt, secrets_ = settings.mqtt, secrets(settings)
    return Broker(
        host=mqtt.url.host,
        port=mqtt.url.port,
        tls=mqtt.url.tls,
        client_id=_client_id(settings) or client_id,
        username=mqtt.username,
        password=lambda: secrets_.current("mqtt.password"),
        ca_file=str(mqtt.ca_file) if mqtt.ca_file else None,
        cert_file=str(mqtt.cert_file) if mqtt.cert_file else None,
        key_file=str(mqtt.key_file) if mqtt.key_file else None,
        keepalive=max(1, round(mqtt.keepalive.total_seconds())),
    )


def wanted_filters(settings: Settings) -> WantedFilters:
    """The filters of the chargers: one each, or one for all."""
    wildcard = settings.mqtt.wildcard
    return WantedFilters() if wildcard is None else OneFilter(wildcard)


def broker_for_command(settings: Settings, command: str) -> Broker:
    """The same broker with a client id of its own: a broker disconnects one of two equal ids."""
    name = f"nofos-bridge-{command}-{token_hex(4)}"
    return replace(broker(settings, name), client_id=name)


def _client_id(settings: Settings) -> str | None:
    """Shards get different ids: a broker disconnects one of two clients with the same id."""
    client_id, shard = settings.mqtt.client_id, settings.shard
    return f"{client_id}-{shard.index}" if client_id and shard.count > 1 else client_id


def certificates(settings: Settings) -> dict[str, Path]:
    """Every certificate file, by the name of its setting."""
    sections: Mapping[str, BaseModel] = {
        "mqtt": settings.mqtt,
        "http": settings.http,
        "influx": settings.influx,
        **{f"influx.mirrors.{name}": each for name, each in settings.influx.mirrors.items()},
        "web": settings.web,
    }
    return {
        f"{section}.{name}": file
        for section, values in sections.items()
        for name in ("ca_file", "cert_file")
        if (file := getattr(values, name, None)) is not None
    }


def poll_config(settings: Settings) -> PollConfig:
    http = settings.http
    return PollConfig(
        enrich_every=http.enrich_every.total_seconds(),
        fallback_every=http.fallback_every.total_seconds(),
        min_gap=http.min_gap.total_seconds(), concurrency=http.concurrency,
    )  # fmt: skip


def query_config(settings: Settings) -> QueryConfig:
    return config_for(settings.http.enrich_every.total_seconds())


def credentials(settings: Settings) -> Credentials:
    """The shared login is sent only where an operator set the allowed networks."""
    http, secrets_ = settings.http, secrets(settings)

    def shared() -> ChargerLogin | None:
        password = secrets_.current("http.password")
        if http.username is None or password is None:
            return None
        return ChargerLogin(http.username, password)

    return Credentials(
        file=CredentialsFile(http.credentials_file), shared=shared,
        allowed_networks=http.allow if http.allow_was_set else (),
    )  # fmt: skip


def fleet_config(settings: Settings) -> FleetConfig:
    fleet = settings.fleet
    return FleetConfig(
        dialect=fleet.dialect, dialects=fleet.dialects, ignore=frozenset(fleet.ignore),
        stale_after=fleet.stale_after.total_seconds(),
        silent_after=fleet.silent_after.total_seconds(),
        retire_after=fleet.retire_after.total_seconds(), most=fleet.max_chargers,
        shard=settings.shard.index, shards=settings.shard.count,
    )  # fmt: skip


def telemetry_config(settings: Settings) -> TelemetryConfig:
    fleet = settings.fleet
    return TelemetryConfig(
        frame_gap=fleet.frame_gap.total_seconds(),
        stale_after=fleet.stale_after.total_seconds(),
        silent_after=fleet.silent_after.total_seconds(),
        enrich_every=settings.http.enrich_every.total_seconds(),
        temperature_scale=fleet.temperature_scale,
        readings_per_second=fleet.max_readings_per_second,
        state_set=settings.web.state_set,
    )


def login(settings: Settings, password_hash: Callable[[], str]) -> WebLogin | None:
    """The login of the page; `password_hash` is the newest one."""
    web = settings.web
    if web.username is None or web.password_hash is None:
        return None
    try:
        return WebLogin(web.username, password_hash)
    except ValueError as error:
        raise CannotStart(f"web.password_hash: {error}") from error
