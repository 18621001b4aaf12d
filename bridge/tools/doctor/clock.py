"""Compares the clock with the kernel's time service, the main store's `Date` and the chargers'."""

import ssl
import time
from collections.abc import AsyncIterator

import aiohttp

from bridge.app import from_settings
from bridge.core.clock import PLAUSIBLE_FROM
from bridge.core.clock_offset import (
    FEWEST_CHARGERS,
    TOLERANCE_SECONDS,
    offset_from_date,
    offset_from_skews,
)
from bridge.monitoring.stats import MAIN
from bridge.runtime.kernel_clock import kernel_clock
from bridge.settings import StoreSettings
from bridge.tools.doctor.finding import DoctorContext, Finding, failed, not_checked, ok, warning

SUBJECT = "clock"
TIMEOUT_SECONDS = 5.0
_REMEDY = "run a time service such as chrony on this machine; for a container, on its host"


async def probe_clock(context: DoctorContext) -> AsyncIterator[Finding]:
    """One line for each reference; the chargers' skews are from the charger probe."""
    if time.time() < PLAUSIBLE_FROM:
        yield failed(SUBJECT, "is before 2020: it is not set", _REMEDY)
    yield _kernel_finding()
    store = from_settings.stores(context.settings).get(MAIN)
    if store is not None:
        yield await _store_finding(store)
    yield _charger_finding(context.skews)


def _kernel_finding() -> Finding:
    kernel = kernel_clock()
    if kernel is None:
        return not_checked(SUBJECT, "the kernel cannot be asked whether a time service keeps it")
    if not kernel.synchronised:
        # No warning: a virtual machine's clock may be kept by its host.
        return not_checked(SUBJECT, "the kernel knows of no time service that keeps it")
    return _finding(kernel.offset, "the time service of this machine")


async def _store_finding(store: StoreSettings) -> Finding:
    """Sends nothing secret; any answer has a date."""
    try:
        offset = await _store_offset(store)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return not_checked(SUBJECT, f"the store's: no reply ({type(error).__name__})")
    if offset is None:
        return not_checked(SUBJECT, "the store's: its reply has no date")
    return _finding(offset, "the store")


async def _store_offset(store: StoreSettings) -> float | None:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=store.ca_file))
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, trust_env=False
    ) as session:
        began = time.time()
        async with session.get(f"{store.url}/ping", allow_redirects=False) as reply:
            return offset_from_date(reply.headers.get("Date"), began, time.time())


def _charger_finding(skews: list[float]) -> Finding:
    offset = offset_from_skews(skews)
    if offset is None:
        found = f"the chargers': fewer than {FEWEST_CHARGERS} were asked and agree"
        return not_checked(SUBJECT, found)
    return _finding(offset, "most chargers' clocks")


def _finding(offset: float, reference: str) -> Finding:
    if abs(offset) <= TOLERANCE_SECONDS:
        return ok(SUBJECT, f"agrees with {reference}")
    direction = "ahead of" if offset > 0 else "behind"
    return warning(SUBJECT, f"is {abs(offset):.0f} s {direction} {reference}", _REMEDY)
