"""A command's way to a charger's web server: as the settings allow, with a sentence on trouble."""

import ssl
from collections.abc import Mapping
from ipaddress import ip_address

from bridge.app import from_settings
from bridge.core.errors import CommandFailed
from bridge.core.model import ChargerId
from bridge.core.polling.address import Address, Ip, RefusedAddress
from bridge.core.polling.address_policy import AddressPolicy
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import PollOutcome
from bridge.settings import Settings
from bridge.sources.http.exchange import tls_context
from bridge.sources.http.local_address import is_own
from bridge.sources.http.resolver import Resolver
from bridge.tools.charger.find import Target
from bridge.tools.charger.http_request import Result, Route, run
from bridge.tools.charger.requests import ChargerRequest

_NOBODY = ChargerId("")
_WHY: Mapping[PollOutcome, str] = {
    PollOutcome.TIMEOUT: "did not answer in time; chargers answer one at a time, so try again",
    PollOutcome.UNREACHABLE: "is not reachable: look whether the address is right, the charger "
    "switched on, and its network in reach from here",
    PollOutcome.UNRESOLVED: "is not reachable: its name has no address here; use its IP address",
    PollOutcome.TLS: "showed no certificate that we trust (http.ca_file), or speaks no HTTPS",
    PollOutcome.NOT_FOUND: "does not know this page: look whether it is a charger",
    PollOutcome.REDIRECT: "wants us elsewhere, which is not followed: look whether it is a charger",
    PollOutcome.TOO_LARGE: "answered more than any charger would",
    PollOutcome.MALFORMED: "answered what is no JSON: look whether it is a charger",
}


class WebCall:
    """Requests to one charger, one after the other."""

    def __init__(self, settings: Settings, target: Target) -> None:
        """Raises CommandFailed for an address that cannot be called."""
        if isinstance(target.address, RefusedAddress):
            raise CommandFailed(f"the announced address {target.address.why}")
        self.address = target.address
        self._settings = settings
        self._typed = target.id is None
        self._id = target.id or _NOBODY
        self._keyring = from_settings.credentials(settings)
        self._reach = AddressPolicy(settings.http.allow, own=is_own)
        self._tls = _tls(settings)

    async def run(self, errand: ChargerRequest) -> Result:
        """One request, however it ends."""
        route = Route(self.address, Resolver().resolve, self._refusal, self.login)
        seconds = self._settings.http.timeout.total_seconds()
        return await run(route, errand, seconds=seconds, tls=self._tls)

    def login(self, ip: Ip) -> ChargerLogin | None:
        """What is sent to this address of the charger, if anything."""
        return self._keyring.login(self._id, ip)

    def trouble(self, result: Result) -> str:
        """What went wrong, and what to do."""
        match result.outcome:
            case PollOutcome.UNAUTHORIZED:
                return f"{self.address} {self._locked(result)}"
            case PollOutcome.FORBIDDEN:
                why = result.refused.why if result.refused else "is refused"
                return f"{self.address} is not called: its address {why}"
            case PollOutcome.HTTP_ERROR:
                return f"{self.address} answered with HTTP status {result.status}"
            case outcome:
                return f"{self.address} {_WHY.get(outcome, outcome.value)}"

    def _refusal(self, ip: Ip) -> RefusedAddress | None:
        # Who typed an address means it; one that was announced is a stranger's.
        return None if self._typed else self._reach.refusal(ip, self._keyring.allow(self._id))

    def _locked(self, result: Result) -> str:
        if result.logged_in:
            return "refused our login (401): look at http.username and http.password"
        if self._settings.http.username is not None:
            return (
                "wants a login (401), and ours was not sent: http.allow (NOFOS_HTTP__ALLOW) must "
                "be set, and name its network"
            )
        # Only an id is found in the file, and who typed an address named none.
        entry = "" if self._typed else ", or an entry in http.credentials_file"
        return (
            "wants a login (401): set http.username, http.password and http.allow "
            f"(NOFOS_HTTP__USERNAME, …){entry}"
        )


def loopback(address: Address) -> bool:
    """Whether an address is on this machine, for all that its text tells."""
    return ip_address(address.ip).is_loopback if address.ip else address.host == "localhost"


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        return tls_context(settings.http.ca_file)
    except OSError as error:
        raise CommandFailed(f"http.ca_file cannot be used: {error}") from error
