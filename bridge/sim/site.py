"""One charger's HTTP replies, as status, content type and text; without sockets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from bridge.sim.broker_session import BrokerSession
from bridge.sim.clock import Clock
from bridge.sim.device import SimDevice
from bridge.sim.documents import SimDialect
from bridge.sim.gateway import Boot
from bridge.sim.identity import Identity
from bridge.sim.rapi import rapi_reply, with_checksum
from bridge.sim.settings import RECONNECT_AFTER, ChargerConfig, config_document
from bridge.sim.status import crashlog_document, status_document
from bridge.sim.wire import Value, document

VERSIONS = {SimDialect.NOFOS: "2.4.1", SimDialect.ANCESTOR: "3.3.2"}
_JSON = "application/json"
_RECONNECTING = (2.0, 8.0)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One response."""

    text: str
    code: int = 200
    kind: str = _JSON


_NOT_FOUND = HttpReply("Not found", 404, "text/plain")
_UNREADABLE = HttpReply('{"msg":"Could not parse JSON"}', 400)
_DONE = HttpReply('{"msg":"done"}')


def query(device: SimDevice, clock: Clock, command: str) -> str | None:
    """The controller's reply to a RAPI query; None if refused, empty if it hangs."""
    now = clock.now()
    if device.is_frozen(now):
        return ""
    return rapi_reply(
        command,
        view=device.view(now),
        trips=device.life.trips,
        most_amps=device.traits.outlet.amps,
        unix=clock.unix(now),
    )


class ChargerWebSite:
    """One charger's web site."""

    def __init__(
        self,
        *,
        identity: Identity,
        device: SimDevice,
        dialect: SimDialect,
        settings: ChargerConfig,
        connection: BrokerSession,
        clock: Clock,
        rng: Random,
    ) -> None:
        self.identity = identity
        self.settings = settings
        self._device = device
        self._dialect = dialect
        self._connection = connection
        self._clock = clock
        self._rng = rng

    @property
    def reachable(self) -> bool:
        """False while the gateway boots."""
        return self._device.gateway.boot(self._clock.now()) is not Boot.DOWN

    def get(self, path: str, query: Mapping[str, str]) -> HttpReply:
        """Reply to a GET."""
        match path:
            case "/status":
                return HttpReply(document(self._status()))
            case "/config":
                return HttpReply(document(self._config()))
            case "/crashlog" if self._dialect is SimDialect.NOFOS:
                count = query.get("count", "10")
                number = int(count) if count.isascii() and count.isdigit() else 1
                return HttpReply(document(crashlog_document(self._device.gateway, number)))
            case "/r" | "/rapi":
                return self._rapi(query)
            case _:
                return _NOT_FOUND

    def post(self, path: str, body: bytes) -> HttpReply:
        """Reply to a POST: only the configuration accepts one."""
        if path != "/config":
            return _NOT_FOUND
        try:
            wanted = json.loads(body)
            # What cannot be UTF-8 (a lone surrogate) could not be sent to anybody later.
            json.dumps(wanted, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            return _UNREADABLE
        if not isinstance(wanted, dict):
            return _UNREADABLE
        if self.settings.change(wanted) & RECONNECT_AFTER:
            self._connection.disconnect(self._rng.uniform(*_RECONNECTING))
        return _DONE

    def _status(self) -> dict[str, Value]:
        now = self._clock.now()
        return status_document(
            self._device,
            self._dialect,
            at=now,
            unix=self._clock.unix(now),
            address=self.identity.address,
            online=self._connection.online,
        )

    def _config(self) -> dict[str, Value]:
        version = VERSIONS[self._dialect]
        return config_document(self.identity, self.settings, self._device.traits, version)

    def _rapi(self, parameters: Mapping[str, str]) -> HttpReply:
        command = parameters.get("rapi", "")
        ret = query(self._device, self._clock, command)
        result = {"ret": with_checksum(ret)} if ret else {"error": "RAPI_RESPONSE_TIMEOUT"}
        if parameters.get("json", "0") in ("", "1", "true"):
            return HttpReply(document({"cmd": command, **result}))
        shown = with_checksum(ret) if ret else "no answer"
        return HttpReply(f"<html><body><p>&gt; {shown}</p></body></html>", kind="text/html")
