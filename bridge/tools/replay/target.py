"""The store of a replay, from the arguments and the settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.app import from_settings
from bridge.core.errors import CommandFailed
from bridge.monitoring.stats import MAIN
from bridge.settings import Secrets, Settings, StoreSettings
from bridge.settings.addresses import parse_store_url
from bridge.settings.parse import InvalidValue
from bridge.sinks.influx.client import InfluxClient


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """The arguments of `replay` about the store; None for the value of the settings."""

    url: str
    org: str | None = None
    bucket: str | None = None
    token_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ReplayTarget:
    """A store, and its name in the settings and the journal."""

    name: str
    url: str
    org: str
    bucket: str
    batch: int
    timeout: float
    ca_file: Path | None
    token: Callable[[], str]

    def open_client(self) -> InfluxClient:
        return InfluxClient(
            url=self.url, org=self.org, bucket=self.bucket, token=self.token,
            timeout=self.timeout, ca_file=self.ca_file,
        )  # fmt: skip


def resolve_target(settings: Settings, options: TargetOptions) -> ReplayTarget:
    """Raises CommandFailed for an invalid URL, an unknown bucket, an unreadable token file."""
    try:
        url = parse_store_url(options.url)
    except InvalidValue as wrong:
        raise CommandFailed(f"--to: {wrong.problem}; {wrong.remedy}") from None
    stores = from_settings.stores(settings)
    name = _configured_name(stores, url, options)
    configured = stores[name] if name else settings.influx
    bucket = options.bucket or configured.bucket
    if not bucket:
        raise CommandFailed("the bucket is unknown: name it with --bucket")
    return ReplayTarget(
        name=name or MAIN,
        url=url,
        org=options.org or configured.org or "",
        bucket=bucket,
        batch=configured.batch,
        timeout=configured.timeout.total_seconds(),
        ca_file=configured.ca_file,
        token=_token(settings, name, options.token_file),
    )


def _configured_name(
    stores: Mapping[str, StoreSettings], url: str, options: TargetOptions
) -> str | None:
    """The name of the store with this URL; several stores may be buckets at one URL."""
    same = {name: store for name, store in stores.items() if store.url == url}
    matching = (
        name
        for name, store in same.items()
        if options.bucket in (None, store.bucket) and options.org in (None, store.org)
    )
    return next(matching, next(iter(same), None))


def _token(settings: Settings, name: str | None, file: Path | None) -> Callable[[], str]:
    """The settings' token is sent only to the store to which it belongs."""
    if file is not None:
        token = _read_token(file)
        return lambda: token
    if name is None:
        return str
    secrets = Secrets(settings)
    path = "influx.token" if name == MAIN else f"influx.mirrors.{name}.token"
    return lambda: secrets.current(path) or ""


def _read_token(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise CommandFailed(f"--token-file {file} cannot be read: {why}") from None
