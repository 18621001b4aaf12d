"""`doctor` at stores: a real VictoriaMetrics, a real InfluxDB 1, and InfluxDB 2's replies."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from bridge.tools.doctor.readback import (
    ProbePoint,
    ReadbackOutcome,
    StoreAccess,
    flux_query,
    literal,
    read_back,
)
from bridge.tools.doctor.stores import probe_stores
from tests.kit.doctor import case, findings, told
from tests.kit.influx_standin import (
    FORBIDDEN,
    NO_BUCKET,
    OVERLOADED,
    UNAUTHORIZED,
    WRITE_ONLY,
    Canned,
    InfluxStandin,
)
from tests.kit.servers import VictoriaMetrics
from tests.kit.servers.influx import DATABASE, InfluxDB

SECRET = "hush-hush"
MARK = ProbePoint("nofos_bridge_doctor", "mark", 1234567890, 1_700_000_000_123)
CSV = "#datatype,string\r\n,result,table,_time,_value\r\n,_result,0,2023-11-14,1234567890\r\n"


@pytest.fixture
def influxdb(tmp_path: Path) -> Iterator[InfluxDB]:
    with InfluxDB(tmp_path) as server:
        yield server


def place(url: str, bucket: str = "evse") -> StoreAccess:
    return StoreAccess(url=url, org="depot", bucket=bucket, token=SECRET, ca_file=None, timeout=5.0)


def store(url: str, **more: str) -> dict[str, str]:
    return {"INFLUX__URL": url, "INFLUX__BUCKET": "evse", "INFLUX__TOKEN": SECRET, **more}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as often as it is asked for."""

    text: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Reader:
    """A store that only answers queries, by path; what it was asked."""

    answers: dict[str, Answer]
    asked: list[web.Request] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        self.bodies.append(await request.text())
        answer = self.answers.get(request.path, Answer("", 404))
        return web.Response(text=answer.text, status=answer.status, headers=dict(answer.headers))


@asynccontextmanager
async def reading(**answers: Answer) -> AsyncIterator[Reader]:
    """Answers by the last word of the path; else 404."""
    paths = {"flux": "/api/v2/query", "export": "/api/v1/export", "influxql": "/query"}
    reader = Reader({paths[name]: answer for name, answer in answers.items()})
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", reader.answer)
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield reader
    finally:
        await runner.cleanup()


# --- What is said --------------------------------------------------------------------------


async def test_without_a_store_there_is_nothing_to_check() -> None:
    assert await told(probe_stores, case()) == [
        ("not checked", "influx.url is unset: there is no store, only the journal")
    ]


async def test_a_point_comes_back_from_victoriametrics(victoria: VictoriaMetrics) -> None:
    before = int(time.time() * 1000)
    found = await told(probe_stores, case(**store(victoria.url)))
    assert found == [
        ("ok", f"{victoria.url} accepted a test point in measurement nofos_bridge_doctor"),
        ("ok", "returned the test point"),
    ]
    (series,) = victoria.export('{__name__!=""}')
    assert series.labels == {"__name__": "nofos_bridge_doctor_mark"}
    assert before <= series.timestamps[0] <= int(time.time() * 1000)


async def test_every_mirror_is_tried_and_named() -> None:
    async with InfluxStandin() as standin:
        mirror = {"INFLUX__MIRRORS__FAR__URL": standin.url, "INFLUX__MIRRORS__FAR__BUCKET": "b"}
        found = await findings(probe_stores, case(**store("http://127.0.0.1:9", **mirror)))
    assert [(each.subject, each.status.value) for each in found] == [
        ("store main", "failed"),
        ("store far", "ok"),
        ("store far", "not checked"),
    ]
    assert "check that the store is running" in (found[0].remedy or "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (UNAUTHORIZED, "HTTP 401: unauthorized access"),
        (FORBIDDEN, "HTTP 403: insufficient permissions for write"),
        (NO_BUCKET, 'HTTP 404: bucket "evse" not found'),
        (Canned(401, {"code": "unauthorized", "message": f"unknown token {SECRET}"}), "token ***"),
    ],
)
async def test_a_store_that_knows_us_not_fails(answer: Canned, said: str) -> None:
    async with InfluxStandin() as standin:
        standin.answers.append(answer)
        (found,) = await findings(probe_stores, case(**store(standin.url)))
    assert found.status.value == "failed"
    assert said in found.message
    assert found.remedy == (
        "check this store's url, org, bucket and token, and the token's permissions"
    )
    assert SECRET not in str(found)


async def test_an_overloaded_store_fails() -> None:
    async with InfluxStandin() as standin:
        standin.answers.append(OVERLOADED)
        ((verdict, found),) = await told(probe_stores, case(**store(standin.url)))
    assert verdict == "failed"
    assert found == ("did not accept a test point: HTTP 503: server is temporarily unavailable")


async def test_a_store_that_cannot_be_asked_is_not_checked() -> None:
    async with InfluxStandin() as standin:
        found = await told(probe_stores, case(**store(standin.url)))
        (line,) = standin.stored
    assert line.startswith(b"nofos_bridge_doctor mark=")
    assert found[1] == (
        "not checked",
        "whether the point was stored: it understands no known query language",
    )


async def test_a_store_that_never_shows_the_point_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> ReadbackOutcome:
        return ReadbackOutcome.ABSENT

    monkeypatch.setattr("bridge.tools.doctor.stores.read_back", never)
    async with InfluxStandin() as standin:
        *_, last = await findings(probe_stores, case(**store(standin.url)))
    assert last.status.value == "failed"
    assert last.message == "accepted the test point, but does not return it 20 s later"
    assert "retention" in (last.remedy or "")


# --- Reading back ----------------------------------------------------------------------------


