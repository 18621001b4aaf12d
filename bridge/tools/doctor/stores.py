"""Tests each store: writes one point to a separate measurement and reads it back."""

import secrets
import time
from collections.abc import AsyncIterator

import aiohttp

from bridge.app import from_settings
from bridge.core.errors import SinkDenied, SinkTrouble
from bridge.monitoring.stats import MAIN
from bridge.settings import Secrets, StoreSettings
from bridge.sinks.influx.client import InfluxClient
from bridge.tools.doctor.finding import DoctorContext, Finding, failed, not_checked, ok
from bridge.tools.doctor.readback import ProbePoint, ReadbackOutcome, StoreAccess, read_back

MEASUREMENT, FIELD = "nofos_bridge_doctor", "mark"
"""Not a measurement of the bridge, so that test points never mix with data."""
MIN_VALUE = 1_000_000_000
"""Ten digits do not occur in a reply by accident."""
VISIBLE_WITHIN_SECONDS = 20.0
"""In VictoriaMetrics a point is visible after ten seconds."""
_DENIED_REMEDY = "check this store's url, org, bucket and token, and the token's permissions"
_UNAVAILABLE_REMEDY = (
    "check that the store is running and reachable from here; check its url and ca_file"
)


async def probe_stores(context: DoctorContext) -> AsyncIterator[Finding]:
    """The main store and every mirror, one after the other."""
    stores = from_settings.stores(context.settings)
    if not stores:
        yield not_checked("store", "influx.url is unset: there is no store, only the journal")
    for name, store in stores.items():
        access = _store_access(context, name, store)
        async for finding in _probe(f"store {name}", access):
            yield finding


def _store_access(context: DoctorContext, name: str, store: StoreSettings) -> StoreAccess:
    section = "influx" if name == MAIN else f"influx.mirrors.{name}"
    token = Secrets(context.settings).current(f"{section}.token") or ""
    return StoreAccess(
        url=store.url or "", org=store.org or "", bucket=store.bucket or "", token=token,
        ca_file=store.ca_file, timeout=store.timeout.total_seconds(),
    )  # fmt: skip


async def _probe(subject: str, store: StoreAccess) -> AsyncIterator[Finding]:
    point = ProbePoint(
        MEASUREMENT, FIELD, MIN_VALUE + secrets.randbelow(MIN_VALUE), int(time.time() * 1000)
    )
    try:
        await _write(store, point)
    except SinkDenied as trouble:
        yield failed(subject, f"did not accept a test point: {trouble}", _DENIED_REMEDY)
        return
    except SinkTrouble as trouble:
        yield failed(subject, f"did not accept a test point: {trouble}", _UNAVAILABLE_REMEDY)
        return
    yield ok(subject, f"{store.url} accepted a test point in measurement {MEASUREMENT}")
    yield await _read_back(subject, store, point)


async def _write(store: StoreAccess, point: ProbePoint) -> None:
    influx = InfluxClient(
        url=store.url, org=store.org, bucket=store.bucket, token=lambda: store.token,
        timeout=store.timeout, ca_file=store.ca_file,
    )  # fmt: skip
    try:
        await influx.write([point.line])
    finally:
        await influx.close()


async def _read_back(subject: str, store: StoreAccess, point: ProbePoint) -> Finding:
    try:
        outcome = await read_back(store, point, VISIBLE_WITHIN_SECONDS)
    except (aiohttp.ClientError, OSError) as error:
        # Its name alone: the text may quote what was sent.
        why = f"reading it back failed ({type(error).__name__})"
        return not_checked(subject, f"whether the point was stored: {why}")
    match outcome:
        case ReadbackOutcome.PRESENT:
            return ok(subject, "returned the test point")
        case ReadbackOutcome.ABSENT:
            waited = f"{VISIBLE_WITHIN_SECONDS:g} s"
            found = f"accepted the test point, but does not return it {waited} later"
            remedy = (
                "check whether the bucket's retention, or a proxy in front of the store, drops it"
            )
            return failed(subject, found, remedy)
        case ReadbackOutcome.FORBIDDEN:
            return not_checked(subject, "whether the point was stored: the token may not read")
        case ReadbackOutcome.UNSUPPORTED:
            return not_checked(
                subject, "whether the point was stored: it understands no known query language"
            )
