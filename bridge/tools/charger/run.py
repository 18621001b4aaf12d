"""`query`: sends one read-only query to a charger's controller, over HTTP or MQTT."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from bridge.app import from_settings
from bridge.core.errors import CommandFailed
from bridge.core.polling.address import RefusedAddress
from bridge.core.polling.outcome import PollOutcome
from bridge.core.rapi.line import RapiReply, read_line
from bridge.core.rapi.parts import RapiValue
from bridge.core.rapi.query import Query, decode, query_named
from bridge.logs.scrub import printable
from bridge.settings import Settings
from bridge.tools.charger import over_mqtt
from bridge.tools.charger.client import ChargerClient
from bridge.tools.charger.http_request import RequestResult
from bridge.tools.charger.requests import rapi_request
from bridge.tools.charger.target import ChargerTarget, find_target

_OUT_OF_REACH = {
    PollOutcome.TIMEOUT,
    PollOutcome.UNREACHABLE,
    PollOutcome.UNRESOLVED,
    PollOutcome.FORBIDDEN,
}
_LONGEST_ERROR = 60


@dataclass(frozen=True, slots=True)
class _HttpUnavailable:
    """Why the query could not be sent over HTTP."""

    why: str


async def run_query(
    settings: Settings, charger: str, command: str, out: TextIO, err: TextIO
) -> None:
    """Values to `out`, all else to `err`; raises CommandFailed, DiskTrouble."""
    rapi_query = query_named(command)
    if rapi_query is None:
        raise CommandFailed(_unknown_query())
    reply = await _send_query(settings, find_target(charger, settings), rapi_query, err)
    if reply.words is None:
        raise CommandFailed(
            f"the controller does not answer {rapi_query.value} (it replied {reply.line})"
        )
    values = decode(rapi_query, reply.words)
    if values is None:
        err.write(f"the reply to {rapi_query.value} has an unknown format\n")
        out.write(f"{reply.line}\n")
        return
    err.write(f"{reply.line}\n")
    out.writelines(format_values(values))


def format_values(values: Iterable[RapiValue]) -> Iterable[str]:
    """Name, value and unit in columns."""
    rows = list(values)
    names = max(len(row.name) for row in rows)
    texts = max(len(row.text) for row in rows)
    return [f"{row.name:<{names}}  {row.text:<{texts}}  {row.unit}".rstrip() + "\n" for row in rows]


def _unknown_query() -> str:
    known = " ".join(each.value for each in Query)
    return f"unknown query; known queries: {known} (in a shell between single quotes: '$GS')"


async def _send_query(
    settings: Settings, target: ChargerTarget, rapi_query: Query, err: TextIO
) -> RapiReply:
    """Over HTTP where possible, else over MQTT where mqtt.queries is on."""
    reply = await _query_over_http(settings, target, rapi_query)
    if isinstance(reply, RapiReply):
        return reply
    if target.base is None:
        raise CommandFailed(reply.why)
    if not settings.mqtt.queries:
        remedy = "mqtt.queries (NOFOS_MQTT__QUERIES=true) enables queries over MQTT"
        raise CommandFailed(f"{reply.why}; {remedy}")
    err.write(f"{reply.why}; sending the query over MQTT\n")
    return await over_mqtt.query_over_mqtt(
        from_settings.broker_for_command(settings, "query"), target.base, rapi_query
    )


async def _query_over_http(
    settings: Settings, target: ChargerTarget, rapi_query: Query
) -> RapiReply | _HttpUnavailable:
    if target.id is not None and not settings.http.enabled:
        return _HttpUnavailable("http.enabled is off")
    if isinstance(target.address, RefusedAddress):
        return _HttpUnavailable(f"the charger's address {target.address.why}")
    client = ChargerClient(settings, target)
    result = await client.send(rapi_request(rapi_query))
    if result.outcome in _OUT_OF_REACH:
        return _HttpUnavailable(client.failure_message(result))
    return _parse_reply(client, result)


def _parse_reply(client: ChargerClient, result: RequestResult) -> RapiReply:
    document = result.document or {}
    if result.outcome is not PollOutcome.UNAUTHORIZED and isinstance(document.get("error"), str):
        why = printable(str(document["error"])[:_LONGEST_ERROR])
        raise CommandFailed(f"{client.address} responds, but its controller does not: {why}")
    if result.outcome is not PollOutcome.OK:
        raise CommandFailed(client.failure_message(result))
    reply = read_line(str(document.get("ret")))
    if reply is None:
        raise CommandFailed(
            f"{client.address} passed on an invalid or damaged reply of its controller"
        )
    return reply
