"""The only place that imports influxdb_client: writes line protocol by the v2 write API."""

import asyncio
import gzip
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from influxdb_client import InfluxDBClient, WritePrecision, WriteService
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from bridge.core.clock_offset import offset_from_date
from bridge.core.errors import SYSTEM_FAILURES, SinkBusy, SinkDenied, SinkTrouble
from bridge.sinks.influx.bounded import BoundedPool
from bridge.sinks.influx.replies import (
    StoreReply,
    shortened_without,
    trouble_of,
    trouble_of_success,
)


class InfluxClient:
    """Writes lines with timestamps in milliseconds, gzipped; it never retries.

    `token` is called before each write, on the event loop. `timeout` is in seconds.
    """

    def __init__(
        self, *, url: str, org: str, bucket: str, token: Callable[[], str], timeout: float,
        ca_file: Path | None, steady: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._url = url
        self._org = org
        self._bucket = bucket
        self._token = token
        self._timeout = timeout
        self._ca_file = ca_file
        self._client_token = ""
        self._client: InfluxDBClient | None = None
        self._pool: BoundedPool | None = None
        self._steady = steady
        self._clock_offset: float | None = None
        self._compared_at = 0.0

    async def write(self, lines: Sequence[bytes]) -> None:
        """Store the lines; raises SinkBusy, SinkDenied, SinkTooLarge or SinkRefused."""
        token = self._token()
        client = self._client_with(token)
        try:
            # The client's own timeout starts again with every byte that arrives.
            async with asyncio.timeout(2 * self._timeout + 1):
                await _in_thread(lambda: self._write(client, token, lines))
        except TimeoutError as error:
            self._give_up()
            raise SinkBusy("no whole reply in time") from error
        except asyncio.CancelledError:
            self._give_up()
            raise
        except SYSTEM_FAILURES as error:
            raise SinkBusy(f"the write could not begin: {error or type(error).__name__}") from error

    def clock_offset(self, since: float) -> float | None:
        """Our clock against the store's, at the last write that it accepted; None where that
        began before this steady time."""
        return self._clock_offset if self._compared_at >= since else None

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.close)

    def _client_with(self, token: str) -> InfluxDBClient:
        if self._client is None or token != self._client_token:
            # The old client is not closed: an abandoned write may still use it.
            self._client_token, self._client = token, self._make(token)
        return self._client

    def _give_up(self) -> None:
        """End the connections, and with them the thread that waits for a reply."""
        pool, self._pool, self._client = self._pool, None, None
        if pool is not None:
            pool.abort()

    def _make(self, token: str) -> InfluxDBClient:
        client = InfluxDBClient(
            url=self._url, token=token, org=self._org, retries=False,
            timeout=round(self._timeout * 1000),
            ssl_ca_cert=str(self._ca_file) if self._ca_file else None,
        )  # fmt: skip
        rest = client.api_client.rest_client
        rest.pool_manager = self._pool = BoundedPool(rest.pool_manager)
        return client

    def _write(self, client: InfluxDBClient, token: str, lines: Sequence[bytes]) -> None:
        began, began_steady = time.time(), self._steady()
        try:
            # Not write_api: it uses the highest compression level, which takes four times as long.
            WriteService(client.api_client).post_write(
                org=self._org, bucket=self._bucket, precision=WritePrecision.MS,
                body=gzip.compress(b"\n".join(lines), 1), content_encoding="gzip",
                content_type="text/plain; charset=utf-8",
            )  # fmt: skip
            response = client.api_client.last_response
            self._clock_offset = offset_from_date(response.getheader("Date"), began, time.time())
            self._compared_at = began_steady
        except ApiException as error:
            raise _translated(error, token, lines) from error
        except (HTTPError, *SYSTEM_FAILURES) as error:
            raise SinkBusy(shortened_without(token, f"{type(error).__name__}: {error}")) from error
        except UnicodeDecodeError as error:
            raise SinkBusy("the reply is not text") from error
        except ValueError:
            # Not `from`: the error quotes the header, and with it the token.
            raise SinkDenied("the token cannot be sent: it is no single line of ASCII") from None
        reply = StoreReply(response.status, response.reason or "", response.data or "", token=token)
        if trouble := trouble_of_success(reply, lines):
            raise trouble


def _translated(error: ApiException, token: str, lines: Sequence[bytes]) -> SinkTrouble:
    if not error.status:
        return SinkBusy(shortened_without(token, str(error.reason)))
    retry_after = (error.headers or {}).get("Retry-After")
    reply = StoreReply(error.status, error.reason or "", error.body or "", retry_after, token)
    return trouble_of(reply, lines, time.time())


async def _in_thread(work: Callable[[], None]) -> None:
    """Do blocking work in a daemon thread, so that a silent store never delays the shutdown.

    When cancelled, it returns at once; the thread ends with its connection.
    """
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    threading.Thread(target=_run, args=(work, future), name="influx", daemon=True).start()
    await asyncio.wrap_future(future)


def _run(work: Callable[[], None], future: Future[None]) -> None:
    try:
        work()
    except SinkTrouble as trouble:
        future.set_exception(trouble)
    except BaseException as bug:
        future.set_exception(bug)
        raise
    else:
        future.set_result(None)
