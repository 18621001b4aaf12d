"""Tries each store: writes one point of a measurement of its own, and reads it back."""

import secrets
import time
from collections.abc import AsyncIterator

import aiohttp

from bridge.app import from_settings
from bridge.core.errors import SinkDenied, SinkTrouble
from bridge.monitoring.stats import MAIN
from bridge.settings import Secrets, Store
from bridge.sinks.influx.client import InfluxClient
from bridge.tools.doctor.finding import Case, Finding, failed, good, unchecked
from bridge.tools.doctor.readback import Mark, Place, Seen, read_back

MEASUREMENT, COLUMN = "nofos_bridge_doctor", "mark"
"""Never a measurement of the bridge: what is written here mixes with no data."""
LEAST = 1_000_000_000
"""Ten digits are found by accident nowhere in a reply."""
SHOWN_WITHIN_SECONDS = 20.0
"""VictoriaMetrics takes ten until a point is found."""
_DENIED = "look at this store's url, org, bucket, token and at what the token may do"
_AWAY = "see whether the store runs and is reached from here; look at its url and ca_file"


async def probe_stores(case: Case) -> AsyncIterator[Finding]:
    """The main one and every mirror, one after the other."""
    stores = from_settings.stores(case.settings)
    if not stores:
        yield unchecked("store", "influx.url is unset: there is no store, only the journal")
    for name, store in stores.items():
        place = _place(case, name, store)
        async for finding in _probe(f"store {name}", place):
            yield finding


def _place(case: Case, name: str, store: Store) -> Place:
    section = "influx" if name == MAIN else f"influx.mirrors.{name}"
    token = Secrets(case.settings).current(f"{section}.token") or ""
    return Place(
        url=store.url or "", org=store.org or "", bucket=store.bucket or "", token=token,
        ca_file=store.ca_file, timeout=store.timeout.total_seconds(),
    )  # fmt: skip


async def _probe(subject: str, place: Place) -> AsyncIterator[Finding]:
    mark = Mark(MEASUREMENT, COLUMN, LEAST + secrets.randbelow(LEAST), int(time.time() * 1000))
    try:
        await _write(place, mark)
    except SinkDenied as trouble:
        yield failed(subject, f"did not take a test point: {trouble}", _DENIED)
        return
    except SinkTrouble as trouble:
        yield failed(subject, f"did not take a test point: {trouble}", _AWAY)
        return
    yield good(subject, f"{place.url} took a test point in measurement {MEASUREMENT}")
    yield await _read_back(subject, place, mark)


async def _write(place: Place, mark: Mark) -> None:
    influx = InfluxClient(
        url=place.url, org=place.org, bucket=place.bucket, token=lambda: place.token,
        timeout=place.timeout, ca_file=place.ca_file,
    )  # fmt: skip
    try:
        await influx.write([mark.line])
    finally:
        await influx.close()


async def _read_back(subject: str, place: Place, mark: Mark) -> Finding:
    try:
        seen = await read_back(place, mark, SHOWN_WITHIN_SECONDS)
    except (aiohttp.ClientError, OSError) as error:
        # Its name alone: the text may quote what was sent.
        why = f"reading it back failed ({type(error).__name__})"
        return unchecked(subject, f"whether the point is there: {why}")
    match seen:
        case Seen.THERE:
            return good(subject, "gave the test point back")
        case Seen.ABSENT:
            found = f"took the test point, and has not got it {SHOWN_WITHIN_SECONDS:g} s later"
            remedy = "see whether the bucket's retention, or what stands before the store, drops it"
            return failed(subject, found, remedy)
        case Seen.FORBIDDEN:
            return unchecked(subject, "whether the point is there: the token may not read")
        case Seen.UNKNOWN:
            return unchecked(subject, "whether the point is there: no query language that we know")
