"""The InfluxDB writer against a stand-in of all three versions, and a real store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.core.errors import SinkBusy, SinkDenied, SinkRefused, SinkTooLarge, SinkTrouble
from bridge.sinks.influx.client import InfluxClient
from tests.kit.influx_standin import (
    BEYOND_RETENTION,
    EARLY_2_0,
    FORBIDDEN,
    LIMITED,
    NO_BUCKET,
    NO_DATABASE,
    NO_ORGANISATION,
    OVERLOADED,
    TOO_LARGE,
    UNAUTHORIZED,
    Answer,
    Canned,
    InfluxStandin,
    Reset,
    Silence,
    Version,
)
from tests.kit.servers import VictoriaMetrics
from tests.kit.servers.process import free_port
from tests.kit.support import eventually

GOOD, OTHER = b"evse,charger=one power=1 1700000000000", b"evse,charger=one power=2 1700000001000"
BAD, CONFLICT = b"evse,charger=one bad 1700000002000", b"evse conflict=1 1700000003000"
TOKEN = "a-secret-token"


@asynccontextmanager
async def writer(
    url: str, token: str = TOKEN, org: str = "home", timeout_seconds: float = 5.0,
    ca_file: Path | None = None,
) -> AsyncIterator[InfluxClient]:  # fmt: skip
    influx = InfluxClient(
        url=url, org=org, bucket="evse", token=lambda: token, timeout=timeout_seconds,
        ca_file=ca_file,
    )  # fmt: skip
    yield influx
    await influx.close()


async def trouble_after(
    answer: Answer, token: str = TOKEN, timeout_seconds: float = 5.0
) -> SinkTrouble:
    async with InfluxStandin() as standin, writer(
        standin.url, token, timeout_seconds=timeout_seconds
    ) as influx:  # fmt: skip
        standin.answers.append(answer)
        with pytest.raises(SinkTrouble) as caught:
            await influx.write([GOOD, OTHER])
    return caught.value


async def refusal_by(version: Version, lines: list[bytes]) -> SinkRefused:
    async with InfluxStandin(version) as standin, writer(standin.url) as influx:
        with pytest.raises(SinkRefused) as caught:
            await influx.write(lines)
    return caught.value


async def test_the_lines_arrive_as_they_are() -> None:
    async with InfluxStandin() as standin, writer(standin.url) as influx:
        await influx.write([GOOD, OTHER])
        assert standin.stored == [GOOD, OTHER]


async def test_a_write_is_gzipped_in_milliseconds_and_names_its_bucket() -> None:
    async with InfluxStandin() as standin, writer(standin.url) as influx:
        await influx.write([GOOD])
        request = standin.requests[0]
    assert request.query == {"org": "home", "bucket": "evse", "precision": "ms"}
    assert request.authorization == "Token a-secret-token"
    assert request.encoding == "gzip"


async def test_without_organisation_and_token_a_write_still_goes_out() -> None:
    async with InfluxStandin() as standin, writer(standin.url, token="", org="") as influx:
        await influx.write([GOOD])
        assert standin.requests[0].authorization is None
        assert standin.stored == [GOOD]


async def test_a_changed_token_is_used_by_the_next_write() -> None:
    tokens = iter(["old", "new"])
    async with InfluxStandin() as standin:
        influx = InfluxClient(
            url=standin.url, org="", bucket="evse", token=lambda: next(tokens), timeout=5,
            ca_file=None,
        )  # fmt: skip
        await influx.write([GOOD])
        await influx.write([GOOD])
        await influx.close()
        assert [request.authorization for request in standin.requests] == ["Token old", "Token new"]


@pytest.mark.parametrize("answer", [UNAUTHORIZED, FORBIDDEN, NO_BUCKET, NO_DATABASE])
async def test_who_is_not_let_in_waits_for_the_operator(answer: Canned) -> None:
    assert isinstance(await trouble_after(answer), SinkDenied)


async def test_a_missing_organisation_is_the_operators_to_mend_not_the_lines_fault() -> None:
    assert isinstance(await trouble_after(NO_ORGANISATION), SinkDenied)


async def test_a_body_over_the_limit_is_too_large() -> None:
    assert isinstance(await trouble_after(TOO_LARGE), SinkTooLarge)


@pytest.mark.parametrize(
    "answer",
    [
        Canned(500, "oops"),
        Canned(502, "<html>bad gateway</html>"),
        Canned(405, "not allowed"),
        Canned(307, "", {"Location": "http://127.0.0.1:1/api/v2/write"}),
        Canned(302, "", {"Location": "/elsewhere"}),
        Reset(),
    ],
)
async def test_what_is_no_answer_to_the_lines_is_tried_again(answer: Answer) -> None:
    assert isinstance(await trouble_after(answer), SinkBusy)


async def test_silence_ends_with_the_timeout() -> None:
    assert isinstance(await trouble_after(Silence(), timeout_seconds=0.2), SinkBusy)


async def test_a_store_that_is_away_is_busy() -> None:
    async with writer(f"http://127.0.0.1:{free_port()}") as influx:
        with pytest.raises(SinkBusy):
            await influx.write([GOOD])


async def test_a_reply_that_is_no_http_is_busy() -> None:
    async def babble(_: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        out.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        out.close()
        await out.wait_closed()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server, writer(f"http://{host}:{port}") as influx:
        with pytest.raises(SinkBusy):
            await influx.write([GOOD])


async def test_a_missing_ca_file_is_busy_and_named_in_words() -> None:
    away = Path("/nowhere/ca.pem")
    async with writer(f"https://127.0.0.1:{free_port()}", ca_file=away) as influx:
        with pytest.raises(SinkBusy):
            await influx.write([GOOD])


@pytest.mark.parametrize(("answer", "seconds"), [(LIMITED, 7.0), (OVERLOADED, 30.0)])
async def test_the_wait_a_store_asks_for_is_passed_on(answer: Canned, seconds: float) -> None:
    error = await trouble_after(answer)
    assert isinstance(error, SinkBusy)
    assert error.retry_after == seconds


async def test_version_1_names_the_lines_it_could_not_parse_and_stores_the_rest() -> None:
    error = await refusal_by(Version.V1, [GOOD, BAD, OTHER])
    assert (error.bad, error.partial) == ({1: "unable to parse: missing fields"}, True)


async def test_version_1_tells_only_the_number_of_type_conflicts() -> None:
    error = await refusal_by(Version.V1, [GOOD, CONFLICT])
    assert (error.bad, error.dropped, error.partial) == ({}, 1, True)


async def test_version_2_names_the_lines_it_could_not_parse_and_stores_nothing() -> None:
    error = await refusal_by(Version.V2, [BAD, GOOD, BAD])
    reason = "unable to parse: missing fields"
    assert (error.bad, error.partial) == ({0: reason, 2: reason}, False)


async def test_version_2_tells_how_many_were_beyond_retention() -> None:
    error = await trouble_after(BEYOND_RETENTION)
    assert isinstance(error, SinkRefused)
    assert (error.dropped, error.partial) == (2, True)


async def test_an_early_version_2_says_500_for_a_refusal() -> None:
    error = await trouble_after(EARLY_2_0)
    assert isinstance(error, SinkRefused)
    assert (error.dropped, error.partial) == (1, True)


async def test_version_3_lists_the_bad_lines() -> None:
    error = await refusal_by(Version.V3, [GOOD, OTHER, BAD])
    assert list(error.bad) == [2]
    assert error.bad[2].startswith("invalid column type for column 'x'")
    assert error.partial


async def test_an_error_text_is_short_and_without_the_token() -> None:
    error = await trouble_after(Canned(500, f"{TOKEN} " * 200))
    assert TOKEN not in str(error)
    assert len(str(error)) == 500


@pytest.mark.parametrize("token", ["two\nlines", "žluťoučký"])
async def test_a_token_that_no_header_can_hold_is_denied_without_telling_it(token: str) -> None:
    async with InfluxStandin() as standin, writer(standin.url, token) as influx:
        with pytest.raises(SinkDenied) as caught:
            await influx.write([GOOD])
    assert token not in str(caught.value)
    assert str(caught.value) == "the token cannot be sent: it is no single line of ASCII"


async def test_a_write_that_is_given_up_returns_at_once() -> None:
    async with InfluxStandin() as standin, writer(standin.url, timeout_seconds=3.0) as influx:
        standin.answers.append(Silence())
        task = asyncio.create_task(influx.write([GOOD]))
        await eventually(lambda: standin.requests)
        task.cancel()
        await asyncio.wait({task}, timeout=1)
        assert task.cancelled()
        await influx.write([OTHER])
        assert standin.stored == [OTHER]


async def test_victoria_metrics_stores_each_value_at_its_millisecond(
    victoria: VictoriaMetrics,
) -> None:
    async with writer(victoria.url) as influx:
        await influx.write([b"evse,charger=one power=1.5 1700000000123"])
    series = await asyncio.to_thread(victoria.export, "evse_power")
    assert [(each.values, each.timestamps) for each in series] == [([1.5], [1700000000123])]


async def test_victoria_metrics_that_is_stopped_is_busy_and_back_it_stores(
    victoria: VictoriaMetrics,
) -> None:
    async with writer(victoria.url) as influx:
        await asyncio.to_thread(victoria.stop)
        with pytest.raises(SinkBusy):
            await influx.write([GOOD])
        await asyncio.to_thread(victoria.start)
        await influx.write([GOOD])
    series = await asyncio.to_thread(victoria.export, "evse_power")
    assert [each.values for each in series] == [[1.0]]
