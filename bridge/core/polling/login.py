"""Which credentials may be sent to which address.

Anyone on the broker can announce an address. So credentials are sent only to networks that
an operator named: in an `http.allow` that was set, or in the charger's own `allow`.
"""

import base64
from dataclasses import dataclass, field

from bridge.core.polling.address import Ip
from bridge.core.polling.address_policy import Network, contains


@dataclass(frozen=True, slots=True)
class ChargerLogin:
    """A user name and a password for HTTP Basic."""

    username: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class CredentialsEntry:
    """One charger's entry in the credentials file."""

    login: ChargerLogin | None = None
    allow: tuple[Network, ...] = ()


NOTHING = CredentialsEntry()


def login_for(
    ip: Ip, *, shared: ChargerLogin | None, entry: CredentialsEntry, named: tuple[Network, ...]
) -> ChargerLogin | None:
    """The login to send to this address of a charger, if any.

    `named` is `http.allow` if it was set, and empty if it is the default. A charger's own
    login is sent only to its own networks, if it has any.
    """
    if entry.login is not None:
        return entry.login if contains(entry.allow or named, ip) else None
    return shared if contains((*named, *entry.allow), ip) else None