async def test_a_real_influxdb_1_is_asked_in_influxql(influxdb: InfluxDB) -> None:
    influxdb.write([MARK.line])
    assert await read_back(place(influxdb.url, DATABASE), MARK, 5) is ReadbackOutcome.PRESENT
    later = ProbePoint(MARK.measurement, MARK.field, MARK.value, MARK.stamp_ms + 1)
    assert await read_back(place(influxdb.url, DATABASE), later, 0) is ReadbackOutcome.ABSENT


async def test_a_retention_policy_of_influxdb_1_is_named(influxdb: InfluxDB) -> None:
    influxdb.write([MARK.line])
    assert (
        await read_back(place(influxdb.url, f"{DATABASE}/autogen"), MARK, 5)
        is ReadbackOutcome.PRESENT
    )


async def test_a_point_that_victoriametrics_never_got_is_absent(victoria: VictoriaMetrics) -> None:
    assert await read_back(place(victoria.url), MARK, 0) is ReadbackOutcome.ABSENT


async def test_influxdb_2_is_asked_in_flux_with_the_token() -> None:
    async with reading(flux=Answer(CSV)) as reader:
        assert await read_back(place(reader.url), MARK, 0) is ReadbackOutcome.PRESENT
    (asked,) = reader.asked
    assert asked.headers["Authorization"] == f"Token {SECRET}"
    assert asked.query == {"org": "depot"}
    assert reader.bodies[0].splitlines() == [
        'from(bucket: "evse")',
        "  |> range(start: 2023-11-14T22:13:20.123Z, stop: 2023-11-14T22:13:20.124Z)",
        '  |> filter(fn: (r) => r._measurement == "nofos_bridge_doctor")',
    ]


async def test_a_bucket_cannot_break_out_of_the_query() -> None:
    assert literal('a"b\\c${d}\n') == '"a\\"b\\\\c\\${d}\\n"'
    assert 'from(bucket: "a\\"b")' in flux_query('a"b', "m", 0)


async def test_an_empty_answer_of_influxdb_2_is_asked_for_again() -> None:
    async with reading(flux=Answer("\r\n")) as reader:
        assert await read_back(place(reader.url), MARK, 0.8) is ReadbackOutcome.ABSENT
    assert len(reader.asked) >= 2


async def test_a_token_that_may_only_write_cannot_check() -> None:
    async with reading(flux=Answer('{"code":"unauthorized"}', 401)) as reader:
        assert await read_back(place(reader.url), MARK, 0) is ReadbackOutcome.FORBIDDEN


async def test_influxdb_1_8_without_flux_is_asked_in_influxql() -> None:
    off = Answer('{"error":"Flux query service disabled. Verify flux-enabled=true"}', 403)
    answer = Answer('{"results":[{"series":[{"values":[["2023",1234567890]]}]}]}')
    async with reading(flux=off, influxql=answer) as reader:
        assert await read_back(place(reader.url), MARK, 0) is ReadbackOutcome.PRESENT


NO_READ = '{"code":"not found","message":"%s: could not find bucket \\"evse\\""}'
NESTED = '{"results":[{"statement_id":0,"error":"%s"}]}'
CSV_ERROR = "#datatype,string,string\r\n,error,reference\r\n,%s,897\r\n"


async def test_with_a_token_that_may_only_write_to_influxdb_2_7_nothing_fails() -> None:
    began = time.monotonic()
    async with InfluxStandin(queries=WRITE_ONLY) as standin:
        url = standin.url
        found = await told(probe_stores, case(**store(url)))
    assert found == [
        ("ok", f"{url} accepted a test point in measurement nofos_bridge_doctor"),
        ("not checked", "whether the point was stored: the token may not read"),
    ]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({"flux": Answer(NO_READ % "failed to initialize execute state", 404)}, "FORBIDDEN"),
        ({"flux": Answer(NO_READ % "runtime error", 500)}, "FORBIDDEN"),
        ({"flux": Answer(CSV_ERROR % "could not find bucket evse")}, "FORBIDDEN"),
        ({"flux": Answer(CSV_ERROR % "error in building plan")}, "UNSUPPORTED"),
        ({"influxql": Answer(NESTED % "database not found: evse")}, "UNSUPPORTED"),
        ({"influxql": Answer(NESTED % "user not authorized to execute statement")}, "FORBIDDEN"),
        ({"influxql": Answer('{"error":"unauthorized access"}')}, "FORBIDDEN"),
        ({"export": Answer("Unauthorized", 401)}, "FORBIDDEN"),
    ],
)
async def test_an_error_inside_a_reply_is_no_missing_point(
    answers: dict[str, Answer], outcome: str
) -> None:
    async with reading(**answers) as reader:
        assert (await read_back(place(reader.url), MARK, 0)).name == outcome


async def test_a_reply_without_series_is_a_missing_point() -> None:
    async with reading(influxql=Answer('{"results":[{"statement_id":0}]}')) as reader:
        assert await read_back(place(reader.url), MARK, 0) is ReadbackOutcome.ABSENT


@pytest.mark.parametrize("answer", ["<html>", '{"error": "database not found"}'])
async def test_a_page_or_an_error_is_no_data(answer: str) -> None:
    async with reading(influxql=Answer(answer)) as reader:
        assert await read_back(place(reader.url), MARK, 0) is ReadbackOutcome.UNSUPPORTED


async def test_the_token_does_not_follow_a_redirect() -> None:
    async with reading() as other:
        away = Answer("", 307, {"Location": f"{other.url}/query"})
        async with reading(influxql=away) as reader:
            assert await read_back(place(reader.url), MARK, 0) is ReadbackOutcome.UNSUPPORTED
        assert other.asked == []
