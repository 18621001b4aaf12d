"""Where a replay goes: what was typed, and what the settings know of that store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.app import from_settings
from bridge.core.errors import CommandFailed
from bridge.monitoring.stats import MAIN
from bridge.settings import Secrets, Settings, Store
from bridge.settings.addresses import store_url
from bridge.settings.parse import Wrong
from bridge.sinks.influx.client import InfluxClient


@dataclass(frozen=True, slots=True)
class Asked:
    """As typed; None for what the settings say."""

    url: str
    org: str | None = None
    bucket: str | None = None
    token_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A store, and the name under which the journal may know it."""

    name: str
    url: str
    org: str
    bucket: str
    batch: int
    timeout: float
    ca_file: Path | None
    token: Callable[[], str]

    def open(self) -> InfluxClient:
        return InfluxClient(
            url=self.url, org=self.org, bucket=self.bucket, token=self.token,
            timeout=self.timeout, ca_file=self.ca_file,
        )  # fmt: skip


def target(settings: Settings, asked: Asked) -> Target:
    """Raises CommandFailed for a URL that is none, an unknown bucket, an unreadable token."""
    try:
        url = store_url(asked.url)
    except Wrong as wrong:
        raise CommandFailed(f"--to: {wrong.wrong}; {wrong.remedy}") from None
    stores = from_settings.stores(settings)
    name = _name(stores, url, asked)
    known = stores[name] if name else settings.influx
    bucket = asked.bucket or known.bucket
    if not bucket:
        raise CommandFailed("it is not known into which bucket: name it with --bucket")
    return Target(
        name or MAIN, url, asked.org or known.org or "", bucket, known.batch,
        known.timeout.total_seconds(), known.ca_file, _token(settings, name, asked.token_file),
    )  # fmt: skip


def _name(stores: Mapping[str, Store], url: str, asked: Asked) -> str | None:
    """Two stores may be two buckets of one address."""
    same = {name: store for name, store in stores.items() if store.url == url}
    meant = (
        name
        for name, store in same.items()
        if asked.bucket in (None, store.bucket) and asked.org in (None, store.org)
    )
    return next(meant, next(iter(same), None))


def _token(settings: Settings, name: str | None, file: Path | None) -> Callable[[], str]:
    """The settings' token travels only to the store that they name."""
    if file is not None:
        token = _read(file)
        return lambda: token
    if name is None:
        return str
    secrets = Secrets(settings)
    path = "influx.token" if name == MAIN else f"influx.mirrors.{name}.token"
    return lambda: secrets.current(path) or ""


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise CommandFailed(f"--token-file {file} cannot be read: {why}") from None
