"""One charger's answers over HTTP, as status, content type and text; no sockets here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from bridge.sim.clock import Clock
from bridge.sim.device import Device
from bridge.sim.documents import Dialect
from bridge.sim.gateway import Boot
from bridge.sim.identity import Identity
from bridge.sim.presence import Presence
from bridge.sim.rapi import answer, sealed
from bridge.sim.settings import RECONNECT_AFTER, Settings, config_document
from bridge.sim.status import crashlog_document, status_document
from bridge.sim.wire import Value, document

VERSIONS = {Dialect.NOFOS: "2.4.1", Dialect.ANCESTOR: "3.3.2"}
_JSON = "application/json"
_RECONNECTING = (2.0, 8.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """One response."""

    text: str
    code: int = 200
    kind: str = _JSON


_NOT_FOUND = Answer("Not found", 404, "text/plain")
_UNREADABLE = Answer('{"msg":"Could not parse JSON"}', 400)
_DONE = Answer('{"msg":"done"}')


def query(device: Device, clock: Clock, command: str) -> str | None:
    """What the controller answers to a RAPI query; None where it refuses, empty where it hangs."""
    now = clock.now()
    if device.is_frozen(now):
        return ""
    return answer(
        command,
        view=device.view(now),
        trips=device.life.trips,
        most_amps=device.traits.outlet.amps,
        unix=clock.unix(now),
    )


class Site:
    """What one charger serves."""

    def __init__(
        self,
        *,
        identity: Identity,
        device: Device,
        dialect: Dialect,
        settings: Settings,
        presence: Presence,
        clock: Clock,
        rng: Random,
    ) -> None:
        self.identity = identity
        self.settings = settings
        self._device = device
        self._dialect = dialect
        self._presence = presence
        self._clock = clock
        self._rng = rng

    @property
    def reachable(self) -> bool:
        """False while the gateway boots."""
        return self._device.gateway.boot(self._clock.now()) is not Boot.DOWN

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Answer a GET."""
        match path:
            case "/status":
                return Answer(document(self._status()))
            case "/config":
                return Answer(document(self._config()))
            case "/crashlog" if self._dialect is Dialect.NOFOS:
                count = query.get("count", "10")
                number = int(count) if count.isascii() and count.isdigit() else 1
                return Answer(document(crashlog_document(self._device.gateway, number)))
            case "/r" | "/rapi":
                return self._rapi(query)
            case _:
                return _NOT_FOUND

    def post(self, path: str, body: bytes) -> Answer:
        """Answer a POST: only the configuration takes one."""
        if path != "/config":
            return _NOT_FOUND
        try:
            wanted = json.loads(body)
            # What cannot be UTF-8 (a lone surrogate) could not be told to anybody later.
            json.dumps(wanted, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            return _UNREADABLE
        if not isinstance(wanted, dict):
            return _UNREADABLE
        if self.settings.change(wanted) & RECONNECT_AFTER:
            self._presence.leave(self._rng.uniform(*_RECONNECTING))
        return _DONE

    def _status(self) -> dict[str, Value]:
        now = self._clock.now()
        return status_document(
            self._device,
            self._dialect,
            at=now,
            unix=self._clock.unix(now),
            address=self.identity.address,
            online=self._presence.online,
        )

    def _config(self) -> dict[str, Value]:
        version = VERSIONS[self._dialect]
        return config_document(self.identity, self.settings, self._device.traits, version)

    def _rapi(self, asked: Mapping[str, str]) -> Answer:
        command = asked.get("rapi", "")
        ret = query(self._device, self._clock, command)
        told = {"ret": sealed(ret)} if ret else {"error": "RAPI_RESPONSE_TIMEOUT"}
        if asked.get("json", "0") in ("", "1", "true"):
            return Answer(document({"cmd": command, **told}))
        shown = sealed(ret) if ret else "no answer"
        return Answer(f"<html><body><p>&gt; {shown}</p></body></html>", kind="text/html")
