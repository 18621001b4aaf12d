"""Sends a command's HTTP requests to a charger as the settings allow, and explains failures."""

import ssl
from collections.abc import Mapping
from ipaddress import ip_address

from bridge.app import from_settings
from bridge.core.errors import CommandFailed
from bridge.core.fields.catalogue import WIRE_KEYS
from bridge.core.model import ChargerId
from bridge.core.polling.address import Address, Ip, RefusedAddress
from bridge.core.polling.address_policy import AddressPolicy
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import PollOutcome
from bridge.core.unread import Fault, Unread
from bridge.settings import Settings
from bridge.sources.http.exchange import tls_context
from bridge.sources.http.local_address import is_own
from bridge.sources.http.resolver import Resolver
from bridge.tools.charger.http_request import AddressRules, RequestResult, send_request
from bridge.tools.charger.requests import ChargerRequest
from bridge.tools.charger.target import ChargerTarget

_NO_ID = ChargerId("")
_FAILURES: Mapping[PollOutcome, str] = {
    PollOutcome.TIMEOUT: "did not answer in time; chargers answer one at a time, so try again",
    PollOutcome.UNREACHABLE: "is unreachable: check that the address is correct, the charger "
    "switched on, and its network reachable from here",
    PollOutcome.UNRESOLVED: "is unreachable: its host name cannot be resolved here; use its IP",
    PollOutcome.TLS: "presented an untrusted certificate (http.ca_file), or does not use HTTPS",
    PollOutcome.NOT_FOUND: "has no such page: check that it is a charger",
    PollOutcome.REDIRECT: "sent a redirect, which is not followed: check that it is a charger",
}
_FAULTS: Mapping[Fault, str] = {
    Fault.NOT_HTTP: "sent a reply that is not HTTP: check that it is a charger",
    Fault.INCOMPLETE: "sent an incomplete reply",
    Fault.TOO_LARGE: "sent a reply larger than any charger's",
    Fault.EMPTY: "sent an empty reply",
    Fault.NOT_JSON: "sent a reply that is not JSON: check that it is a charger",
    Fault.TRUNCATED: "sent a document that ends too early: is the gateway short of memory?",
    Fault.TOO_COMPLEX: "sent a document that is too complex",
    Fault.WRONG_KIND: "sent JSON that is no object: check that it is a charger",
}


class ChargerClient:
    """Sends requests to one charger, one at a time."""

    def __init__(self, settings: Settings, target: ChargerTarget) -> None:
        """Raises CommandFailed for an address that may not be requested."""
        if isinstance(target.address, RefusedAddress):
            raise CommandFailed(f"the announced address {target.address.why}")
        self.address = target.address
        self._settings = settings
        self._from_url = target.id is None
        self._id = target.id or _NO_ID
        self._credentials = from_settings.credentials(settings)
        self._policy = AddressPolicy(settings.http.allow, own=is_own)
        self._tls = _tls(settings)

    async def send(self, charger_request: ChargerRequest) -> RequestResult:
        """Send one request; errors are part of the result."""
        rules = AddressRules(self.address, Resolver().resolve, self._refusal, self.login)
        seconds = self._settings.http.timeout.total_seconds()
        return await send_request(rules, charger_request, seconds=seconds, tls=self._tls)

    def login(self, ip: Ip) -> ChargerLogin | None:
        """The login to send to this address of the charger; None for no login."""
        return self._credentials.login(self._id, ip)

    def failure_message(self, result: RequestResult) -> str:
        """What failed, and the remedy."""
        match result.outcome:
            case PollOutcome.UNAUTHORIZED:
                return f"{self.address} {self._explain_unauthorized(result)}"
            case PollOutcome.FORBIDDEN:
                why = result.refused.why if result.refused else "is refused"
                return f"{self.address} is not requested: its address {why}"
            case PollOutcome.HTTP_ERROR:
                return f"{self.address} replied with HTTP status {result.status}"
            case _ if result.unread is not None:
                return f"{self.address} {_explain_unread(result.unread)}"
            case outcome:
                return f"{self.address} {_FAILURES.get(outcome, outcome.value)}"

    def _refusal(self, ip: Ip) -> RefusedAddress | None:
        # Who typed an address means it; one that was announced is a stranger's.
        return (
            None if self._from_url else self._policy.refusal(ip, self._credentials.allow(self._id))
        )

    def _explain_unauthorized(self, result: RequestResult) -> str:
        if result.logged_in:
            return "refused the login (401): check http.username and http.password"
        if self._settings.http.username is not None:
            return (
                "requires a login (401), which was not sent: http.allow (NOFOS_HTTP__ALLOW) must "
                "be set, and contain its network"
            )
        # The credentials file is looked up by id, and a URL has none.
        entry = "" if self._from_url else ", or an entry in http.credentials_file"
        return (
            "requires a login (401): set http.username, http.password and http.allow "
            f"(NOFOS_HTTP__USERNAME, …){entry}"
        )


def _explain_unread(unread: Unread) -> str:
    """What is wrong with a document, and where; of its text only a field's name."""
    known = f", in {unread.member}" if unread.member in WIRE_KEYS else ""
    return f"{_FAULTS[unread.fault]} (at byte {unread.offset}{known})"


def is_loopback(address: Address) -> bool:
    """Whether the address is a loopback address, judged by its text."""
    return ip_address(address.ip).is_loopback if address.ip else address.host == "localhost"


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        return tls_context(settings.http.ca_file)
    except OSError as error:
        raise CommandFailed(f"http.ca_file cannot be used: {error}") from error
