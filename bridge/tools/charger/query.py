"""`query`: one read-only question to a charger's controller, over HTTP or MQTT."""

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
from bridge.tools.charger.find import Target, target
from bridge.tools.charger.http_request import Result
from bridge.tools.charger.requests import asking
from bridge.tools.charger.web_call import WebCall

_OUT_OF_REACH = {
    PollOutcome.TIMEOUT,
    PollOutcome.UNREACHABLE,
    PollOutcome.UNRESOLVED,
    PollOutcome.FORBIDDEN,
}
_LONGEST_ERROR = 60


@dataclass(frozen=True, slots=True)
class _NoHttp:
    """Why the charger's web server could not be asked."""

    why: str


async def query(settings: Settings, charger: str, command: str, out: TextIO, err: TextIO) -> None:
    """Values to `out`, all else to `err`; raises CommandFailed, DiskTrouble."""
    asked = query_named(command)
    if asked is None:
        raise CommandFailed(_no_query())
    reply = await _ask(settings, target(charger, settings), asked, err)
    if reply.words is None:
        raise CommandFailed(f"the controller does not answer {asked.value} (it said {reply.line})")
    values = decode(asked, reply.words)
    if values is None:
        err.write(f"the answer to {asked.value} is not of a form that is known here\n")
        out.write(f"{reply.line}\n")
        return
    err.write(f"{reply.line}\n")
    out.writelines(lines(values))


def lines(values: Iterable[RapiValue]) -> Iterable[str]:
    """Name, value and unit in columns."""
    rows = list(values)
    names = max(len(row.name) for row in rows)
    texts = max(len(row.text) for row in rows)
    return [f"{row.name:<{names}}  {row.text:<{texts}}  {row.unit}".rstrip() + "\n" for row in rows]


def _no_query() -> str:
    known = " ".join(each.value for each in Query)
    return f"no such query; these are known: {known} (in a shell between single quotes: '$GS')"


async def _ask(settings: Settings, one: Target, asked: Query, err: TextIO) -> RapiReply:
    """Over HTTP where the charger has it, else over MQTT where that is switched on."""
    found = await _over_http(settings, one, asked)
    if isinstance(found, RapiReply):
        return found
    if one.base is None:
        raise CommandFailed(found.why)
    if not settings.mqtt.queries:
        remedy = "mqtt.queries (NOFOS_MQTT__QUERIES=true) lets the command ask over MQTT"
        raise CommandFailed(f"{found.why}; {remedy}")
    err.write(f"{found.why}; asking over MQTT\n")
    return await over_mqtt.ask(from_settings.broker_for_command(settings, "query"), one.base, asked)


async def _over_http(settings: Settings, one: Target, asked: Query) -> RapiReply | _NoHttp:
    if one.id is not None and not settings.http.enabled:
        return _NoHttp("http.enabled is off")
    if isinstance(one.address, RefusedAddress):
        return _NoHttp(f"the charger's address {one.address.why}")
    call = WebCall(settings, one)
    result = await call.run(asking(asked))
    if result.outcome in _OUT_OF_REACH:
        return _NoHttp(call.trouble(result))
    return _read(call, result)


def _read(call: WebCall, result: Result) -> RapiReply:
    document = result.document or {}
    if result.outcome is not PollOutcome.UNAUTHORIZED and isinstance(document.get("error"), str):
        why = printable(str(document["error"])[:_LONGEST_ERROR])
        raise CommandFailed(f"{call.address} answers, its controller does not: {why}")
    if result.outcome is not PollOutcome.OK:
        raise CommandFailed(call.trouble(result))
    reply = read_line(str(document.get("ret")))
    if reply is None:
        raise CommandFailed(f"{call.address} passed on a line that is no answer, or a damaged one")
    return reply
